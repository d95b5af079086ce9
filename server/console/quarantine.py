"""Refused edits: whose, when, why, the whole document; accepted into the grid or closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from grid.masking import is_personal, mask_record
from grid.permissions import may_review
from server.auth import actor_of
from server.console.fields import REFERENCES, Field, fields_of, title_of, type_name_of
from server.console.frame import framed, home_place
from server.console.listing import Document
from server.console.lookups import people_names, titles
from server.console.purpose import MIN_PURPOSE, read_purpose
from server.console.scope import Place, demand_scope, place, place_of
from server.i18n import gettext as _
from server.runtime import runtime_of
from sync import quarantine
from sync.errors import DocumentConflict

STATUSES: Final = (quarantine.OPEN, quarantine.ACCEPTED, quarantine.CLOSED)
_MAX_NOTE: Final = 500


async def start(request: Request) -> Response:
    """Go to the refused edits of the top of one's scope."""
    at = await home_place(request)
    return RedirectResponse(f"/console/grids/{at.code}/reviews?kind=refused", 303)


async def queue(request: Request) -> Response:
    """Go to the refused edits among all that waits; an address of before."""
    at = await place_of(request)
    status = request.query_params.get("status", quarantine.OPEN)
    done = "" if status == quarantine.OPEN else "&show=done"
    return RedirectResponse(f"/console/grids/{at.code}/reviews?kind=refused{done}", 303)


async def _found(request: Request) -> Document:
    """Return the entry that the address names; 404 outside the actor's scope."""
    try:
        entry = await quarantine.read_entry(
            runtime_of(request).store, str(request.path_params["id"])
        )
    except quarantine.NoSuchEntry:
        raise HTTPException(404) from None
    demand_scope(actor_of(request), entry.get("path", ()))
    return entry


async def entry_page(request: Request) -> Response:
    """Show a refused edit, masked."""
    return await _page(request, await _found(request))


async def unmask(request: Request) -> Response:
    """Show a refused edit with its personal fields, once the purpose is in the audit log."""
    entry = await _found(request)
    purpose = await read_purpose(request)
    if purpose is None:
        return await _page(request, entry, problem=_purpose_problem(), status_code=422)
    kind = str(entry["document"].get("type"))
    fields = sorted(name for name in entry["document"] if is_personal(kind, name))
    await runtime_of(request).audit.unmask(
        actor_of(request), quarantine.QUARANTINE, [entry["_id"]], fields, purpose
    )
    return await _page(request, entry, masked=False)


def _purpose_problem() -> str:
    return _("请写明用途，至少 {count} 个字。", count=MIN_PURPOSE)


async def accept(request: Request) -> Response:
    """Put a refused edit into its grid, where the resolver takes it up like any other."""
    return await _settle(request, accepting=True)


async def close(request: Request) -> Response:
    """Close a refused edit with a reason that the worker sees."""
    return await _settle(request, accepting=False)


async def _settle(request: Request, *, accepting: bool) -> Response:
    entry = await _found(request)
    actor, runtime = actor_of(request), runtime_of(request)
    if not may_review(actor, entry["path"]):
        raise HTTPException(403)
    async with request.form(max_files=0, max_fields=10) as form:
        note = str(form.get("note", "")).strip()[:_MAX_NOTE]
    if not accepting and not note:
        problem = _("请写明关闭的理由，网格员会在手机上看到。")
        return await _page(request, entry, problem=problem, status_code=422)
    try:
        if accepting:
            await quarantine.accept(runtime.store, entry["_id"], actor, note)
        else:
            await quarantine.close(runtime.store, entry["_id"], actor, note)
    except (quarantine.AlreadySettled, DocumentConflict):
        problem = _("这条退回刚刚已由他人处理，请看最新状态。")
        return await _page(request, await _found(request), problem=problem, status_code=409)
    except quarantine.CannotAccept as error:
        problem = _("无法接收：{reason}。内容仍保留在这里。", reason=str(error))
        return await _page(request, entry, problem=problem, status_code=409)
    action = "quarantine-accept" if accepting else "quarantine-close"
    await runtime.audit.record(action, actor.user, entry=entry["_id"], grid=entry["grid"])
    return RedirectResponse(f"/console/quarantine/{entry['_id']}", 303)


async def _page(
    request: Request,
    entry: Document,
    *,
    masked: bool = True,
    problem: str = "",
    status_code: int = 200,
) -> Response:
    runtime, actor = runtime_of(request), actor_of(request)
    hierarchy = await runtime.registry.hierarchy()
    at = _place(hierarchy, entry)
    kind = str(entry["doc_id"]).partition(":")[0]
    refused = entry["document"] if isinstance(entry["document"], Mapping) else {}
    named = {**refused, "type": refused.get("type", kind)}
    visible = mask_record(named) if masked else named
    fields: list[Field] = fields_of(visible)
    mentioned = [refused[name] for name in REFERENCES if isinstance(refused.get(name), str)]
    names = await titles(runtime.store, actor, [str(entry["doc_id"]), *mentioned])
    users = [str(entry["user"]), *([entry["closed"]["by"]] if entry.get("closed") else [])]
    context = {
        "entry": entry,
        "title": title_of(visible),
        "type_name": type_name_of(kind),
        "fields": fields,
        "masked": masked,
        "personal": any(field.personal for field in fields),
        "names": names,
        "people": await people_names(runtime.registry, users),
        "may_settle": may_review(actor, entry["path"]) and entry["status"] == quarantine.OPEN,
        "problem": problem,
        "min_purpose": MIN_PURPOSE,
    }
    return await framed(request, "console/refused.html", at, "quarantine", context, status_code)


def _place(hierarchy: Any, entry: Document) -> Place:
    """Return where the entry belongs: its grid, or the nearest node above it that still exists."""
    known = [code for code in entry["path"] if code in hierarchy]
    if not known:
        raise HTTPException(404)
    return place(hierarchy, known[-1])


def routes() -> list[BaseRoute]:
    """Return the routes of quarantine; the list under a grid comes before the lists of records."""
    return [
        Route("/quarantine", start),
        Route("/quarantine/{id:path}/unmask", unmask, methods=["POST"]),
        Route("/quarantine/{id:path}/accept", accept, methods=["POST"]),
        Route("/quarantine/{id:path}/close", close, methods=["POST"]),
        Route("/quarantine/{id:path}", entry_page),
        Route("/grids/{code:str}/quarantine", queue),
    ]
