"""Operations on the tree of grids: what a supervisor orders, as one document that never changes.

The tree as it stands is what ``conflicts.hierarchy.fold`` makes of the imported grids and all
operations. An order can therefore be recorded anywhere, at any time; what it comes to is decided
by everybody alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from grid.placing import Part, Rule


class Kind(StrEnum):
    """What is done to a grid."""

    RENAME = "rename"
    SPLIT = "split"
    MERGE = "merge"
    MOVE = "move"
    CLOSE = "close"
    REOPEN = "reopen"
    UNDO = "undo"


KIND_NAMES: Final = {
    Kind.RENAME: ("改名", "rename"),
    Kind.SPLIT: ("拆分", "split"),
    Kind.MERGE: ("合并", "merge"),
    Kind.MOVE: ("调整隶属", "move"),
    Kind.CLOSE: ("停用", "close"),
    Kind.REOPEN: ("恢复使用", "reopen"),
    Kind.UNDO: ("撤销", "undo"),
}


@dataclass(frozen=True, slots=True)
class GridOperation:
    """One order. ``id`` is its document's, ``stamp`` a hybrid logical clock, ``effective`` a day.

    ``grids`` are the grids it is about (several only for a merge). ``name`` is a rename's new name;
    ``parent`` is where a move goes; ``parts`` are what a split makes, or the one grid that a merge
    or a closing hands over to. Of a split, ``main`` names the part that keeps what belongs to no
    household (patrols, events), and ``rest`` the one for households that no rule places (``None``:
    a person decides). ``before`` is the name or parent that the supervisor saw, ``of`` the
    operation that an undo takes back.
    """

    id: str
    kind: Kind
    stamp: str
    effective: str
    by: str
    grids: tuple[str, ...] = ()
    name: str | None = None
    parent: str | None = None
    parts: tuple[Part, ...] = ()
    main: str | None = None
    rest: str | None = None
    before: str | None = None
    of: str | None = None
    note: str = ""

    @property
    def order(self) -> tuple[str, str, str]:
        """The key by which operations are applied: day of effect, clock, id."""
        return self.effective, self.stamp, self.id

    def as_document(self) -> dict[str, Any]:
        """Return the body of its document in ``registry``."""
        body = {name: value for name, value in asdict(self).items() if name != "id"}
        return {"type": "operation", **body, "kind": self.kind.value}

    @classmethod
    def from_document(cls, doc_id: str, document: Mapping[str, Any]) -> GridOperation:
        """Return what ``as_document`` wrote; unknown members are ignored."""
        known = {field.name for field in fields(cls)} - {"id"}
        values = {name: value for name, value in document.items() if name in known}
        values["kind"] = Kind(values["kind"])
        values["grids"] = tuple(values.get("grids") or ())
        values["parts"] = tuple(_part(part) for part in values.get("parts") or ())
        return cls(doc_id, **values)


def _part(document: Mapping[str, Any]) -> Part:
    return Part(
        document["code"],
        document.get("name"),
        tuple(Rule(**rule) for rule in document.get("rules") or ()),
        tuple(document.get("households") or ()),
        tuple(document.get("children") or ()),
    )
