"""Set with keyed elements, add wins: every element is decided by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conflicts.canonical_json import ABSENT, same

from .claim import Claim, Field, Outcome, latest, newest_stamp
from .elements import ElementClaims, is_list, latest_element
from .last_write import last_write


def keyed_set(claims: Sequence[Claim], field: Field) -> Outcome:
    """Unite the elements; a removal counts only if nobody added or changed that element since.

    Where two changed the same element, its last write stands. Elements come in the order of their
    keys. Falls back to last write when a value is no list.
    """
    if not all(is_list(claim.value) for claim in claims):
        return last_write(claims, field)
    live = [claim for claim in claims if claim.live]
    if len(live) == 1:
        return Outcome(live[0].value, live[0].given, live[0].rev)
    elements = ElementClaims(claims, field)
    result: list[Any] = []
    lost: frozenset[str] = frozenset()
    for key in elements.keys:
        values = elements.values(key)
        element = values[0]
        if not all(same(element, value) for value in values[1:]):
            element, losers = latest_element(elements.wishes(key))
            lost |= losers
        if element is not ABSENT:
            result.append(element)
    value: Any = result
    if not any(isinstance(claim.value, list) for claim in live):
        value = latest(live).value
    return Outcome(value, newest_stamp(claims), None, lost)
