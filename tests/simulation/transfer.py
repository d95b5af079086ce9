"""How phones and sites exchange revisions: CouchDB's replication, request by request.

A phone's run follows the app's engine: hand in what was recorded in grids now lost, then push, get
receipts, pull and learn what became of refusals, grid by grid. A ``Wire`` loses, doubles or delays
the request that a script names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sync.errors import StoreError
from sync.paths import database_of
from sync.store import DocumentStore, Write
from sync.wire.errors import WireError
from tests.simulation.phone import RECEIVED, REFUSED, WAITING, Phone
from tests.simulation.site import Site

T = TypeVar("T")
BATCH = 3
"""Documents in one batch: small, so that a sync has many places to break."""
TROUBLES = ("cut", "lost", "twice", "late")
"""Not sent at all; done but unanswered; sent twice; arriving only later, after others."""


class Trouble(Exception):
    """The run of a sync is over; what was done stays done."""


@dataclass
class Wire:
    """The network during one sync. ``at`` counts requests from 1; 0 for none in trouble."""

    at: int = 0
    how: str = ""
    late: list[Callable[[], Awaitable[Any]]] = field(default_factory=list)

    async def ask(self, method: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        self.at -= 1
        if self.at == 0:
            if self.how == "cut":
                raise Trouble(self.how)
            if self.how == "late":
                self.late.append(partial(method, *arguments))
                raise Trouble(self.how)
            answer = await self._send(method, *arguments)
            if self.how == "lost":
                raise Trouble(self.how)
            del answer
        return await self._send(method, *arguments)

    @staticmethod
    async def _send(method: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        try:
            return await method(*arguments)
        except StoreError as error:
            raise Trouble(f"503 {error}") from error


async def sync(phone: Phone, site: Site, wire: Wire) -> None:
    """Run once through everything, as ``pwa/src/sync/engine.ts`` does; raise ``Trouble``."""
    grids = await wire.ask(site.grids, phone.user, phone.device)
    unsent = {grid for (grid, _), entry in phone.outbox.items() if entry.state == WAITING}
    for grid in sorted({*phone.grids, *unsent} - set(grids)):
        await _leave(phone, site, wire, grid)
    phone.grids = grids
    for grid in grids:
        try:
            await _sync_grid(phone, site, wire, grid)
        except WireError as error:
            if error.status != 403:
                raise
            # One grid that is closed to us must not keep the others from syncing.


async def _leave(phone: Phone, site: Site, wire: Wire, grid: str) -> None:
    await phone.local.create_database(database_of(grid))
    try:
        if phone.waiting(grid):
            await _push(phone, site, wire, grid)
            await _confirm(phone, site, wire, grid)
    except WireError as error:
        if error.status not in (403, 404):
            raise
    if not phone.waiting(grid):
        await phone.drop(grid)


async def _sync_grid(phone: Phone, site: Site, wire: Wire, grid: str) -> None:
    await phone.local.create_database(database_of(grid))
    await _push(phone, site, wire, grid)
    await _confirm(phone, site, wire, grid)
    await _pull(phone, site, wire, grid)
    await _learn(phone, site, wire, grid)


async def _push(
    phone: Phone, site: Site, wire: Wire, grid: str, ids: Sequence[str] | None = None
) -> None:
    who, database = (phone.user, phone.device, grid), database_of(grid)
    key = (site.number, grid, "push")
    since = "0" if ids is not None else phone.checkpoints.get(key, "0")
    while True:
        page = await phone.local.changes(database, since, limit=BATCH, all_leaves=True, doc_ids=ids)
        if not page.changes:
            return
        asked = {one.doc_id: [leaf.rev for leaf in one.leaves] for one in page.changes}
        missing = await wire.ask(site.revs_diff, *who, asked)
        writes = await _writes(phone.local, database, missing)
        if writes:
            for result in await wire.ask(site.bulk_docs, *who, writes):
                if result.error is not None:
                    assert result.error == "forbidden", result
                    phone.refused(grid, result.doc_id, result.rev)
        since = page.last_seq
        if ids is not None:
            return
        phone.checkpoints[key] = since


async def _writes(
    store: DocumentStore, database: str, missing: Mapping[str, tuple[list[str], list[str]]]
) -> list[Write]:
    return [
        Write(one.doc_id, one.body, one.rev, one.ancestors, one.deleted)
        for doc_id, (revs, _) in missing.items()
        for one in await store.revisions(database, doc_id, revs)
    ]


async def _confirm(phone: Phone, site: Site, wire: Wire, grid: str) -> None:
    """Ask which waiting revisions the server has; send what it has not once more."""
    for last in (False, True):
        waiting = phone.waiting(grid)
        if not waiting:
            return
        asked = {doc_id: [entry.rev] for doc_id, entry in waiting.items()}
        missing = await wire.ask(site.revs_diff, phone.user, phone.device, grid, asked)
        for doc_id, entry in waiting.items():
            if doc_id not in missing:
                entry.state = RECEIVED
        if not missing or last:
            return
        await _push(phone, site, wire, grid, list(missing))


async def _pull(phone: Phone, site: Site, wire: Wire, grid: str) -> None:
    who, database = (phone.user, phone.device, grid), database_of(grid)
    key = (site.number, grid, "pull")
    while True:
        since = phone.checkpoints.get(key, "0")
        _, page = await wire.ask(site.changes, *who, since, BATCH)
        revs = {one.doc_id: [leaf.rev for leaf in one.leaves] for one in page.changes}
        missing = await phone.local.missing_revisions(database, revs)
        asked = [(doc_id, unknown) for doc_id, (unknown, _) in missing.items()]
        if asked:
            found = await wire.ask(site.bulk_get, *who, asked)
            writes = [
                Write(one.doc_id, one.body, one.rev, one.ancestors, one.deleted)
                for revisions in found
                for one in revisions
            ]
            await phone.local.write(database, writes, new_edits=False)
        phone.checkpoints[key] = page.last_seq
        if not page.pending:
            return


async def _learn(phone: Phone, site: Site, wire: Wire, grid: str) -> None:
    """Learn what supervisors did with edits that were refused."""
    refused = {
        doc_id: entry
        for (of, doc_id), entry in phone.outbox.items()
        if of == grid and entry.state == REFUSED and entry.outcome is None
    }
    if not refused:
        return
    statuses = await wire.ask(site.refusals, phone.device, grid)
    for doc_id, entry in refused.items():
        status = statuses.get((doc_id, entry.rev))
        if status in ("accepted", "closed"):
            entry.outcome = status


async def replicate(
    source: DocumentStore, target: DocumentStore, database: str, since: str, batches: int
) -> str:
    """Bring one database of a site to another, ``batches`` at most; return where it got to."""
    for _ in range(batches):
        page = await source.changes(database, since, limit=BATCH, all_leaves=True)
        if not page.changes:
            break
        revs = {one.doc_id: [leaf.rev for leaf in one.leaves] for one in page.changes}
        missing = await target.missing_revisions(database, revs)
        writes = await _writes(source, database, missing)
        if writes:
            await target.write(database, writes, new_edits=False)
        since = page.last_seq
    return since
