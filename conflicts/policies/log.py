"""Log: entries are only ever added, and are ordered by their own clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conflicts.canonical_json import ABSENT

from .claim import Claim, Field, Outcome, newest_stamp
from .elements import ElementClaims, is_list, latest_element
from .last_write import last_write


def log(claims: Sequence[Claim], field: Field) -> Outcome:
    """Unite the entries, ordered by ``at``, then by key.

    An entry that somebody removed comes back. Should one entry have been changed by several, its
    last write stands. Falls back to last write when a value is no list.
    """
    if not all(is_list(claim.value) for claim in claims):
        return last_write(claims, field)
    if not any(isinstance(claim.value, list) for claim in claims):
        return last_write(claims, field)
    entries = ElementClaims(claims, field)
    found: list[tuple[str, str, Any]] = []
    lost: frozenset[str] = frozenset()
    for key in entries.keys:
        values = entries.values(key)
        wishes = [wish for wish in entries.wishes(key) if wish.value is not ABSENT]
        if not wishes:
            wishes = [
                Claim(claim.rev, value, claim.stamp, None, claim.device, claim.stamps)
                for claim, value in zip(claims, values, strict=True)
                if value is not ABSENT
            ]
        entry, losers = latest_element(wishes)
        lost |= losers | _removers(entries, key)
        found.append((_at(entry), key, entry))
    found.sort(key=lambda row: row[:2])
    return Outcome([entry for _, _, entry in found], newest_stamp(claims), None, lost)


def _removers(entries: ElementClaims, key: str) -> frozenset[str]:
    """Return the revisions that left out an entry which they knew."""
    if all(value is not ABSENT for value in entries.values(key)):
        return frozenset()
    if any(wish.value is not ABSENT for wish in entries.wishes(key)):
        return frozenset()
    return frozenset(wish.rev for wish in entries.wishes(key))


def _at(entry: Any) -> str:
    at = entry.get("at") if isinstance(entry, Mapping) else None
    return at if isinstance(at, str) else ""
