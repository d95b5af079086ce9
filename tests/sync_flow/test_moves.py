"""Records that move between grids while phones edit them: one answer, nothing lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from conflicts.moving import Order, home_of
from grid.hierarchy import GridNode
from grid.operations import GridOperation, Kind
from grid.permissions import Actor, Role
from grid.placing import Part, Rule
from sync.editing import next_stamp
from sync.errors import StoreUnavailable
from sync.indexes import REVIEWS_BY_STATUS
from sync.moving import Mover, as_leaf
from sync.ordering import new_operation, order
from sync.projection import Projection
from sync.registry import Registry
from sync.relocating import MoveRefused, relocate
from sync.reviews import read_review
from sync.store import DocumentStore, Write
from tests.stores import SPARSELY, empty_store
from tests.sync_flow.test_follower import Crash, Crashing
from tests.sync_flow.town import (
    CLOSED,
    DISTRICT,
    ELSEWHERE,
    EVENT,
    GRID,
    GROUP,
    HOUSEHOLD,
    NOON,
    OTHER,
    RESIDENT,
    TOWN,
    VILLAGE,
    WORKER2,
    Phone,
    catch_up,
    found_town,
)

NEW1, NEW2 = GROUP + "04", GROUP + "05"
FAR = "household:01J0000000000000000000000D"
STRAY = "household:01J0000000000000000000000E"
VISIT = "visit:01J0000000000000000000000F"
PATROL = "patrol:01J0000000000000000000000G"
PATROL_AWAY = "patrol:01J0000000000000000000000J"
DONE = "event:01J0000000000000000000000H"
TOWN_HEAD = Actor("town", Role.SUPERVISOR_TOWN, None, frozenset({TOWN}))
GRIDS = (GRID, OTHER, CLOSED, NEW1, NEW2)


async def a_grid(store: DocumentStore, registry: Registry, phone: Phone) -> None:
    """Fill the grid: two households, a resident, a visit, a patrol, an open and a closed event."""
    phone.create(HOUSEHOLD, address="面前山村", room="101", phone="12000000001")
    phone.create(FAR, address="面前山村", room="501")
    phone.create(RESIDENT, name="𠮷䶮", household=HOUSEHOLD)
    happened = "2026-11-24T08:00:00Z"
    event = {"category": "0301", "description": "路灯不亮", "happened": happened}
    phone.create(EVENT, **event, status="10", household=HOUSEHOLD)
    phone.create(DONE, **event, status="10", household=HOUSEHOLD)
    phone.create(VISIT, household=HOUSEHOLD, visited=happened, purpose="routine")
    phone.create(PATROL, started=happened)
    await phone.push(store, registry, *phone.documents)
    done = await store.get(f"grid-{GRID}", DONE)
    assert done is not None
    body = orjson.dumps({**orjson.loads(done.body), "status": "90"})
    await store.write(f"grid-{GRID}", [Write(DONE, body, ancestors=(done.rev,))])
    await catch_up(store, registry)


def split(rest: str | None = NEW2) -> GridOperation:
    parts = (
        Part(NEW1, "低层", (Rule(room_to="300"),)),
        Part(NEW2, "高层", (Rule(room_from="301"),)),
    )
    blank = new_operation(Kind.SPLIT, TOWN_HEAD)
    return replace(blank, grids=(GRID,), parts=parts, main=NEW2, rest=rest)


def merge(sources: Sequence[str], into: str, name: str | None = None) -> GridOperation:
    blank = new_operation(Kind.MERGE, TOWN_HEAD)
    return replace(blank, grids=tuple(sources), parts=(Part(into, name),))


def undo(of: GridOperation) -> GridOperation:
    return replace(new_operation(Kind.UNDO, TOWN_HEAD), of=of.id)


async def where(store: DocumentStore, doc_id: str) -> list[str]:
    """Return the grids in whose databases a record lives."""
    found = []
    for grid in GRIDS:
        if f"grid-{grid}" in await store.database_names("grid-"):
            leaves = await store.leaves(f"grid-{grid}", doc_id)
            live = [leaf for leaf in leaves if not leaf.deleted]
            assert len(live) < 2, f"{doc_id} has {len(live)} leaves in {grid}"
            found += [grid] * len(live)
    return found


async def only(store: DocumentStore, doc_id: str) -> dict[str, Any]:
    """Return a record from the one grid it lives in; the canonical document says the same."""
    (grid,) = await where(store, doc_id)
    found, shown = await store.get(f"grid-{grid}", doc_id), await store.get("canonical", doc_id)
    assert found is not None
    assert shown is not None
    document = found.document()
    assert document["grid"] == shown.document()["grid"] == shown.document()["path"][-1] == grid
    assert shown.document()["source_rev"] == found.rev
    return document


async def waiting(store: DocumentStore) -> list[str]:
    rows = await store.query(REVIEWS_BY_STATUS, prefix=("open",), documents=True)
    return sorted(reason for row in rows for reason in (row.document or {})["reviews"])


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


@pytest.mark.parametrize("then", ["nothing", "grid split", "moved on"])
async def test_a_move_by_hand_broken_off_in_the_middle_is_finished(
    store: DocumentStore,
    registry: Registry,
    phone1: Phone,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
) -> None:
    """The record arrived in its new grid, and its tombstone was not written in the old one."""
    await a_grid(store, registry, phone1)
    await catch_up(store, registry)
    write = store.write

    async def failing(database: str, writes: Sequence[Write], **how: Any) -> Any:
        if database == f"grid-{GRID}":
            raise StoreUnavailable("simulated")
        return await write(database, writes, **how)

    monkeypatch.setattr(store, "write", failing)
    with pytest.raises(StoreUnavailable):
        await relocate(store, registry, HOUSEHOLD, OTHER, TOWN_HEAD)
    monkeypatch.undo()
    assert await where(store, HOUSEHOLD) == [GRID, OTHER]
    if then == "grid split":
        await order(registry, split(), TOWN_HEAD)
    if then == "moved on":
        await registry.import_grids([GridNode(NEW1, GROUP, 5, "第4住户小组")])
        await relocate(store, registry, HOUSEHOLD, NEW1, TOWN_HEAD)
    await catch_up(store, registry)
    await catch_up(store, registry)
    (home,) = await where(store, HOUSEHOLD)
    assert home in {"nothing": (OTHER,), "grid split": (NEW1, OTHER), "moved on": (NEW1,)}[then]
    await only(store, HOUSEHOLD)


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


# Crashes


async def everything(store: DocumentStore) -> dict[str, Any]:
    """Return all leaves and bodies, without the times at which reviews were opened."""
    state: dict[str, Any] = {}
    for name in [*(f"grid-{grid}" for grid in GRIDS), "canonical", "reviews"]:
        page = await store.changes(name, "0", all_leaves=True, bodies=True)
        for change in page.changes:
            assert change.winner is not None
            body = orjson.loads(change.winner.body)
            body.pop("opened", None)
            leaves = sorted((leaf.rev, leaf.deleted) for leaf in change.leaves)
            if name == "canonical" and change.deleted:
                continue  # shown on the way or not: gone now
            state[f"{name}/{change.doc_id}"] = (
                body,
                () if name in ("reviews", "canonical") else leaves,
            )
    return state


async def an_eventful_day(store: DocumentStore, registry: Registry) -> None:
    """Split a grid while phones hold offline edits of it, one of which no rule places."""
    one, two = Phone("worker1", "aaaaaaa1"), Phone("worker2", "bbbbbbb2")
    await a_grid(store, registry, one)
    two.copy_from(one, HOUSEHOLD)
    one.edit(HOUSEHOLD, phone="12000000011")
    two.edit(HOUSEHOLD, phone="12000000022")
    one.create(STRAY, address="未编号")
    operation = replace(
        split(rest=None), id="operation:01", stamp="2026-11-24T09:00:00.000Z-0000-00000000"
    )
    await registry.add_operation(operation)
    await one.push(store, registry, HOUSEHOLD, STRAY)
    await two.push(store, registry, HOUSEHOLD)


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
async def test_a_crash_at_any_write_costs_nothing(after: bool) -> None:
    expected: dict[str, Any] | None = None
    crashes = 0
    while True:
        async with empty_store() as store:
            registry = await found_town(store)
            await an_eventful_day(store, registry)
            broken = Crashing(store, crashes or 10**6, after=after)
            try:
                await catch_up(broken, registry)
            except* Crash:
                pass
            through = broken.left > 0
            await catch_up(store, registry)
            state = await everything(store)
        expected = expected or state
        assert state == expected, f"crash at write {crashes}"
        if crashes and through:
            break
        crashes += SPARSELY
    assert crashes > 15


# Two servers


@pytest.fixture
async def stores() -> AsyncIterator[Sequence[DocumentStore]]:
    """Give two servers' stores."""
    async with empty_store() as here, empty_store() as there:
        yield [here, there]


async def replicate(source: DocumentStore, target: DocumentStore) -> None:
    """Copy all databases but the servers' own ones, as CouchDB's replication does."""
    names = [*await source.database_names("grid-"), "registry"]
    for name in names:
        await target.create_database(name)
        page = await source.changes(name, "0", all_leaves=True)
        for change in page.changes:
            leaves = await source.revisions(name, change.doc_id, "all", ancestry=True)
            writes = [Write(r.doc_id, r.body, r.rev, r.ancestors, r.deleted) for r in leaves]
            await target.write(name, writes, new_edits=False)


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
