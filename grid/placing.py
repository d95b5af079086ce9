"""Which part of a split grid a household goes to: by its number on a list, or by where it lives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grid.lifecycle import LATTICES

_NUMBER: Final = re.compile(r"[0-9]+")
_SUFFIX: Final = re.compile(r"(?:栋|幢|座|号楼|单元|号|室)$")


@dataclass(frozen=True, slots=True)
class Rule:
    """Where households live: everything that is given must fit; a rule with nothing fits none.

    ``address`` is a part of the address, ``building`` and ``unit`` are equal (with or without 栋,
    单元), rooms lie between ``room_from`` and ``room_to``, both included, as people count.
    """

    address: str = ""
    building: str = ""
    unit: str = ""
    room_from: str = ""
    room_to: str = ""

    def fits(self, household: Mapping[str, Any]) -> bool:
        """Tell whether a household lives there."""
        asked = 0
        if self.address:
            asked += 1
            if _fold(self.address) not in _fold(household.get("address")):
                return False
        for name, wanted in (("building", self.building), ("unit", self.unit)):
            if wanted:
                asked += 1
                if _bare(wanted) != _bare(household.get(name)):
                    return False
        if self.room_from or self.room_to:
            asked += 1
            if not self._has_room(household.get("room")):
                return False
        return asked > 0

    def _has_room(self, room: Any) -> bool:
        key = _counted(room)
        if not key or (self.room_from and key < _counted(self.room_from)):
            return False
        return not self.room_to or key <= _counted(self.room_to)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the grids that take over from another: a new one when it has a ``name``.

    Of a household group it gets the ``households`` listed by id and those that fit one of
    ``rules``; of an upper grid the ``children`` listed by code.
    """

    code: str
    name: str | None = None
    rules: tuple[Rule, ...] = ()
    households: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


def place(
    parts: Sequence[Part], rest: str | None, household_id: str, household: Mapping[str, Any]
) -> str | None:
    """Return the code of the part a household goes to, ``rest`` when nothing fits.

    A list goes before all rules; of several rules that fit, the first part's counts.
    """
    for part in parts:
        if household_id in part.households:
            return part.code
    for part in parts:
        if any(rule.fits(household) for rule in part.rules):
            return part.code
    return rest


def _fold(text: Any) -> str:
    if not isinstance(text, str):
        return ""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _bare(text: Any) -> str:
    return _SUFFIX.sub("", _fold(text))


def _counted(text: Any) -> str:
    return _NUMBER.sub(lambda number: number[0].zfill(8), _bare(text))


def moves_along(record: Mapping[str, Any]) -> bool:
    """Tell whether a record that names a household goes along when the household moves.

    Residents, campaign records and open work do. What was done in the old grid stays there:
    patrols, visits, and events, disputes and tasks that are closed.
    """
    kind = str(record.get("type"))
    if kind in LATTICES:
        return record.get("status") in LATTICES[kind].open
    return kind not in _STAYS


_STAYS: Final = frozenset({"household", "patrol", "visit"})
