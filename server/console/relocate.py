"""The page on which a record is moved to another grid by hand."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from grid.hierarchy import Hierarchy
from grid.permissions import Actor, may_relocate
from server.auth import actor_of
from server.console.frame import framed
from server.console.record import Shown, shown_record
from server.i18n import gettext as _
from server.runtime import runtime_of
from sync.relocating import MESSAGES, MoveRefused, relocate

_MOST_LISTED: Final = 500


def _targets(hierarchy: Hierarchy, actor: Actor, shown: Shown) -> list[tuple[str, str]]:
    """Return household groups in the actor's scope, those nearest to the record first."""
    path = shown.at.path
    found = [
        node
        for node in hierarchy
        if node.holds_records
        and not node.closed
        and node.code != path[-1]
        and may_relocate(actor, path, hierarchy.path(node.code))
    ]

    def far(code: str) -> int:
        steps = hierarchy.path(code)
        return -sum(one == other for one, other in zip(steps, path, strict=False))

    found.sort(key=lambda node: (far(node.code), node.code))
    return [
        (node.code, " / ".join(hierarchy.path_names(node.code)[2:]))
        for node in found[:_MOST_LISTED]
    ]


async def form(request: Request) -> Response:
    """Ask where a record should go."""
    shown = await shown_record(request, request.path_params["id"])
    if not may_relocate(actor_of(request), shown.at.path, shown.at.path):
        raise HTTPException(403)
    return await _page(request, shown)


async def move(request: Request) -> Response:
    """Move a record and show it where it is now."""
    shown = await shown_record(request, request.path_params["id"])
    runtime, actor = runtime_of(request), actor_of(request)
    async with request.form(max_files=0, max_fields=10) as values:
        grid = str(values.get("grid") or values.get("code") or "").strip()
    try:
        await relocate(runtime.store, runtime.registry, shown.id, grid, actor)
    except MoveRefused as why:
        if why.code == "out-of-scope" and not may_relocate(actor, shown.at.path, shown.at.path):
            raise HTTPException(403) from None
        return await _page(request, shown, problem=_(MESSAGES[why.code]))
    await runtime.audit.record(
        "record-move", actor.user, record=shown.id, grid=shown.at.code, to=grid
    )
    return RedirectResponse(f"/console/records/{shown.id}", 303)


async def _page(request: Request, shown: Shown, *, problem: str = "") -> Response:
    hierarchy = await runtime_of(request).registry.hierarchy()
    context = {
        "shown": shown,
        "targets": _targets(hierarchy, actor_of(request), shown),
        "problem": problem,
    }
    status = 409 if problem else 200
    return await framed(
        request, "console/record_move.html", shown.at, shown.list_section, context, status
    )


def routes() -> list[BaseRoute]:
    """Return the routes of moving a record; they come before the pages of records."""
    return [
        Route("/records/{id:path}/move", form, methods=["GET"]),
        Route("/records/{id:path}/move", move, methods=["POST"]),
    ]
