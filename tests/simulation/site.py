"""A site: one server on one store, with everything real but the wire's bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import orjson
from starlette.types import Scope

from conflicts.clock import HybridClock
from grid.permissions import Actor
from sync import editing
from sync.editing import SERVER_DEVICE
from sync.follower import Follower
from sync.gateway import GatewayKeeper
from sync.indexes import QUARANTINE_BY_DEVICE
from sync.registry import Registry
from sync.store import ChangesPage, Revision, Write, WriteResult
from tests.simulation.ledger import Ledger
from tests.simulation.memory_store import MemoryStore
from tests.simulation.unsteady import UnsteadyStore

Asked = Sequence[tuple[str, Sequence[str]]]


class Site:
    """What a phone, a supervisor or another site meets."""

    def __init__(
        self, number: int, disk: MemoryStore, note: Callable[..., None], ledger: Ledger
    ) -> None:
        self.number = number
        self.disk = disk
        self._note = note
        self._ledger = ledger
        self.start()

    def start(self) -> None:
        """Start the server's process anew on what is stored."""
        self.store: Any = UnsteadyStore(self.disk, self._note, self._edited)
        self.registry = Registry(self.store)
        self.follower = Follower(self.store, self.registry)
        self._clock = HybridClock(SERVER_DEVICE)

    @contextmanager
    def process(self) -> Iterator[None]:
        """Run as this site's process, with its own clock for edits made on the server."""
        with patch.object(editing, "_clock", self._clock):
            yield

    async def _edited(self, database: str, write: Write, rev: str) -> None:
        """Note an edit that was made on the server, from what it was made on."""
        parents = list(write.ancestors)
        known = await self.disk.bodies(database, write.doc_id, parents)
        if write.rev is not None and parents[0] not in known:
            return  # it is brought here with its record, and was noted where it was made
        before = orjson.loads(known[parents[0]]) if parents else {}
        after = orjson.loads(write.body)
        if write.rev is not None:
            self._ledger.note_joined(write.doc_id, before, after)
        elif "moved_to" not in after:
            who = str(after.get("updated", {}).get("by"))
            self._ledger.note(write.doc_id, who, before, {} if write.deleted else after)

    async def actor(self, user: str, device: str | None = None) -> Actor:
        return await self.registry.actor(user, device)

    def keeper(self, actor: Actor) -> GatewayKeeper:
        async def authenticate(scope: Scope) -> Actor | None:
            return actor

        return GatewayKeeper(self.store, self.registry, authenticate)

    async def _door(self, user: str, device: str, grid: str, below: str) -> Any:
        path = f"/{grid}{below}"
        scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
        keeper = self.keeper(await self.actor(user, device))
        return await keeper.open(scope, grid, write=below == "/_bulk_docs")

    # --- the requests of a phone ---

    async def grids(self, user: str, device: str) -> list[str]:
        """Return the grids that the user may sync (``GET /api/v1/session``)."""
        keeper = self.keeper(await self.actor(user, device))
        names = await keeper.names({"type": "http", "path": "/", "headers": []})
        hierarchy = await self.registry.hierarchy()
        return [name for name in names if "/" not in name and not hierarchy.node(name).closed]

    async def revs_diff(
        self, user: str, device: str, grid: str, revs: Mapping[str, Sequence[str]]
    ) -> dict[str, tuple[list[str], list[str]]]:
        door = await self._door(user, device, grid, "/_revs_diff")
        missing: dict[str, tuple[list[str], list[str]]] = await self.store.missing_revisions(
            door.database, revs
        )
        return missing

    async def bulk_docs(
        self, user: str, device: str, grid: str, writes: Sequence[Write]
    ) -> list[WriteResult]:
        door = await self._door(user, device, grid, "/_bulk_docs")
        results: list[WriteResult] = await door.write(writes, False)
        return results

    async def put(self, user: str, grid: str, write: Write) -> WriteResult:
        """Take a plain edit of another system or of a supervisor (``PUT``)."""
        door = await self._door(user, SERVER_DEVICE, grid, "/_bulk_docs")
        (result,) = await door.write([write], True)
        found: WriteResult = result
        return found

    async def changes(
        self, user: str, device: str, grid: str, since: str, limit: int
    ) -> tuple[str, ChangesPage]:
        """Return the database's epoch and a page of its changes, with all leaves."""
        door = await self._door(user, device, grid, "/_changes")
        info = await self.store.database_info(door.database)
        page = await self.store.changes(door.database, since, limit=limit, all_leaves=True)
        return info.epoch, page

    async def bulk_get(
        self, user: str, device: str, grid: str, asked: Asked
    ) -> list[list[Revision]]:
        door = await self._door(user, device, grid, "/_bulk_get")
        found: list[list[Revision]] = await self.store.revisions_of_many(
            door.database, asked, latest=True
        )
        return found

    async def refusals(self, device: str, grid: str) -> dict[tuple[str, str], str]:
        """Return what became of a device's refused edits: id and revision → status."""
        rows = await self.store.query(
            QUARANTINE_BY_DEVICE, prefix=(grid, device), limit=1000, documents=True
        )
        return {
            (row.document["doc_id"], row.document["rev"]): row.document["status"] for row in rows
        }
