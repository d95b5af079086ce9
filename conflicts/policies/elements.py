"""Lists whose elements have keys: reading them and deciding one element at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conflicts.canonical_json import ABSENT, canonical, same
from conflicts.model import Body

from .claim import Claim, Field, latest, stamps_of, standing

Elements = dict[str, Any]


def is_list(value: Any) -> bool:
    """Tell whether a value can be read as a list of elements."""
    return value is ABSENT or value is None or isinstance(value, list)


def keyed(value: Any, member: str | None) -> Elements:
    """Return the elements of a list by key; anything that is no list has none.

    The key is the element's ``member``, or the element itself where it has none. Should one list
    hold two different elements under one key, both are kept apart.
    """
    elements: Elements = {}
    for element in value if isinstance(value, list) else ():
        name = element.get(member) if member and isinstance(element, Mapping) else None
        key = element_key(element if name is None else name)
        if key in elements and not same(elements[key], element):
            key = f"{key}{element_key([element])}"
        elements[key] = element
    return elements


def element_key(name: Any) -> str:
    """Return a text for what identifies an element: itself if it is one, or else its JSON.

    The JSON is set apart by a control character, so that ``5`` and ``"5"`` are two keys.
    """
    return name if isinstance(name, str) else f"\0{canonical(name).decode()}"


class ElementClaims:
    """The claims on one list, seen element by element."""

    def __init__(self, claims: Sequence[Claim], field: Field) -> None:
        self.claims = claims
        self._field = field
        self._lists = [keyed(claim.value, field.merge.key) for claim in claims]
        self._bases: dict[int, Elements] = {}
        self.keys = sorted({key for elements in self._lists for key in elements})

    def values(self, key: str) -> list[Any]:
        """Return each author's element under ``key``, or ``ABSENT``."""
        return [elements.get(key, ABSENT) for elements in self._lists]

    def wishes(self, key: str) -> list[Claim]:
        """Return the standing claims on the element under ``key``, removals included."""
        values = self.values(key)
        name = f"{self._field.name}/{key}"
        stamps = [claim.stamps.get(name) for claim in self.claims]

        def pick(body: Body) -> tuple[Any, str | None]:
            return self._base(body).get(key, ABSENT), stamps_of(body).get(name)

        live = standing(values, stamps, self._field.bases, pick, by_stamp=False)
        return [
            Claim(claim.rev, value, stamp or claim.stamp, stamp, claim.device, claim.stamps)
            for claim, value, stamp, stands in zip(self.claims, values, stamps, live, strict=True)
            if stands
        ]

    def _base(self, body: Body) -> Elements:
        known = self._bases.get(id(body))
        if known is None:
            known = keyed(body.get(self._field.name), self._field.merge.key)
            self._bases[id(body)] = known
        return known


def latest_element(wishes: Sequence[Claim]) -> tuple[Any, frozenset[str]]:
    """Return the last written of the elements wished for, and whose wish was another.

    Nobody wishing for one, it is ``ABSENT``.
    """
    present = [wish for wish in wishes if wish.value is not ABSENT]
    if not present:
        return ABSENT, frozenset()
    value = latest(present).value
    return value, frozenset(wish.rev for wish in wishes if not same(wish.value, value))
