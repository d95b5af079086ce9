"""Merging: the rules alone in one process, and from conflicts in the store to merged records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from bench import documents
from bench.report import Row, at_least, at_most
from bench.targets import scratch
from conflicts import Leaf, merge, wanted
from grid.csv_import import dianbai_csv, read_grids_csv
from grid.demo import demo_records
from grid.hierarchy import Hierarchy
from grid.models import field_policies, validate_record
from server.databases import opened
from server.settings import Settings
from sync.follower import Follower
from sync.registry import Registry
from sync.store import DocumentStore, Write

NAMES = ("validation", "merges", "merge-history", "conflicts")
VALIDATION_GOAL = 40
"""Microseconds of processor time for a household; the gateway checks each pushed document."""
MERGES_GOAL = 2_000
CONFLICTS_GOAL = 300
HISTORY_GOAL = 1.5
"""Cost of a merge after 1,000 revisions, as a multiple of that after 10, at most."""
LEAVES = 3
FIELDS = 40
GRID = "44090400400100101"
CONFLICTS = 4_000
CHECKS = 20_000
_BATCH = 500


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure checking a record, merges of two, three and five leaves, long histories, and all
    through the store."""
    if "validation" in names:
        note = "the demo's longest household against its model, one process"
        yield at_most("validation", "µs", _validation(), VALIDATION_GOAL, note)
    if "merges" in names:
        note = f"{LEAVES} leaves of {FIELDS} fields, one process"
        yield at_least("merges", "merges/s", _merges(LEAVES), MERGES_GOAL, note)
        for count in (2, 5):
            # The goal is for three leaves; work grows with the leaves.
            goal = MERGES_GOAL * LEAVES / max(LEAVES, count)
            note = f"{count} leaves of {FIELDS} fields, one process"
            yield at_least(f"merges of {count} leaves", "merges/s", _merges(count), goal, note)
    if "merge-history" in names:
        note = f"{LEAVES} leaves, the base found among 1,000 revisions beside among 10"
        ratio = _long_history(1_000) / _long_history(10)
        yield at_most("merge-history", "times", ratio, HISTORY_GOAL, note)
    if "conflicts" in names:
        with scratch() as directory:
            rate = asyncio.run(_conflicts(directory))
        note = f"{CONFLICTS} records of {LEAVES} leaves: decision, merge, projection, on disk"
        yield at_least("conflicts", "conflicts/s", rate, CONFLICTS_GOAL, note)


def _validation() -> float:
    """Return microseconds of processor time for one check."""
    nodes = read_grids_csv(dianbai_csv()).nodes
    records = demo_records(Hierarchy(nodes), 440904)
    household = max(
        (one for one in records if one["type"] == "household"), key=lambda r: len(str(r))
    )
    began = time.process_time()
    for _ in range(CHECKS):
        assert not validate_record(household)
    return (time.process_time() - began) / CHECKS * 1e6


def _clock(second: int, device: int) -> str:
    return f"2026-11-24T08:{second // 60:02}:{second % 60:02}.000Z-0000-{device:08x}"


def base(number: int) -> dict[str, Any]:
    """Return a household of 40 fields as it was before three phones took it offline."""
    trace = {"at": _clock(0, 1), "by": "worker1", "device": "00000001"}
    body: dict[str, Any] = {**documents.plain(number), "schema": 1, "grid": GRID}
    body |= {"created": trace, "updated": trace, "stamps": {}}
    return body | {f"extra_{n}": f"内容 {n}" for n in range(FIELDS - len(body))}


def side(before: dict[str, Any], device: int) -> dict[str, Any]:
    """Return what one phone made of it: a clash, a set, a text, and fields of its own."""
    at = _clock(device, device)
    change = {
        "phone": f"1200000{device:04}",
        "tags": [*before["tags"], f"标签{device}"],
        "note": f"{before['note']}\n第 {device} 台手机",
        f"extra_{device}": "改过",
    }
    trace = {"at": at, "by": f"worker{device}", "device": f"{device:08x}"}
    return {**before, **change, "updated": trace, "stamps": dict.fromkeys(change, at)}


def _merges(sides: int) -> float:
    count = 3_000
    cases = []
    for number in range(count):
        before = base(number)
        leaves = [
            Leaf(f"2-{device}", side(before, device), False, ("1-a",))
            for device in range(1, sides + 1)
        ]
        cases.append((documents.household_id(number), leaves, {"1-a": before}))
    started = time.process_time()
    for doc_id, leaves, bodies in cases:
        merged = merge(doc_id, leaves, bodies, policies=lambda name: field_policies(name or ""))
        assert len(merged.tombstones) == sides - 1
    return count / (time.process_time() - started)


def _long_history(length: int) -> float:
    """Return seconds for finding the base and merging, the best of several rounds."""
    chain = tuple(f"{number}-{number:032x}" for number in range(length, 0, -1))
    before = base(1)
    leaves = [
        Leaf(f"{length + 1}-{device:032x}", side(before, device), False, chain)
        for device in range(1, LEAVES + 1)
    ]
    best = float("inf")
    for _ in range(10):
        started = time.process_time()
        for _ in range(50):
            (needed,) = wanted(leaves, {})
            merge("household:1", leaves, {needed: before})
        best = min(best, time.process_time() - started)
    return best


async def _conflicts(directory: Path) -> float:
    async with opened(Settings.load({}, data=directory)) as store:
        registry = Registry(store)
        await registry.import_grids(read_grids_csv(dianbai_csv()).nodes)
        await _clash(store)
        follower = Follower(store, registry)
        started = time.perf_counter()
        await follower.catch_up()
        seconds = time.perf_counter() - started
        assert follower.merged == CONFLICTS
        return CONFLICTS / seconds


async def _clash(store: DocumentStore) -> None:
    database = f"grid-{GRID}"
    for first in range(0, CONFLICTS, _BATCH):
        writes = []
        for number in range(first, first + _BATCH):
            doc_id, before = documents.household_id(number), base(number)
            writes.append(Write(doc_id, orjson.dumps(before), "1-a"))
            for device in range(1, LEAVES + 1):
                body = orjson.dumps(side(before, device))
                writes.append(Write(doc_id, body, f"2-{device}", ("1-a",)))
        await store.write(database, writes, new_edits=False)
