"""Who is to be told at once that something changed: one listener to the store, many open streams.

A stream is told which of its databases changed and where they stand now (a client that is there
already has nothing to do), or that its session changed: it then asks the exchange. Nothing that
happens while a client is away is kept for it; the exchange tells that anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from grid.hierarchy import Hierarchy
from grid.permissions import Actor, may_pull
from sync.errors import DatabaseNotFound
from sync.paths import BULLETIN_PREFIX, GRID_PREFIX, code_of
from sync.registry import DATABASE as REGISTRY
from sync.registry import Registry
from sync.store import DocumentStore

_WAIT_SECONDS: Final = 30.0
_GATHER_SECONDS: Final = 0.3
"""Changes within this time are told together: a push is written, merged and projected."""
HEARTBEAT_SECONDS: Final = 25.0
_BEATS_AT_ONCE: Final = 100
SESSION: Final = "session"
"""Told in place of a database when grids, accounts or assignments changed; nothing follows it."""

Send = Callable[[Mapping[str, str]], Awaitable[None]]
"""Sends what changed, positions by database, to the client; an empty one is a sign of life."""


class Stream:
    """One open stream: whose it is, what he may see, and what has to be told, newest position by
    database.

    There is a task for it only while something is being sent: thousands of streams are idle.
    """

    __slots__ = ("_hierarchy", "_over", "_pending", "_send", "_sending", "_towns", "actor")

    def __init__(self, actor: Actor, hierarchy: Hierarchy, send: Send) -> None:
        self.actor = actor
        self._hierarchy = hierarchy
        self._towns = {hierarchy.town(code) for code in actor.grids if code in hierarchy}
        self._send = send
        self._pending: dict[str, str] = {}
        self._sending: asyncio.Task[None] | None = None
        self._over = False

    def covers(self, name: str) -> bool:
        """Tell whether a database, by its name under ``/sync/``, is one that the asker may read."""
        kind, _, town = name.partition("/")
        if kind == SESSION:
            return True
        if kind == "bulletin":
            return town in self._towns or self._may_pull(town)
        return self._may_pull(name)

    def _may_pull(self, code: str) -> bool:
        return code in self._hierarchy and may_pull(self.actor, self._hierarchy.path(code))

    def stands(self, actor: Actor, hierarchy: Hierarchy) -> bool:
        """Tell whether the asker may see what he could see when the stream was opened."""
        return hierarchy is self._hierarchy and actor == self.actor

    def tell(self, positions: Mapping[str, str]) -> None:
        """Add what changed, if it is of interest here."""
        mine = {name: seq for name, seq in positions.items() if self.covers(name)}
        if mine:
            self._pending.update(mine)
            self._start()

    def beat(self) -> None:
        """Send a sign of life, unless something is on its way anyway."""
        self._start()

    def close(self) -> None:
        """Tell nothing any more."""
        self._over = True
        if self._sending is not None:
            self._sending.cancel()

    def _start(self) -> None:
        if self._sending is None and not self._over:
            self._sending = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        """Send what there is; what comes meanwhile, while a slow client takes it, goes after it."""
        try:
            while not self._over:
                told, self._pending = self._pending, {}
                self._over = SESSION in told
                await self._send(told)
                if not self._pending:
                    break
        finally:
            self._sending = None


class Live:
    """Listens to the store and tells the open streams."""

    def __init__(self, store: DocumentStore, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._version = -1
        self._streams: set[Stream] = set()

    @property
    def open(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    @contextmanager
    def stream(self, actor: Actor, hierarchy: Hierarchy, send: Send) -> Iterator[Stream]:
        """Open a stream for as long as the context lasts."""
        opened = Stream(actor, hierarchy, send)
        self._streams.add(opened)
        try:
            yield opened
        finally:
            self._streams.discard(opened)
            opened.close()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop`` is set. Raises ``StoreError`` when the store fails."""
        stopping = asyncio.create_task(stop.wait())
        beating = asyncio.create_task(self._beat())
        try:
            position = await self._newest()
            while not stop.is_set():
                waiting = asyncio.create_task(
                    self._store.wait_for_change(None, position, _WAIT_SECONDS)
                )
                await asyncio.wait([stopping, waiting], return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if stop.is_set() or not (await asyncio.gather(waiting))[0]:
                    continue
                await asyncio.wait([stopping], timeout=_GATHER_SECONDS)
                names, position = await self._store.database_updates(position)
                if self._streams:
                    await self._tell(names)
        finally:
            stopping.cancel()
            beating.cancel()

    async def _beat(self) -> None:
        """Send each stream a sign of life from time to time, not all at the same moment."""
        while True:
            streams = list(self._streams)
            starts = range(0, len(streams), _BEATS_AT_ONCE)
            for start in starts:
                for stream in streams[start : start + _BEATS_AT_ONCE]:
                    stream.beat()
                await asyncio.sleep(HEARTBEAT_SECONDS / len(starts))
            if not streams:
                await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _newest(self) -> str:
        return (await self._store.database_updates())[1]

    async def _tell(self, names: Iterable[str]) -> None:
        positions: dict[str, str] = {}
        for name in names:
            if name == REGISTRY:
                await self._tell_sessions()
            elif (shown := shown_name(name)) is not None:
                try:
                    positions[shown] = (await self._store.database_info(name)).update_seq
                except DatabaseNotFound:
                    continue
        for stream in list(self._streams):
            stream.tell(positions)

    async def _tell_sessions(self) -> None:
        """Tell those whose rights changed; most of what the registry writes concerns nobody's."""
        await self._registry.refresh(now=True)  # of this change nobody tells a second time
        hierarchy = await self._registry.hierarchy()
        if self._version == self._registry.version:
            return
        self._version = self._registry.version
        for stream in list(self._streams):
            actor = stream.actor
            now = await self._registry.actor(actor.user, actor.device)
            if not stream.stands(now, hierarchy):
                stream.tell({SESSION: ""})


def shown_name(database: str) -> str | None:
    """Return a database's name under ``/sync/``; ``None`` for one that is not there."""
    if database.startswith(GRID_PREFIX):
        return code_of(database)
    if database.startswith(BULLETIN_PREFIX):
        return f"bulletin/{database.removeprefix(BULLETIN_PREFIX)}"
    return None
