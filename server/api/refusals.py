"""``/api/v1/grids/<code>/refusals``: what became of edits that the server refused and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from grid.permissions import Actor, Role, in_scope
from server.api.grids import GridPath
from server.api.operation import Call, Input, Nothing, Operation, Output
from sync.indexes import QUARANTINE_BY_DEVICE

_MOST: Final = 500
_PAGE: Final = 200


class RefusalsQuery(Input):
    """Which refusals."""

    device: Annotated[str | None, Field(pattern=r"^[0-9a-f]{8}$")] = None
    since: Annotated[
        str | None,
        Field(
            pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$",
            description="Only those refused or decided at or after this time (UTC).",
        ),
    ] = None


class Closing(Output):
    """How a supervisor settled a refusal."""

    at: str
    note: str | None


class Refusal(Output):
    """A refused edit, kept on the server: `open` until a supervisor accepts or closes it."""

    quarantine: str
    id: str
    rev: str
    code: str
    reason: str
    field: str | None
    at: str
    status: str
    closed: Closing | None


class RefusalList(Output):
    """Refusals, oldest first, the newest 500 at most."""

    items: list[Refusal]


async def list_refusals(call: Call[GridPath, RefusalsQuery, Nothing]) -> RefusalList:
    """List refused edits of a grid and what became of them.

    A worker sees their own, also of a grid that is no longer theirs; others see those of grids
    they are in charge of.
    """
    code, device, since = call.path.code, call.query.device, call.query.since
    prefix = (code,) if device is None else (code, device)
    found: list[Refusal] = []
    after = None
    while True:
        rows = await call.runtime.store.query(
            QUARANTINE_BY_DEVICE, prefix=prefix, after=after, limit=_PAGE, documents=True
        )
        entries = [(row.doc_id, row.document or {}) for row in rows]
        found += [
            _refusal(doc_id, entry)
            for doc_id, entry in entries
            if _may_see(call.identity.actor, entry)
        ]
        if len(rows) < _PAGE:
            break
        after = (rows[-1].key, rows[-1].doc_id)
    recent = [refusal for refusal in found if since is None or _last_change(refusal) >= since]
    return RefusalList(items=recent[-_MOST:])


def _may_see(actor: Actor, entry: Mapping[str, Any]) -> bool:
    own = entry.get("user") == actor.user
    return own or (actor.role is not Role.GRIDWORKER and in_scope(actor, tuple(entry["path"])))


def _last_change(refusal: Refusal) -> str:
    return max(refusal.at, refusal.closed.at) if refusal.closed else refusal.at


def _refusal(doc_id: str, entry: Mapping[str, Any]) -> Refusal:
    closed = entry.get("closed")
    return Refusal(
        quarantine=doc_id,
        id=entry["doc_id"],
        rev=entry["rev"],
        code=entry["code"],
        reason=entry["reason"],
        field=entry.get("field"),
        at=entry["at"],
        status=entry["status"],
        closed=Closing(at=closed["at"], note=closed.get("note")) if closed else None,
    )


OPERATIONS: Final = (
    Operation(
        "listRefusals",
        "GET",
        "/grids/{code}/refusals",
        list_refusals,
        RefusalList,
        path_model=GridPath,
        query_model=RefusalsQuery,
        scope="records",
        problems=("not-found",),
    ),
)
