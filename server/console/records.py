"""Lists of records: one kind under one grid, searched and filtered by what the address says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from grid.hierarchy import Hierarchy
from grid.masking import MASKS, mask_record
from server.auth import actor_of
from server.console.fields import REFERENCES, TIMES, label_of, text_of, title_of
from server.console.frame import framed
from server.console.kinds import KINDS, Kind
from server.console.listing import Document, Page, read_page, search_page, village_keys
from server.console.lookups import record_states, titles
from server.console.record import Shown, shown_record
from server.console.scope import Place, place_of
from server.console.states import State
from server.runtime import Runtime, runtime_of
from sync.indexes import RECORDS_BY_TYPE
from sync.store import DocumentStore

NARROW: Final = (
    TIMES
    | MASKS.keys()
    | {
        "relation",
        "urgency",
        "status",
        "residence_type",
        "last_visit",
    }
)
"""Columns whose values stay on one line."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a list is asked for, as it stands in the address."""

    kind: Kind
    at: Place
    text: str
    state: str
    mark: str | None

    def address(self, **changes: str | None) -> str:
        """Return the address of this list with something else in it; ``None`` takes out."""
        values: dict[str, str | None] = {"q": self.text, "state": self.state, **changes}
        query = urlencode({name: value for name, value in values.items() if value})
        path = f"/console/grids/{self.at.code}/{self.kind.section}"
        return f"{path}?{query}" if query else path

    @property
    def export_address(self) -> str:
        """Return the address of the same list as a file."""
        query = urlencode({n: v for n, v in (("q", self.text), ("state", self.state)) if v})
        path = f"/console/grids/{self.at.code}/{self.kind.section}.csv"
        return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class Row:
    """A record in a list, masked."""

    id: str
    title: str
    cells: tuple[str, ...]
    where: str
    state: State


async def question_of(request: Request) -> Question:
    """Return what the address asks for; 404 for a kind or a grid that is not there."""
    kind = KINDS.get(str(request.path_params["section"]))
    if kind is None:
        raise HTTPException(404)
    state = request.query_params.get("state", "")
    known = {value for value, _words in kind.states()}
    return Question(
        kind,
        await place_of(request),
        request.query_params.get("q", "").strip()[:60],
        state if state in known else "",
        request.query_params.get("after"),
    )


async def answer(store: DocumentStore, hierarchy: Hierarchy, question: Question) -> Page:
    """Return the page of records that a question asks for, unmasked."""
    kind = question.kind
    if question.text:
        return await search_page(
            store,
            village_keys(hierarchy, question.at.path),
            type_name=kind.type,
            node=question.at.code,
            text=question.text,
            keep=lambda document: kind.accepts(document, question.state),
            mark=question.mark,
        )
    return await read_page(
        store,
        kind.sources(question.at.path, question.state),
        descending=kind.by_time,
        mark=question.mark,
    )


async def rows_of(
    request: Request, runtime: Runtime, question: Question, documents: Sequence[Document]
) -> list[Row]:
    """Return records as rows of a list: masked, with words for codes and names for ids."""
    hierarchy = await runtime.registry.hierarchy()
    store, kind = runtime.store, question.kind
    states = await record_states(store, documents)
    mentioned = [
        document[column]
        for document in documents
        for column in kind.columns
        if column in REFERENCES and document.get(column)
    ]
    names = await titles(store, actor_of(request), mentioned)
    depth = len(question.at.path)
    rows = []
    for document, state in zip(documents, states, strict=True):
        masked = mask_record(document)
        grid = str(document.get("grid"))
        known = hierarchy.path_names(grid) if grid in hierarchy else (grid,)
        cells = tuple(cell_of(kind, column, masked, names) for column in kind.columns)
        where = " / ".join(known[depth:])
        rows.append(Row(str(document["_id"]), title_of(masked), cells, where, state))
    return rows


def cell_of(kind: Kind, column: str, masked: Document, names: dict[str, str]) -> str:
    """Return one cell of a list."""
    value = masked.get(column)
    if column in REFERENCES and isinstance(value, str):
        return names.get(value, "—")
    if column == "findings":
        return str(len(value)) if isinstance(value, list) else "0"
    return text_of(kind.type, column, value)


async def list_records(request: Request) -> Response:
    """Show a list, and beside it the record that the address names."""
    question = await question_of(request)
    runtime = runtime_of(request)
    hierarchy = await runtime.registry.hierarchy()
    found = await answer(runtime.store, hierarchy, question)
    chosen = request.query_params.get("record", "")
    beside: Shown | None = await shown_record(request, chosen) if chosen else None
    kind = question.kind
    context = {
        "question": question,
        "rows": await rows_of(request, runtime, question, found.documents),
        "narrow": {place for place, column in enumerate(kind.columns) if column in NARROW},
        "columns": [label_of(kind.type, column) for column in kind.columns],
        "chosen": chosen,
        "beside": beside,
        "next": question.address(after=found.mark) if found.mark else None,
        "whole": await _whole(runtime.store, question),
    }
    return await framed(request, "console/records.html", question.at, kind.section, context)


async def _whole(store: DocumentStore, question: Question) -> int | None:
    """Return how many records the list has in all, where the store keeps that count."""
    if question.text or question.state:
        return None
    prefix = (question.kind.type, *question.at.path)
    groups = await store.roll_up(RECORDS_BY_TYPE, prefix=prefix, level=len(prefix))
    return sum(group.count for group in groups)


def routes() -> list[BaseRoute]:
    """Return the routes of the lists."""
    return [Route("/grids/{code:str}/{section:str}", list_records)]
