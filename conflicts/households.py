"""Households and who lives in them: one head, a grid, and no residents of a house that is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .rules import ORPHANS, OUTSIDE, TWO_HEADS, Finding

HEAD: Final = "0"
"""Relation of the head to himself (GB/T 4761)."""
_GONE: Final = frozenset({"moved_out", "deceased"})

Record = Mapping[str, Any]


def living(residents: Sequence[Record]) -> list[Record]:
    """Return those residents who have neither moved out nor died, by id."""
    return sorted((r for r in residents if r.get("status") not in _GONE), key=lambda r: r["_id"])


def heads(household: Record, residents: Sequence[Record]) -> list[str]:
    """Return the ids of all who are recorded as head: by their relation, or by the household."""
    there = living(residents)
    return [
        person["_id"]
        for person in there
        if person.get("relation") == HEAD or person["_id"] == household.get("head")
    ]


def check_household(
    household_id: str, household: Record | None, residents: Sequence[Record], *, in_a_grid: bool
) -> list[Finding]:
    """Return what is wrong with a household; ``None`` is one that is deleted or never was.

    ``residents`` are those whose household it is. ``in_a_grid`` tells whether the grid that it
    lies in is in the hierarchy and not closed.
    """
    if household is None:
        there = living(residents)
        subjects = (household_id, *(person["_id"] for person in there))
        return [Finding(ORPHANS, (household_id,), subjects)] if there else []
    found = []
    claimants = heads(household, residents)
    if len(claimants) > 1:
        found.append(Finding(TWO_HEADS, (household_id,), (household_id, *claimants)))
    if not in_a_grid:
        found.append(Finding(OUTSIDE, (household_id,), (household_id,)))
    return found
