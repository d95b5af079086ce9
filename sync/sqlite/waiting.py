"""Waiting for changes, made by this process or by another one on the same file."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Final

_LOOK_SECONDS: Final = 0.5
"""How often a waiter looks for what another process wrote."""


class Waiters:
    """Wakes those who wait for a database (``None``: for any) when a commit changed it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: dict[str | None, set[asyncio.Event]] = {}
        self._closed = False

    def wake(self, changed: set[str]) -> None:
        """Wake the waiters of these databases."""
        for name in (*changed, None) if changed else ():
            for event in self._waiting.get(name, ()):
                event.set()

    def close(self) -> None:
        """Wake everybody for good."""
        self._closed = True
        self.wake({name for name in self._waiting if name is not None})

    async def wait(self, database: str | None, changed: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``changed`` is true; return ``False`` after ``seconds``."""
        deadline = time.monotonic() + seconds
        event = asyncio.Event()
        waiting = self._waiting.setdefault(database, set())
        waiting.add(event)
        version = self._version()
        try:
            found = changed()
            while not found and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                try:
                    await asyncio.wait_for(event.wait(), min(left, _LOOK_SECONDS))
                except TimeoutError:
                    now = self._version()
                    if now == version:
                        continue
                    version = now
                event.clear()
                found = not self._closed and changed()
            return found
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(database, None)

    def _version(self) -> int:
        """Return a number that differs once any other connection has committed."""
        row = self._connection.execute("PRAGMA data_version").fetchone()
        version: int = row[0]
        return version
