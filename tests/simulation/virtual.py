"""Virtual time, and an event loop without threads, sockets or waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest.mock import patch

from sync import ordering, registry

T = TypeVar("T")
START_MS = 1_795_507_200_000
"""Where every history begins: 2026-11-24T08:00:00Z."""


class Standstill(RuntimeError):
    """Everything waits for something that never comes."""


class Now:
    """The true time of a simulated world, in milliseconds since 1970, and its ids."""

    def __init__(self, ms: int = START_MS) -> None:
        self.ms = ms
        self._ids = 0

    def nanoseconds(self) -> int:
        return self.ms * 1_000_000

    def seconds(self) -> float:
        return self.ms / 1000

    def ulid(self) -> str:
        """Return the next of the ids that the code under test would draw at random."""
        self._ids += 1
        return f"01J{self.ms:013d}{self._ids:010d}"


@contextmanager
def virtual_time(now: Now) -> Iterator[None]:
    """Let the whole program read the time and draw ids from ``now``."""
    with (
        patch.object(time, "time_ns", now.nanoseconds),
        patch.object(time, "time", now.seconds),
        patch.object(time, "monotonic", now.seconds),
        patch.object(registry, "ULID", now.ulid),
        patch.object(ordering, "ULID", now.ulid),
    ):
        yield


class _NoSelector:
    """Stands where an event loop keeps its sockets."""

    @staticmethod
    def select(timeout: float | None) -> list[Any]:
        if timeout is None or timeout > 0:
            raise Standstill("all tasks wait, and nothing is due")
        return []


class SimulatedLoop(asyncio.BaseEventLoop):
    """An event loop that only runs callbacks, first come first served."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _NoSelector()

    def _process_events(self, events: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who could be woken."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own."""
    loop = SimulatedLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
