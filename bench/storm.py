"""A storm of conflicts: everybody was offline for a day, and 10,000 records meet at once.

All in one grid, and the same number spread over 1,000 grids; three phones changed each record. The
embedded store, and CouchDB when ``WANGGE_BENCH_COUCHDB`` names one. Prints how far it is.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from bench import documents
from bench.report import Row, at_least
from bench.resolver import LEAVES, base, side
from bench.targets import scratch
from grid.hierarchy import GridNode
from server.databases import opened
from server.settings import Settings
from sync.follower import Follower
from sync.registry import Registry
from sync.store import DocumentStore, Write

NAMES = ("storm",)
CONFLICTS = 10_000
GRIDS = (1, 1_000)
GOAL = 300
_COUCH_CONFLICTS = 1_000
_COUCH_GRIDS = (1, 100)
_BATCH = 250
_TELL_SECONDS = 5.0


class _Storm(NamedTuple):
    """Conflicts resolved a second of the clock, and a second of this process's processor time."""

    rate: float
    cpu_rate: float

    @property
    def words(self) -> str:
        """Tell the second, which other work on the machine touches less."""
        return f"{self.cpu_rate:,.0f} a second of processor time"


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure how fast a storm is resolved, from the first conflict to the last projection."""
    for grids in GRIDS:
        with scratch() as directory:
            storm = asyncio.run(_storm(Settings.load({}, data=directory), CONFLICTS, grids))
        note = f"{CONFLICTS} records of {LEAVES} leaves in {_words(grids)}, embedded store"
        name, unit = f"storm in {_words(grids)}", "conflicts/s"
        yield at_least(name, unit, storm.rate, GOAL, f"{note}; {storm.words}")
    url = os.environ.get("WANGGE_BENCH_COUCHDB")
    if url:
        for grids in _COUCH_GRIDS:
            with scratch() as directory:
                storm = asyncio.run(_couch_storm(url, directory, grids))
            note = f"{_COUCH_CONFLICTS} records of {LEAVES} leaves in {_words(grids)}, CouchDB"
            name, unit = f"storm in {_words(grids)}, CouchDB", "conflicts/s"
            yield at_least(name, unit, storm.rate, GOAL, f"{note}; {storm.words}")


def _words(grids: int) -> str:
    return "one grid" if grids == 1 else f"{grids:,} grids"


async def _couch_storm(url: str, directory: Path, grids: int) -> _Storm:
    store = f"couchdb{url.removeprefix('http')}?prefix=storm{secrets.token_hex(4)}-"
    settings = Settings.load({"WANGGE_STORE": store}, data=directory)
    return await _storm(settings, _COUCH_CONFLICTS, grids, destroy=True)


async def _storm(
    settings: Settings, conflicts: int, grids: int, *, destroy: bool = False
) -> _Storm:
    async with opened(settings) as store:
        try:
            return await _resolve(store, conflicts, grids)
        finally:
            for name in await store.database_names() if destroy else ():
                await store.delete_database(name)


async def _resolve(store: DocumentStore, conflicts: int, grids: int) -> _Storm:
    registry = Registry(store)
    nodes = hierarchy(grids)
    await registry.import_grids(nodes)
    codes = [node.code for node in nodes if node.level == 5]
    for place, code in enumerate(codes):
        await _clash(store, code, range(place, conflicts, len(codes)))
    print(f"{conflicts:,} conflicts written into {_words(grids)}", flush=True)
    follower = Follower(store, registry)
    telling = asyncio.create_task(_tell(follower, conflicts))
    cpu, started = time.process_time(), time.perf_counter()
    await follower.catch_up()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    telling.cancel()
    assert follower.merged == conflicts, follower.merged
    return _Storm(conflicts / seconds, conflicts / cpu)


async def _tell(follower: Follower, conflicts: int) -> None:
    """Print every few seconds how many are merged."""
    while True:
        await asyncio.sleep(_TELL_SECONDS)
        print(f"{follower.merged:,} of {conflicts:,} merged", flush=True)


def hierarchy(grids: int) -> list[GridNode]:
    """Return a district with so many household groups, at most 99 below one group."""
    town, village = "440904004", "440904004205"
    nodes = [
        GridNode("440904", None, 1, "电白区"),
        GridNode(town, "440904", 2, "电海街道"),
        GridNode(village, town, 3, "安乐村委会"),
    ]
    for number in range(grids):
        group = f"{village}{number // 99 + 1:03d}"
        if number % 99 == 0:
            nodes.append(GridNode(group, village, 4, f"第{number // 99 + 1}组"))
        nodes.append(GridNode(f"{group}{number % 99 + 1:02d}", group, 5, f"网格{number}"))
    return nodes


async def _clash(store: DocumentStore, code: str, numbers: range) -> None:
    for first in range(0, len(numbers), _BATCH):
        writes = []
        for number in numbers[first : first + _BATCH]:
            before = {**base(number), "grid": code}
            doc_id = documents.household_id(number)
            writes.append(Write(doc_id, orjson.dumps(before), "1-a"))
            for device in range(1, LEAVES + 1):
                body = orjson.dumps(side(before, device))
                writes.append(Write(doc_id, body, f"2-{device}", ("1-a",)))
        await store.write(f"grid-{code}", writes, new_edits=False)
