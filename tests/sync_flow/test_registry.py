"""The registry: hierarchy, accounts, devices, assignments; what another process changed shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from grid.csv_import import dianbai_csv, read_grids_csv
from grid.hierarchy import UnknownGrid
from grid.permissions import Role
from sync.registry import Account, Registry, UnknownAccount
from sync.store import DocumentStore
from tests.stores import empty_store

BUILDING = "44090400400100104"
WORKER = Account("w", "黄阿依", Role.GRIDWORKER, "hash", "2026-01-01T00:00:00.000Z")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DocumentStore]:
    async with empty_store(f"sqlite:///{tmp_path / 'r.db'}") as opened:
        await opened.create_database("registry")
        yield opened


async def test_importing_the_hierarchy_twice_changes_nothing(store: DocumentStore) -> None:
    registry = Registry(store)
    nodes = read_grids_csv(dianbai_csv()).nodes

    first = await registry.import_grids(nodes)
    before = (await store.database_info("registry")).update_seq
    second = await registry.import_grids(nodes)

    assert (len(first.added), first.unchanged) == (len(nodes), 0)
    assert (second.added, second.changed, second.unchanged) == ((), (), len(nodes))
    assert (await store.database_info("registry")).update_seq == before
    assert (await registry.hierarchy()).path(BUILDING)[0] == "440904"
    names = await store.database_names()
    assert f"grid-{BUILDING}" in names
    assert "bulletin-440904004" in names


async def test_an_actor_has_the_grids_assigned_now(store: DocumentStore) -> None:
    registry = Registry(store)
    await registry.import_grids(read_grids_csv(dianbai_csv()).nodes)
    await registry.save_account(WORKER)

    assert await registry.assign("w", BUILDING)
    assert not await registry.assign("w", BUILDING)
    assert (await registry.actor("w", "0123abcd")).grids == {BUILDING}
    assert await registry.unassign("w", BUILDING)
    assert not await registry.unassign("w", BUILDING)
    assert (await registry.actor("w", None)).grids == frozenset()


async def test_what_is_not_there_is_refused(store: DocumentStore) -> None:
    registry = Registry(store)
    await registry.save_account(WORKER)

    with pytest.raises(UnknownGrid):
        await registry.assign("w", "999999")
    with pytest.raises(UnknownAccount):
        await registry.assign("nobody", BUILDING)
    with pytest.raises(UnknownAccount):
        await registry.actor("nobody", None)
    with pytest.raises(UnknownAccount):
        await registry.set_password("nobody", "hash")


async def test_another_registry_sees_changes_soon(
    store: DocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.registry._FRESH_SECONDS", 0.0)
    mine, other = Registry(store), Registry(store)
    assert await other.account("w") is None

    await mine.save_account(WORKER)
    assert await other.account("w") == WORKER
    await mine.save_account(replace(WORKER, disabled=True, scopes=frozenset({"grids"})))
    assert (await other.accounts())[0].disabled
    assert (await mine.set_password("w", "fresh")).password_hash == "fresh"
    assert (await other.accounts())[0].password_hash == "fresh"


async def test_a_device_remembers_who_signed_in(store: DocumentStore) -> None:
    registry = Registry(store)
    await registry.record_device("0123abcd", "a")
    await registry.record_device("0123abcd", "b")

    found = await store.get("registry", "device:0123abcd")

    assert found is not None
    document = found.document()
    assert (document["users"], document["last_user"]) == (["a", "b"], "b")
    assert document["first_seen"] <= document["last_seen"]
