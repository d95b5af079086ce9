"""A phone as the app is: an outbox before the record, stock replication, one database per grid."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from conflicts.clock import HybridClock, parse_clock
from sync.paths import database_of
from sync.sqlite.documents import make_rev
from sync.store import Revision, Write
from tests.simulation.memory_store import MemoryStore
from tests.simulation.records import FUTURE, Body

WAITING, REFUSED, RECEIVED = "waiting", "refused", "received"
_DEFAULT: Mapping[str, Any] = {}


@dataclass(slots=True)
class Entry:
    """A record saved on this phone, until the server has said what became of it."""

    rev: str
    base: str | None
    state: str = WAITING
    outcome: str | None = None


@dataclass
class Phone:
    """One worker's phone. ``skew`` is how far its clock is off, in milliseconds."""

    number: int
    user: str
    device: str
    skew: int = 0
    newer: bool = False
    """Whether it runs a program newer than the server's."""
    older: bool = False
    """Whether it runs one that knows the first schema of every record only."""
    outbox: dict[tuple[str, str], Entry] = field(default_factory=dict)
    checkpoints: dict[tuple[int, str, str], str] = field(default_factory=dict)
    grids: list[str] = field(default_factory=list)
    """The grids it was told at its last sync."""
    busy: bool = False
    """Whether it syncs right now."""

    def __post_init__(self) -> None:
        self.become(self.device)
        self.local = MemoryStore(f"phone{self.number}")

    def become(self, device: str) -> None:
        """Go on under a device id, with a clock that has not seen anything yet."""
        self.device = device
        self.clock = HybridClock(device)

    # --- what the worker sees ---

    async def ids(self, grid: str) -> list[str]:
        """Return the ids of all records of a grid, deleted ones too."""
        page = await self.local.changes(database_of(grid))
        return sorted(change.doc_id for change in page.changes)

    async def shown(self, grid: str, doc_id: str) -> Revision | None:
        """Return what the worker sees of a record: his own words until the merge arrives."""
        database = database_of(grid)
        winner = await self.local.get(database, doc_id, ancestry=True)
        entry = self.outbox.get((grid, doc_id))
        if winner is None or entry is None:
            return winner
        leaves = [leaf.rev for leaf in await self.local.leaves(database, doc_id)]
        if entry.rev not in leaves:
            return winner
        rev: str | None = entry.rev
        if entry.outcome == "closed":
            rev = next((leaf for leaf in leaves if leaf != entry.rev), entry.base)
        found = await self.local.revisions(database, doc_id, [rev] if rev else [])
        return found[0] if found else None

    # --- saving ---

    async def create(self, now: int, grid: str, doc_id: str, fields: Body) -> Body:
        trace = self._trace(now)
        record = {"type": doc_id.partition(":")[0], "grid": grid, "created": trace}
        body = {**record, "updated": trace, "stamps": {}, **fields}
        if self.newer:
            body["schema"] += 1
        if self.older:
            body["schema"] = 1
        await self._keep(grid, doc_id, None, body)
        return body

    async def edit(
        self, now: int, grid: str, before: Revision, values: Mapping[str, Any], *, forged: bool
    ) -> tuple[Body, Body]:
        """Save changed fields over what the worker saw; return it before and after. ``forged``
        stands for a program that writes a merge note, which is the server's alone."""
        old: Body = orjson.loads(before.body)
        body = copy.deepcopy(old)
        trace = self._trace(now)
        stamps = body.setdefault("stamps", {})
        since = (body.get("created") or _DEFAULT).get("at")
        for name, value in values.items():
            body[name] = value
            over = stamps.get(name) or since
            stamps[name] = trace["at"]
            if over and over >= trace["at"]:
                stamps[name] = str(self.clock.overwrite(parse_clock(over), now + self.skew))
        body["updated"] = trace
        if forged:
            body["merge"] = {"parents": [before.rev], "fields": {}, "review": False, "policy": 1}
        if self.newer:
            body["schema"] = max(body["schema"], 2)
        await self._keep(grid, before.doc_id, before, body)
        return old, body

    async def delete(self, now: int, grid: str, before: Revision) -> Body:
        old: Body = orjson.loads(before.body)
        body = {"type": old["type"], "grid": grid, "updated": self._trace(now)}
        await self._keep(grid, before.doc_id, before, body, deleted=True)
        return old

    def _trace(self, now: int) -> Body:
        at = str(self.clock.now(now + self.skew))
        return {"at": at, "by": self.user, "device": self.device}

    async def _keep(
        self,
        grid: str,
        doc_id: str,
        parent: Revision | None,
        body: Body,
        *,
        deleted: bool = False,
    ) -> None:
        database = database_of(grid)
        await self.local.create_database(database)
        line = () if parent is None else (parent.rev, *parent.ancestors)
        data = orjson.dumps(body)
        rev = make_rev(line[0] if line else None, deleted, data)
        await self.local.write(database, [Write(doc_id, data, rev, line, deleted)], new_edits=False)
        before = self.outbox.get((grid, doc_id))
        unsent = before is not None and before.state != RECEIVED
        base = before.base if before is not None and unsent else (line[0] if line else None)
        self.outbox[grid, doc_id] = Entry(rev, base)

    def future_value(self, fresh: int) -> Body:
        """Return a value of a field that only newer programs know."""
        return {FUTURE: f"险{fresh}"}

    # --- the outbox ---

    def waiting(self, grid: str) -> dict[str, Entry]:
        """Return what the server has not confirmed of a grid, by record."""
        return {
            doc_id: entry
            for (of, doc_id), entry in self.outbox.items()
            if of == grid and entry.state == WAITING
        }

    def refused(self, grid: str, doc_id: str, rev: str | None) -> None:
        entry = self.outbox.get((grid, doc_id))
        if entry is not None and entry.rev == rev:
            entry.state = REFUSED

    async def drop(self, grid: str) -> None:
        """Destroy a grid's records here; its unsent edits must have receipts."""
        await self.local.delete_database(database_of(grid))
        self.checkpoints = {key: at for key, at in self.checkpoints.items() if key[1] != grid}
        for key in [key for key, entry in self.outbox.items() if key[0] == grid]:
            if self.outbox[key].state == RECEIVED:
                del self.outbox[key]
