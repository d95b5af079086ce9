"""The hierarchy of grids: an immutable tree of nodes over five levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from grid.codes import is_code


class UnknownGrid(KeyError):
    """A code that no node of the hierarchy has."""

    def __str__(self) -> str:
        return f"no grid has the code {self.args[0]}"


class BrokenHierarchy(ValueError):
    """Nodes that do not form a tree; the message names the node and what is wrong."""


@dataclass(frozen=True, slots=True)
class GridNode:
    """One grid. ``holds_records`` tells whether it has a document database of its own."""

    code: str
    parent: str | None
    level: int
    name: str
    provenance: str = ""
    closed: bool = False
    predecessors: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None
    """Day from which, and day before which, the grid is in use; ``None`` where nobody said."""

    @property
    def holds_records(self) -> bool:
        """Household groups hold records; other levels only roll them up."""
        return self.level == 5

    def as_document(self) -> dict[str, Any]:
        """Return the node as the body of its document in ``registry``."""
        return {
            "type": "grid",
            "code": self.code,
            "parent": self.parent,
            "level": self.level,
            "name": self.name,
            "provenance": self.provenance,
            "closed": self.closed,
            "predecessors": list(self.predecessors),
            "successors": list(self.successors),
            "valid_from": self.valid_from,
            "valid_to": self.valid_to,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> GridNode:
        """Return the node that ``as_document`` wrote; unknown members are ignored."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in document.items() if name in known}
        for name in ("predecessors", "successors"):
            values[name] = tuple(values.get(name) or ())
        return cls(**values)


class Hierarchy:
    """A tree of grids, looked up by code.

    Raises ``BrokenHierarchy`` when a parent is missing, is not one level up, or a code is used
    twice.
    """

    def __init__(self, nodes: Iterable[GridNode]) -> None:
        self._nodes: dict[str, GridNode] = {}
        for node in nodes:
            if node.code in self._nodes:
                raise BrokenHierarchy(f"{node.code} is there twice")
            self._nodes[node.code] = node
        self._children: dict[str | None, list[str]] = {}
        for node in self._nodes.values():
            self._check(node)
            self._children.setdefault(node.parent, []).append(node.code)
        for codes in self._children.values():
            codes.sort()
        self._paths: dict[str, tuple[str, ...]] = {}

    def _check(self, node: GridNode) -> None:
        if not is_code(node.code):
            raise BrokenHierarchy(f"{node.code!r} is not a grid code")
        if node.level == 1:
            if node.parent is not None:
                raise BrokenHierarchy(f"{node.code} is a district and cannot have a parent")
            return
        parent = self._nodes.get(node.parent or "")
        if parent is None:
            raise BrokenHierarchy(f"{node.code} has the parent {node.parent}, which is not there")
        if parent.level != node.level - 1:
            raise BrokenHierarchy(
                f"{node.code} is of level {node.level}, its parent {parent.code} of {parent.level}"
            )

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, code: object) -> bool:
        return code in self._nodes

    def __iter__(self) -> Iterator[GridNode]:
        return iter(self._nodes.values())

    def get(self, code: str) -> GridNode | None:
        """Return a node, or ``None``."""
        return self._nodes.get(code)

    def node(self, code: str) -> GridNode:
        """Return a node; raise ``UnknownGrid``."""
        try:
            return self._nodes[code]
        except KeyError:
            raise UnknownGrid(code) from None

    def roots(self) -> list[GridNode]:
        """Return the districts, by code."""
        return [self._nodes[code] for code in self._children.get(None, [])]

    def children(self, code: str) -> list[GridNode]:
        """Return the nodes right below, by code."""
        return [self._nodes[child] for child in self._children.get(code, [])]

    def descendants(self, code: str) -> Iterator[GridNode]:
        """Yield a node and all below it, parents before their children."""
        yield self.node(code)
        for child in self._children.get(code, []):
            yield from self.descendants(child)

    def path(self, code: str) -> tuple[str, ...]:
        """Return the codes from the district down to this node; raise ``UnknownGrid``."""
        known = self._paths.get(code)
        if known is None:
            node = self.node(code)
            above = () if node.parent is None else self.path(node.parent)
            known = self._paths[code] = (*above, code)
        return known

    def path_names(self, code: str) -> tuple[str, ...]:
        """Return the names along ``path``."""
        return tuple(self._nodes[step].name for step in self.path(code))

    def town(self, code: str) -> str | None:
        """Return the code of the town a node lies in; ``None`` for a district."""
        path = self.path(code)
        return path[1] if len(path) > 1 else None


@dataclass(frozen=True, slots=True)
class HierarchyChange:
    """What importing nodes would do to a hierarchy."""

    added: tuple[GridNode, ...]
    changed: tuple[GridNode, ...]
    unchanged: int


def compare(existing: Hierarchy, incoming: Iterable[GridNode]) -> HierarchyChange:
    """Tell what is new or different in ``incoming``; nodes that only ``existing`` has stay.

    A file knows nothing of closing, predecessors and successors, so those are kept.
    """
    added: list[GridNode] = []
    changed: list[GridNode] = []
    unchanged = 0
    for node in incoming:
        known = existing.get(node.code)
        if known is None:
            added.append(node)
            continue
        wanted = replace(known, parent=node.parent, name=node.name, provenance=node.provenance)
        if wanted == known:
            unchanged += 1
        else:
            changed.append(wanted)
    return HierarchyChange(tuple(added), tuple(changed), unchanged)
