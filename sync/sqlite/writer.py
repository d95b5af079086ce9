"""One writer with group commit.

Jobs that arrive while a transaction is being made durable wait together and share the next one:
one fsync acknowledges them all. Statements run on the event loop's thread, because they hold the
interpreter lock anyway; only the commit, which waits for the disk, runs on a thread of its own.
A job's result is given out only after its commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from sync.errors import StoreError, StoreUnavailable
from sync.sqlite.schema import translated

T = TypeVar("T")
_LOCK_PATIENCE_SECONDS: Final = 10.0
_LOCK_PAUSE_SECONDS: Final = 0.003
_GATHER_SECONDS: Final = 0.002
"""The longest pause before a commit for more writes to come, while writes wait anyway."""


class Transaction:
    """What a job may use: the writing connection, and where to say which databases it changed."""

    __slots__ = ("_updates", "changed", "connection")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.changed: set[str] = set()
        self._updates: int | None = None

    def next_update(self) -> int:
        """Return the next position in the order of database updates."""
        if self._updates is None:
            row = self.connection.execute("SELECT value FROM meta WHERE key = 'updates'").fetchone()
            self._updates = int(row[0])
        self._updates += 1
        return self._updates

    def finish(self) -> None:
        """Store the position reached; called once, before the commit."""
        if self._updates is not None:
            self.connection.execute(
                "UPDATE meta SET value = ? WHERE key = 'updates'", (self._updates,)
            )


Job = Callable[[Transaction], Awaitable[Any]]
_Waiting = tuple[Job, "asyncio.Future[Any]"]


class GroupWriter:
    """Runs jobs in shared transactions on one connection."""

    def __init__(
        self, connection: sqlite3.Connection, committed: Callable[[set[str]], None]
    ) -> None:
        self._connection = connection
        self._committed = committed
        self._queue: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "wangge-commit")
        self._closed = False
        self._commit_seconds = 0.0

    async def run(self, job: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a job in a durable transaction and return its result; raise ``StoreError``.

        A job may raise; then nothing it wrote is kept, and others in its transaction are not hurt.
        """
        if self._closed:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.append((job, future))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._drain())
        return await future

    async def close(self) -> None:
        """Finish what is queued and close the connection."""
        self._closed = True
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])
        self._thread.shutdown()
        self._connection.close()

    async def _drain(self) -> None:
        while self._queue:
            group, self._queue = self._queue, []
            await self._write(group)
            if self._queue:
                # Those just answered mostly write again at once: let them share the next commit.
                await asyncio.sleep(min(self._commit_seconds / 4, _GATHER_SECONDS))

    async def _write(self, group: list[_Waiting]) -> None:
        """Write a group in one transaction; if that fails, each job in one of its own."""
        try:
            results, changed = await self._attempt(group)
        except Exception as error:
            if len(group) == 1:
                _settle(
                    group[0][1], translated(error) if isinstance(error, sqlite3.Error) else error
                )
                return
            for waiting in group:
                await self._write([waiting])
            return
        self._committed(changed)
        for (_, future), result in zip(group, results, strict=True):
            _settle(future, result)

    async def _attempt(self, group: list[_Waiting]) -> tuple[list[Any], set[str]]:
        await self._begin()
        try:
            transaction = Transaction(self._connection)
            results = [await self._result(job, transaction) for job, _ in group]
            transaction.finish()
            started = time.monotonic()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._connection.execute, "COMMIT")
            self._commit_seconds = time.monotonic() - started
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return results, transaction.changed

    async def _result(self, job: Job, transaction: Transaction) -> Any:
        """Return a job's result, or its error when it had written nothing yet."""
        before = self._connection.total_changes
        try:
            return await job(transaction)
        except StoreError as error:
            if self._connection.total_changes != before:
                raise
            return error

    async def _begin(self) -> None:
        """Take the file's write lock; another process may hold it for a moment."""
        deadline = time.monotonic() + _LOCK_PATIENCE_SECONDS
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                busy = isinstance(translated(error), StoreUnavailable)
                locked = busy and (error.sqlite_errorcode & 0xFF) == sqlite3.SQLITE_BUSY
                if not locked or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_LOCK_PAUSE_SECONDS)
            else:
                return


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():  # its caller went away
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
