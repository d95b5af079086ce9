"""A rush: people are pushing just now, and what can wait gives way to them.

The follower's work is several times that of taking a document in, and it shares processor and disk
with the gateway. In the minutes when many phones come back online at once, taking their work in
goes first; what follows from it is done in the gaps, or when it has waited long enough.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_CALM_SECONDS: Final = 0.05
"""So long after the last push the rush is over."""


class Rush:
    """Pushes under way and just over."""

    def __init__(self) -> None:
        self._under_way = 0
        self._last = float("-inf")

    @contextmanager
    def pushing(self) -> Iterator[None]:
        """Mark a push from its beginning to its end."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._last = time.monotonic()

    async def pause(self, longest: float) -> None:
        """Wait until the rush is over, for at most ``longest`` seconds."""
        wait = min(longest, self._soonest())
        if wait > 0:
            await asyncio.sleep(wait)
            await self.pause(longest - wait)

    def _soonest(self) -> float:
        """Return in how many seconds the rush can be over at the soonest."""
        if self._under_way:
            return _CALM_SECONDS
        return self._last + _CALM_SECONDS - time.monotonic()
