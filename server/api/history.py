"""``/api/v1/records/<id>/…``: a record's past: its steps, as it was at a time, two revisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, Field

from grid.masking import mask_record, mask_value
from grid.permissions import in_scope
from server.api.operation import Call, Nothing, Operation, Output
from server.api.record_pages import CANONICAL
from server.api.records import RecordPath, Unmasking, check_unmasking
from server.clock import timestamp
from server.problems import Problem
from sync.history import FieldChange, NoSuchRevision, Past, Step, as_of, read_past

_REVISION: Final = r"^[0-9]{1,6}-[0-9A-Za-z._-]{1,64}$"
Revision = Annotated[str, Field(pattern=_REVISION, max_length=80)]


class HistoryQuery(Unmasking):
    """How much of it."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AsOfQuery(Unmasking):
    """When."""

    at: Annotated[AwareDatetime, Field(description="A time with its offset from UTC.")]


class CompareQuery(Unmasking):
    """Which two revisions."""

    one: Revision
    other: Revision


class ChangeView(Output):
    """A field before and after; null where there was none."""

    field: str
    before: Any
    after: Any


class StepView(Output):
    """One step. `at` is the clock of whoever made it, `received` when the server got it.

    `offline` says whether it came more than five minutes after it was made; null when that is not
    known, and for a merge, which nobody made. `losing`: on a branch that a merge took in.
    `complete` is false when the state it was made on is not kept, so that `changes` are against an
    older one.
    """

    rev: str
    by: str | None
    device: str | None
    at: str | None
    received: str | None
    offline: bool | None
    merged: bool
    deleted: bool
    losing: bool
    complete: bool
    changes: list[ChangeView]


class HistoryView(Output):
    """A record's steps, newest first, as far as they are kept."""

    id: str
    grid: str
    masked: bool
    items: list[StepView]


class AsOfView(Output):
    """A record as it was. `record` is null before it was made and while it was deleted.

    `revisions` are those that stood side by side then; `record` has them merged.
    """

    id: str
    grid: str
    at: str
    rev: str | None
    revisions: list[str]
    masked: bool
    record: dict[str, Any] | None


class CompareView(Output):
    """What differs between two revisions of a record."""

    id: str
    grid: str
    masked: bool
    changes: list[ChangeView]


async def read_history(call: Call[RecordPath, HistoryQuery, Nothing]) -> HistoryView:
    """Tell who changed which field of a record when, on which device, online or offline."""
    grid, past = await _past(call)
    masked = call.query.unmask_purpose is None
    items = [_step(step, masked=masked) for step in past.steps(call.query.limit)]
    return HistoryView(id=call.path.id, grid=grid, masked=masked, items=items)


async def read_as_of(call: Call[RecordPath, AsOfQuery, Nothing]) -> AsOfView:
    """Read a record as it was at a time.

    Times are those at which people made their edits: what was made offline counts from then.
    """
    grid, past = await _past(call)
    masked = call.query.unmask_purpose is None
    found = await as_of(call.runtime.store, grid, past, timestamp(call.query.at))
    record = found.body
    if record is not None:
        record = mask_record(record) if masked else dict(record)
    return AsOfView(
        id=call.path.id,
        grid=grid,
        at=found.at,
        rev=found.rev,
        revisions=list(found.revisions),
        masked=masked,
        record=record,
    )


async def compare(call: Call[RecordPath, CompareQuery, Nothing]) -> CompareView:
    """Compare two revisions of a record field by field."""
    grid, past = await _past(call)
    masked = call.query.unmask_purpose is None
    try:
        changes = past.compare(call.query.one, call.query.other)
    except NoSuchRevision:
        raise Problem("not-found") from None
    return CompareView(
        id=call.path.id, grid=grid, masked=masked, changes=_changes(changes, masked=masked)
    )


async def _past(call: Call[RecordPath, Any, Nothing]) -> tuple[str, Past]:
    """Return a record's grid and past, once the caller may see it and what for is logged."""
    check_unmasking(call, call.query)
    found = await call.runtime.store.get(CANONICAL, call.path.id)
    document: Mapping[str, Any] = {} if found is None else found.document()
    if "grid" not in document:
        raise Problem("not-found")
    if not in_scope(call.identity.actor, tuple(document.get("path", ()))):
        raise Problem("out-of-scope")
    if call.query.unmask_purpose:
        await call.runtime.audit.unmask(
            call.identity.actor, CANONICAL, [call.path.id], ["*"], call.query.unmask_purpose
        )
    grid = str(document["grid"])
    return grid, await read_past(call.runtime.store, grid, call.path.id)


def _step(step: Step, *, masked: bool) -> StepView:
    return StepView(
        rev=step.rev,
        by=step.by,
        device=step.device,
        at=step.at,
        received=step.received,
        offline=step.offline,
        merged=step.merged,
        deleted=step.deleted,
        losing=step.losing,
        complete=step.complete,
        changes=_changes(step.fields, masked=masked),
    )


def _changes(changes: Iterable[FieldChange], *, masked: bool) -> list[ChangeView]:
    def shown(name: str, value: Any) -> Any:
        return mask_value(name, value) if masked else value

    return [
        ChangeView(
            field=change.name,
            before=shown(change.name, change.before),
            after=shown(change.name, change.after),
        )
        for change in changes
    ]


_PROBLEMS: Final = ("not-found", "out-of-scope", "missing-scope")
OPERATIONS: Final = (
    Operation(
        "readHistory",
        "GET",
        "/records/{id}/history",
        read_history,
        HistoryView,
        path_model=RecordPath,
        query_model=HistoryQuery,
        scope="records",
        problems=_PROBLEMS,
    ),
    Operation(
        "readAsOf",
        "GET",
        "/records/{id}/as-of",
        read_as_of,
        AsOfView,
        path_model=RecordPath,
        query_model=AsOfQuery,
        scope="records",
        problems=_PROBLEMS,
    ),
    Operation(
        "compareRevisions",
        "GET",
        "/records/{id}/compare",
        compare,
        CompareView,
        path_model=RecordPath,
        query_model=CompareQuery,
        scope="records",
        problems=_PROBLEMS,
    ),
)
