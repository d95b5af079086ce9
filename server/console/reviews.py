"""Reviews: the one queue of what waits for a person, filtered by its address, accepted in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from conflicts.rules import DUPLICATE, MERGE, REFUSED
from grid.hierarchy import Hierarchy
from grid.masking import mask_record
from grid.permissions import Actor, in_scope, may_review
from server.auth import actor_of
from server.clock import utc_now
from server.console import bulk, queue
from server.console.decision import authors_of, reason_name
from server.console.fields import label_of, title_of, type_name_of
from server.console.frame import framed, home_place
from server.console.listing import Document
from server.console.lookups import CANONICAL, people_names
from server.console.scope import Place, place_of
from server.console.states import State, across_state, refusal_state, review_state
from server.i18n import gettext as _
from server.runtime import runtime_of
from sync.store import DocumentStore

_MAX_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the queue, masked. ``changed``: somebody changed its subject since."""

    id: str
    address: str
    title: str
    type_name: str
    kind: str
    severity: int
    severity_name: str
    reasons: str
    fields: str
    people: tuple[str, ...]
    opened: str
    state: State
    where: str
    changed: bool


async def start(request: Request) -> Response:
    """Go to the queue of the top of one's scope."""
    return RedirectResponse(f"/console/grids/{(await home_place(request)).code}/reviews", 303)


def question_of(request: Request, at: Place, asked: Mapping[str, Any]) -> queue.Question:
    """Return what an address or a form asks of the queue."""
    texts = {name: str(value) for name, value in asked.items()}
    return queue.Question.read(f"/console/grids/{at.code}/reviews", texts)


async def show(request: Request) -> Response:
    """List what waits under a grid, the oldest first, or what was settled, the newest first."""
    at = await place_of(request)
    runtime, actor, now = runtime_of(request), actor_of(request), utc_now()
    hierarchy = await runtime.registry.hierarchy()
    question = question_of(request, at, request.query_params)
    page = await queue.read(runtime.store, question, at.path, now)
    subjects = await _subjects(runtime.store, page.documents)
    items = [_item(d, subjects, actor, hierarchy, len(at.path)) for d in page.documents]
    context = {
        "items": items,
        "question": question,
        "people": await people_names(runtime.registry, (user for i in items for user in i.people)),
        "kinds": [(kind, queue.kind_name(kind)) for kind in (*queue.KINDS, REFUSED)],
        "waiting": await queue.waiting_by_kind(runtime.store, at.path),
        "severities": [(one, queue.severity_name(one)) for one in queue.SEVERITIES],
        "reasons": [(code, reason_name(code)) for code in queue.REASON_CODES],
        "days": queue.DAYS,
        "may_decide": may_review(actor, at.path) and question.shown == queue.WAITING,
        "alike": bool(question.reason or question.kind == REFUSED),
        "most": bulk.MOST,
        "accepted": _count(request.query_params.get("accepted")),
        "left": _count(request.query_params.get("left")),
        "next_page": question.address(after=page.mark) if page.mark else None,
    }
    return await framed(request, "console/reviews.html", at, "reviews", context)


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None


async def accept(request: Request) -> Response:
    """Accept the entries chosen in the list, or all that the filters show."""
    at = await place_of(request)
    runtime, actor = runtime_of(request), actor_of(request)
    if not may_review(actor, at.path):
        raise HTTPException(403)
    async with request.form(max_files=0, max_fields=200) as form:
        question = question_of(request, at, form)
        if form.get("all"):
            documents = await bulk.alike(runtime.store, question, at.path, utc_now())
        else:
            documents = await bulk.chosen(runtime.store, [str(one) for one in form.getlist("id")])
        note = str(form.get("note", "")).strip()[:_MAX_NOTE]
    outcome = await bulk.accept_all(runtime.store, documents, actor, note)
    if outcome.accepted:
        await runtime.audit.record(
            "review-accept-all", actor.user, decisions=outcome.accepted, grid=at.code
        )
    told = {"accepted": str(len(outcome.accepted)), "left": str(outcome.left)}
    return RedirectResponse(question.address(**told), 303)


