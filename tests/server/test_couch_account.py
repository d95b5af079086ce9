"""``wangge init`` on a CouchDB: an ordinary account does the work, an administrator's only what
CouchDB takes from no other. Runs where ``WANGGE_TEST_STORE`` names a CouchDB."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from anyio.to_thread import run_sync

from server.commands.doctor_couchdb import examine_couchdb
from server.commands.finding import Grade
from server.commands.store import init
from server.databases import DATABASES
from server.settings import Settings
from sync.couch import CouchStore, parse_address
from sync.errors import NotPermitted
from sync.store import Write
from tests.stores import VARIABLE, remove_databases, store_url

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=f"needs a CouchDB: {VARIABLE}")
GRID = "grid-44090400400100104"
PASSWORD = "an-ordinary-one"
PATIENCE = 30


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Give an address that names an account which is not there yet, and the administrator's."""
    above = store_url()
    parts = urlsplit(above)
    name = f"wangge-test-{secrets.token_hex(4)}"
    hosts = parts.netloc.rpartition("@")[2]
    admin = f"{parts.username}:{parts.password}"
    yield f"couchdb://{name}:{PASSWORD}@{hosts}/?{parts.query}&admin={admin}"
    await remove_databases(above)
    store = CouchStore(parse_address(above))
    path = f"/_users/org.couchdb.user:{name}"
    found = (await store.client.call("GET", path)).json()
    await store.client.call("DELETE", path, {"rev": found["_rev"]})
    await store.close()


async def test_an_ordinary_account_does_the_work(url: str, tmp_path: Path) -> None:
    settings = Settings.load({}, data=tmp_path, store=url)
    for _ in range(2):
        await run_sync(init, settings)

    store = CouchStore(parse_address(url))
    alone = CouchStore(parse_address(url.partition("&admin=")[0]))
    try:
        who = (await store.client.call("GET", "/_session")).json()["userCtx"]
        assert who["roles"] == [store.address.role]
        assert await store.create_database(GRID)
        (made,) = await store.write(GRID, [Write("a", b'{"n":1}')])
        (gone,) = await store.write(
            GRID, [Write("a", b"{}", ancestors=(made.rev or "",), deleted=True)]
        )
        assert await store.drop_tombstones(GRID, {"a": [gone.rev or ""]}) == 1
        async with asyncio.timeout(PATIENCE):  # the cluster tells half a second later
            while GRID not in (await store.database_updates())[0]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert set(DATABASES) < set(await store.database_names())

        (made,) = await alone.write(GRID, [Write("b", b'{"n":1}')])
        assert made.error is None
        assert not await alone.create_database(GRID)
        for forbidden in (alone.create_database("grid-440904004001001"), alone.database_names()):
            with pytest.raises(NotPermitted):
                await forbidden
    finally:
        await store.close()
        await alone.close()


async def test_doctor_tells_an_administrator_and_an_open_database(url: str, tmp_path: Path) -> None:
    await run_sync(init, Settings.load({}, data=tmp_path, store=url))

    async def grades(address: str) -> dict[str, Grade]:
        return {one.what: one.grade async for one in examine_couchdb(address)}

    found = await grades(url)
    assert (found["account"], found["security objects"]) == (Grade.GOOD, Grade.GOOD)
    assert (found["cluster"], found["system databases"]) == (Grade.GOOD, Grade.GOOD)

    above = parse_address(url).as_admin()
    store = CouchStore(above)
    path = store.databases.path("audit", "_security")
    everybody: dict[str, Any] = {"admins": {}, "members": {"names": [], "roles": []}}
    await store.client.call("PUT", path, body=orjson.dumps(everybody))
    await store.close()
    query = urlsplit(url).query.partition("&admin=")[0]
    hosts = urlsplit(url).netloc.rpartition("@")[2]
    found = await grades(f"couchdb://{above.user}:{above.password}@{hosts}/?{query}")
    assert (found["account"], found["security objects"]) == (Grade.WARNING, Grade.BAD)
