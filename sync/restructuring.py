"""What has to follow when the tree of grids changed: records, canonical paths, reviews.

Done in the background, apart from following the grids. It remembers what it has done in
``_local/structure`` of ``canonical``; every step repeats harmlessly, so after a crash it goes on
where it was. How far each operation is stands in ``_local/structure:<operation>``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import orjson

from conflicts.moving import MOVED_BY, MOVED_TO, Order, claim_of
from conflicts.structure import Recall, Structure
from grid.hierarchy import Hierarchy
from sync.across import Across
from sync.errors import DatabaseNotFound, StoreError
from sync.indexes import QUARANTINE_BY_NODE, REVIEWS_BY_NODE
from sync.moving import Mover, as_leaf
from sync.paths import database_of
from sync.projection import CANONICAL, Projection
from sync.quarantine import QUARANTINE
from sync.registry import DATABASE as REGISTRY
from sync.registry import Registry
from sync.resolving import REVIEWS
from sync.routing import Router
from sync.store import Change, DocumentStore, Index, Revision, Write
from sync.structure_reviews import keep_operation_reviews, keep_unplaced

STATE: Final = "structure"
_PAGE: Final = 200
_WAIT_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 1.0


class Restructurer:
    """Brings the records after the tree of grids."""

    def __init__(
        self,
        store: DocumentStore,
        registry: Registry,
        projection: Projection,
        router: Router,
        mover: Mover,
        across: Across,
    ) -> None:
        self._store = store
        self._registry = registry
        self._projection = projection
        self._router = router
        self._mover = mover
        self._across = across
        self._seen: Structure | None = None
        self.failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the tree until ``stop`` is set."""
        while not stop.is_set():
            try:
                await self.catch_up()
                since = (await self._store.database_info(REGISTRY)).update_seq
                await _either(self._store.wait_for_change(REGISTRY, since, _WAIT_SECONDS), stop)
            except StoreError:
                self.failures += 1
                await _either(asyncio.sleep(_RETRY_SECONDS), stop)

    async def catch_up(self) -> None:
        """Do what the tree as it is today asks for and was not done yet."""
        structure = await self._registry.structure()
        if structure is self._seen:
            return
        kept = await self._store.get_local(CANONICAL, STATE)
        state = kept or {"parents": await self._registry.imported_parents(), "done": []}
        done = set(state["done"])
        await keep_operation_reviews(self._store, self._registry, structure)
        await self._project_moved(structure, state["parents"])
        for recall in structure.recalls:
            key = f"recalled:{recall.undone}:{recall.stamp}"
            if key not in done:
                await self._recall(recall)
                done.add(key)
        for code, route in structure.routes.items():
            key = f"handed over:{code}:{route.operation}"
            if key not in done and structure.hierarchy.node(code).holds_records:
                await self._hand_over(code, route.operation)
                done.add(key)
        parents = {node.code: node.parent for node in structure.hierarchy}
        new = {"parents": parents, "done": sorted(done)}
        if kept is None or {name: kept[name] for name in new} != new:
            await self._store.put_local(CANONICAL, STATE, new)
        self._seen = structure

    async def _hand_over(self, code: str, operation: str) -> None:
        """Move every record of a closed grid to where it belongs now."""
        database = database_of(code)
        async for changes, done, total in self._pages(database):
            winners, stones = await self._at_home(database, changes)
            routed = await self._router.route(database, winners)
            await keep_unplaced(self._store, self._registry, database, routed)
            stones += await self._mover.relocate(database, routed.orders)
            await self._projection.project(database, stones)
            await self._note(operation, code, done, total)

    async def _at_home(
        self, database: str, changes: Sequence[Change]
    ) -> tuple[list[Revision], list[Revision]]:
        """Return the winners of records that live here, and tombstones of those that do not.

        An edit that came late for a record which lives elsewhere is not this grid's to hand over
        or to show: it is sent after the record, wherever that was moved since.
        """
        gone = await self._mover.carry(database, changes)
        return [one for one in _winners(changes) if one.doc_id not in gone], list(gone.values())

    async def _recall(self, recall: Recall) -> None:
        """Bring back what an undone operation moved, unless somebody moved it on since."""
        for source in recall.sources:
            async for changes, done, total in self._pages(database_of(source)):
                by_target: dict[str, dict[str, str]] = {}
                for stone in _winners(changes):
                    body = orjson.loads(stone.body or b"{}") if stone.deleted else {}
                    if body.get(MOVED_BY) == recall.undone and body[MOVED_TO] in recall.targets:
                        stamp = str((body.get("stamps") or {}).get("grid") or "")
                        by_target.setdefault(body[MOVED_TO], {})[stone.doc_id] = stamp
                for target, stamps in by_target.items():
                    await self._call_back(source, target, stamps, recall)
                await self._note(recall.undone, source, done, total)

    async def _call_back(
        self, source: str, target: str, stamps: Mapping[str, str], recall: Recall
    ) -> None:
        database = database_of(target)
        orders = {}
        for found in await self._store.get_many(database, list(stamps)):
            if found is None or found.deleted:
                continue
            claim = claim_of(as_leaf(found), target)
            if claim is not None and claim.stamp == stamps[found.doc_id]:
                orders[found.doc_id] = Order(source, recall.stamp, recall.by)
        stones = await self._mover.relocate(database, orders)
        await self._projection.project(database, stones)

    async def _project_moved(self, structure: Structure, parents: Mapping[str, str | None]) -> None:
        """Give the records of grids whose place in the tree changed their new paths."""
        hierarchy = structure.hierarchy
        moved = [node.code for node in hierarchy if _has_moved(hierarchy, parents, node.code)]
        records = [code for code in moved if hierarchy.node(code).holds_records]
        for number, code in enumerate(records, start=1):
            database = database_of(code)
            async for changes, _, _ in self._pages(database):
                winners, stones = await self._at_home(database, changes)
                await self._projection.project(database, [*winners, *stones])
            path = list(hierarchy.path(code))
            for index, kept in ((REVIEWS_BY_NODE, REVIEWS), (QUARANTINE_BY_NODE, QUARANTINE)):
                await self._place_anew(index, kept, code, path)
            await self._note("paths", code, number, len(records))
        for code in records:
            # Duplicates depend on where they lie; while paths change, the rules see half of it.
            async for changes, _, _ in self._pages(database_of(code)):
                await self._across.check(_winners(changes))

    async def _place_anew(self, index: Index, database: str, code: str, path: list[str]) -> None:
        """Write a grid's new path into its reviews or refused edits."""
        after = None
        while rows := await self._store.query(
            index, prefix=(code,), after=after, limit=_PAGE, documents=True
        ):
            after = (rows[-1].key, rows[-1].doc_id)
            writes = []
            for row in rows:
                body = dict(row.document or {})
                if body.get("path") == path or body.get("grid") != code:
                    continue
                rev = (str(body["_rev"]),)
                body = {name: value for name, value in body.items() if name[0] != "_"}
                writes.append(Write(row.doc_id, orjson.dumps({**body, "path": path}), None, rev))
            if writes:
                await self._store.write(database, writes)

    async def _pages(self, database: str) -> AsyncIterator[tuple[Sequence[Change], int, int]]:
        """Yield the documents of a database, how many have come, and how many there are."""
        since, done = "0", 0
        try:
            info = await self._store.database_info(database)
            total = info.doc_count + info.deleted_count
            while True:
                page = await self._store.changes(
                    database, since, limit=_PAGE, all_leaves=True, bodies=True
                )
                if not page.changes or done >= total:
                    return  # what is added meanwhile is for the follower
                done += len(page.changes)
                since = page.last_seq
                yield page.changes, min(done, total), total
        except DatabaseNotFound:
            return

    async def _note(self, operation: str, code: str, done: int, total: int) -> None:
        body = {"grid": code, "done": done, "total": total}
        await self._store.put_local(CANONICAL, progress_id(operation), body)


def _winners(changes: Sequence[Change]) -> list[Revision]:
    return [change.winner for change in changes if change.winner is not None]


def progress_id(operation: str) -> str:
    """Return the id of the local document in ``canonical`` that says how far an operation is."""
    return f"{STATE}:{operation}"


async def progress_of(store: DocumentStore, operation: str) -> dict[str, Any] | None:
    """Return ``{grid, done, total}`` of the grid whose records moved last, ``None`` before that."""
    return await store.get_local(CANONICAL, progress_id(operation))


def _has_moved(hierarchy: Hierarchy, parents: Mapping[str, str | None], code: str) -> bool:
    return any(
        step in parents and parents[step] != hierarchy.node(step).parent
        for step in hierarchy.path(code)
    )


async def _either(waiting: Any, stop: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(waiting), asyncio.create_task(stop.wait())]
    _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
