"""What surrounds every page: the bar with what waits, the tree, the way up to the district."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from grid.codes import LEVEL_NAMES
from grid.permissions import ROLE_NAMES, in_scope
from server import i18n
from server.auth import actor_of
from server.clock import utc_now
from server.console import display, states, tree
from server.console.counts import counts_of
from server.console.scope import Place, place, roots
from server.runtime import runtime_of
from server.templating import page


@dataclass(frozen=True, slots=True)
class Crumb:
    """A grid on the way down to where one is; ``open`` when one may look at it."""

    code: str
    name: str
    open: bool


def in_language(pair: tuple[str, str]) -> str:
    """Return the one of a Chinese and an English text that this request wants."""
    return pair[1] if i18n.language() == "en" else pair[0]


def level_name(level: int) -> str:
    """Return what grids of a level (1–5) are called."""
    return in_language(LEVEL_NAMES[level])


async def home_place(request: Request) -> Place:
    """Return the top of the actor's scope; 404 when his account has no grid (any more)."""
    hierarchy = await runtime_of(request).registry.hierarchy()
    tops = roots(actor_of(request), hierarchy)
    if not tops:
        raise HTTPException(404)
    return place(hierarchy, tops[0].code)


async def framed(
    request: Request,
    template: str,
    at: Place,
    section: str,
    context: Mapping[str, Any],
    status_code: int = 200,
) -> Response:
    """Return a page of the console about the grid ``at``; ``section`` is one of
    ``tree.SECTIONS``, empty for the overview."""
    runtime = runtime_of(request)
    actor = actor_of(request)
    hierarchy = await runtime.registry.hierarchy()
    tops = roots(actor, hierarchy)
    now = utc_now()
    shown, of_tops = await asyncio.gather(
        tree.branches(runtime.store, hierarchy, tops, at.path),
        asyncio.gather(*(counts_of(runtime.store, hierarchy.path(top.code), now) for top in tops)),
    )
    values = {
        "at": at,
        "section": section,
        "crumbs": [
            Crumb(code, name, in_scope(actor, hierarchy.path(code)))
            for code, name in zip(at.path, at.names, strict=True)
        ],
        "tree": shown,
        "waiting_reviews": sum(counts.reviews for counts in of_tops),
        "waiting_refused": sum(counts.refused for counts in of_tops),
        "role_name": in_language(ROLE_NAMES[actor.role]),
        "level_name": level_name,
        "show": display,
        "states": states,
        "now": now,
        **context,
    }
    return page(request, template, values, status_code)
