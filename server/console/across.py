"""Reviews across documents: two records that may be one, a household that breaks a rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from conflicts.rules import DUPLICATE, RULES
from grid.masking import MASKS, mask_record
from grid.permissions import Actor, may_review
from server import i18n
from server.auth import actor_of
from server.console.decision import reason_name
from server.console.fields import label_of, title_of, type_name_of
from server.console.frame import framed, home_place
from server.console.lookups import people_names
from server.console.pairing import SIDES, has_personal, rows_of
from server.console.purpose import MIN_PURPOSE, read_purpose
from server.console.review import problem_text
from server.console.scope import demand_scope, place
from server.console.upcoming import next_review
from server.i18n import gettext as _
from server.runtime import runtime_of
from sync import duplicates, findings, mending
from sync.held import held
from sync.indexes import RECORDS_BY_REFERENCE
from sync.reviews import ReviewError
from sync.store import DocumentStore

_MAX_NOTE: Final = 500
_MOST_COUNTED: Final = 200

Act = Callable[[DocumentStore, Mapping[str, Any], Actor, FormData], Awaitable[None]]


async def _found(request: Request) -> Mapping[str, Any]:
    """Return the review that the address names; 404 outside the actor's scope."""
    review_id = f"across:{request.path_params['rest']}"
    try:
        review = await mending.read_finding(runtime_of(request).store, review_id)
    except ReviewError:
        raise HTTPException(404) from None
    demand_scope(actor_of(request), review.get("path", ()))
    return review


async def review_page(request: Request) -> Response:
    """Show what a rule found, masked."""
    return await _page(request, await _found(request))


async def unmask(request: Request) -> Response:
    """Show two records with their personal fields, once the purpose is in the audit log."""
    review = await _found(request)
    purpose = await read_purpose(request)
    if purpose is None:
        problem = _("请写明用途，至少 {count} 个字。", count=MIN_PURPOSE)
        return await _page(request, review, problem=problem, status_code=422)
    await runtime_of(request).audit.unmask(
        actor_of(request), "reviews", review["subjects"], sorted(MASKS), purpose
    )
    return await _page(request, review, masked=False)


async def _act(request: Request, name: str, act: Act) -> Response:
    """Do what a form asks for and show the outcome; say why when it cannot be done."""
    review = await _found(request)
    actor, runtime = actor_of(request), runtime_of(request)
    if not may_review(actor, review["path"]):
        raise HTTPException(403)
    async with request.form(max_files=0, max_fields=100) as form:
        try:
            await act(runtime.store, review, actor, form)
        except ReviewError as error:
            problem = problem_text(error.code, error.message)
            status = 422 if error.code == "invalid-value" else 409
            return await _page(request, await _found(request), problem=problem, status_code=status)
    await runtime.audit.record(
        f"across-{name}", actor.user, decision=review["_id"], grid=review["grid"]
    )
    return RedirectResponse(f"/console/reviews/{review['_id']}", 303)


def _note(form: FormData) -> str:
    return str(form.get("note", "")).strip()[:_MAX_NOTE]


async def _merge(
    store: DocumentStore, review: Mapping[str, Any], actor: Actor, form: FormData
) -> None:
    keeps = review[SIDES[1] if form.get("stands") == SIDES[1] else SIDES[0]]
    pair = await duplicates.read_pair(store, review["_id"])
    bodies = {SIDES[0]: pair.keeps, SIDES[1]: pair.gives_way}
    values = {}
    for name in review["contradicts"]:
        side = bodies.get(str(form.get(f"choose.{name}", "")))
        if side is not None and name in side.body:
            values[name] = side.body[name]
    await duplicates.merge(
        store, review["_id"], actor, keeps=keeps, values=values, note=_note(form)
    )


async def _apart(
    store: DocumentStore, review: Mapping[str, Any], actor: Actor, form: FormData
) -> None:
    await duplicates.keep_apart(store, review["_id"], actor, _note(form))


async def _undo(
    store: DocumentStore, review: Mapping[str, Any], actor: Actor, form: FormData
) -> None:
    await duplicates.undo(store, review["_id"], actor, _note(form))


async def _head(
    store: DocumentStore, review: Mapping[str, Any], actor: Actor, form: FormData
) -> None:
    chosen = str(form.get("resident", ""))
    await mending.choose_head(store, review["_id"], actor, chosen, _note(form))


async def _restore(
    store: DocumentStore, review: Mapping[str, Any], actor: Actor, form: FormData
) -> None:
    await mending.restore_household(store, review["_id"], actor, _note(form))


async def _moved_out(
    store: DocumentStore, review: Mapping[str, Any], actor: Actor, form: FormData
) -> None:
    await mending.move_people_out(store, review["_id"], actor, _note(form))


async def _leave(
    store: DocumentStore, review: Mapping[str, Any], actor: Actor, form: FormData
) -> None:
    await mending.leave_so(store, review["_id"], actor, _note(form))


_ACTS: Final[Mapping[str, Act]] = {
    "merge": _merge,
    "apart": _apart,
    "undo": _undo,
    "head": _head,
    "restore": _restore,
    "moved-out": _moved_out,
    "leave": _leave,
}


async def act(request: Request) -> Response:
    """Do what the last part of the address names."""
    name = str(request.path_params["act"])
    if name not in _ACTS:
        raise HTTPException(404)
    return await _act(request, name, _ACTS[name])


