"""References: which households and people a record names, and to whom a redirect leads.

A duplicate that was merged keeps its document, with ``merged_into``. References to it are not
rewritten: whoever reads one follows the redirect. So a document that arrives late from a phone
that knew nothing of the merge is right too, and undoing the merge puts every reference back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_KINDS: Final = ("household:", "resident:")
_OWN: Final = frozenset({"merged_into", "distinct_from", "absorbed", "merge", "stamps"})
"""Members that speak of records without being a reference that may be followed elsewhere."""
_LONGEST: Final = 20


def references(record: Mapping[str, Any]) -> list[str]:
    """Return the ids of households and residents that a record names anywhere, sorted."""
    return sorted(
        {found for name, value in record.items() if name not in _OWN for found in _ids(value)}
    )


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(_KINDS):
            yield value
    elif isinstance(value, list):
        for element in value:
            yield from _ids(element)
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _ids(member)


def followed(record: Mapping[str, Any], leads: Mapping[str, str]) -> dict[str, Any]:
    """Return a record with each reference led to where it leads now; ``leads`` maps ids to ids."""
    if not leads:
        return dict(record)
    return {name: value if name in _OWN else _led(value, leads) for name, value in record.items()}


def _led(value: Any, leads: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return leads.get(value, value)
    if isinstance(value, list):
        led = [_led(element, leads) for element in value]
        # Two people met who turn out to be one were met once.
        texts = all(isinstance(element, str) for element in led)
        return list(dict.fromkeys(led)) if texts and led != value else led
    if isinstance(value, Mapping):
        return {name: _led(member, leads) for name, member in value.items()}
    return value


def final(doc_id: str, redirects: Mapping[str, str]) -> str:
    """Return the record at the end of a chain of redirects.

    Of a cycle (two people merged two records in opposite directions at once) it is the member with
    the smallest id, whichever member one comes from.
    """
    seen = [doc_id]
    while (following := redirects.get(seen[-1])) is not None:
        if following in seen:
            return min(seen[seen.index(following) :])
        if len(seen) > _LONGEST:
            break
        seen.append(following)
    return seen[-1]
