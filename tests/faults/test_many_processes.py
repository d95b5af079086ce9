"""Two servers and two followers on one store; a follower killed in the middle of a storm."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.settings import Settings
from sync import open_store
from sync.paths import database_of
from sync.sharing import LOCAL_ID, owner_of, portion_of
from tests.conftest import ServerProcess
from tests.faults.conftest import Client
from tests.faults.test_killed_server import conflicted
from tests.faults.work import Row, canonical, push, record, wait_until
from tests.server.conftest import BUILDING, settle

pytestmark = pytest.mark.server
PHONES = {"worker1": "0123abcd", "worker2": "0123abce"}
BATCHES = 15
"""Pushed by each phone at least; the storm goes on until a follower has been killed in it."""


class House(NamedTuple):
    """The processes that work on one store, and the folder that all of them were given."""

    servers: list[ServerProcess]
    followers: list[ServerProcess]
    data: Path

    @property
    def store_url(self) -> str:
        """Address of the store."""
        return Settings.load({}, data=self.data, store=self.servers[0].store).store_url

    def owner(self) -> ServerProcess:
        """Return the follower whose the building is; a follower's name tells its process."""
        team = asyncio.run(members(self.store_url))
        name = owner_of(portion_of(database_of(BUILDING)), team)
        return next(one for one in self.followers if f"/{one.pid}/" in name)


@pytest.fixture
def house(populated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Start two servers without a follower of their own, and two followers."""
    monkeypatch.setenv("WANGGE_FOLLOWER", "false")
    first = ServerProcess("serve", "--data", str(tmp_path / "data"))
    others = [
        ServerProcess(command, "--data", str(tmp_path / "data"), beside=first)
        for command in ("serve", "resolve", "resolve")
    ]
    asyncio.run(settle(populated, tmp_path / "data", first.store))
    first.start()
    for process in others:
        process.start()
    yield House([first, others[0]], others[1:], tmp_path / "data")
    for process in (*others, first):
        process.remove()


def figure(process: ServerProcess, name: str) -> float:
    """Return what a process shows in its metrics."""
    text = httpx.get(f"{process.url}/metrics").text
    (value,) = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]
    return value


async def members(store_url: str) -> list[str]:
    """Return the names of the followers that have joined the team."""
    store = open_store(store_url)
    try:
        kept = await store.get_local("canonical", LOCAL_ID)
        assert kept is not None
        return list(kept["members"])
    finally:
        await store.close()


class Storm(threading.Thread):
    """A phone that pushes batches as fast as they go: a new record, and another with two sides."""

    def __init__(self, client: httpx.Client, user: str, numbers: itertools.count[int]) -> None:
        super().__init__()
        self._client = client
        self._user = user
        self._numbers = numbers
        self.taken: list[Row] = []
        self.over = threading.Event()

    def run(self) -> None:
        device = PHONES[self._user]
        for batch in itertools.count():
            if batch >= BATCHES and self.over.is_set():
                return
            one, two = next(self._numbers), next(self._numbers)
            sides = [
                record(two, self._user, device=device, note=note, members=4) for note in "甲乙"
            ]
            rows = [record(one, self._user, device=device), *sides]
            assert push(self._client, *rows).json() == []
            self.taken += rows


def test_a_lost_followers_share_is_picked_up(house: House, client_of: Client) -> None:
    servers, followers, _ = house
    wait_until(lambda: all(figure(one, "wangge_followers") == 2 for one in followers))
    assert sum(figure(one, "wangge_follower_share") for one in followers) == 1.0

    clients = [
        client_of(server, user, device)
        for server, (user, device) in zip(servers, PHONES.items(), strict=True)
    ]
    busy = house.owner()
    numbers = itertools.count()
    storms = [Storm(client, user, numbers) for client, user in zip(clients, PHONES, strict=True)]
    for storm in storms:
        storm.start()
    try:
        wait_until(lambda: all(storm.taken for storm in storms))
        busy.kill()
    finally:
        for storm in storms:
            storm.over.set()
        for storm in storms:
            storm.join()
    taken = [row for storm in storms for row in storm.taken]
    assert len(taken) >= 3 * 2 * BATCHES

    left = next(one for one in followers if one is not busy)
    wait_until(lambda: figure(left, "wangge_follower_share") == 1.0)
    api = client_of(servers[0], "integrator", None)
    ids = {row["_id"] for row in taken}
    wait_until(lambda: set(canonical(api)) == ids and not conflicted(clients[0]))
    winners = clients[1].get(f"/sync/{BUILDING}/_all_docs").json()["rows"]
    wait_until(lambda: canonical(api) == {row["id"]: row["value"]["rev"] for row in winners})
    # Whoever merged, the two sides of a record met in one revision, and it has one.
    assert all(row["value"]["rev"][:2] in ("1-", "2-") for row in winners)
    assert sum(row["value"]["rev"][:2] == "2-" for row in winners) == len(ids) / 2
