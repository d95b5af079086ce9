"""What everybody ever saved, kept apart from the system under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.simulation.records import Body, all_atoms

Atom = tuple[str, Any]
"""A field and the smallest piece of a value in it."""


class Edit(NamedTuple):
    """One edit as its author saw it; ``after`` is empty for a deletion."""

    doc_id: str
    who: str
    before: Body
    after: Body

    def brought(self) -> set[Atom]:
        """Return what the edit added."""
        return all_atoms(self.after) - all_atoms(self.before)

    def dropped(self) -> set[Atom]:
        """Return what its author saw and knowingly took away or replaced."""
        return all_atoms(self.before) - all_atoms(self.after)


class Ledger:
    """Every edit, by record."""

    def __init__(self) -> None:
        self.edits: dict[str, list[Edit]] = {}
        self.joined: dict[str, set[Atom]] = {}
        """What a record lost when it took in a duplicate, or gave it back, by rule: whoever merged
        the two saw it, and the history has it."""

    def note_joined(self, doc_id: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self.joined.setdefault(doc_id, set()).update(all_atoms(before) - all_atoms(after))

    def note(
        self, doc_id: str, who: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        edit = Edit(doc_id, who, dict(before), dict(after))
        self.edits.setdefault(doc_id, []).append(edit)
