"""Operations on grids: ordered, looked at beforehand, taken back; and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from conflicts.structure import APPLIED, CANCELLED, FINDINGS, IGNORED, PENDING, UNDONE, Structure
from grid.hierarchy import Hierarchy
from grid.operations import KIND_NAMES, GridOperation, Kind
from grid.permissions import may_restructure
from server.auth import actor_of
from server.console.frame import framed, in_language
from server.console.lookups import people_names
from server.console.scope import Place, place_of
from server.console.states import State
from server.console.structure_form import (
    MOST_PARTS,
    Unfit,
    parts_of,
    possible_kinds,
    possible_parents,
    read_operation,
    siblings,
)
from server.console.structure_preview import households_of, preview_of
from server.i18n import gettext as _
from server.runtime import runtime_of
from sync.ordering import MESSAGES, OrderRefused, new_operation, order, try_out
from sync.restructuring import progress_of
from sync.timing import china_day

SECTION: Final = "structure"
_MOST_FIELDS: Final = 2_000
_MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """An operation in the history."""

    id: str
    kind: str
    what: str
    effective: str
    by: str
    at: str
    note: str
    state: State
    finding: str
    progress: str
    may_undo: bool


def operation_state(status: str) -> State:
    """Return the state of an operation by its status."""
    return {
        APPLIED: State("tick", _("已生效"), "green"),
        PENDING: State("waiting", _("待生效"), "amber"),
        IGNORED: State("warning", _("没有生效"), "red"),
        UNDONE: State("undo", _("已撤销"), "grey"),
        CANCELLED: State("undo", _("已取消"), "grey"),
    }[status]


def described(operation: GridOperation, hierarchy: Hierarchy) -> str:
    """Return in one sentence what an operation orders."""

    def name(code: str | None) -> str:
        node = hierarchy.get(code or "")
        return node.name if node else code or ""

    grids = _("、").join(name(code) for code in operation.grids)
    parts = _("、").join(part.name or name(part.code) for part in operation.parts)
    if operation.kind is Kind.RENAME:
        return _(
            "“{old}”改名为“{new}”",
            old=operation.before or operation.grids[0],
            new=operation.name,
        )
    if operation.kind is Kind.SPLIT:
        return _("“{grid}”拆分为{parts}", grid=grids, parts=parts)
    if operation.kind is Kind.MERGE:
        return _("{grids}合并为“{target}”", grids=grids, target=parts)
    if operation.kind is Kind.MOVE:
        return _("“{grid}”改属“{parent}”", grid=grids, parent=name(operation.parent))
    if operation.kind is Kind.REOPEN:
        return _("“{grid}”恢复使用", grid=grids)
    if parts:
        return _("停用“{grid}”，由“{target}”承接", grid=grids, target=parts)
    return _("停用“{grid}”", grid=grids)


def ordered_in(review: Mapping[str, Any], hierarchy: Hierarchy) -> dict[str, str] | None:
    """Return the operation that a review is about and what became of it; ``None`` for others."""
    document = review.get("operation")
    if not isinstance(document, Mapping):
        return None
    operation = GridOperation.from_document(str(review["doc_id"]), document)
    return {
        "what": described(operation, hierarchy),
        "effective": operation.effective,
        "finding": in_language(FINDINGS[review["finding"]]),
    }


async def structure_page(request: Request) -> Response:
    """Show what a grid came from, what may be done with it, and all operations under it."""
    at = await place_of(request)
    runtime, actor = runtime_of(request), actor_of(request)
    ordered = await runtime.registry.operations()
    structure = await runtime.registry.structure()  # after them, so that it knows them all
    operations = [
        one
        for one in ordered
        if one.kind is not Kind.UNDO and _touches(one, structure.hierarchy, at.code)
    ]
    shown = operations[::-1][:_MOST_SHOWN]
    rows = [await _row(request, one, structure) for one in shown]
    context = {
        "kinds": [
            (kind.value, in_language(KIND_NAMES[kind]))
            for kind in possible_kinds(structure, at.node, actor)
        ],
        "rows": rows,
        "before": _named(structure.hierarchy, at.node.predecessors),
        "after": _named(structure.hierarchy, at.node.successors),
        "people": await people_names(runtime.registry, (row.by for row in rows)),
    }
    return await framed(request, "console/structure.html", at, SECTION, context)


def _touches(operation: GridOperation, hierarchy: Hierarchy, code: str) -> bool:
    codes = [*operation.grids, *(part.code for part in operation.parts), operation.parent]
    return any(one in hierarchy and code in hierarchy.path(one) for one in codes if one)


def _named(hierarchy: Hierarchy, codes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(code, hierarchy.node(code).name) for code in codes if code in hierarchy]


async def _row(request: Request, operation: GridOperation, structure: Structure) -> Row:
    actor, hierarchy = actor_of(request), structure.hierarchy
    effect = structure.effects[operation.id]
    progress = await progress_of(runtime_of(request).store, operation.id)
    paths = [hierarchy.path(code) for code in operation.grids if code in hierarchy]
    return Row(
        operation.id,
        in_language(KIND_NAMES[operation.kind]),
        described(operation, hierarchy),
        operation.effective,
        operation.by,
        operation.stamp[:24],
        operation.note,
        operation_state(effect.status),
        in_language(FINDINGS[effect.finding]) if effect.finding else "",
        _("已处理 {done}/{total} 条记录", done=progress["done"], total=progress["total"])
        if progress
        else "",
        effect.status in (APPLIED, PENDING)
        and operation.kind is not Kind.REOPEN
        and all(may_restructure(actor, path) for path in paths),
    )


async def form_page(request: Request) -> Response:
    """Show the form of one kind of operation."""
    at, kind = await _asked(request)
    return await _form(request, at, kind, dict(request.query_params))


async def preview(request: Request) -> Response:
    """Show what the filled-in form would do; nothing is ordered yet."""
    at, kind = await _asked(request)
    values = await _values(request)
    structure = await runtime_of(request).registry.structure()
    actor = actor_of(request)
    try:
        operation = read_operation(kind, at.node, structure, actor, values)
    except Unfit as why:
        return await _form(request, at, kind, values, problem=str(why))
    return await _tried(request, at, kind, values, operation)


async def undo(request: Request) -> Response:
    """Show what taking an operation back would do; nothing is ordered yet."""
    at = await place_of(request)
    values = await _values(request)
    operation = replace(new_operation(Kind.UNDO, actor_of(request)), of=values.get("of", ""))
    return await _tried(request, at, Kind.UNDO, values, operation)


async def confirm(request: Request) -> Response:
    """Order the operation that was looked at."""
    at = await place_of(request)
    runtime, actor = runtime_of(request), actor_of(request)
    values = await _values(request)
    try:
        wanted = orjson.loads(values.get("order", ""))
        blank = new_operation(Kind(wanted["kind"]), actor)
        read = GridOperation.from_document(blank.id, wanted)
        operation = replace(read, by=actor.user)
        ordered = await order(runtime.registry, operation, actor)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise HTTPException(400) from None
    except OrderRefused as why:
        return await _form(request, at, operation.kind, values, problem=_refusal(why))
    await runtime.audit.record(
        "grid-operation",
        actor.user,
        operation=ordered.id,
        kind=ordered.kind.value,
        grids=list(ordered.grids),
        of=ordered.of,
    )
    return RedirectResponse(f"/console/grids/{at.code}/structure", 303)


async def _asked(request: Request) -> tuple[Place, Kind]:
    """Return the grid and the kind of operation that the address names; 404 or 403 otherwise."""
    at = await place_of(request)
    structure = await runtime_of(request).registry.structure()
    asked = str(request.path_params["kind"])
    if asked not in [kind.value for kind in Kind if kind is not Kind.UNDO]:
        raise HTTPException(404)
    kind = Kind(asked)
    if kind not in possible_kinds(structure, at.node, actor_of(request)):
        raise HTTPException(403)
    return at, kind


async def _values(request: Request) -> dict[str, str]:
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
        return {name: str(value) for name, value in form.items()}


async def _tried(
    request: Request, at: Place, kind: Kind, values: Mapping[str, str], operation: GridOperation
) -> Response:
    runtime = runtime_of(request)
    try:
        stamped, after = await try_out(runtime.registry, operation, actor_of(request))
    except OrderRefused as why:
        return await _form(request, at, kind, values, problem=_refusal(why))
    finding = after.effects[stamped.id].finding
    undone = None
    if kind is Kind.UNDO:
        known = {one.id: one for one in await runtime.registry.operations()}
        undone = described(known[stamped.of or ""], after.hierarchy)
    shown = {
        "what": undone or described(stamped, after.hierarchy),
        "touched": await preview_of(runtime.store, runtime.registry, stamped, after),
        "finding": in_language(FINDINGS[finding]) if finding else "",
        "order": orjson.dumps(operation.as_document()).decode(),
        "effective": operation.effective,
    }
    return await _form(request, at, kind, values, shown=shown)


def _refusal(why: OrderRefused) -> str:
    found = FINDINGS.get(why.code)
    reason = in_language(found) if found else _(MESSAGES[why.code])
    return _("不能办理：{reason}。没有改动任何内容。", reason=reason)


async def _form(
    request: Request,
    at: Place,
    kind: Kind,
    values: Mapping[str, str],
    *,
    shown: Mapping[str, Any] | None = None,
    problem: str = "",
) -> Response:
    runtime, actor = runtime_of(request), actor_of(request)
    structure = await runtime.registry.structure()
    splitting = kind is Kind.SPLIT
    own = await households_of(runtime.store, at.path) if splitting else []
    children = structure.hierarchy.children(at.code) if splitting else []
    parents = possible_parents(structure, at.node, actor) if kind is Kind.MOVE else []
    context = {
        "kind": kind.value,
        "kind_name": in_language(KIND_NAMES[kind]),
        "values": values,
        "today": china_day(),
        "siblings": siblings(structure, at.node),
        "parents": [
            (node.code, " / ".join(structure.hierarchy.path_names(node.code)[1:]))
            for node in parents
        ],
        "part_count": parts_of(values),
        "most_parts": MOST_PARTS,
        "to_place": own
        if at.node.holds_records
        else [(child.code, child.name) for child in children if not child.closed],
        "shown": shown,
        "problem": problem,
    }
    status = 409 if problem else 200
    return await framed(request, "console/structure_form.html", at, SECTION, context, status)


def routes() -> list[BaseRoute]:
    """Return the routes of operations on grids."""
    return [
        Route("/grids/{code:str}/structure", structure_page),
        Route("/grids/{code:str}/structure/undo", undo, methods=["POST"]),
        Route("/grids/{code:str}/structure/confirm", confirm, methods=["POST"]),
        Route("/grids/{code:str}/structure/{kind:str}", form_page, methods=["GET"]),
        Route("/grids/{code:str}/structure/{kind:str}", preview, methods=["POST"]),
    ]
