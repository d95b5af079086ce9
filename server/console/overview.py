"""The overview of a grid: its figures, and those of each grid right below it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from grid.hierarchy import GridNode
from server.clock import utc_now
from server.console.counts import Counts, counts_of, counts_of_children
from server.console.frame import framed, home_place
from server.console.scope import place_of
from server.runtime import runtime_of


@dataclass(frozen=True, slots=True)
class Row:
    """A grid right below, with its figures."""

    node: GridNode
    counts: Counts


async def start(request: Request) -> Response:
    """Go to the overview of the top of one's scope."""
    at = await home_place(request)
    return RedirectResponse(f"/console/grids/{at.code}", 303)


async def overview(request: Request) -> Response:
    """Show the figures of a grid and of those below it."""
    at = await place_of(request)
    runtime = runtime_of(request)
    hierarchy = await runtime.registry.hierarchy()
    now = utc_now()
    own, below = await asyncio.gather(
        counts_of(runtime.store, at.path, now),
        counts_of_children(runtime.store, at.path, now),
    )
    rows = [Row(node, below.get(node.code, Counts())) for node in hierarchy.children(at.code)]
    return await framed(request, "console/overview.html", at, "", {"counts": own, "rows": rows})


def routes() -> list[BaseRoute]:
    """Return the routes of the overview."""
    return [Route("/", start), Route("/grids/{code:str}", overview)]
