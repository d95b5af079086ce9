"""A record's page: its fields, what belongs to it, what became of edits, its history."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from grid.masking import is_personal, mask_record
from grid.permissions import Actor, may_relocate
from server.auth import actor_of
from server.console.fields import REFERENCES, Field, fields_of, title_of, type_name_of, word_of
from server.console.frame import framed
from server.console.kinds import SECTION_OF
from server.console.listing import Document
from server.console.lookups import (
    CANONICAL,
    decisions_of,
    people_names,
    record_states,
    titles,
)
from server.console.past import steps_of
from server.console.purpose import MIN_PURPOSE, read_purpose
from server.console.scope import Place, demand_scope, place
from server.console.states import State
from server.runtime import runtime_of
from sync.indexes import QUARANTINE_BY_DOCUMENT, RECORDS_BY_HOUSEHOLD
from sync.redirects import leads
from sync.store import DocumentStore

_MAX_BESIDE: Final = 200
_TIME_OF: Final = {
    "visit": "visited",
    "event": "happened",
    "dispute": "happened",
    "campaign-record": "last_contact",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as shown: ``masked`` tells whether its personal fields are."""

    id: str
    type: str
    type_name: str
    title: str
    at: Place
    state: State
    fields: Sequence[Field]
    names: Mapping[str, str]
    """Titles of the records that its fields name."""
    masked: bool
    document: Document

    @property
    def personal(self) -> bool:
        """Whether it has fields that are masked unless asked for with a purpose."""
        return any(field.personal for field in self.fields)

    @property
    def list_section(self) -> str:
        """Where records of its type are listed; empty for a type that is not."""
        return SECTION_OF.get(self.type, "")


@dataclass(frozen=True, slots=True)
class Related:
    """A record that belongs to a household, masked, with the words that tell it apart."""

    id: str
    type: str
    title: str
    note: str


async def find_record(request: Request, record_id: str) -> Document:
    """Return a live record in the actor's scope as it is in ``canonical``; 404 otherwise."""
    found = await runtime_of(request).store.get(CANONICAL, record_id)
    if found is None or found.deleted:
        raise HTTPException(404)
    document = found.document()
    demand_scope(actor_of(request), document.get("path", ()))
    return document


async def shown_record(request: Request, record_id: str, *, masked: bool = True) -> Shown:
    """Return a record for showing; 404 when it is not there or outside the actor's scope."""
    runtime = runtime_of(request)
    document = await find_record(request, record_id)
    hierarchy = await runtime.registry.hierarchy()
    visible = mask_record(document) if masked else dict(document)
    (state,) = await record_states(runtime.store, [document])
    mentioned = [document[name] for name in REFERENCES if document.get(name)]
    return Shown(
        record_id,
        str(document["type"]),
        type_name_of(str(document["type"])),
        title_of(visible),
        place(hierarchy, str(document["grid"])),
        state,
        fields_of(visible),
        await titles(runtime.store, actor_of(request), mentioned),
        masked,
        document,
    )


async def record_page(request: Request) -> Response:
    """Show a record, masked; one that was merged into another leads to that one."""
    ends = await leads(runtime_of(request).store, [request.path_params["id"]])
    if ends:
        (end,) = ends.values()
        return RedirectResponse(f"/console/records/{end}", 303)
    return await _page(request, await shown_record(request, request.path_params["id"]))


async def unmask(request: Request) -> Response:
    """Show a record with its personal fields, once the purpose is in the audit log."""
    record_id = request.path_params["id"]
    document = await find_record(request, record_id)
    purpose = await read_purpose(request)
    if purpose is None:
        shown = await shown_record(request, record_id)
        return await _page(request, shown, purpose_missing=True, status_code=422)
    kind = str(document.get("type"))
    fields = sorted(name for name in document if is_personal(kind, name))
    await runtime_of(request).audit.unmask(
        actor_of(request), CANONICAL, [record_id], fields, purpose
    )
    return await _page(request, await shown_record(request, record_id, masked=False))


async def _page(
    request: Request, shown: Shown, *, purpose_missing: bool = False, status_code: int = 200
) -> Response:
    runtime = runtime_of(request)
    actor = actor_of(request)
    related, decisions, refused = await asyncio.gather(
        related_to(runtime.store, shown),
        decisions_of(runtime.store, shown.id),
        refused_edits(runtime.store, actor, shown.id),
    )
    leaves = {rev for decision in decisions for rev in decision["leaves"]}
    past = await steps_of(runtime.store, shown.at.code, shown.id, leaves, masked=shown.masked)
    people = [*(step.by for step in past), *(str(edit["user"]) for edit in refused)]
    context = {
        "shown": shown,
        "related": related,
        "decisions": sorted(decisions, key=lambda d: str(d.get("opened")), reverse=True),
        "refused": refused,
        "past": past,
        "people": await people_names(runtime.registry, people),
        "purpose_missing": purpose_missing,
        "may_move": may_relocate(actor, shown.at.path, shown.at.path),
        "min_purpose": MIN_PURPOSE,
    }
    return await framed(
        request, "console/record.html", shown.at, shown.list_section, context, status_code
    )


async def related_to(store: DocumentStore, shown: Shown) -> dict[str, list[Related]]:
    """Return what names a household as its own, by type: residents (the head first), then visits,
    events and the like (the newest first). Empty for other records."""
    if shown.type != "household":
        return {}
    rows = await store.query(
        RECORDS_BY_HOUSEHOLD, prefix=(shown.id,), limit=_MAX_BESIDE, documents=True
    )
    groups: dict[str, list[Document]] = {"resident": [], "visit": [], "event": []}
    for row in rows:
        if row.document is not None:
            groups.setdefault(str(row.document["type"]), []).append(row.document)
    groups["resident"].sort(key=lambda d: (str(d.get("relation") or "~"), str(d["_id"])))
    for kind, time in _TIME_OF.items():
        groups.get(kind, []).sort(key=lambda d: str(d.get(time)), reverse=True)
    return {kind: [_related(document) for document in found] for kind, found in groups.items()}


def _related(document: Document) -> Related:
    masked = mask_record(document)
    kind = str(document["type"])
    notes = {"resident": ("relation", "sex"), "visit": ("outcome", "worker"), "event": ("status",)}
    notes |= {"dispute": ("status",), "campaign-record": ("status",)}
    words = [
        word_of(kind, name, str(masked[name])) for name in notes.get(kind, ()) if masked.get(name)
    ]
    return Related(str(document["_id"]), kind, title_of(masked), " · ".join(words))


async def refused_edits(store: DocumentStore, actor: Actor, record_id: str) -> list[Document]:
    """Return the refused edits of a record that lie in the actor's scope, the newest first."""
    rows = await store.query(
        QUARANTINE_BY_DOCUMENT, prefix=(record_id,), descending=True, limit=20, documents=True
    )
    return [
        row.document
        for row in rows
        if row.document and not actor.grids.isdisjoint(row.document.get("path", ()))
    ]


def routes() -> list[BaseRoute]:
    """Return the routes of records."""
    return [
        Route("/records/{id:path}/unmask", unmask, methods=["POST"]),
        Route("/records/{id:path}", record_page),
    ]
