"""Long first syncs leave room for small exchanges, though the store never waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sync.sqlite import SqliteStore
from sync.store import Write
from tests.exchange.drive import ask, exchange_app
from tests.sync_flow.town import GRID, OTHER, found_town

FIRST_SYNCS = 20
RECORDS = 1_000


async def test_a_small_exchange_does_not_wait_for_first_syncs(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db")
    try:
        app = await exchange_app(store, await found_town(store), "worker1", "aaaaaaa1")
        records = [Write(f"patrol:{number:04}", b"{}", "1-a") for number in range(RECORDS)]
        await store.write(f"grid-{GRID}", records, new_edits=False)
        first = {"v": 1, "databases": {GRID: {"since": None, "fresh": True}}}
        firsts = [asyncio.create_task(ask(app, first)) for _ in range(FIRST_SYNCS)]
        await asyncio.sleep(0)

        small = await ask(app, {"v": 1, "databases": {OTHER: {"since": "now"}}})

        assert sum(task.done() for task in firsts) < FIRST_SYNCS / 2
        assert b'"bye"' in small
        for answer in await asyncio.gather(*firsts):
            assert answer.count(b'{"doc":') == RECORDS
    finally:
        await store.close()
