"""Reviews: the queue of merges that wait for a look, and what a person decides about one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from conflicts.reasons import REASONS
from conflicts.rules import RULES
from grid.hierarchy import Hierarchy
from server.auth import actor_of
from server.console.decision import authors_of, reason_name
from server.console.fields import label_of, type_name_of
from server.console.frame import framed, home_place
from server.console.listing import Document, Source, read_page
from server.console.lookups import people_names, titles
from server.console.scope import place_of
from server.runtime import runtime_of
from sync import findings, reviews
from sync.indexes import REVIEWS_BY_NODE, REVIEWS_BY_REASON
from sync.resolving import CANNOT_MERGE

WAITING: Final = "open"
DONE: Final = "done"
AUTOMATIC: Final = "automatic"
SHOWN: Final = {
    WAITING: (reviews.OPEN,),
    DONE: (reviews.ACCEPTED, reviews.CHANGED, reviews.UNDONE, findings.APART),
    AUTOMATIC: (reviews.SETTLED, reviews.SUPERSEDED),
}
"""What the queue can show, and the statuses that this means."""
KINDS: Final = tuple(dict.fromkeys((*REASONS, CANNOT_MERGE, *RULES)))


@dataclass(frozen=True, slots=True)
class Item:
    """A decision in the queue."""

    id: str
    title: str
    type_name: str
    reasons: tuple[str, ...]
    fields: str
    people: tuple[str, ...]
    opened: str
    status: str
    where: str

    @property
    def across(self) -> bool:
        """Whether it is about several records, and not about the merge of one."""
        return self.id.startswith("across:")


async def start(request: Request) -> Response:
    """Go to the queue of the top of one's scope."""
    return RedirectResponse(f"/console/grids/{(await home_place(request)).code}/reviews", 303)


def sources_of(path: Sequence[str], shown: str, kind: str) -> list[Source]:
    """Return what to read for a queue; of one kind it goes grid by grid, else by age."""
    if kind:
        return [Source(REVIEWS_BY_REASON, (kind, status, *path)) for status in SHOWN[shown]]
    return [Source(REVIEWS_BY_NODE, (path[-1], status)) for status in SHOWN[shown]]


async def queue(request: Request) -> Response:
    """List decisions under a grid: waiting ones with the oldest first, others the newest first."""
    at = await place_of(request)
    runtime = runtime_of(request)
    hierarchy = await runtime.registry.hierarchy()
    asked = request.query_params
    shown = asked.get("show", WAITING) if asked.get("show") in SHOWN else WAITING
    kind = asked.get("kind", "") if asked.get("kind") in KINDS and shown == WAITING else ""
    page = await read_page(
        runtime.store,
        sources_of(at.path, shown, kind),
        descending=shown != WAITING,
        mark=asked.get("after"),
    )
    names = await titles(
        runtime.store, actor_of(request), (str(d["doc_id"]) for d in page.documents)
    )
    base = f"/console/grids/{at.code}/reviews"
    query = {name: value for name, value in (("show", shown), ("kind", kind)) if value}
    usernames = {author.by for d in page.documents for author in authors_of(d)}
    context = {
        "items": [_item(d, names, hierarchy, len(at.path)) for d in page.documents],
        "people": await people_names(runtime.registry, usernames),
        "shown": shown,
        "kind": kind,
        "kinds": [(code, reason_name(code)) for code in KINDS],
        "first_page": f"{base}?{urlencode(query)}" if asked.get("after") else None,
        "next_page": f"{base}?{urlencode({**query, 'after': page.mark})}" if page.mark else None,
    }
    return await framed(request, "console/reviews.html", at, "reviews", context)


def _item(decision: Document, names: dict[str, str], hierarchy: Hierarchy, depth: int) -> Item:
    kind = str(decision.get("type") or str(decision["doc_id"]).partition(":")[0])
    grid = str(decision["grid"])
    path = hierarchy.path_names(grid) if grid in hierarchy else (grid,)
    asking = [field for field in decision["fields"] if field["review"]] or decision["fields"]
    labels = [label_of(kind, field["field"]) for field in asking if field["field"][0] != "_"]
    people = dict.fromkeys(author.by for author in authors_of(decision))
    return Item(
        str(decision["_id"]),
        names.get(str(decision["doc_id"]), type_name_of(kind)),
        type_name_of(kind),
        tuple(reason_name(code) for code in decision["reviews"]),
        "、".join(labels),
        tuple(people),
        str(decision.get("opened")),
        str(decision["status"]),
        " / ".join(path[depth:]),
    )


def routes() -> list[BaseRoute]:
    """Return the routes of the queue."""
    return [
        Route("/reviews", start),
        Route("/grids/{code:str}/reviews", queue),
    ]
