"""A node of a three-node CouchDB killed while phones push: nothing acknowledged is lost.

Needs a cluster: ``WANGGE_TEST_CLUSTER`` is its store address with all nodes, and
``WANGGE_TEST_CLUSTER_KILL`` and ``WANGGE_TEST_CLUSTER_START`` are shell commands for one of them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync import open_store
from tests.conftest import ServerProcess
from tests.faults.conftest import Client
from tests.faults.test_killed_server import conflicted
from tests.faults.work import Row, canonical, push, record, wait_until
from tests.server.conftest import BUILDING, settle
from tests.stores import VARIABLE

CLUSTER = "WANGGE_TEST_CLUSTER"
PHONES = 4
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CLUSTER not in os.environ, reason=f"needs a cluster: {CLUSTER}"),
]


@pytest.fixture
def server(
    populated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServerProcess]:
    """Serve a small town on the cluster."""
    monkeypatch.setenv(VARIABLE, os.environ[CLUSTER])
    process = ServerProcess("serve", "--data", str(tmp_path / "data"))
    asyncio.run(settle(populated, tmp_path / "data", process.store))
    process.start()
    yield process
    process.remove()


def command(what: str) -> None:
    """Run the command that kills or starts the node."""
    subprocess.run(os.environ[f"{CLUSTER}_{what}"], shell=True, check=True, timeout=120)


class Phone(threading.Thread):
    """Pushes batch after batch until it is told to stop; what is not taken it sends again."""

    def __init__(self, client: httpx.Client, numbers: Iterator[int]) -> None:
        super().__init__()
        self._client = client
        self._numbers = numbers
        self.acknowledged: list[Row] = []
        self.put_off = 0
        self.enough = threading.Event()
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            self._storm()
        except BaseException as error:  # told to the test, which runs in another thread
            self.fault = error

    def _storm(self) -> None:
        while not self.enough.is_set():
            one, two = next(self._numbers), next(self._numbers)
            sides = [record(two, "worker1", note=note, members=4) for note in "甲乙"]
            rows = [record(one, "worker1"), *sides]
            while True:
                reply = push(self._client, *rows)
                if reply.status_code == 201:
                    break
                assert reply.status_code in (500, 503), reply.text
                self.put_off += 1
                time.sleep(0.2)
            assert reply.json() == []
            self.acknowledged += rows


def more(phones: list[Phone], batches: int) -> None:
    """Wait until the phones have pushed so many more batches between them."""
    goal = sum(len(phone.acknowledged) for phone in phones) + 3 * batches

    def reached() -> bool:
        for phone in phones:
            if phone.fault is not None:
                raise phone.fault
        return sum(len(phone.acknowledged) for phone in phones) >= goal

    wait_until(reached)


def test_a_node_killed_in_a_storm_loses_nothing(server: ServerProcess, client_of: Client) -> None:
    client = client_of(server, "worker1")
    numbers = itertools.count()
    phones = [Phone(client, numbers) for _ in range(PHONES)]
    for phone in phones:
        phone.start()
    more(phones, 10)
    command("KILL")
    more(phones, 20)
    command("START")
    more(phones, 10)
    for phone in phones:
        phone.enough.set()
    for phone in phones:
        phone.join()
        assert phone.fault is None

    rows = [row for phone in phones for row in phone.acknowledged]
    asked: dict[str, list[str]] = {row["_id"]: [] for row in rows}
    for row in rows:
        asked[row["_id"]].append(row["_rev"])
    assert server.store is not None
    login, _, rest = server.store.rpartition("@")
    hosts, _, query = rest.partition("/")
    for host in hosts.split(","):
        assert asyncio.run(missing(f"{login}@{host}/{query}", asked)) == {}, host
    api = client_of(server, "integrator", None)
    wait_until(lambda: set(canonical(api)) >= set(asked) and not conflicted(client))
    winners = client.get(f"/sync/{BUILDING}/_all_docs").json()["rows"]
    wait_until(lambda: canonical(api) == {row["id"]: row["value"]["rev"] for row in winners})
    print(f"{len(rows)} revisions acknowledged, {sum(p.put_off for p in phones)} pushes put off")


async def missing(url: str, asked: dict[str, list[str]]) -> dict[str, object]:
    """Return what one node does not know of these revisions."""
    store = open_store(url)
    try:
        return dict(await store.missing_revisions(f"grid-{BUILDING}", asked))
    finally:
        await store.close()
