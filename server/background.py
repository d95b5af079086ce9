"""Work beside the requests: the follower, started again when it falls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal

from server.logs import log

_PAUSE_SECONDS: Final = 2.0


class Supervisor:
    """Runs a task until it is told to stop; after a failure it waits a little and runs it again."""

    def __init__(
        self, name: str, run: Callable[[asyncio.Event], Coroutine[Any, Any, None]]
    ) -> None:
        self._name = name
        self._run = run
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.state: Literal["off", "running", "failed"] = "off"
        self.failures = 0

    def start(self) -> None:
        """Start in the background."""
        self._task = asyncio.create_task(self._forever(), name=self._name)

    async def stop(self, patience: float = 10.0) -> None:
        """Ask it to stop, wait for at most ``patience`` seconds, then cancel it."""
        self._stop.set()
        if self._task is not None:
            done, _ = await asyncio.wait([self._task], timeout=patience)
            if not done:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
        self.state = "off"

    async def _forever(self) -> None:
        while not self._stop.is_set():
            self.state = "running"
            try:
                await self._run(self._stop)
            except Exception:
                self.state = "failed"
                self.failures += 1
                log.exception("background task failed", task=self._name)
                await asyncio.wait([asyncio.create_task(self._stop.wait())], timeout=_PAUSE_SECONDS)
