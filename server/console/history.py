"""A record's past: as it was at a time, two states side by side, an old value given back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from grid.masking import mask_record, mask_value
from grid.permissions import may_push
from server.auth import actor_of
from server.clock import timestamp, utc_now
from server.console.display import CHINA, full_time, moment
from server.console.fields import fields_of, label_of, text_of, title_of
from server.console.frame import framed
from server.console.lookups import people_names, titles
from server.console.record import Shown, shown_record
from server.i18n import gettext as _
from server.runtime import runtime_of
from sync.history import AsOf, NoSuchRevision, Past, Step, as_of, read_past
from sync.restoring import NEVER_RESTORED, RestoreError, restore

_UNTOLD: Final = frozenset({"type", "grid"})


@dataclass(frozen=True, slots=True)
class Row:
    """A field in two states and now; ``restorable`` when the first differs from now."""

    field: str
    label: str
    one: str
    other: str
    now: str
    restorable: bool


async def _read(request: Request) -> tuple[Shown, Past]:
    """Return the record that the address names, masked, and its past; 404 out of scope."""
    shown = await shown_record(request, request.path_params["id"])
    return shown, await read_past(runtime_of(request).store, shown.at.code, shown.id)


def _may_restore(request: Request, shown: Shown) -> bool:
    return may_push(actor_of(request), shown.at.path)


def read_time(text: str) -> str | None:
    """Return a time that somebody picked (China's time unless it says otherwise) as UTC text,
    ``None`` when it cannot be read."""
    when = moment(text)
    return None if when is None else timestamp(when)


def local_text(at: str) -> str:
    """Return a time as the date picker writes it: ``2026-11-24T16:00`` in China's time."""
    when = moment(at)
    return "" if when is None else when.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


async def as_of_page(request: Request) -> Response:
    """Show a record as it was at a time."""
    shown, past = await _read(request)
    picked = request.query_params.get("at", "")
    at = read_time(picked)
    found: AsOf | None = None
    if at is not None:
        found = await as_of(runtime_of(request).store, shown.at.code, past, at)
    body = None if found is None or found.body is None else mask_record(found.body)
    steps = past.steps()
    context = {
        "shown": shown,
        "at_text": local_text(at) if at else "",
        "at_shown": full_time(at),
        "found": found,
        "unread": bool(picked) and at is None,
        "then": {
            "title": title_of(body),
            "fields": fields_of(body),
            "names": await _names(request, body),
        }
        if body
        else None,
        "last": next((s for s in steps if found is not None and s.rev == found.rev), None),
        "people": await _people(request, steps),
        "current": past.leaves[0].rev if past.leaves else "",
        "today": local_text(timestamp(utc_now())),
    }
    return await framed(request, "console/as_of.html", shown.at, shown.list_section, context)


async def compare_page(request: Request) -> Response:
    """Show two states of a record side by side, and what stands now."""
    shown, past = await _read(request)
    steps = [step for step in past.steps() if not step.deleted]
    known = [step.rev for step in steps]
    one = request.query_params.get("one", "")
    other = request.query_params.get("other", "") or (known[0] if known else "")
    rows: Sequence[Row] = ()
    if one:
        try:
            rows = _rows(shown, past, one, other)
        except NoSuchRevision:
            raise HTTPException(404) from None
    context = {
        "shown": shown,
        "steps": steps,
        "one": one,
        "other": other,
        "step_one": next((step for step in steps if step.rev == one), None),
        "step_other": next((step for step in steps if step.rev == other), None),
        "rows": rows,
        "may_restore": _may_restore(request, shown),
        "people": await _people(request, steps),
    }
    return await framed(request, "console/compare.html", shown.at, shown.list_section, context)


def _rows(shown: Shown, past: Past, one: str, other: str) -> list[Row]:
    before, current = past.body(one), shown.document
    rows = []
    for change in past.compare(one, other):
        if change.name in _UNTOLD:
            continue
        differs = before.get(change.name) != current.get(change.name)
        rows.append(
            Row(
                change.name,
                label_of(shown.type, change.name),
                _shown(shown.type, change.name, change.before),
                _shown(shown.type, change.name, change.after),
                _shown(shown.type, change.name, current.get(change.name)),
                differs and change.name not in NEVER_RESTORED,
            )
        )
    return rows


def _shown(type_name: str, field: str, value: Any) -> str:
    return text_of(type_name, field, mask_value(field, value))


async def restore_page(request: Request) -> Response:
    """Ask whether a field should have the value of an old revision again."""
    shown, past = await _read(request)
    return await _ask(
        request,
        shown,
        past,
        request.query_params.get("rev", ""),
        request.query_params.get("field", ""),
    )


async def restore_value(request: Request) -> Response:
    """Give a field the value of an old revision again, as an edit of whoever asks."""
    shown, past = await _read(request)
    actor, runtime = actor_of(request), runtime_of(request)
    async with request.form(max_files=0, max_fields=10) as form:
        rev, field = str(form.get("rev", "")), str(form.get("field", ""))
    try:
        await restore(runtime.store, shown.at.code, shown.at.path, shown.id, rev, field, actor)
    except RestoreError as error:
        problem = _problem_text(error)
        return await _ask(request, shown, past, rev, field, problem, status_code=409)
    await runtime.audit.record(
        "restore", actor.user, record=shown.id, grid=shown.at.code, field=field, rev=rev
    )
    return RedirectResponse(f"/console/records/{shown.id}", 303)


async def _ask(
    request: Request,
    shown: Shown,
    past: Past,
    rev: str,
    field: str,
    problem: str = "",
    status_code: int = 200,
) -> Response:
    try:
        old = past.body(rev)
    except NoSuchRevision:
        raise HTTPException(404) from None
    steps = past.steps()
    context = {
        "shown": shown,
        "rev": rev,
        "field": field,
        "label": label_of(shown.type, field),
        "then": _shown(shown.type, field, old.get(field)),
        "now_value": _shown(shown.type, field, shown.document.get(field)),
        "step": next((step for step in steps if step.rev == rev), None),
        "people": await _people(request, steps),
        "may_restore": _may_restore(request, shown),
        "problem": problem,
    }
    section = shown.list_section
    return await framed(request, "console/restore.html", shown.at, section, context, status_code)


async def _people(request: Request, steps: Sequence[Step]) -> dict[str, str]:
    users = [step.by for step in steps if step.by]
    return await people_names(runtime_of(request).registry, users)


def _problem_text(error: RestoreError) -> str:
    texts = {
        "record-gone": _("这条记录已被删除，无法恢复其中的内容。"),
        "no-such-revision": _("没有这个版本，或它已过保存期限。"),
        "nothing-to-restore": _("现在的内容与那时相同，不需要恢复。"),
        "busy": _("这条记录正被频繁修改，没有改动任何内容，请稍后再试。"),
    }
    return texts.get(error.code, error.message)


async def _names(request: Request, body: Any) -> dict[str, str]:
    ids = [
        line.record for field in fields_of(body) for line in field.lines if line.record is not None
    ]
    return await titles(runtime_of(request).store, actor_of(request), ids)


def routes() -> list[BaseRoute]:
    """Return the routes of records' pasts; they come before the records' own."""
    return [
        Route("/records/{id:path}/as-of", as_of_page),
        Route("/records/{id:path}/compare", compare_page),
        Route("/records/{id:path}/restore", restore_page, methods=["GET"]),
        Route("/records/{id:path}/restore", restore_value, methods=["POST"]),
    ]
