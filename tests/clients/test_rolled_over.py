"""A grid rolled over to a fresh generation, and phones (stock PouchDB) that knew the one before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync import open_store
from sync.paths import database_of
from sync.rollover import Limits, find_due, roll_over
from tests.clients.conftest import GRID, sign_in
from tests.clients.site import Site
from tests.clients.steady_phone import DEVICE, steady_phone
from tests.conftest import free_port

pytestmark = [pytest.mark.server, pytest.mark.node]

HELD, EDITED, LIVING = (f"resident:01J000000000000000000000{one}0" for one in "ABC")
FAR = "2099-01-01T00:00:00.000Z"
"""A time before which everything is old."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "data", free_port())
    yield made
    made.remove()


async def roll_over_grid(url: str) -> int:
    """Leave out every tombstone of the grid; return how many tombstones it has then."""
    store = open_store(url)
    try:
        name = database_of(GRID)
        due = await find_due(store, name, Limits(FAR, FAR))
        assert set(due.documents) == {HELD, EDITED}
        await roll_over(store, name, due, FAR)
        return (await store.database_info(name)).deleted_count
    finally:
        await store.close()


async def tombstones(url: str) -> int:
    store = open_store(url)
    try:
        return (await store.database_info(database_of(GRID))).deleted_count
    finally:
        await store.close()


def test_a_late_edit_arrives_and_what_was_left_out_comes_to_review(site: Site) -> None:
    server = site.served("demo")
    token = sign_in(server.url, "worker3", DEVICE)

    with (
        steady_phone(server.url, token, "worker3", GRID, "away") as away,
        steady_phone(server.url, token, "worker3", GRID, "busy") as busy,
    ):
        busy.sync()
        household = next(doc["_id"] for doc in busy.documents() if doc["type"] == "household")
        for doc_id in (HELD, EDITED, LIVING):
            busy.put(doc_id, "2026-01-01T08:00:00.000Z", name="旧的", household=household)
        busy.sync()
        away.sync()
        away.put(EDITED, "2026-01-02T08:00:00.000Z", name="离线改的")
        away.put(LIVING, "2026-01-02T08:00:01.000Z", name="离线也改的")
        for doc_id in (HELD, EDITED):
            busy.put(doc_id, "2026-01-03T08:00:00.000Z", _deleted=True)
        busy.put(LIVING, "2026-01-03T08:00:00.000Z", phone="12000000001")
        assert busy.sync()["denied"] == []

        assert asyncio.run(roll_over_grid(site.store)) == 0

        denied = away.sync()["denied"]
        assert sorted(one["id"] for one in denied) == [HELD, EDITED]
        assert busy.sync()["denied"] == []  # it sends its tombstones again: nothing to bury
        assert asyncio.run(tombstones(site.store)) == 0
        with steady_phone(server.url, token, "worker3", GRID, "new") as new:
            for _ in range(100):  # until the follower has merged the two edits
                new.sync()
                found = {doc["_id"]: doc for doc in new.documents()}
                if found[LIVING]["name"] == "离线也改的" and "_conflicts" not in found[LIVING]:
                    break
                time.sleep(0.1)
        assert found.keys() & {HELD, EDITED, LIVING} == {LIVING}
        assert (found[LIVING]["name"], found[LIVING]["phone"]) == ("离线也改的", "12000000001")
