"""Where somebody may look: every page names a grid or a record, and it must lie in his scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from grid.hierarchy import GridNode, Hierarchy
from grid.permissions import Actor, in_scope
from server.auth import actor_of
from server.runtime import runtime_of


@dataclass(frozen=True, slots=True)
class Place:
    """A grid that is being looked at, with its codes and names from the district down."""

    node: GridNode
    path: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def code(self) -> str:
        """The grid's own code."""
        return self.node.code


def place(hierarchy: Hierarchy, code: str) -> Place:
    """Return a grid as a place; raise ``UnknownGrid``."""
    return Place(hierarchy.node(code), hierarchy.path(code), hierarchy.path_names(code))


def roots(actor: Actor, hierarchy: Hierarchy) -> list[GridNode]:
    """Return the tops of the actor's scope by level and code: assigned nodes that lie under no
    other assigned node. Codes that no longer exist are passed over."""
    nodes = [node for code in actor.grids if (node := hierarchy.get(code))]
    tops = [node for node in nodes if actor.grids.isdisjoint(hierarchy.path(node.code)[:-1])]
    return sorted(tops, key=lambda node: (node.level, node.code))


async def place_of(request: Request) -> Place:
    """Return the grid that the address names (path parameter ``code``).

    Answers 404 both for a grid that is not there and for one outside the actor's scope, so that
    nobody learns which of the two it is.
    """
    hierarchy = await runtime_of(request).registry.hierarchy()
    code = str(request.path_params["code"])
    if code not in hierarchy or not in_scope(actor_of(request), hierarchy.path(code)):
        raise HTTPException(404)
    return place(hierarchy, code)


def demand_scope(actor: Actor, path: Sequence[str]) -> None:
    """Answer 404 unless a record with this path of grids lies in the actor's scope."""
    if not in_scope(actor, path):
        raise HTTPException(404)
