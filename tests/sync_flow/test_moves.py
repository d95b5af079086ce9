"""Records moved by hand while phones edit them: one answer, nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from conflicts.moving import Order, home_of
from grid.permissions import Actor, Role
from grid.placing import Part
from sync.editing import next_stamp
from sync.moving import Mover, as_leaf
from sync.ordering import order
from sync.projection import Projection
from sync.registry import Registry
from sync.relocating import MoveRefused, relocate
from sync.routing import Router
from sync.store import DocumentStore, Index, Key, Write
from tests.sync_flow.moving import (
    DONE,
    FAR,
    PATROL,
    TOWN_HEAD,
    VISIT,
    a_grid,
    only,
    split,
    undo,
    waiting,
    where,
)
from tests.sync_flow.town import (
    CLOSED,
    ELSEWHERE,
    EVENT,
    GRID,
    GROUP,
    HOUSEHOLD,
    NOON,
    OTHER,
    RESIDENT,
    Phone,
    catch_up,
)


async def test_a_late_edit_of_a_record_moved_by_hand_is_not_handed_over_with_its_old_grid(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    """The record is somewhere else for good; the old grid, split once more, may not take it."""
    await a_grid(store, registry, phone1)
    first = await order(registry, split(), TOWN_HEAD)
    await catch_up(store, registry)
    await relocate(store, registry, PATROL, OTHER, TOWN_HEAD)
    await order(registry, undo(first), TOWN_HEAD)
    parts = (Part(GROUP + "06", "甲"), Part(GROUP + "07", "乙"))
    again = replace(split(), parts=parts, main=GROUP + "06", rest=GROUP + "07")
    await order(registry, again, TOWN_HEAD)
    phone1.edit(PATROL, note="离线记的")
    await phone1.push(store, registry, PATROL)
    await catch_up(store, registry)
    patrol = await only(store, PATROL)
    assert (patrol["grid"], patrol["note"]) == (OTHER, "离线记的")
    assert await store.get(f"grid-{GROUP}06", PATROL) is None


async def test_a_conflict_moved_away_and_back_before_it_was_merged_loses_nothing(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await a_grid(store, registry, phone1)
    await catch_up(store, registry)
    phone2.copy_from(phone1, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, members=5)
    phone2.edit(HOUSEHOLD, note="离线记的")
    await phone1.push(store, registry, HOUSEHOLD)
    await phone2.push(store, registry, HOUSEHOLD)
    for grid in (OTHER, GRID):
        await relocate(store, registry, HOUSEHOLD, grid, TOWN_HEAD)
    await catch_up(store, registry)
    household = await only(store, HOUSEHOLD)
    assert (household["grid"], household["members"], household["note"]) == (GRID, 5, "离线记的")


async def test_a_household_moved_by_hand_takes_residents_and_open_work_along(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await a_grid(store, registry, phone1)
    await relocate(store, registry, HOUSEHOLD, OTHER, TOWN_HEAD)
    await catch_up(store, registry)
    for doc_id in (HOUSEHOLD, RESIDENT, EVENT):
        assert await where(store, doc_id) == [OTHER], doc_id
    for doc_id in (FAR, VISIT, PATROL, DONE):
        assert await where(store, doc_id) == [GRID], doc_id
    # A resident added offline to the household that has left follows it.
    newborn = "resident:01J0000000000000000000000K"
    phone1.create(newborn, name="阿依", household=HOUSEHOLD)
    phone1.edit(RESIDENT, occupation="渔民")
    await phone1.push(store, registry, newborn, RESIDENT)
    await catch_up(store, registry)
    assert (await only(store, newborn))["grid"] == OTHER
    assert (await only(store, RESIDENT))["occupation"] == "渔民"


async def test_what_goes_along_with_many_households_is_asked_for_at_once(
    store: DocumentStore, registry: Registry, phone1: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_grid(store, registry, phone1)
    late = "resident:01J0000000000000000000000L"
    phone1.create(late, name="李四", household=FAR)
    await phone1.push(store, registry, late)
    await catch_up(store, registry)
    for doc_id in (HOUSEHOLD, FAR):
        await relocate(store, registry, doc_id, OTHER, TOWN_HEAD)
    asked: list[Any] = []
    query_many = store.query_many

    async def noted(index: Index, prefixes: Sequence[Key], **how: Any) -> Any:
        asked.append(prefixes)
        return await query_many(index, prefixes, **how)

    monkeypatch.setattr(store, "query_many", noted)
    stones = await store.get_many(f"grid-{GRID}", [HOUSEHOLD, PATROL, FAR])
    told = [one for one in stones if one is not None]
    orders = await Router(store, registry).companions(f"grid-{GRID}", told)
    assert asked == [[(HOUSEHOLD,), (FAR,)]]
    assert orders.keys() == {RESIDENT, EVENT, late}
    assert {one.grid for one in orders.values()} == {OTHER}


async def test_moved_there_and_back_and_on(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await a_grid(store, registry, phone1)
    phone2.copy_from(phone1, HOUSEHOLD)
    for grid in (OTHER, GRID, OTHER, GRID):
        await relocate(store, registry, HOUSEHOLD, grid, TOWN_HEAD)
        await catch_up(store, registry)
        assert (await only(store, HOUSEHOLD))["grid"] == grid
    phone1.edit(HOUSEHOLD, members=5)
    await phone1.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    assert (await only(store, HOUSEHOLD))["members"] == 5
    await relocate(store, registry, HOUSEHOLD, OTHER, TOWN_HEAD)
    phone2.edit(HOUSEHOLD, note="离线记的")
    await phone2.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    household = await only(store, HOUSEHOLD)
    assert (household["grid"], household["members"], household["note"]) == (OTHER, 5, "离线记的")
    assert await waiting(store) == []


@pytest.mark.parametrize("first", ["move", "deletion"])
async def test_moved_and_deleted_keeps_the_record_and_asks(
    store: DocumentStore, registry: Registry, phone1: Phone, first: str
) -> None:
    await a_grid(store, registry, phone1)
    stone = phone1.stone(HOUSEHOLD)
    if first == "deletion":
        await phone1.push(store, registry, writes=[stone])
        await catch_up(store, registry)
        with pytest.raises(MoveRefused):
            await relocate(store, registry, HOUSEHOLD, OTHER, TOWN_HEAD)
        assert await where(store, HOUSEHOLD) == []
        return
    await relocate(store, registry, HOUSEHOLD, OTHER, TOWN_HEAD)
    await phone1.push(store, registry, writes=[stone])
    await catch_up(store, registry)
    assert (await only(store, HOUSEHOLD))["grid"] == OTHER
    assert await waiting(store) == ["edited-and-deleted"]


async def test_moved_away_back_and_away_then_deleted_keeps_a_late_edit_and_asks(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """The old grid sends the edit on, and the new one, which knows of the way back, keeps it."""
    await registry.assign("worker1", GROUP)
    await a_grid(store, registry, phone1)
    phone2.copy_from(phone1, HOUSEHOLD)
    for grid in (OTHER, GRID, OTHER):
        await relocate(store, registry, HOUSEHOLD, grid, TOWN_HEAD)
        await catch_up(store, registry)
    await phone1.pull(store, HOUSEHOLD, OTHER)
    await phone1.push(store, registry, writes=[phone1.stone(HOUSEHOLD, OTHER)], grid=OTHER)
    await catch_up(store, registry)
    assert await where(store, HOUSEHOLD) == []
    phone2.edit(HOUSEHOLD, note="离线记的")
    await phone2.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    household = await only(store, HOUSEHOLD)
    assert (household["grid"], household["note"]) == (OTHER, "离线记的")
    assert await waiting(store) == ["edited-and-deleted"]


async def test_both_grids_agree_on_the_home_of_a_record_moved_before_its_leaves_met(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    """An edit that wins says nothing of where the record is; one beside it was moved here later
    than the order says that sends it away."""
    await a_grid(store, registry, phone1)
    early, late = (next_stamp(None, NOON), next_stamp(None, NOON + 60_000))
    moved = {**phone1.documents[HOUSEHOLD], "grid": OTHER, "stamps": {"grid": late}}
    phone1.edit(HOUSEHOLD, note="改一")
    phone1.edit(HOUSEHOLD, note="改二")
    first = phone1.history[HOUSEHOLD][-1]
    arrival = Write(HOUSEHOLD, orjson.dumps(moved), f"2-{'0' * 32}", (first,))
    await store.write(f"grid-{OTHER}", [arrival, phone1.leaf(HOUSEHOLD)], new_edits=False)
    mover = Mover(store, registry, Projection(store, registry))
    await mover.relocate(f"grid-{OTHER}", {HOUSEHOLD: Order(GRID, early, "town")})
    homes = []
    for grid in (GRID, OTHER):
        leaves = await store.revisions(f"grid-{grid}", HOUSEHOLD, "all", ancestry=True)
        homes.append(home_of(map(as_leaf, leaves), grid))
    assert homes[0] == homes[1]
    assert homes[0] is not None
    assert homes[0].grid == GRID


@pytest.mark.parametrize(
    ("grid", "actor", "code"),
    [
        (GRID, TOWN_HEAD, "already-there"),
        (CLOSED, TOWN_HEAD, "grid-closed"),
        (GROUP, TOWN_HEAD, "no-such-grid"),
        (OTHER, replace(TOWN_HEAD, role=Role.LEAD), "out-of-scope"),
        (OTHER, replace(TOWN_HEAD, grids=frozenset({ELSEWHERE})), "out-of-scope"),
    ],
)
async def test_moves_that_are_refused(
    store: DocumentStore, registry: Registry, phone1: Phone, grid: str, actor: Actor, code: str
) -> None:
    await a_grid(store, registry, phone1)
    with pytest.raises(MoveRefused) as refused:
        await relocate(store, registry, HOUSEHOLD, grid, actor)
    assert refused.value.code == code
