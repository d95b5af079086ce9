"""``wangge housekeeping``: what is due goes, what is not stays; it may be repeated."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import partial
from pathlib import Path

import orjson
import pytest
from anyio.to_thread import run_sync
from ulid import ULID

from server.audit import Audit
from server.clock import utc_now
from server.commands.housekeeping import housekeeping
from server.databases import opened
from server.settings import Settings
from sync.couch import CouchStore
from sync.store import DocumentStore, Write
from tests.stores import VARIABLE, remove_databases, store_url

GRID = "grid-44090400400100104"


async def fill(store: DocumentStore) -> None:
    """Write a grid with a tombstone of long ago, and an audit log with an old and a new entry."""
    await store.create_database(GRID)
    trace = {"at": "2020-01-01T08:00:00.000Z-0000-0123abcd", "by": "w", "device": "0123abcd"}
    body = orjson.dumps({"type": "resident", "created": trace, "updated": trace})
    await store.write(GRID, [Write("resident:A", body, "2-a", ("1-a",), True)], new_edits=False)
    await store.write(GRID, [Write("resident:B", body)])
    long_ago = ULID.from_datetime(utc_now() - timedelta(days=181))
    await store.write("audit", [Write(f"audit:{long_ago}", b'{"type":"audit"}')])
    await Audit(store).record("sign-in", "w")


async def test_what_is_due_goes_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = store_url(f"sqlite:///{tmp_path}/wangge.db")
    settings = Settings.load({}, data=tmp_path, store=url, audit_days=180, rollover_tombstones=1)
    try:
        async with opened(settings) as store:
            await fill(store)
            epoch = (await store.database_info(GRID)).epoch
        for dry_run, told in ((True, "due for 1"), (False, "done 1"), (False, "done 0")):
            await run_sync(partial(housekeeping, settings, dry_run=dry_run))
            printed = capsys.readouterr().out
            assert f"rollover: {told} of 1 grids" in printed
            assert ("audit: 1 entries" in printed) == (told != "done 0")
            async with opened(settings) as store:
                grid, audit = await store.database_info(GRID), await store.database_info("audit")
                assert (grid.epoch == epoch) == dry_run
                assert (grid.doc_count, grid.deleted_count) == (1, int(dry_run))
                assert (len(await store.documents("audit")), audit.deleted_count) == (
                    1 + dry_run,
                    0,
                )
    finally:
        await remove_databases(url)


@pytest.mark.skipif(VARIABLE not in os.environ, reason="needs a CouchDB: WANGGE_TEST_STORE")
async def test_indexes_of_an_older_version_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = store_url()
    settings = Settings.load({}, data=tmp_path, store=url)
    try:
        async with opened(settings) as store:
            assert isinstance(store, CouchStore)
            path = store.databases.path("canonical", "_design/wangge-0")
            await store.client.call("PUT", path, body=b'{"wangge":{},"views":{}}')
        for told in ("", "indexes: 0"):
            await run_sync(partial(housekeeping, settings, dry_run=False))
            assert told in capsys.readouterr().out
        async with opened(settings) as store:
            assert isinstance(store, CouchStore)
            assert (await store.client.call("GET", path)).status == 404
    finally:
        await remove_databases(url)
