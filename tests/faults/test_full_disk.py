"""A disk that is really full: told in plain words, nothing half written, and later it goes on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import ServerProcess
from tests.faults.conftest import Client
from tests.faults.work import canonical, push, record, wait_until
from tests.server.conftest import BUILDING, PASSWORD

pytestmark = pytest.mark.server
DISK_BYTES = 24 * 1024 * 1024
MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && cp -r "$3" "$2/data" && shift 3 && exec "$@"'


def namespace(*command: str) -> list[str]:
    """Return a command that runs with mounts of its own, without being root."""
    return ["unshare", "--user", "--map-root-user", "--mount", *command]


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    trial = namespace("mount", "-t", "tmpfs", "tmpfs", "/mnt")
    return subprocess.run(trial, capture_output=True).returncode == 0


class SmallDisk:
    """A file system of a few MiB that only the server sees, and something that fills it."""

    def __init__(self, server: ServerProcess, path: Path) -> None:
        self._ballast = Path(f"/proc/{server.pid}/root{path}/ballast")

    def fill(self) -> None:
        """Use up all room, to the last byte."""
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        """Make room."""
        self._ballast.unlink()


@pytest.fixture
def small(populated: Path, tmp_path: Path) -> Iterator[tuple[ServerProcess, SmallDisk]]:
    """Serve a copy of the populated folder from a disk of 24 MiB."""
    if not can_mount():
        pytest.skip("this system lets nobody but root mount a small disk (user namespaces)")
    disk = tmp_path / "disk"
    disk.mkdir()
    server = ServerProcess(
        "serve",
        "--data",
        str(disk / "data"),
        under=namespace("sh", "-c", MOUNT, "sh", str(DISK_BYTES), str(disk), str(populated)),
    )
    server.start()
    yield server, SmallDisk(server, disk)
    server.stop()


def test_a_full_disk_is_told_and_work_goes_on_when_there_is_room(
    small: tuple[ServerProcess, SmallDisk], client_of: Client
) -> None:
    server, disk = small
    client, api = client_of(server, "worker1"), client_of(server, "integrator", None)
    batches = [
        [record(9 * n + m, "worker1", note="长" * 4_000) for m in range(9)] for n in range(40)
    ]
    acknowledged: list[str] = []

    disk.fill()
    refused = None
    for batch in batches:
        reply = push(client, *batch)
        if reply.status_code != 201:
            refused = batch
            break
        assert reply.json() == []
        acknowledged += [one["_id"] for one in batch]
    assert refused is not None
    assert (reply.status_code, reply.json()["error"]) == (507, "insufficient_storage")
    assert reply.json()["reason"]
    # Nothing of the batch is there; what came before is, and can be read.
    ids = stored(client)
    assert ids == set(acknowledged)
    bad = record(999, "worker1", members="四", note="长" * 4_000)
    assert push(client, bad).status_code == 507  # what cannot be kept is not called refused
    form = {"username": "worker2", "password": PASSWORD}
    problem = client.post("/api/v1/session", json=form)
    assert (problem.status_code, problem.json()["code"]) == (507, "store-full")
    assert client.get("/healthz").status_code == 200

    disk.free()
    assert push(client, *refused).json() == []
    (row,) = push(client, bad).json()
    assert (row["code"], row["field"]) == ("invalid", "members")
    acknowledged += [one["_id"] for one in refused]
    assert client.post("/api/v1/session", json=form).status_code == 201
    assert stored(client) == set(acknowledged)
    wait_until(lambda: set(canonical(api)) == set(acknowledged))
    assert client.get("/readyz").json() == {"store": "ok", "follower": "running"}


def stored(client: httpx.Client) -> set[str]:
    """Return the ids of the records in the building's grid."""
    return {row["id"] for row in client.get(f"/sync/{BUILDING}/_all_docs").json()["rows"]}
