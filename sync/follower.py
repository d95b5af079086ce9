"""The follower: sees which grids changed, merges what conflicts, projects what won.

For each grid database it reads the changes after its checkpoint and does, in this order: sending on
what belongs to records that moved away, decision records, merged revisions with the tombstones of
losing leaves (one batch), moves that the tree of grids asks for, projection into ``canonical``,
the rules across documents, checkpoint. Every step gives the same result when repeated, so a crash
between any two costs nothing but doing them again, and two followers on one grid do no harm.
Checkpoints are ``_local/follower:<database>`` in ``canonical``: ``_local`` of a grid is open to
every phone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sync.across import Across
from sync.errors import DatabaseNotFound, StoreError
from sync.moving import Mover
from sync.paths import GRID_PREFIX
from sync.projection import Projection
from sync.registry import Registry
from sync.resolving import Resolved, Resolver
from sync.restructuring import Restructurer
from sync.routing import Router
from sync.rush import Rush
from sync.sharing import BEAT_SECONDS, Team, portion_of
from sync.store import Change, DocumentStore, Revision
from sync.structure_reviews import keep_unplaced

CHECKPOINT: Final = "follower"

_POSITION_DATABASE: Final = "canonical"
_PAGE: Final = 500
_AT_ONCE: Final = 16
_WAIT_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 1.0
_GIVE_WAY_SECONDS: Final = 30.0
"""A change that has waited so long waits no longer for a rush of pushes to end."""


class Follower:
    """Brings ``canonical`` after the grids. Counters are for the metrics page.

    It gives way to a ``rush`` of pushes into the same process, if it is told of them.
    """

    def __init__(self, store: DocumentStore, registry: Registry, rush: Rush | None = None) -> None:
        self._store = store
        self._rush = rush or Rush()
        self._resolver = Resolver(store, registry)
        self._projection = Projection(store, registry)
        self._router = Router(store, registry)
        self._mover = Mover(store, registry, self._projection)
        self._across = Across(store, registry, self._projection)
        self._restructurer = Restructurer(
            store, registry, self._projection, self._router, self._mover, self._across
        )
        self._registry = registry
        self._team = Team(store)
        self._behind: dict[str, float] = {}
        self.merged = 0
        self.reviews_opened = 0
        self.projected = 0
        self.repaired = 0
        self.set_aside = 0
        self.failures = 0

    @property
    def lag_seconds(self) -> float:
        """How long the change that has waited longest has waited; 0 when nothing waits."""
        if not self._behind:
            return 0.0
        return time.monotonic() - min(self._behind.values())

    @property
    def share(self) -> float:
        """Which part of all grids this follower looks after, 0 to 1."""
        return self._team.share

    @property
    def followers(self) -> int:
        """How many followers of the store are known alive, this one included."""
        return self._team.members

    @property
    def waiting(self) -> int:
        """How many grid databases have changes that were not followed yet."""
        return len(self._behind)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow this follower's share of the grids, and beside them the tree of grids, until
        ``stop`` is set; a failing store is tried again after a second."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._restructurer.run(stop))
            group.create_task(self._follow_forever(stop))
            group.create_task(self._show_life(stop))

    async def _show_life(self, stop: asyncio.Event) -> None:
        """Let the other followers see that this one lives, however long its work takes it."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await asyncio.wait([stopping], timeout=BEAT_SECONDS)
                try:
                    await (self._team.leave() if stop.is_set() else self._team.beat())
                except StoreError:
                    continue  # too long like this, and the others take over
        finally:
            stopping.cancel()

    async def _follow_forever(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._team.beat()
                    await self._follow_changed()
                except StoreError:
                    self.failures += 1
                    await asyncio.wait([stopping], timeout=_RETRY_SECONDS)
                    continue
                await self._wait(stopping)
        finally:
            stopping.cancel()

    async def catch_up(self) -> None:
        """Follow the tree and the grids until nothing is left to do. Raises ``StoreError`` when the
        store fails."""
        await self._restructurer.catch_up()
        await self._follow_changed()

    async def _follow_changed(self) -> None:
        while True:
            positions = await self._team.positions()
            grids: set[str] = set()
            reached: str | None = None
            for position, portions in positions.items():
                names, end = await self._store.database_updates(position)
                grids |= {
                    name
                    for name in names
                    if name.startswith(GRID_PREFIX) and portion_of(name) in portions
                }
                reached = reached or end  # what is asked after it covers it as well
            now = time.monotonic()
            # What went to another follower meanwhile waits for that one.
            behind = {name: at for name, at in self._behind.items() if self._team.owns(name)}
            self._behind = dict.fromkeys(grids, now) | behind
            await self._follow_all(sorted(grids))
            if reached is None or positions.keys() == {reached}:
                return
            await self._team.reached(frozenset().union(*positions.values()), reached)
            if not grids:
                return

    async def follow(self, database: str) -> int:
        """Bring one grid up to date; return how many changes there were.

        What a merge wrote comes back as a change. It is passed over while the document still has
        exactly the leaves that the merge left, all of it having been followed with the merge.
        """
        followed = 0
        merged: dict[str, frozenset[str]] = {}
        try:
            since = await self._read_checkpoint(database)
            while True:
                await self._rush.pause(_GIVE_WAY_SECONDS - self.lag_seconds)
                page = await self._store.changes(
                    database, since, limit=_PAGE, all_leaves=True, bodies=True
                )
                if not page.changes:
                    break
                await self._store.keep_leaves(database, page.changes)
                changes = [one for one in page.changes if not _is_echo(one, merged)]
                merged |= await self._handle(database, changes)
                followed += len(page.changes)
                since = page.last_seq
                await self._store.put_local(
                    _POSITION_DATABASE, f"{CHECKPOINT}:{database}", {"since": since}
                )
        except DatabaseNotFound:
            pass  # destroyed meanwhile; nothing of it is left to follow
        self._behind.pop(database, None)
        return followed

    async def resolve(self, database: str, doc_ids: Sequence[str]) -> Mapping[str, Revision | None]:
        """Merge the leaves of these documents now; return the revision that stands for each.

        What follows from it (projection) is done when the database is followed.
        """
        return (await self._resolve(database, doc_ids)).winners

    async def _resolve(self, database: str, doc_ids: Sequence[str]) -> Resolved:
        resolved = await self._resolver.resolve(database, doc_ids)
        self.merged += resolved.merged
        self.reviews_opened += resolved.reviews_opened
        self.set_aside += resolved.set_aside
        return resolved

    async def _handle(self, database: str, changes: Sequence[Change]) -> dict[str, frozenset[str]]:
        """Follow these changes; return the leaves of the documents that were merged."""
        gone = await self._mover.carry(database, changes)
        here = [change for change in changes if change.doc_id not in gone]
        resolved = await self._resolve(database, [one.doc_id for one in here if one.contested])
        winners = [
            change.winner
            for change in here
            if change.winner is not None and change.doc_id not in resolved.winners
        ]
        winners += [winner for winner in resolved.winners.values() if winner is not None]
        stones = [*gone.values(), *await self._move(database, winners)]
        left = {stone.doc_id for stone in stones}
        winners = [winner for winner in winners if winner.doc_id not in left]
        doubled: list[tuple[str, str]] = []
        projected = await self._projection.project(database, [*winners, *stones], doubled)
        self.projected += projected
        doubled += await self._mover.came_from(database, winners)
        await self._mover.reunite(database, doubled)
        across = await self._across.check([*winners, *stones])
        self.reviews_opened += across.opened
        self.repaired += across.repaired
        return resolved.leaves

    async def _move(self, database: str, winners: Sequence[Revision]) -> list[Revision]:
        """Move what does not belong into this grid (any more); return the tombstones."""
        routed = await self._router.route(database, winners)
        await keep_unplaced(self._store, self._registry, database, routed)
        along = await self._router.companions(database, winners)
        return await self._mover.relocate(database, {**along, **routed.orders})

    async def _follow_all(self, grids: Sequence[str]) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> None:
            async with gate:
                await self.follow(name)

        failed: list[StoreError] = []
        try:
            async with asyncio.TaskGroup() as group:
                for name in grids:
                    group.create_task(one(name))
        except* StoreError as errors:
            failed += (error for error in errors.exceptions if isinstance(error, StoreError))
        if failed:
            raise failed[0]

    async def _wait(self, stopping: asyncio.Task[Any]) -> None:
        positions = await self._team.positions()
        if len(positions) > 1:
            return  # portions of somebody else have just become this follower's
        position = next(iter(positions), None)
        if position is None:
            await asyncio.wait([stopping], timeout=_WAIT_SECONDS)
            return
        changed = asyncio.create_task(
            self._store.wait_for_change(None, position, timeout=_WAIT_SECONDS)
        )
        await asyncio.wait([stopping, changed], return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        await asyncio.gather(changed, return_exceptions=True)

    async def _read_checkpoint(self, database: str) -> str:
        local = await self._store.get_local(_POSITION_DATABASE, f"{CHECKPOINT}:{database}")
        return "0" if local is None else str(local["since"])


def _is_echo(change: Change, merged: dict[str, frozenset[str]]) -> bool:
    """Tell whether a change is what the merge of its document wrote, and forget that merge."""
    return merged.pop(change.doc_id, None) == frozenset(leaf.rev for leaf in change.leaves)
