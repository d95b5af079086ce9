"""The server killed again and again while phones push: what was acknowledged is there."""

from __future__ import annotations

import itertools
import threading

import httpx
import pytest

from tests.conftest import ServerProcess
from tests.faults.conftest import Client
from tests.faults.work import Row, canonical, push, record, wait_until
from tests.server.conftest import BUILDING

pytestmark = pytest.mark.server
ROUNDS, BATCHES = 3, 10


class Pusher:
    """A phone that pushes batch after batch until the server is gone: a new record, another
    one with two conflicting revisions, and one that is refused."""

    def __init__(self, client: httpx.Client, numbers: itertools.count[int]) -> None:
        self._client = client
        self._numbers = numbers
        self.acknowledged: list[Row] = []
        self.quarantined: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        for batch in itertools.count(1):
            one, two = next(self._numbers), next(self._numbers)
            sides = [record(two, "worker1", note=note, members=4) for note in "甲乙"]
            good = [record(one, "worker1"), *sides]
            bad = record(next(self._numbers), "worker1", members="四")
            try:
                rows = push(self._client, *good, bad).json()
            except httpx.TransportError:
                return
            assert [(row["id"], row["code"]) for row in rows] == [(bad["_id"], "invalid")]
            self.acknowledged += good
            self.quarantined.append(rows[0]["quarantine"])
            if batch == BATCHES:
                self.enough.set()


def push_until_killed(server: ServerProcess, pusher: Pusher) -> None:
    pusher.enough.clear()
    thread = threading.Thread(target=pusher.run)
    thread.start()
    assert pusher.enough.wait(60)
    server.kill()
    thread.join()


def test_what_was_acknowledged_survives_kill_9(server: ServerProcess, client_of: Client) -> None:
    pusher = Pusher(client_of(server, "worker1"), itertools.count())
    for _ in range(ROUNDS):
        push_until_killed(server, pusher)
        server.start()
    client, api = client_of(server, "worker1"), client_of(server, "integrator", None)

    asked: dict[str, list[str]] = {row["_id"]: [] for row in pusher.acknowledged}
    for row in pusher.acknowledged:
        asked[row["_id"]].append(row["_rev"])
    assert client.post(f"/sync/{BUILDING}/_revs_diff", json=asked).json() == {}
    kept = client.get(f"/api/v1/grids/{BUILDING}/refusals").json()["items"]
    assert {item["quarantine"] for item in kept} >= set(pusher.quarantined)

    # The follower goes on where it was: every record shows once, every conflict is merged.
    wait_until(lambda: set(canonical(api)) >= set(asked) and not conflicted(client))
    winners = client.get(f"/sync/{BUILDING}/_all_docs").json()["rows"]
    wait_until(lambda: canonical(api) == {row["id"]: row["value"]["rev"] for row in winners})
    # Of a batch that was not acknowledged all is there or nothing.
    there = {row["id"] for row in winners}
    assert len(there) % 2 == 0
    assert len(there) >= len(asked) >= 2 * ROUNDS * BATCHES


def conflicted(client: httpx.Client) -> list[str]:
    """Return the records that still have more than one live leaf."""
    query = {"include_docs": "true", "conflicts": "true"}
    rows = client.get(f"/sync/{BUILDING}/_all_docs", params=query).json()["rows"]
    return [row["id"] for row in rows if "_conflicts" in row["doc"]]
