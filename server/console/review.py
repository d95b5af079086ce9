"""The page of one merge: agree, choose another side, give another value, take it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from grid.masking import is_personal, mask_record
from grid.permissions import Actor, may_review
from server.auth import actor_of
from server.console.decision import (
    authors_of,
    compared,
    has_personal,
    read_value,
    reason_texts,
)
from server.console.fields import label_of, title_of, type_name_of
from server.console.frame import framed, home_place
from server.console.lookups import people_names
from server.console.purpose import MIN_PURPOSE, read_purpose
from server.console.scope import demand_scope, place
from server.console.structure import ordered_in
from server.console.upcoming import next_review
from server.i18n import gettext as _
from server.runtime import runtime_of
from sync import reviews
from sync.store import DocumentStore

_MAX_NOTE: Final = 500
_MAX_VALUE: Final = 4_000

Act = Callable[[DocumentStore, reviews.Review, Actor, FormData], Awaitable[None]]


class Unfit(ValueError):
    """What a person typed does not fit the field; the message is for him."""


def problem_text(code: str, message: str) -> str:
    """Return why a step of a review is not possible, what is safe and what to do."""
    texts = {
        "already-decided": _("这条复核刚刚已由他人处理，请看最新状态。"),
        "superseded": _("又有一份离线修改到达，已重新合并，请看新的合并。"),
        "record-gone": _("这条记录已被删除，无法再改。各方填写的内容仍保留在此页。"),
        "not-in-decision": _("合并记录里没有这一项，请刷新后再试。"),
        "nothing-to-undo": _("没有可以撤销的内容：没有保存原值，或之后又有人改过。"),
        "busy": _("这条记录正被频繁修改，没有改动任何内容，请稍后再试。"),
        "invalid-value": message,
    }
    return texts.get(code, message)


async def _found(request: Request) -> reviews.Review:
    """Return the review that the address names; 404 outside the actor's scope."""
    try:
        review = await reviews.read_review(
            runtime_of(request).store, str(request.path_params["id"])
        )
    except reviews.ReviewError:
        raise HTTPException(404) from None
    demand_scope(actor_of(request), review.document.get("path", ()))
    return review


async def review_page(request: Request) -> Response:
    """Show a merge, masked."""
    return await _page(request, await _found(request))


async def unmask(request: Request) -> Response:
    """Show a merge with its personal fields, once the purpose is in the audit log."""
    review = await _found(request)
    purpose = await read_purpose(request)
    if purpose is None:
        problem = _("请写明用途，至少 {count} 个字。", count=MIN_PURPOSE)
        return await _page(request, review, problem=problem, status_code=422)
    kind = str(review.decision.type)
    fields = sorted(f.field for f in review.decision.fields if is_personal(kind, f.field))
    await runtime_of(request).audit.unmask(
        actor_of(request), "reviews", [review.document["_id"]], fields, purpose
    )
    return await _page(request, review, masked=False)


async def _act(request: Request, name: str, act: Act) -> Response:
    """Do what a form asks for and show the outcome; say why when it cannot be done."""
    review = await _found(request)
    actor, runtime = actor_of(request), runtime_of(request)
    if not may_review(actor, review.document["path"]):
        raise HTTPException(403)
    async with request.form(max_files=0, max_fields=10) as form:
        try:
            await act(runtime.store, review, actor, form)
        except Unfit as error:
            return await _page(request, review, problem=str(error), status_code=422)
        except reviews.ReviewError as error:
            problem = problem_text(error.code, error.message)
            status = 422 if error.code == "invalid-value" else 409
            return await _page(request, await _found(request), problem=problem, status_code=status)
    await runtime.audit.record(
        f"review-{name}", actor.user, decision=review.document["_id"], grid=review.document["grid"]
    )
    return RedirectResponse(f"/console/reviews/{review.document['_id']}", 303)


def _note(form: FormData) -> str:
    return str(form.get("note", "")).strip()[:_MAX_NOTE]


async def _accept(
    store: DocumentStore, review: reviews.Review, actor: Actor, form: FormData
) -> None:
    await reviews.accept(store, review.document["_id"], actor, _note(form))


async def _undo(store: DocumentStore, review: reviews.Review, actor: Actor, form: FormData) -> None:
    await reviews.undo(store, review.document["_id"], actor, note=_note(form))


