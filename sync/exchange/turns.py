"""Turns: how many exchanges may be open, and who may work next.

An exchange holds a turn only while it reads or writes the store, never while it waits for a slow
phone's network. Turns go to the grid that has the fewest of them just now, in order of arrival; and
first syncs, which are long, may hold no more than half of them, and one of them at a time goes on
after others had the event loop: a store that never waits would else leave nobody in between.

Who is turned away is told when to come again: one after the other, at the pace at which exchanges
end just now, so that a short rush is soon over and a long one does not spend itself on refusals.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from sync.wire.errors import WireError

_SOONEST, _LATEST = 2.0, 60.0
"""Range of ``Retry-After`` in seconds."""
_FIRST_GAP: Final = 0.05
_WEIGHT: Final = 0.1
"""What the newest gap between two ends counts in the pace."""

Clock = Callable[[], float]


@dataclass(slots=True, eq=False)
class _Waiting:
    key: str
    first: bool
    granted: asyncio.Future[None]


class Returns:
    """When those turned away come again; ``clock`` gives seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gap = _FIRST_GAP
        self._ended: float | None = None
        self._booked = 0.0

    def ended(self, *, full: bool) -> None:
        """Note that an exchange ended, and whether the house was full until then: only then does
        the time from one end to the next tell what the server can do."""
        now = self._clock()
        if full and self._ended is not None:
            self._gap += (now - self._ended - self._gap) * _WEIGHT
        self._ended = now if full else None

    def seconds(self) -> int:
        """Return after how many seconds the next one turned away is to come again."""
        now = self._clock()
        after = max(self._booked, now + _SOONEST) + self._gap
        self._booked = min(after, now + _LATEST)
        return math.ceil(self._booked - now)


class Turns:
    """Admission of exchanges: at most ``most_open`` open, at most ``at_once`` working."""

    def __init__(self, most_open: int, at_once: int, clock: Clock = time.monotonic) -> None:
        self._most_open = most_open
        self._at_once = at_once
        self._most_first = max(1, at_once // 2)
        self._waiting: list[_Waiting] = []
        self._working: Counter[str] = Counter()
        self._working_first = 0
        self._breath = asyncio.Lock()
        self._returns = Returns(clock)
        self.open = 0
        self.shed = 0

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Count one exchange as open; raise ``WireError`` 503 when there are too many."""
        if self.open >= self._most_open:
            self.shed += 1
            raise WireError(
                503,
                "service_unavailable",
                "服务器正忙，请稍后再试；您的数据仍保存在手机上",
                {"code": "busy"},
                {"retry-after": str(self._returns.seconds())},
            )
        self.open += 1
        try:
            yield
        finally:
            self._returns.ended(full=self.open >= self._most_open)
            self.open -= 1

    @asynccontextmanager
    async def turn(self, key: str, *, first: bool) -> AsyncIterator[None]:
        """Wait for a turn to work on a grid, and give it back at the end."""
        await self._take(key, first)
        try:
            yield
            if first:
                async with self._breath:
                    await asyncio.sleep(0)
        finally:
            self._give_back(key, first)

    async def _take(self, key: str, first: bool) -> None:
        if self._free(first):  # then nobody who waits could use it: see _give_back
            self._count(key, first, 1)
            return
        waiting = _Waiting(key, first, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            await waiting.granted
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self._give_back(key, first)
            raise

    def _free(self, first: bool) -> bool:
        if first and self._working_first >= self._most_first:
            return False
        return self._working.total() < self._at_once

    def _count(self, key: str, first: bool, number: int) -> None:
        self._working[key] += number
        if not self._working[key]:
            del self._working[key]
        self._working_first += number * first

    def _give_back(self, key: str, first: bool) -> None:
        self._count(key, first, -1)
        while (chosen := self._next()) is not None:
            self._waiting.remove(chosen)
            self._count(chosen.key, chosen.first, 1)
            chosen.granted.set_result(None)

    def _next(self) -> _Waiting | None:
        able = [
            one for one in self._waiting if self._free(one.first) and not one.granted.cancelled()
        ]
        return min(able, key=lambda one: self._working[one.key], default=None)
