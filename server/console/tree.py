"""The tree of grids on the left: opened along the path to where one is, the rest on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from grid.hierarchy import GridNode, Hierarchy
from server.auth import actor_of
from server.clock import utc_now
from server.console.counts import TREE_FIGURES, Counts, counts_of, counts_of_children
from server.console.scope import Place, place, place_of, roots
from server.runtime import runtime_of
from server.templating import page
from sync.store import DocumentStore

SECTIONS: Final = frozenset(
    {
        "",
        "households",
        "residents",
        "events",
        "disputes",
        "tasks",
        "patrols",
        "visits",
        "campaign-records",
        "places",
        "organisations",
        "reviews",
        "quarantine",
        "structure",
    }
)
"""What follows a grid's code in an address; the tree stays in the section one is in."""
_MAX_FOUND: Final = 30
_NONE: Final = Counts()


@dataclass(frozen=True, slots=True)
class Branch:
    """One grid in the tree. ``children`` are empty when it is a leaf or not opened."""

    node: GridNode
    counts: Counts
    has_children: bool
    opened: bool
    here: bool
    children: tuple[Branch, ...] = ()


async def branches(
    store: DocumentStore, hierarchy: Hierarchy, tops: Sequence[GridNode], here: Sequence[str]
) -> list[Branch]:
    """Return the tree under ``tops``, opened along ``here`` (codes from the district down)."""
    now = utc_now()
    opened = [code for code in here if hierarchy.children(code)]
    counted: dict[str, Counts] = {}
    for code in opened:
        counted |= await counts_of_children(store, hierarchy.path(code), now, TREE_FIGURES)
    for top in tops:
        counted[top.code] = await counts_of(store, hierarchy.path(top.code), now)
    return [_branch(hierarchy, top, counted, here) for top in tops]


def _branch(
    hierarchy: Hierarchy, node: GridNode, counted: Mapping[str, Counts], here: Sequence[str]
) -> Branch:
    below = hierarchy.children(node.code)
    opened = bool(below) and node.code in here
    return Branch(
        node,
        counted.get(node.code, _NONE),
        bool(below),
        opened,
        bool(here) and here[-1] == node.code,
        tuple(_branch(hierarchy, child, counted, here) for child in below) if opened else (),
    )


def found(hierarchy: Hierarchy, tops: Sequence[GridNode], text: str) -> list[Place]:
    """Return grids under ``tops`` whose name holds ``text`` or whose code begins with it, upper
    levels first; at most 30."""
    wanted = text.strip().casefold()
    if not wanted:
        return []
    under = (node for top in tops for node in hierarchy.descendants(top.code))
    hits = [
        node for node in under if wanted in node.name.casefold() or node.code.startswith(wanted)
    ]
    hits.sort(key=lambda node: (node.name.casefold() != wanted, node.level, node.code))
    return [place(hierarchy, node.code) for node in hits[:_MAX_FOUND]]


def _section(request: Request) -> str:
    section = request.query_params.get("section", "")
    return section if section in SECTIONS else ""


async def opened_branch(request: Request) -> Response:
    """Answer with the grids right below one, to be put into the tree."""
    at = await place_of(request)
    runtime = runtime_of(request)
    hierarchy = await runtime.registry.hierarchy()
    counted = await counts_of_children(runtime.store, at.path, utc_now(), TREE_FIGURES)
    children = [_branch(hierarchy, child, counted, ()) for child in hierarchy.children(at.code)]
    return page(
        request, "console/tree_children.html", {"branches": children, "section": _section(request)}
    )


async def tree_search(request: Request) -> Response:
    """Answer with grids by name or code, each with its full path; without text with the tree."""
    runtime = runtime_of(request)
    hierarchy = await runtime.registry.hierarchy()
    tops = roots(actor_of(request), hierarchy)
    text = request.query_params.get("find", "")[:40]
    context = {
        "find": text.strip(),
        "hits": found(hierarchy, tops, text),
        "section": _section(request),
        "tree": [],
    }
    if not text.strip():
        code = request.query_params.get("here", "")
        here = hierarchy.path(code) if code in hierarchy else ()
        context["tree"] = await branches(runtime.store, hierarchy, tops, here)
    return page(request, "console/tree.html", context)


def routes() -> list[BaseRoute]:
    """Return the routes of the tree."""
    return [Route("/tree", tree_search), Route("/tree/{code:str}", opened_branch)]