async def _redo(store: DocumentStore, review: reviews.Review, actor: Actor, form: FormData) -> None:
    await reviews.redo(store, review.document["_id"], actor, _note(form))


async def _choose(
    store: DocumentStore, review: reviews.Review, actor: Actor, form: FormData
) -> None:
    decision_id, field = str(review.document["_id"]), str(form.get("field", ""))
    if rev := str(form.get("rev", "")):
        await reviews.choose(store, decision_id, field, actor, rev=rev)
        return
    value = _value(review, field, str(form.get("value", ""))[:_MAX_VALUE])
    await reviews.choose(store, decision_id, field, actor, value=value)


async def accept(request: Request) -> Response:
    """Agree with the merge as it stands."""
    return await _act(request, "accept", _accept)


async def choose(request: Request) -> Response:
    """Give a field one side's value, or another one altogether."""
    return await _act(request, "choose", _choose)


async def undo(request: Request) -> Response:
    """Take the merge back: contested fields get the values from before."""
    return await _act(request, "undo", _undo)


async def redo(request: Request) -> Response:
    """Take an undoing back: its fields get the merge's values again."""
    return await _act(request, "redo", _redo)


def _value(review: reviews.Review, field: str, text: str) -> Any:
    """Return what a person typed for a field; raise ``Unfit`` with what is expected."""
    found = next((f for f in review.document["fields"] if f["field"] == field), None)
    if found is None:
        raise reviews.ReviewError("not-in-decision")
    try:
        return read_value(found, text)
    except ValueError:
        label = label_of(review.decision.type or "", field)
        raise Unfit(_("“{label}”应当是数字。", label=label)) from None


async def _page(
    request: Request,
    review: reviews.Review,
    *,
    masked: bool = True,
    problem: str = "",
    status_code: int = 200,
) -> Response:
    runtime, actor = runtime_of(request), actor_of(request)
    hierarchy = await runtime.registry.hierarchy()
    document, record = review.document, review.current
    known = [code for code in document["path"] if code in hierarchy]
    at = place(hierarchy, known[-1]) if known else await home_place(request)
    kind = review.decision.type or review.decision.doc_id.partition(":")[0]
    visible = mask_record(record) if record is not None and masked else record
    rows = compared(document, record, masked=masked)
    authors = authors_of(document)
    context = {
        "review": document,
        "ordered": ordered_in(document, hierarchy),
        "status": review.status,
        "title": title_of(visible) if visible is not None else type_name_of(kind),
        "type_name": type_name_of(kind),
        "record_id": review.decision.doc_id if record is not None else None,
        "authors": authors,
        "rows": rows,
        "reasons": reason_texts(document),
        "base_at": _base_time(document),
        "changed_since": [label_of(kind, field) for field in review.changed_since],
        "last_change": (record or {}).get("updated"),
        "masked": masked,
        "personal": has_personal(document),
        "may_decide": may_review(actor, document["path"]) and review.status != reviews.SUPERSEDED,
        "may_undo": review.decision.base is not None and review.status != reviews.UNDONE,
        "steps": document.get("steps", []),
        "people": await people_names(
            runtime.registry, [a.by for a in authors] + [s["by"] for s in document.get("steps", [])]
        ),
        "next_id": await next_review(
            runtime.store, known[0] if known else at.code, actor.grids, document
        ),
        "problem": problem,
        "min_purpose": MIN_PURPOSE,
    }
    return await framed(request, "console/review.html", at, "reviews", context, status_code)


def _base_time(document: Any) -> str | None:
    base = document.get("base") or {}
    trace = base.get("updated") or base.get("created") or {}
    at = trace.get("at")
    return str(at) if at else None


def routes() -> list[BaseRoute]:
    """Return the routes of one review."""
    return [
        Route("/reviews/{id:path}/unmask", unmask, methods=["POST"]),
        Route("/reviews/{id:path}/accept", accept, methods=["POST"]),
        Route("/reviews/{id:path}/choose", choose, methods=["POST"]),
        Route("/reviews/{id:path}/undo", undo, methods=["POST"]),
        Route("/reviews/{id:path}/redo", redo, methods=["POST"]),
        Route("/reviews/{id:path}", review_page),
    ]
