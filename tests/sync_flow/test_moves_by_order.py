"""A split, merged or closed grid hands its records over while phones edit them: nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grid.operations import Kind
from grid.permissions import Actor, Role
from sync.indexes import REVIEWS_BY_STATUS
from sync.ordering import new_operation, order
from sync.registry import Registry
from sync.relocating import relocate
from sync.reviews import read_review
from sync.store import DocumentStore
from tests.sync_flow.moving import (
    DONE,
    FAR,
    NEW1,
    NEW2,
    PATROL,
    STRAY,
    TOWN_HEAD,
    VISIT,
    a_grid,
    merge,
    only,
    split,
    undo,
    waiting,
    where,
)
from tests.sync_flow.town import (
    CLOSED,
    DISTRICT,
    ELSEWHERE,
    EVENT,
    GRID,
    GROUP,
    HOUSEHOLD,
    OTHER,
    RESIDENT,
    TOWN,
    VILLAGE,
    Phone,
    catch_up,
)


async def test_a_split_sends_each_record_where_it_belongs(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await a_grid(store, registry, phone1)
    await order(registry, split(), TOWN_HEAD)
    await catch_up(store, registry)
    for doc_id in (HOUSEHOLD, RESIDENT, EVENT, VISIT, DONE):
        assert await where(store, doc_id) == [NEW1], doc_id
    for doc_id in (FAR, PATROL):
        assert await where(store, doc_id) == [NEW2], doc_id
    household = await only(store, HOUSEHOLD)
    assert household["phone"] == "12000000001"
    assert household["updated"]["by"] == "town"
    stone = await store.get(f"grid-{GRID}", HOUSEHOLD)
    assert stone is not None
    assert stone.document()["moved_to"] == NEW1
    assert await waiting(store) == []


async def test_offline_edits_land_in_the_successor(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await a_grid(store, registry, phone1)
    for doc_id in (HOUSEHOLD, FAR, RESIDENT):
        phone2.copy_from(phone1, doc_id)
    await order(registry, split(), TOWN_HEAD)
    await catch_up(store, registry)
    # Both were offline: an edit each of one household, a new household, a new resident of it.
    phone1.edit(HOUSEHOLD, phone="12000000011")
    phone2.edit(HOUSEHOLD, members=4)
    phone2.edit(RESIDENT, occupation="渔民")
    phone2.create(STRAY, address="面前山村", room="602")
    newborn = "resident:01J0000000000000000000000K"
    phone2.create(newborn, name="阿依", household=STRAY)
    for phone, ids in ((phone1, [HOUSEHOLD]), (phone2, [HOUSEHOLD, RESIDENT, STRAY, newborn])):
        assert [r.error for r in await phone.push(store, registry, *ids)] == [None] * len(ids)
    await catch_up(store, registry)
    household = await only(store, HOUSEHOLD)
    assert (household["grid"], household["phone"], household["members"]) == (NEW1, "12000000011", 4)
    assert (await only(store, RESIDENT))["occupation"] == "渔民"
    assert (await only(store, STRAY))["grid"] == NEW2
    assert (await only(store, newborn))["grid"] == NEW2
    assert await waiting(store) == []


async def test_a_clash_with_an_edit_in_the_new_grid_is_reviewed_there(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await a_grid(store, registry, phone1)
    phone2.copy_from(phone1, HOUSEHOLD)
    await order(registry, split(), TOWN_HEAD)
    await catch_up(store, registry)
    await phone1.pull(store, HOUSEHOLD, NEW1)
    phone1.edit(HOUSEHOLD, phone="12000000011")
    phone2.edit(HOUSEHOLD, phone="12000000022")
    await phone1.push(store, registry, HOUSEHOLD, grid=NEW1)
    await phone2.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    assert await waiting(store) == ["field-clash"]
    household = await only(store, HOUSEHOLD)
    assert household["merge"]["fields"]["phone"]["review"] == "field-clash"
    rows = await store.query(REVIEWS_BY_STATUS, prefix=("open",), documents=True)
    review = await read_review(store, rows[0].doc_id)
    assert review.document["grid"] == NEW1
    # The base went along: what the two sides had before is known.
    assert review.decision.base is not None
    assert review.decision.base["phone"] == "12000000001"


async def test_where_no_rule_decides_a_person_is_asked_once_and_his_answer_moves_all(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await a_grid(store, registry, phone1)
    phone1.create(STRAY, address="未编号")
    friend = "resident:01J0000000000000000000000K"
    phone1.create(friend, name="阿依", household=STRAY)
    await order(registry, split(rest=None), TOWN_HEAD)
    await phone1.push(store, registry, STRAY, friend)
    await catch_up(store, registry)
    await catch_up(store, registry)
    assert await where(store, STRAY) == await where(store, friend) == [GRID]
    assert await waiting(store) == ["unplaced"]
    await relocate(store, registry, STRAY, NEW1, TOWN_HEAD)
    await catch_up(store, registry)
    assert (await only(store, STRAY))["grid"] == (await only(store, friend))["grid"] == NEW1
    assert await waiting(store) == []


async def test_an_unplaced_household_that_is_deleted_leaves_nothing_behind(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await a_grid(store, registry, phone1)
    phone1.create(STRAY, address="未编号")
    phone1.create(newer := "event:01J0000000000000000000000K", household=STRAY, category="0301",
                  description="井盖松动", happened="2026-11-24T08:00:00Z", status="10")  # fmt: skip
    phone2.copy_from(phone1, STRAY)
    await order(registry, split(rest=None), TOWN_HEAD)
    await phone1.push(store, registry, STRAY, newer)
    await catch_up(store, registry)
    assert await where(store, STRAY) == await where(store, newer) == [GRID]
    await phone1.push(store, registry, writes=[phone1.stone(STRAY)])
    await catch_up(store, registry)
    # The work goes to the main part like what belongs to no household; nobody is asked any more.
    assert (await only(store, newer))["grid"] == NEW2
    assert await waiting(store) == []
    # Somebody who knew nothing of the deletion edited it: it is back, and so is the question.
    phone2.edit(STRAY, members=2)
    await phone2.push(store, registry, STRAY)
    await catch_up(store, registry)
    assert await where(store, STRAY) == [GRID]
    assert "unplaced" in await waiting(store)


@pytest.mark.parametrize("kind", [Kind.MERGE, Kind.CLOSE])
async def test_a_grid_merged_into_another(
    store: DocumentStore, registry: Registry, phone1: Phone, kind: Kind
) -> None:
    await a_grid(store, registry, phone1)
    await order(registry, replace(merge((GRID,), OTHER), kind=kind), TOWN_HEAD)
    await catch_up(store, registry)
    phone1.edit(HOUSEHOLD, members=2)
    await phone1.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    assert (await only(store, HOUSEHOLD))["members"] == 2
    for doc_id in phone1.documents:
        assert await where(store, doc_id) == [OTHER]


async def test_a_grid_closed_without_successor_refuses_and_keeps(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await a_grid(store, registry, phone1)
    blank = new_operation(Kind.CLOSE, TOWN_HEAD)
    await order(registry, replace(blank, grids=(GRID,)), TOWN_HEAD)
    phone1.edit(HOUSEHOLD, members=2)
    (result,) = await phone1.push(store, registry, HOUSEHOLD)
    assert result.info["code"] == "grid-closed"
    kept = await store.get("quarantine", result.info["quarantine"])
    assert kept is not None
    assert kept.document()["document"]["members"] == 2


async def test_a_moved_subtree_is_shown_at_its_new_place(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await a_grid(store, registry, phone1)
    phone2.copy_from(phone1, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, phone="12000000011")
    phone2.edit(HOUSEHOLD, phone="12000000022")
    for phone in (phone1, phone2):
        await phone.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    boss = Actor("district", Role.SUPERVISOR_DISTRICT, None, frozenset({DISTRICT}))
    blank = new_operation(Kind.MOVE, boss)
    ordered = await order(registry, replace(blank, grids=(VILLAGE,), parent=ELSEWHERE), boss)
    await catch_up(store, registry)
    path = [DISTRICT, ELSEWHERE, VILLAGE, GROUP, GRID]
    shown = await store.get("canonical", HOUSEHOLD)
    assert shown is not None
    assert shown.document()["path"] == path
    (review,) = await store.query(REVIEWS_BY_STATUS, prefix=("open", *path), documents=True)
    assert (review.document or {})["doc_id"] == HOUSEHOLD
    await order(registry, replace(new_operation(Kind.UNDO, boss), of=ordered.id), boss)
    await catch_up(store, registry)
    shown = await store.get("canonical", HOUSEHOLD)
    assert shown is not None
    assert shown.document()["path"][1] == TOWN


@pytest.mark.parametrize("into", [(NEW1, "合并"), (OTHER, None)], ids=["new grid", "grid in use"])
async def test_undo_brings_records_and_later_edits_back(
    store: DocumentStore, registry: Registry, phone1: Phone, into: tuple[str, str | None]
) -> None:
    await a_grid(store, registry, phone1)
    ordered = await order(registry, merge((CLOSED, GRID), *into), TOWN_HEAD)
    await catch_up(store, registry)
    await phone1.pull(store, HOUSEHOLD, into[0])
    phone1.edit(HOUSEHOLD, members=9)
    await phone1.push(store, registry, HOUSEHOLD, grid=into[0])
    await catch_up(store, registry)
    await order(registry, undo(ordered), TOWN_HEAD)
    await catch_up(store, registry)
    for doc_id in phone1.documents:
        assert await where(store, doc_id) == [GRID], doc_id
    assert (await only(store, HOUSEHOLD))["members"] == 9


async def test_undo_of_a_split(store: DocumentStore, registry: Registry, phone1: Phone) -> None:
    await a_grid(store, registry, phone1)
    ordered = await order(registry, split(), TOWN_HEAD)
    await catch_up(store, registry)
    await order(registry, undo(ordered), TOWN_HEAD)
    await catch_up(store, registry)
    phone1.edit(HOUSEHOLD, members=3)  # still on the state before all that
    await phone1.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    for doc_id in phone1.documents:
        assert await where(store, doc_id) == [GRID], doc_id
    assert (await only(store, HOUSEHOLD))["members"] == 3
    # The parts' addresses still take what he recorded there while they were in use.
    assert (await registry.actor("worker1", None)).grids == {GRID, NEW1, NEW2}
    phone1.create(STRAY, grid=NEW1, address="面前山村", room="901")
    await phone1.push(store, registry, STRAY, grid=NEW1)
    await catch_up(store, registry)
    assert await where(store, STRAY) == [GRID]


async def test_what_was_recorded_in_a_grid_that_lasted_a_day_is_taken_in(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    """He worked in one grid, which became a second and then a third; his phone saw the second."""
    await order(registry, merge((GRID,), NEW1, "合并"), TOWN_HEAD)
    phone1.create(STRAY, grid=NEW1, address="面前山村", room="901")
    await order(registry, merge((NEW1,), NEW2, "再合并"), TOWN_HEAD)
    (result,) = await phone1.push(store, registry, STRAY, grid=NEW1)
    assert result.error is None
    await catch_up(store, registry)
    assert await where(store, STRAY) == [NEW2]


async def test_what_was_recorded_in_a_part_whose_whole_is_used_again_is_kept(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    """The old grid was reopened beside its parts: its worker has lost the parts, but is heard."""
    await order(registry, split(), TOWN_HEAD)
    phone1.create(STRAY, grid=NEW1, address="面前山村", room="901")
    await order(registry, replace(new_operation(Kind.REOPEN, TOWN_HEAD), grids=(GRID,)), TOWN_HEAD)
    (result,) = await phone1.push(store, registry, STRAY, grid=NEW1)
    assert (result.error, result.info["code"]) == ("forbidden", "grid-revoked")
    assert await store.get("quarantine", result.info["quarantine"]) is not None
