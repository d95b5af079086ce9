"""Slows down guessing of passwords: failed sign-ins are counted per account and per address."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter


class TooManyAttempts(Exception):
    """Signing in is barred for ``wait`` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


class SignInThrottle:
    """Counts failures in a moving window. Attempts on one account run one after the other, so
    that many at once cannot slip through before the first failure is counted."""

    def __init__(self, per_account: str, per_address: str) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._account = parse(per_account)
        self._address = parse(per_address)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def attempt(self, account: str, address: str) -> AsyncIterator[None]:
        """Guard one attempt; raise ``TooManyAttempts`` when either count is used up."""
        lock = self._locks.setdefault(account, asyncio.Lock())
        async with lock:
            await self._test(self._account, "account", account)
            await self._test(self._address, "address", address)
            yield

    async def failed(self, account: str, address: str) -> None:
        """Count a failure."""
        await self._limiter.hit(self._account, "account", account)
        await self._limiter.hit(self._address, "address", address)

    async def succeeded(self, account: str) -> None:
        """Forget the failures of an account whose owner got in."""
        await self._limiter.clear(self._account, "account", account)

    async def _test(self, limit: RateLimitItem, kind: str, who: str) -> None:
        if await self._limiter.test(limit, kind, who):
            return
        window = await self._limiter.get_window_stats(limit, kind, who)
        raise TooManyAttempts(max(1, math.ceil(window.reset_time - time.time())))
