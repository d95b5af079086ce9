"""CouchDB's own replicator pulls a grid from a server on the embedded store, through ``/sync``.

Runs where ``WANGGE_TEST_STORE`` names a CouchDB.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from sync.couch import CouchStore
from tests.conftest import ServerProcess
from tests.faults.conftest import Client, client_of, populated
from tests.faults.work import push, record
from tests.server.conftest import BUILDING
from tests.stores import VARIABLE, empty_store

__all__ = ["client_of", "populated"]
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(VARIABLE not in os.environ, reason=f"needs a CouchDB: {VARIABLE}"),
]


@pytest.fixture
def embedded(
    populated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServerProcess]:
    """Serve a copy of the populated folder, whatever store the tests are pointed at."""
    shutil.copytree(populated, tmp_path / "data")
    with monkeypatch.context() as patched:
        patched.delenv(VARIABLE)
        process = ServerProcess("serve", "--data", str(tmp_path / "data"))
    process.start()
    yield process
    process.remove()


async def test_couchdb_pulls_a_grid_with_an_integrators_token(
    embedded: ServerProcess, client_of: Client
) -> None:
    rows = [record(number, "worker1") for number in range(5)]
    assert push(client_of(embedded, "worker1"), *rows).json() == []
    token = client_of(embedded, "integrator", None).headers["authorization"]
    async with empty_store() as store:
        assert isinstance(store, CouchStore)
        await store.create_database(f"grid-{BUILDING}")
        address = store.address
        login = {"basic": {"username": address.user, "password": address.password}}
        body = {
            "source": {
                "url": f"{embedded.url}/sync/{BUILDING}",
                "headers": {"Authorization": token},
            },
            "target": {
                "url": f"{address.urls[0]}/{address.prefix}grid-{BUILDING}",
                "auth": login,
            },
        }
        answer = await store.client.call("POST", "/_replicate", body=orjson.dumps(body))
        assert answer.status == 200, answer.body
        found = await store.documents(f"grid-{BUILDING}")
        assert {(one.doc_id, one.rev) for one in found} == {(r["_id"], r["_rev"]) for r in rows}
