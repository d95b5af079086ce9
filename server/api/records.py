"""``/api/v1/records``: what a grid and all below it hold, and what changed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from grid.masking import mask_record
from grid.models import RECORD_TYPES
from grid.permissions import in_scope
from server.api.cursor import PATTERN
from server.api.explain import unknown_choice
from server.api.grids import Code, roots, visible
from server.api.operation import Call, Input, Nothing, Operation, Output
from server.api.record_pages import CANONICAL, Walk
from server.problems import Problem

_INTERNAL: Final = frozenset(
    {
        *("_id", "_rev", "_deleted", "path", "source_rev"),
        *("search", "refs", "identity", "door", "week"),
    }
)
"""Members of a canonical document that are not the record's own."""
Cursor = Annotated[str, Field(pattern=PATTERN, description="Opaque; from an earlier answer.")]


class RecordPath(Input):
    """Which record."""

    id: Annotated[str, Field(min_length=3, max_length=200, pattern=r"^[^_][^\x00-\x1f]*$")]


class Unmasking(Input):
    """Why names, phones and id numbers should come in full; without it they are masked."""

    unmask_purpose: Annotated[
        str | None,
        Field(
            min_length=4,
            max_length=200,
            description="Give records unmasked, for this purpose; needs the scope `unmasked`, and"
            " the audit log tells who read which records why.",
        ),
    ] = None


class RecordsQuery(Unmasking):
    """Which records, and how many at once."""

    grid: Annotated[Code | None, Field(description="Only this grid and all below it.")] = None
    type: Annotated[str | None, Field(pattern=r"^[a-z-]{1,40}$")] = None
    changed_since: Annotated[
        Cursor | None, Field(description="`changes_cursor` or `next` of an earlier answer.")
    ] = None
    cursor: Annotated[Cursor | None, Field(description="`next` of the page before.")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.cursor and self.changed_since:
            raise ValueError("give cursor or changed_since, not both")
        return self


class RecordView(Output):
    """One record. `record` is null when it was deleted."""

    id: str
    rev: str
    type: str
    grid: str
    path: list[str]
    deleted: bool
    masked: bool
    record: dict[str, Any] | None


class RecordPage(Output):
    """A page of records.

    `next` is the cursor of the page after this one, null at the end of a listing. In a listing
    `changes_cursor` is where to follow from with `changed_since` once the listing is through.
    Following never ends: come back with `next` later; `more` says whether to come back at once.
    """

    items: list[RecordView]
    next: str | None
    changes_cursor: str | None
    more: bool


async def list_records(call: Call[Nothing, RecordsQuery, Nothing]) -> RecordPage:
    """List records, or with `changed_since` those that changed after an earlier answer.

    Records are masked unless `unmask_purpose` is given.
    """
    query, runtime = call.query, call.runtime
    check_unmasking(call, query)
    if query.type is not None and query.type not in RECORD_TYPES:
        raise unknown_choice("query", "type", RECORD_TYPES)
    walk = Walk(
        runtime.store,
        runtime.settings.signing_key(),
        await _subtrees(call),
        query.type,
        query.limit,
    )
    page = await (
        walk.follow(query.changed_since) if query.changed_since else walk.listing(query.cursor)
    )
    views = [_view(document, query.unmask_purpose is not None) for document in page.documents]
    await _log_unmasked(call, query, views)
    return RecordPage(
        items=views, next=page.next, changes_cursor=page.changes_cursor, more=page.more
    )


async def read_record(call: Call[RecordPath, Unmasking, Nothing]) -> RecordView:
    """Read one record."""
    check_unmasking(call, call.query)
    found = await call.runtime.store.get(CANONICAL, call.path.id)
    if found is None or found.deleted:
        raise Problem("not-found")
    document = found.document()
    if not in_scope(call.identity.actor, tuple(document["path"])):
        raise Problem("out-of-scope")
    view = _view(document, call.query.unmask_purpose is not None)
    await _log_unmasked(call, call.query, [view])
    return view


def check_unmasking(call: Call[Any, Any, Any], query: Unmasking) -> None:
    """Raise ``Problem`` (missing-scope) when the caller asks for unmasked records and may not."""
    scopes = call.identity.session.scopes
    if query.unmask_purpose and (scopes is None or "unmasked" not in scopes):
        raise Problem("missing-scope", scope="unmasked")


async def _log_unmasked(
    call: Call[Any, Any, Any], query: Unmasking, views: Iterable[RecordView]
) -> None:
    shown = [view.id for view in views if view.record is not None]
    if query.unmask_purpose and shown:
        await call.runtime.audit.unmask(
            call.identity.actor, CANONICAL, shown, ["*"], query.unmask_purpose
        )


def _view(document: Mapping[str, Any], unmasked: bool) -> RecordView:
    body = {name: value for name, value in document.items() if name not in _INTERNAL}
    record = None
    if not document.get("_deleted"):
        record = body if unmasked else dict(mask_record(body))
    return RecordView(
        id=document["_id"],
        rev=document.get("source_rev") or document["_rev"],
        type=document["_id"].partition(":")[0],
        grid=document.get("grid", ""),
        path=list(document.get("path", ())),
        deleted=record is None,
        masked=not unmasked,
        record=record,
    )


async def _subtrees(call: Call[Nothing, RecordsQuery, Nothing]) -> list[tuple[str, ...]]:
    """Return the paths of the grids asked for, or of all that the caller may see."""
    hierarchy = await call.runtime.registry.hierarchy()
    actor = call.identity.actor
    if call.query.grid is not None:
        return [visible(hierarchy, actor, call.query.grid)]
    return [hierarchy.path(code) for code in roots(hierarchy, actor)]


OPERATIONS: Final = (
    Operation(
        "listRecords",
        "GET",
        "/records",
        list_records,
        RecordPage,
        query_model=RecordsQuery,
        scope="records",
        problems=("not-found", "out-of-scope", "missing-scope", "bad-cursor"),
    ),
    Operation(
        "readRecord",
        "GET",
        "/records/{id}",
        read_record,
        RecordView,
        path_model=RecordPath,
        query_model=Unmasking,
        scope="records",
        problems=("not-found", "out-of-scope", "missing-scope"),
    ),
)
