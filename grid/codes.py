"""Grid codes: 6, 9, 12, 15 and 17 digits for levels 1 to 5.

Levels 1–3 are statistical division codes (GB/T 2260, GB/T 10114); three digits more name a group
and two more a household group. A code is opaque once issued: its prefix shows the first parent,
the hierarchy shows today's. Seventeen digits, not eighteen, so that no grid code can be taken for
a citizen id number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LENGTHS: Final = (6, 9, 12, 15, 17)
"""Digits of a code at level 1, 2, 3, 4, 5."""
LEVEL_BY_LENGTH: Final = {length: level for level, length in enumerate(LENGTHS, start=1)}
LEVEL_NAMES: Final = {
    1: ("区", "district"),
    2: ("镇街", "town"),
    3: ("村社区", "village"),
    4: ("村民小组", "group"),
    5: ("住户小组", "household group"),
}


class CodeError(ValueError):
    """A text that is not a grid code; its message says what is expected."""


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """A grid code of a known level."""

    text: str

    @property
    def level(self) -> int:
        """The level from 1 (district) to 5 (household group)."""
        return LEVEL_BY_LENGTH[len(self.text)]

    @property
    def first_parent(self) -> Code | None:
        """The node under which the code was issued; ``None`` for a district."""
        if self.level == 1:
            return None
        return Code(self.text[: LENGTHS[self.level - 2]])

    def __str__(self) -> str:
        return self.text


def is_code(text: str) -> bool:
    """Tell whether ``text`` is a grid code of any level."""
    return len(text) in LEVEL_BY_LENGTH and text.isascii() and text.isdigit() and text[0] != "0"


def parse_code(text: str) -> Code:
    """Return the code that ``text`` writes; raise ``CodeError`` saying what is wrong."""
    if is_code(text):
        return Code(text)
    if not text:
        raise CodeError("a grid code is empty; expected 6, 9, 12, 15 or 17 digits")
    if not (text.isascii() and text.isdigit()):
        raise CodeError(f"a grid code has only the digits 0-9, not {text[:32]!r}")
    if text[0] == "0":
        raise CodeError(f"a grid code does not begin with 0: {text[:32]!r}")
    raise CodeError(f"a grid code has 6, 9, 12, 15 or 17 digits; {text[:32]!r} has {len(text)}")