def done_texts() -> dict[str, str]:
    """Return what was done, in words, by the action noted in a review."""
    return {
        "merge": _("已合并为一条"),
        "apart": _("已确认不是同一个"),
        "undo": _("已撤销合并，两条都恢复"),
        "head": _("已选定户主"),
        "restore": _("已恢复住户"),
        "moved-out": _("已标为迁出"),
        "leave": _("保持现状"),
    }


def sentence_of(code: str) -> str:
    """Return what a rule found, in a sentence."""
    rule = RULES.get(code)
    return code if rule is None else rule.en if i18n.language() == "en" else rule.zh


async def _page(
    request: Request,
    review: Mapping[str, Any],
    *,
    masked: bool = True,
    problem: str = "",
    status_code: int = 200,
) -> Response:
    runtime, actor = runtime_of(request), actor_of(request)
    hierarchy = await runtime.registry.hierarchy()
    known = [code for code in review["path"] if code in hierarchy]
    at = place(hierarchy, known[-1]) if known else await home_place(request)
    kind = str(review["type"])
    context: dict[str, Any] = {
        "review": review,
        "status": review["status"],
        "kind_name": reason_name(review["reviews"][0]),
        "sentence": sentence_of(review["reviews"][0]),
        "type_name": type_name_of(kind),
        "steps": review.get("steps", []),
        "done": done_texts(),
        "may_decide": may_review(actor, review["path"]),
        "next_id": await next_review(runtime.store, at.code, actor.grids, review),
        "masked": masked,
        "problem": problem,
        "min_purpose": MIN_PURPOSE,
        "names": {
            code: " / ".join(
                hierarchy.path_names(code)[len(known) :] or [hierarchy.node(code).name]
            )
            for code in review["grids"].values()
            if code in hierarchy
        },
    }
    people = [step["by"] for step in context["steps"]]
    if review["kind"] == DUPLICATE:
        context |= await _pair_context(runtime.store, review, masked=masked)
        people += context.pop("mentioned")
    else:
        context |= await _finding_context(runtime.store, review, masked=masked)
        traces = [subject["updated"] for subject in context["subjects"] if subject["updated"]]
        people += [str(trace["by"]) for trace in traces]
    context["people"] = await people_names(runtime.registry, people)
    template = "duplicate.html" if review["kind"] == DUPLICATE else "finding.html"
    return await framed(request, f"console/{template}", at, "reviews", context, status_code)


async def _pair_context(
    store: DocumentStore, review: Mapping[str, Any], *, masked: bool
) -> dict[str, Any]:
    pair = await duplicates.read_pair(store, review["_id"])
    both = (pair.keeps, pair.gives_way)
    kind = str(review["type"])
    rows = []
    if both[0] is not None and both[1] is not None:
        rows = rows_of(both[0], both[1], review["contradicts"], masked=masked)
    heads = [_head_of(one, review[side]) for one, side in zip(both, SIDES, strict=True)]
    for head in heads:
        named = await store.query(
            RECORDS_BY_REFERENCE, prefix=(head["id"],), limit=_MOST_COUNTED + 1
        )
        head["named"] = len(named)
        head["changed"] = [label_of(kind, name) for name in pair.changed_since.get(head["id"], ())]
    return {
        "heads": heads,
        "rows": rows,
        "merged": pair.merged,
        "stands": next((h["title"] for h in heads if pair.merged and not h["merged"]), ""),
        "personal": has_personal(kind, rows),
        "mentioned": [head["by"] for head in heads]
        + [side.by for row in rows for side in row.sides if side is not None],
    }


def _head_of(at: Any, doc_id: str) -> dict[str, Any]:
    body = at.body if at is not None else {}
    created = body.get("created") or {}
    return {
        "id": doc_id,
        "gone": at is None,
        "merged": "merged_into" in body,
        "title": title_of(mask_record(body)) if body else doc_id,
        "grid": str(body.get("grid") or ""),
        "by": str(created.get("by") or ""),
        "device": str(created.get("device") or ""),
        "at": created.get("at"),
    }


async def _finding_context(
    store: DocumentStore, review: Mapping[str, Any], *, masked: bool
) -> dict[str, Any]:
    live = await findings.canonical_records(store, review["subjects"])
    subjects = []
    for doc_id in review["subjects"]:
        record = live.get(doc_id)
        shown = None if record is None else mask_record(record) if masked else record
        at = await held(store, doc_id) if record is not None else None
        changed = at is not None and review["revs"].get(doc_id, at.revision.rev) != at.revision.rev
        subjects.append(
            {
                "id": doc_id,
                "type_name": type_name_of(doc_id.partition(":")[0]),
                "title": title_of(shown) if shown else _("（已删除或不存在）"),
                "there": record is not None,
                "updated": (record or {}).get("updated"),
                "changed": changed,
            }
        )
    return {"subjects": subjects, "rule": review["reviews"][0]}


def routes() -> list[BaseRoute]:
    """Return the routes of reviews across documents; they come before those of merges."""
    return [
        Route("/reviews/across:{rest}/unmask", unmask, methods=["POST"]),
        Route("/reviews/across:{rest}/{act}", act, methods=["POST"]),
        Route("/reviews/across:{rest}", review_page),
    ]
