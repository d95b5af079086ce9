"""Two servers and two followers on one store; a follower killed in the middle of a storm."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ServerProcess
from tests.faults.conftest import Client
from tests.faults.test_killed_server import conflicted
from tests.faults.work import Row, canonical, push, record, wait_until
from tests.server.conftest import BUILDING, populate_own

pytestmark = pytest.mark.server
PHONES = {"worker1": "0123abcd", "worker2": "0123abce"}
BATCHES = 15
BEHIND = "wangge_follower_databases_behind"


@pytest.fixture
def house(
    populated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[list[ServerProcess], list[ServerProcess]]]:
    """Start two servers without a follower of their own, and two followers."""
    shutil.copytree(populated, tmp_path / "data")
    monkeypatch.setenv("WANGGE_FOLLOWER", "false")
    first = ServerProcess("serve", "--data", str(tmp_path / "data"))
    others = [
        ServerProcess(command, "--data", str(tmp_path / "data"), beside=first)
        for command in ("serve", "resolve", "resolve")
    ]
    if first.store is not None:
        populate_own(tmp_path / "data", first.store)
    first.start()
    for process in others:
        process.start()
    yield [first, others[0]], others[1:]
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


def storm(client: httpx.Client, user: str, numbers: itertools.count[int], taken: list[Row]) -> None:
    """Push batches as fast as they go: a new record, and another with two sides."""
    for _ in range(BATCHES):
        one, two = next(numbers), next(numbers)
        device = PHONES[user]
        sides = [record(two, user, device=device, note=note, members=4) for note in "甲乙"]
        rows = [record(one, user, device=device), *sides]
        assert push(client, *rows).json() == []
        taken += rows


def test_a_lost_followers_share_is_picked_up(
    house: tuple[list[ServerProcess], list[ServerProcess]], client_of: Client
) -> None:
    servers, followers = house
    wait_until(lambda: all(figure(one, "wangge_followers") == 2 for one in followers))
    assert sum(figure(one, "wangge_follower_share") for one in followers) == 1.0

    clients = [
        client_of(server, user, device)
        for server, (user, device) in zip(servers, PHONES.items(), strict=True)
    ]
    numbers = itertools.count()
    taken: list[Row] = []
    threads = [
        threading.Thread(target=storm, args=(client, user, numbers, taken))
        for client, user in zip(clients, PHONES, strict=True)
    ]
    for thread in threads:
        thread.start()
    # The one that follows the building, so that its share is there to be picked up.
    wait_until(lambda: any(figure(one, BEHIND) for one in followers))
    busy = max(followers, key=lambda one: figure(one, BEHIND))
    busy.kill()
    for thread in threads:
        thread.join()

    left = next(one for one in followers if one is not busy)
    wait_until(lambda: figure(left, "wangge_follower_share") == 1.0)
    api = client_of(servers[0], "integrator", None)
    ids = {row["_id"] for row in taken}
    wait_until(lambda: set(canonical(api)) == ids and not conflicted(clients[0]))
    winners = clients[1].get(f"/sync/{BUILDING}/_all_docs").json()["rows"]
    wait_until(lambda: canonical(api) == {row["id"]: row["value"]["rev"] for row in winners})
    assert len(ids) == 2 * 2 * BATCHES
    # Whoever merged, the two sides of a record met in one revision, and it has one.
    assert all(row["value"]["rev"][:2] in ("1-", "2-") for row in winners)
    assert sum(row["value"]["rev"][:2] == "2-" for row in winners) == 2 * BATCHES
