"""The overview of a grid: its figures, and those of each grid right below it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from grid.hierarchy import GridNode
from grid.masking import mask_record
from server.clock import utc_now
from server.console.counts import Counts, counts_of, counts_of_children
from server.console.fields import title_of, type_name_of
from server.console.frame import framed, home_place
from server.console.lookups import people_names, record_states
from server.console.scope import Place, place_of
from server.console.states import State
from server.runtime import runtime_of
from sync.indexes import RECORDS_BY_GRID

_RECENT: Final = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A grid right below, with its figures."""

    node: GridNode
    counts: Counts


@dataclass(frozen=True, slots=True)
class Recent:
    """A record that changed lately, masked."""

    id: str
    type: str
    title: str
    type_name: str
    who: str
    at: str
    state: State


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
    recent = [] if hierarchy.children(at.code) else await _recent(request, at)
    rows = [Row(node, below.get(node.code, Counts())) for node in hierarchy.children(at.code)]
    return await framed(
        request, "console/overview.html", at, "", {"counts": own, "rows": rows, "recent": recent}
    )


async def _recent(request: Request, at: Place) -> list[Recent]:
    """Return what changed last in a grid of the lowest level."""
    runtime = runtime_of(request)
    rows = await runtime.store.query(
        RECORDS_BY_GRID, prefix=(at.code,), descending=True, limit=_RECENT, documents=True
    )
    documents = [row.document for row in rows if row.document is not None]
    states = await record_states(runtime.store, documents)
    people = await people_names(runtime.registry, (str(d["updated"]["by"]) for d in documents))
    return [
        Recent(
            str(document["_id"]),
            str(document["type"]),
            title_of(mask_record(document)),
            type_name_of(str(document["type"])),
            people[str(document["updated"]["by"])],
            str(document["updated"]["at"]),
            state,
        )
        for document, state in zip(documents, states, strict=True)
    ]


def routes() -> list[BaseRoute]:
    """Return the routes of the overview."""
    return [Route("/", start), Route("/grids/{code:str}", overview)]
