"""``/api/v1/grids``: the hierarchy with counts of what it holds."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from grid.hierarchy import GridNode, Hierarchy
from grid.models import RECORD_TYPES
from grid.permissions import Actor, in_scope
from server.api.operation import Call, Input, Nothing, Operation, Output
from server.problems import Problem
from server.runtime import Runtime
from sync.indexes import RECORDS_BY_TYPE

Code = Annotated[str, Field(pattern=r"^[0-9]{6,17}$", description="Grid code, 6 to 17 digits.")]


class GridPath(Input):
    """Which grid."""

    code: Code


class GridsQuery(Input):
    """Which grids. Without ``parent`` the topmost ones that the caller may see."""

    parent: Code | None = None


class GridView(Output):
    """A grid, its place, and how many records of each type it and all below it hold.

    ``valid_from`` and ``valid_to`` are the days (in China) from which and before which it is in
    use, ``predecessors`` and ``successors`` the grids it took over from and that took over from it.
    """

    code: str
    parent: str | None
    level: Annotated[int, Field(ge=1, le=5)]
    name: str
    path: list[str]
    path_names: list[str]
    children: Annotated[int, Field(ge=0)]
    closed: bool
    valid_from: str | None
    valid_to: str | None
    predecessors: list[str]
    successors: list[str]
    counts: dict[str, int]


class GridList(Output):
    """Grids, by code."""

    items: list[GridView]


async def list_grids(call: Call[Nothing, GridsQuery, Nothing]) -> GridList:
    """List the children of a grid, or the topmost grids one may see."""
    hierarchy = await call.runtime.registry.hierarchy()
    actor, parent = call.identity.actor, call.query.parent
    if parent is None:
        nodes = [hierarchy.node(code) for code in roots(hierarchy, actor)]
    else:
        visible(hierarchy, actor, parent)
        nodes = hierarchy.children(parent)
    return GridList(items=[await _view(call.runtime, hierarchy, node) for node in nodes])


async def read_grid(call: Call[GridPath, Nothing, Nothing]) -> GridView:
    """Tell about one grid."""
    hierarchy = await call.runtime.registry.hierarchy()
    visible(hierarchy, call.identity.actor, call.path.code)
    return await _view(call.runtime, hierarchy, hierarchy.node(call.path.code))


def visible(hierarchy: Hierarchy, actor: Actor, code: str) -> tuple[str, ...]:
    """Return the path of a grid; raise ``Problem``: 404 when there is none of this code, 403 when
    it lies outside the actor's grids."""
    if code not in hierarchy:
        raise Problem("not-found")
    path = hierarchy.path(code)
    if not in_scope(actor, path):
        raise Problem("out-of-scope")
    return path


def roots(hierarchy: Hierarchy, actor: Actor) -> list[str]:
    """Return the actor's grids that do not lie below another of his."""
    own = [code for code in actor.grids if code in hierarchy]
    return sorted(code for code in own if actor.grids.isdisjoint(hierarchy.path(code)[:-1]))


async def _view(runtime: Runtime, hierarchy: Hierarchy, node: GridNode) -> GridView:
    path = hierarchy.path(node.code)
    counts = {}
    for type_ in sorted(RECORD_TYPES):
        groups = await runtime.store.roll_up(RECORDS_BY_TYPE, prefix=(type_, *path))
        counts[type_] = groups[0].count if groups else 0
    return GridView(
        code=node.code,
        parent=node.parent,
        level=node.level,
        name=node.name,
        path=list(path),
        path_names=list(hierarchy.path_names(node.code)),
        children=len(hierarchy.children(node.code)),
        closed=node.closed,
        valid_from=node.valid_from,
        valid_to=node.valid_to,
        predecessors=list(node.predecessors),
        successors=list(node.successors),
        counts=counts,
    )


OPERATIONS: Final = (
    Operation(
        "listGrids",
        "GET",
        "/grids",
        list_grids,
        GridList,
        query_model=GridsQuery,
        scope="grids",
        problems=("not-found", "out-of-scope"),
    ),
    Operation(
        "readGrid",
        "GET",
        "/grids/{code}",
        read_grid,
        GridView,
        path_model=GridPath,
        scope="grids",
        problems=("not-found", "out-of-scope"),
    ),
)
