"""A server restored from an older backup, and a client of the exchange that is ahead of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from server.commands.backup import backup, restore
from server.settings import Settings
from sync.registry import Registry
from sync.sqlite import SqliteStore
from tests.exchange.client import Client, Database
from tests.exchange.drive import exchange_app, until_quiet
from tests.sync_flow.town import GRID, found_town

IDS = [f"household:01J000000000000000000000{letter}0" for letter in "ABC"]
DEVICE = "aaaaaaa1"


def edit(client: Client, doc_id: str, second: int, **fields: object) -> None:
    """Change a record, or make it."""
    trace = {"at": f"2026-11-24T08:00:{second:02}.000Z-0000-{DEVICE}", "by": "worker1"}
    trace["device"] = DEVICE
    leaves = list(client.databases[GRID].live().get(doc_id, {}).values())
    plain = {"type": "household", "schema": 1, "grid": GRID, "created": trace, "stamps": {}}
    before = leaves[0] if leaves else {"_id": doc_id, "address": doc_id[-2:], **plain}
    document = {**before, **fields, "updated": trace}
    client.edit(GRID, document, leaves[0] if leaves else None)


def again(client: Client) -> None:
    """Do what a client does that hears of another epoch: stand at the beginning, and send every
    leaf that it holds as if it had never been sent."""
    replica = client.databases[GRID]
    replica.since = None
    for leaves in replica.leaves.values():
        for document in leaves.values():
            replica.unsent[document["_id"], document["_rev"]] = document


async def test_a_client_ahead_of_the_backup_brings_its_data_back(tmp_path: Path) -> None:
    before = Settings.load({}, data=tmp_path / "before")
    after = Settings.load({}, data=tmp_path / "after")
    before.data.mkdir()
    store = SqliteStore.open(before.data / "wangge.db")
    registry = await found_town(store)
    app = await exchange_app(store, registry, "worker1", DEVICE)
    client = Client({GRID: Database()})
    edit(client, IDS[0], 1, head_name="早建")
    edit(client, IDS[1], 2, head_name="将删")
    await until_quiet(app, client)
    await asyncio.to_thread(backup, before, tmp_path / "backup.db")

    edit(client, IDS[0], 11, head_name="改过")
    edit(client, IDS[1], 12, _deleted=True)
    edit(client, IDS[2], 13, head_name="晚建")
    await until_quiet(app, client)
    assert not client.databases[GRID].unsent  # all acknowledged
    old = await store.database_info(f"grid-{GRID}")
    await store.close()

    await asyncio.to_thread(restore, after, tmp_path / "backup.db")
    store = SqliteStore.open(after.data / "wangge.db")
    try:
        app = await exchange_app(store, Registry(store), "worker1", DEVICE)
        assert (await store.database_info(f"grid-{GRID}")).epoch != old.epoch
        await until_quiet(app, client)  # what it stood at counts as the beginning
        lost = await store.get(f"grid-{GRID}", IDS[2])
        assert lost is None
        again(client)
        await until_quiet(app, client)

        other = Client({GRID: Database()})
        await until_quiet(await exchange_app(store, Registry(store), "worker2", "bbbbbbb2"), other)
        wanted = {doc: set(leaves) for doc, leaves in client.databases[GRID].live().items()}
        found = {doc: set(leaves) for doc, leaves in other.databases[GRID].live().items()}
        assert found == wanted
        assert found.keys() == {IDS[0], IDS[2]}
        assert all(len(leaves) == 1 for leaves in found.values())
        assert all("stored" in one for one in client.receipts.values())
        for doc_id in IDS:
            assert len(await store.leaves(f"grid-{GRID}", doc_id)) == 1
    finally:
        await store.close()
