"""Whether following an edit costs the same in a large house as in a small one.

Processor time that the follower needs for an edit: merge rules, projection into ``canonical``, its
indexes and counts, the rules across documents. Both houses are filled by the follower itself, so
everything it looks at is there. Prints how far it is.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import orjson

from bench import town
from bench.flat import DRIFT_GOAL, Size
from bench.report import Row, at_most
from bench.storm import hierarchy
from bench.targets import scratch
from server.databases import opened
from server.settings import Settings
from sync.follower import Follower
from sync.paths import database_of
from sync.registry import Registry
from sync.store import DocumentStore, Write

FOLLOWING = "flat_following"
NAMES: tuple[str, ...] = ()
LONG = (FOLLOWING,)
SMALL, LARGE = Size(200, 20_000), Size(2_000, 200_000)
ACTIVE = 200
"""Grids in which a record is edited, once in a round."""
ROUNDS, WARM_UP = 15, 2
_AT_ONCE = 20
"""Grids filled and followed before the next ones."""


def measure(_names: Sequence[str]) -> Iterator[Row]:
    """Measure the large house beside the small one."""
    yield asyncio.run(_row())


async def _row() -> Row:
    async with AsyncExitStack() as stack:
        small, large = [await _House.filled(size, stack) for size in (SMALL, LARGE)]
        spent: dict[_House, list[float]] = {small: [], large: []}
        for turn in range(WARM_UP + ROUNDS):
            for house in (small, large)[:: 1 if turn % 2 else -1]:
                spent[house].append(await house.round(turn))
        before, after = spent[small][WARM_UP:], spent[large][WARM_UP:]
        drift = statistics.median(b / a for a, b in zip(before, after, strict=True)) - 1
        costs = [1000 * statistics.median(some) for some in (before, after)]
        note = f"{costs[0]:.2f} ms of processor time an edit with {SMALL}, {costs[1]:.2f} ms with"
        return at_most(FOLLOWING, "drift", drift, DRIFT_GOAL, f"{note} {LARGE}")


@dataclass(eq=False, slots=True)
class _House:
    store: DocumentStore
    follower: Follower
    codes: list[str]
    each: int

    @classmethod
    async def filled(cls, size: Size, stack: AsyncExitStack) -> _House:
        """Return a house full of records, all of them followed."""
        directory = stack.enter_context(scratch())
        store = await stack.enter_async_context(opened(Settings.load({}, data=directory)))
        registry = Registry(store)
        nodes = hierarchy(size.grids)
        await registry.import_grids(nodes)
        codes = [node.code for node in nodes if node.level == 5]
        house = cls(store, Follower(store, registry), codes, size.documents // size.grids)
        for start in range(0, len(codes), _AT_ONCE):
            for place in range(start, min(start + _AT_ONCE, len(codes))):
                await house._fill(place)
            await house.follower.catch_up()
            if start % (10 * _AT_ONCE) == 0:
                print(f"{start * house.each:,} of {size.documents:,} documents", flush=True)
        return house

    async def round(self, turn: int) -> float:
        """Edit a record in each active grid; return seconds of processor time for following one."""
        for place, code in enumerate(self.codes[:ACTIVE]):
            number = place * self.each
            (before,) = await self.store.get_many(database_of(code), [_id_of(number)])
            assert before is not None
            body = {**orjson.loads(before.body), "note": f"第{turn}次走访"}
            edit = Write(before.doc_id, orjson.dumps(body), ancestors=(before.rev,))
            await self.store.write(database_of(code), [edit])
        followed, started = self.follower.projected, time.process_time()
        await self.follower.catch_up()
        spent = time.process_time() - started
        assert self.follower.projected - followed == ACTIVE
        return spent / ACTIVE

    async def _fill(self, place: int) -> None:
        code = self.codes[place]
        writes = []
        for number in range(place * self.each, (place + 1) * self.each):
            body = {**town.body_of(number, code), "address": f"第{place}小区", "room": str(number)}
            doc_id = body.pop("_id")
            writes.append(Write(doc_id, orjson.dumps(body)))
        await self.store.write(database_of(code), writes)


def _id_of(number: int) -> str:
    return str(town.body_of(number, "")["_id"])