async def _subjects(store: DocumentStore, documents: Sequence[Document]) -> dict[str, Document]:
    """Return the live records that these entries are about, by id."""
    ids = {one for d in documents for one in (str(d["doc_id"]), *d.get("subjects", ()))}
    found = await store.get_many(CANONICAL, sorted(ids)) if ids else []
    return {one.doc_id: one.document() for one in found if one and not one.deleted}


def _item(
    document: Document,
    subjects: Mapping[str, Document],
    actor: Actor,
    hierarchy: Hierarchy,
    depth: int,
) -> Item:
    kind, doc_id = queue.kind_of(document), str(document["doc_id"])
    record_type = str(document.get("type") or doc_id.partition(":")[0])
    grid = str(document["grid"])
    path = hierarchy.path_names(grid) if grid in hierarchy else (grid,)
    severity = queue.severity_of(document)
    return Item(
        id=str(document["_id"]),
        address="/console/" + ("quarantine/" if kind == REFUSED else "reviews/"),
        title=_title(document, kind, record_type, subjects, actor),
        type_name=type_name_of(record_type),
        kind=queue.kind_name(kind),
        severity=severity,
        severity_name=queue.severity_name(severity),
        reasons=_reasons(document, kind),
        fields="、".join(_fields(document, kind, record_type)),
        people=_people(document, kind, subjects),
        opened=queue.opened_of(document),
        state=_state(document, kind),
        where=" / ".join(path[depth:]),
        changed=document["status"] == queue.WAITING and _changed(document, kind, subjects),
    )


def _title(
    document: Document,
    kind: str,
    record_type: str,
    subjects: Mapping[str, Document],
    actor: Actor,
) -> str:
    if kind == REFUSED:
        refused = document["document"] if isinstance(document["document"], Mapping) else {}
        return title_of(mask_record({**refused, "type": refused.get("type", record_type)}))
    named = document["subjects"] if kind == DUPLICATE else [document["doc_id"]]
    shown = [subjects[one] for one in named if one in subjects]
    titles = [title_of(mask_record(r)) for r in shown if in_scope(actor, r.get("path", ()))]
    return " ↔ ".join(titles) or type_name_of(record_type)


def _reasons(document: Document, kind: str) -> str:
    if kind == REFUSED:
        return str(document["reason"])
    return _("、").join(reason_name(code) for code in document["reviews"])


def _fields(document: Document, kind: str, record_type: str) -> list[str]:
    if kind == REFUSED:
        names = [document["field"]] if document.get("field") else []
    elif kind == DUPLICATE:
        names = list(document.get("contradicts", ()))
    else:
        fields = document["fields"]
        names = [f["field"] for f in fields if f["review"]] or [f["field"] for f in fields]
    return [label_of(record_type, name) for name in names if name[0] != "_"]


def _people(document: Document, kind: str, subjects: Mapping[str, Document]) -> tuple[str, ...]:
    if kind == REFUSED:
        return (str(document["user"]),)
    if kind == MERGE:
        return tuple(dict.fromkeys(author.by for author in authors_of(document)))
    known = [subjects[one] for one in document.get("subjects", ()) if one in subjects]
    traces = [record.get("created") or {} for record in known]
    return tuple(dict.fromkeys(str(trace["by"]) for trace in traces if trace.get("by")))


def _changed(document: Document, kind: str, subjects: Mapping[str, Document]) -> bool:
    """Tell whether a subject is no longer as it was when the entry came into the queue."""
    if kind == REFUSED:
        return False
    seen = document.get("revs") or {document["doc_id"]: document.get("rev")}
    now = {one: subjects[one]["source_rev"] if one in subjects else None for one in seen}
    return any(now[one] != rev for one, rev in seen.items())


def _state(document: Document, kind: str) -> State:
    status = str(document["status"])
    if kind == REFUSED:
        return refusal_state(status)
    return across_state(status) if "subjects" in document else review_state(status)


def routes() -> list[BaseRoute]:
    """Return the routes of the queue."""
    return [
        Route("/reviews", start),
        Route("/grids/{code:str}/reviews", show),
        Route("/grids/{code:str}/reviews/accept", accept, methods=["POST"]),
    ]
