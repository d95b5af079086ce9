"""Two servers move the same records at once: one answer in the end, nothing lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from grid.placing import Part
from sync.ordering import order
from sync.registry import Registry
from sync.relocating import relocate
from sync.store import DocumentStore
from tests.stores import empty_store
from tests.sync_flow.moving import (
    FAR,
    NEW1,
    PATROL,
    PATROL_AWAY,
    STRAY,
    TOWN_HEAD,
    VISIT,
    a_grid,
    merge,
    only,
    replicate,
    split,
    undo,
    where,
)
from tests.sync_flow.town import (
    EVENT,
    GRID,
    GROUP,
    HOUSEHOLD,
    OTHER,
    RESIDENT,
    WORKER2,
    Phone,
    catch_up,
    found_town,
)


@pytest.fixture
async def stores() -> AsyncIterator[Sequence[DocumentStore]]:
    """Give two servers' stores."""
    async with empty_store() as here, empty_store() as there:
        yield [here, there]


async def settle(stores: Sequence[DocumentStore], registries: Sequence[Registry]) -> None:
    for _ in range(4):
        for store, registry in zip(stores, registries, strict=True):
            await catch_up(store, registry)
        await replicate(stores[0], stores[1])
        await replicate(stores[1], stores[0])
    for store, registry in zip(stores, registries, strict=True):
        await catch_up(store, registry)


Day = Callable[[DocumentStore, Registry, Phone], Any]


async def to_other(store: DocumentStore, registry: Registry, phone: Phone) -> None:
    await relocate(store, registry, HOUSEHOLD, OTHER, TOWN_HEAD)


async def to_and_fro(store: DocumentStore, registry: Registry, phone: Phone) -> None:
    for grid in (OTHER, GRID):
        await relocate(store, registry, HOUSEHOLD, grid, TOWN_HEAD)
        await catch_up(store, registry)


async def splits(store: DocumentStore, registry: Registry, phone: Phone) -> None:
    await order(registry, split(), TOWN_HEAD)
    await catch_up(store, registry)


async def merges(store: DocumentStore, registry: Registry, phone: Phone) -> None:
    await order(registry, merge((GRID,), OTHER), TOWN_HEAD)
    await catch_up(store, registry)


async def merges_the_other_way(store: DocumentStore, registry: Registry, phone: Phone) -> None:
    await order(registry, merge((OTHER,), GRID), TOWN_HEAD)
    await catch_up(store, registry)


async def deletes(store: DocumentStore, registry: Registry, phone: Phone) -> None:
    await phone.push(store, registry, writes=[phone.stone(HOUSEHOLD)])


@pytest.mark.parametrize("one", [to_other, to_and_fro, splits, merges], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "two",
    [to_other, to_and_fro, splits, merges, merges_the_other_way, deletes],
    ids=lambda f: f.__name__,
)
async def test_two_servers_at_once_come_to_one_answer(
    stores: Sequence[DocumentStore], one: Day, two: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.registry._FRESH_SECONDS", 0.0)
    registries = [await found_town(store) for store in stores]
    phone, other = Phone("worker1", "aaaaaaa1"), Phone("worker2", "bbbbbbb2")
    await a_grid(stores[0], registries[0], phone)
    await settle(stores, registries)
    other.copy_from(phone, HOUSEHOLD)
    other.copy_from(phone, RESIDENT)
    other.edit(HOUSEHOLD, note="离线记的")
    other.edit(RESIDENT, occupation="渔民")
    await one(stores[0], registries[0], phone)
    await two(stores[1], registries[1], phone)
    await other.push(stores[1], registries[1], HOUSEHOLD, RESIDENT)
    await settle(stores, registries)

    structures = [await registry.structure() for registry in registries]
    assert structures[0].effects == structures[1].effects
    for doc_id in (HOUSEHOLD, RESIDENT, FAR, EVENT, PATROL, VISIT):
        documents = [await only(store, doc_id) for store in stores]
        assert documents[0] == documents[1], doc_id
    assert (await only(stores[0], HOUSEHOLD))["note"] == "离线记的"
    assert (await only(stores[0], RESIDENT))["occupation"] == "渔民"
    home = (await only(stores[0], HOUSEHOLD))["grid"]
    assert (await only(stores[0], RESIDENT))["grid"] == home
    assert not structures[0].hierarchy.node(home).closed


async def test_what_was_recorded_under_a_code_of_a_cancelled_split_lands_in_the_old_grid(
    stores: Sequence[DocumentStore], phone1: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The split was cancelled at one server; the other had not heard of it, and carried it out."""
    monkeypatch.setattr("sync.registry._FRESH_SECONDS", 0.0)
    registries = [await found_town(store) for store in stores]
    await a_grid(stores[0], registries[0], phone1)
    await order(registries[0], ordered := replace(split(), effective="2999-01-01"), TOWN_HEAD)
    await settle(stores, registries)
    await order(registries[1], undo(ordered), TOWN_HEAD)
    monkeypatch.setattr("sync.registry.china_day", lambda: "2999-01-01")
    await catch_up(stores[0], registries[0])
    assert await where(stores[0], HOUSEHOLD) == [NEW1]
    await phone1.pull(stores[0], HOUSEHOLD, NEW1)
    phone1.edit(HOUSEHOLD, note="离线记的")
    phone1.create(STRAY, grid=NEW1, address="面前山村", room="901")
    await settle(stores, registries)
    results = await phone1.push(stores[1], registries[1], HOUSEHOLD, STRAY, grid=NEW1)
    assert [result.error for result in results] == [None, None]
    await settle(stores, registries)
    for store in stores:
        for doc_id in phone1.documents:
            assert await where(store, doc_id) == [GRID], doc_id
        assert (await only(store, HOUSEHOLD))["note"] == "离线记的"


async def test_a_code_given_twice_keeps_the_other_grids_records_and_edits_apart(
    stores: Sequence[DocumentStore], phone1: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers split two grids at once and gave one of the new ones the same code."""
    monkeypatch.setattr("sync.registry._FRESH_SECONDS", 0.0)
    registries = [await found_town(store) for store in stores]
    await a_grid(stores[0], registries[0], phone1)
    await settle(stores, registries)
    await registries[0].save_account(replace(WORKER2, username="worker3"))
    await registries[0].assign("worker3", OTHER)
    await settle(stores, registries)
    other_parts = (Part(NEW1, "北边"), Part(GROUP + "06", "南边"))
    at_two = replace(split(), grids=(OTHER,), parts=other_parts, main=NEW1, rest=NEW1)
    phone3 = Phone("worker3", "ccccccc3")
    phone3.create(STRAY, grid=OTHER, address="解放路", room="1")
    await phone3.push(stores[1], registries[1], STRAY, grid=OTHER)
    await order(registries[0], split(), TOWN_HEAD)
    await order(registries[1], at_two, TOWN_HEAD)
    await catch_up(stores[1], registries[1])
    assert await where(stores[1], STRAY) == [NEW1]
    phone3.create(PATROL_AWAY, grid=NEW1, started="2026-11-24T08:00:00Z")
    await settle(stores, registries)
    for store in stores:
        assert await where(store, STRAY) == [OTHER]
        assert await where(store, HOUSEHOLD) == [NEW1]
    # Whose grid the code means now is not his; what he recorded there is kept, and he is told.
    (result,) = await phone3.push(stores[0], registries[0], PATROL_AWAY, grid=NEW1)
    assert (result.error, result.info["code"]) == ("forbidden", "grid-revoked")
    assert await stores[0].get("quarantine", result.info["quarantine"]) is not None
