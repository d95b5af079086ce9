"""A store that fails where a script says: before, after or in the middle of write number n.

A crash ends the process: nothing more is written until the site is started again on what is
stored. An error is a store that does not answer for once; whether it had written is not known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from conflicts.joining import derived_revision
from sync.errors import StoreUnavailable
from sync.paths import GRID_PREFIX
from sync.store import Batch, Write, WriteResult
from tests.simulation.memory_store import MemoryStore

WRITING = frozenset({"put_local", "delete_local", "create_database", "delete_database"})
READING = frozenset(
    {
        *("get", "get_many", "revisions", "revisions_of_many", "history"),
        *("bodies", "bodies_of_many"),
        *("missing_revisions", "changes", "query", "query_many", "roll_up", "get_local"),
        *("database_updates", "database_info"),
    }
)
HOW = ("crash before", "crash after", "crash amid", "error before", "error after", "error amid")


Edited = Callable[[str, Write, str], Awaitable[None]]
"""Hears of every edit that is made on the server itself: database, write and new revision."""
_BY_SERVER = b'"device":"00000000"'


class Crash(BaseException):
    """The process of a site ends here."""


@dataclass(slots=True)
class Fault:
    """Which write fails, counted from 1, and how (one of ``HOW``)."""

    at: int
    how: str


class UnsteadyStore:
    """Passes everything on to a store, and fails, pauses and takes notes on the way."""

    def __init__(self, store: MemoryStore, note: Callable[..., None], edited: Edited) -> None:
        self._store = store
        self._note = note
        self._edited = edited
        self._methods: dict[str, Any] = {}
        self.fault: Fault | None = None
        self.dead = False
        self.pauses = 0
        """Seed of the pauses before each call; 0 for none."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._store, name)
        if name in WRITING:
            method = self._writing(method)
        elif name in READING:
            method = self._paused(method)
        self.__dict__[name] = method
        return method

    async def write(
        self, database: str, writes: Sequence[Write], *, new_edits: bool = True
    ) -> list[WriteResult]:
        await self._pause()
        due = self._due()
        if due in ("crash before", "error before"):
            self._fail(due)
        if due in ("crash amid", "error amid"):
            writes = _some(writes)
        results = await self._store.write(database, writes, new_edits=new_edits)
        self._note(database, [(result.doc_id, result.rev, result.error) for result in results])
        if database.startswith(GRID_PREFIX):
            for write, result in zip(writes, results, strict=True):
                if result.rev is not None and (new_edits or _is_derived(write)):
                    await self._edited(database, write, result.rev)
        if due is not None:
            self._fail(due)
        return results

    async def write_in_order(self, batches: Sequence[Batch]) -> list[list[WriteResult]]:
        return [
            await self.write(one.database, one.writes, new_edits=one.new_edits) for one in batches
        ]

    def _writing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._pause()
            due = self._due()
            if due is not None and due.endswith("before"):
                self._fail(due)
            result = await method(*args, **kwargs)
            self._note(args, result)
            if due is not None:
                self._fail(due)
            return result

        return call

    def _paused(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._pause()
            if self.dead:
                raise Crash
            return await method(*args, **kwargs)

        return call

    async def _pause(self) -> None:
        """Let others run, as often as the pauses' seed says."""
        if self.pauses:
            self.pauses = (self.pauses * 48_271) % 0x7FFF_FFFF
            for _ in range(self.pauses % 4):
                await asyncio.sleep(0)

    def _due(self) -> str | None:
        if self.dead:
            raise Crash
        if self.fault is None:
            return None
        self.fault.at -= 1
        return self.fault.how if self.fault.at == 0 else None

    def _fail(self, how: str) -> None:
        self.fault = None
        if how.startswith("crash"):
            self.dead = True
            raise Crash
        raise StoreUnavailable(f"simulated: {how}")


def _is_derived(write: Write) -> bool:
    """Tell whether a revision was derived from documents by a rule across them."""
    if write.deleted or not write.ancestors or _BY_SERVER not in write.body:
        return False
    return write.rev == derived_revision(write.ancestors[0], orjson.loads(write.body))


def _some(writes: Sequence[Write]) -> Sequence[Write]:
    """Return about half of a batch; all revisions of one document come together, as in CouchDB."""
    ids = list(dict.fromkeys(write.doc_id for write in writes))
    kept = set(ids[: (len(ids) + 1) // 2])
    return [write for write in writes if write.doc_id in kept]
