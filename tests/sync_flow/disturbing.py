"""What may disturb a follower: it crashes at any write, it begins anew. Neither costs anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from sync.follower import CHECKPOINT
from sync.registry import Registry
from sync.sharing import LOCAL_ID
from sync.store import DocumentStore
from tests.stores import SPARSELY
from tests.sync_flow.town import catch_up

Town = Callable[[], AbstractAsyncContextManager[tuple[DocumentStore, Registry]]]
Look = Callable[[DocumentStore], Awaitable[dict[str, Any]]]


class Crash(BaseException):
    """The process ends here."""


class Crashing:
    """A store that ends the process at the n-th write, before it happened or after."""

    def __init__(self, store: DocumentStore, at: int, *, after: bool) -> None:
        self._store = store
        self.left = at
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return self._counted(method) if name in ("write", "put_local") else method

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self._after:
                raise Crash
            result = await method(*args, **kwargs)
            if self.left == 0:
                raise Crash
            return result

        return call


async def crash_at_each_write(town: Town, look: Look, *, after: bool) -> dict[str, Any]:
    """Found a town again and again, with a follower that crashes at its first write, its second,
    and so on, until one comes through. The next follower always ends where one ends that nothing
    disturbs; return what there is then."""
    async with town() as (store, registry):
        await catch_up(store, registry)
        expected = await look(store)
    crashes = 0
    while True:
        async with town() as (store, registry):
            broken: Any = Crashing(store, crashes + 1, after=after)
            try:
                await catch_up(broken, registry)
            except* Crash:
                pass
            if broken.left > 0:
                break  # it came through before the n-th write
            crashes += SPARSELY
            await catch_up(store, registry)
            assert await look(store) == expected, f"crash at write {crashes}"
    assert crashes > 10
    return expected


async def begin_anew(store: DocumentStore) -> None:
    """Forget how far the followers came: all of it will be followed from the beginning."""
    assert await store.get_local("canonical", LOCAL_ID) is not None
    await store.put_local("canonical", LOCAL_ID, {})
    for name in await store.database_names("grid-"):
        await store.put_local("canonical", f"{CHECKPOINT}:{name}", {"since": "0"})
