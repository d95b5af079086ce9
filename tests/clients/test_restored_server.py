"""A server restored from a backup, and phones (stock PouchDB) that are ahead of it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import GRID, sign_in
from tests.clients.site import Site
from tests.clients.steady_phone import DEVICE, steady_phone
from tests.conftest import free_port
from tests.stores import VARIABLE, remove_databases

pytestmark = [pytest.mark.server, pytest.mark.node]

OLD, NEW = "resident:01J0000000000000000000000A", "resident:01J0000000000000000000000B"
GONE = "resident:01J0000000000000000000000C"


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    port = free_port()
    sites = Site(tmp_path / "before", port), Site(tmp_path / "after", port)
    yield sites
    for site in sites:
        site.remove()


def test_a_phone_ahead_of_the_backup_brings_its_data_back(
    lives: tuple[Site, Site], tmp_path: Path
) -> None:
    before, after = lives
    server = before.served("demo")
    token = sign_in(server.url, "worker3", DEVICE)
    with steady_phone(server.url, token, "worker3", GRID, "phone") as phone:
        phone.sync()
        household = next(doc["_id"] for doc in phone.documents() if doc["type"] == "household")
        phone.put(OLD, "2026-11-24T08:00:01.000Z", name="早建", household=household)
        phone.put(GONE, "2026-11-24T08:00:02.000Z", name="将删", household=household)
        assert not phone.sync()["denied"]
        before.wangge("backup", str(tmp_path / "backup.db"))  # while the server runs

        phone.put(OLD, "2026-11-24T09:00:00.000Z", name="改过")
        phone.put(NEW, "2026-11-24T09:00:01.000Z", name="晚建", household=household)
        phone.put(household, "2026-11-24T09:00:02.000Z", note="备份之后改的")
        phone.put(GONE, "2026-11-24T09:00:03.000Z", _deleted=True)
        acknowledged = phone.sync()
        assert (acknowledged["denied"], acknowledged["sent"]) == ([], 4)
        wanted = phone.documents()
        server.kill()

        after.wangge("restore", str(tmp_path / "backup.db"))
        after.data.mkdir(exist_ok=True)
        shutil.copy(before.data / "secret.key", after.data / "secret.key")
        server = after.served("serve")
        assert phone.sync()["denied"] == []
        assert phone.documents() == wanted
        with steady_phone(server.url, token, "worker3", GRID, "other") as other:
            other.sync()
            assert other.documents() == wanted  # nothing lost, doubled or in conflict
        assert phone.sync() == {"denied": [], "sent": 0, "received": 0}


@pytest.mark.skipif(VARIABLE not in os.environ, reason="needs a CouchDB: WANGGE_TEST_STORE")
def test_a_backup_goes_from_one_kind_of_store_to_the_other_and_back(
    lives: tuple[Site, Site], tmp_path: Path
) -> None:
    couch, _ = lives
    couch.wangge("import-grids", str(Path("grid/data/dianbai-grids.csv").absolute()))
    couch.wangge("backup", str(tmp_path / "one.db"))
    embedded = Site(tmp_path / "embedded", free_port())
    embedded.store = f"sqlite:///{embedded.data}/wangge.db"
    embedded.wangge("restore", str(tmp_path / "one.db"))
    embedded.wangge("backup", str(tmp_path / "two.db"))
    with pytest.raises(AssertionError, match="not empty"):
        couch.wangge("restore", str(tmp_path / "two.db"))
    asyncio.run(remove_databases(couch.store))
    couch.wangge("restore", str(tmp_path / "two.db"))
    with pytest.raises(AssertionError, match="not empty"):  # done, it is no beginning to go on with
        couch.wangge("restore", str(tmp_path / "two.db"))
    couch.wangge("copy", "--from", embedded.store, "--to", couch.store)
