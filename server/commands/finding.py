"""What an examination found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How bad it is: nothing, something to know, or something that will not work."""

    GOOD = "ok"
    WARNING = "look"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what was found, and how to mend it."""

    grade: Grade
    what: str
    found: str
    mend: str | None = None
