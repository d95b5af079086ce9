"""The same household or person recorded twice: found, merged, followed by references, undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from conflicts.rules import DUPLICATE, finding_id
from grid.idnumber import make_fictitious
from grid.operations import Kind
from grid.permissions import Actor, Role
from grid.placing import Part
from sync import duplicates, reviews
from sync.follower import Follower
from sync.indexes import RECORDS_BY_HOUSEHOLD, RECORDS_BY_TYPE
from sync.ordering import new_operation, order
from sync.registry import Registry
from sync.relocating import relocate
from sync.reviews import ReviewError
from sync.store import DocumentStore, Write
from tests.stores import empty_store
from tests.sync_flow.disturbing import begin_anew, crash_at_each_write
from tests.sync_flow.test_follower import state_of
from tests.sync_flow.town import (
    DISTRICT,
    GRID,
    OTHER,
    STRANGER,
    SUPERVISOR,
    TOWN,
    Phone,
    catch_up,
    found_town,
)

DATABASE = f"grid-{GRID}"
OLD = "household:01J0000000000000000000000A"
NEW = "household:01J0000000000000000000000N"
CHILD = "resident:01J0000000000000000000000C"
VISIT = "visit:01J0000000000000000000000V"
LATE = "visit:01J0000000000000000000000W"
MOVER = Actor("town", Role.SUPERVISOR_TOWN, None, frozenset({TOWN}))
REVIEW = finding_id(DUPLICATE, OLD, NEW)
NUMBER = make_fictitious(date(1980, 1, 31), 1)


async def canonical(store: DocumentStore, doc_id: str) -> dict[str, Any]:
    found = await store.get("canonical", doc_id)
    assert found is not None
    return {**found.document(), "gone": found.deleted}


async def record(store: DocumentStore, doc_id: str, grid: str = GRID) -> dict[str, Any]:
    found = await store.get(f"grid-{grid}", doc_id)
    assert found is not None
    assert not found.deleted
    return found.document()


async def status(store: DocumentStore, review: str = REVIEW) -> str | None:
    found = await store.get("reviews", review)
    return None if found is None else str(found.document()["status"])


async def two_doors(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone, **fields: Any
) -> None:
    """Let both workers, offline, record the same door; worker2 with a child and a visit."""
    phone1.create(OLD, address="面前山村103号", phone="12000000001", tags=["老人"], note="甲")
    phone2.now += 60_000
    phone2.create(
        NEW, **{"address": "面前山村 一百零三號", "members": 4, "tags": ["租户"], **fields}
    )
    phone2.create(CHILD, household=NEW, name="𠮷䶮")
    phone2.create(VISIT, household=NEW, visited="2026-11-24T08:00:00Z", met=[CHILD])
    await phone1.push(store, registry, OLD)
    await phone2.push(store, registry, NEW, CHILD, VISIT)
    await catch_up(store, registry)


async def merge_pair(store: DocumentStore, registry: Registry) -> None:
    """Let the village's head merge the two, and all that refers to them follow."""
    await duplicates.merge(store, REVIEW, SUPERVISOR)
    await catch_up(store, registry)


async def test_a_household_recorded_twice_is_proposed_and_nothing_is_changed(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)

    pair = await duplicates.read_pair(store, REVIEW)
    assert (pair.status, pair.document["reviews"]) == ("open", ["same-door"])
    assert (pair.document["keeps"], pair.document["gives_way"]) == (OLD, NEW)
    assert pair.document["grid"] == GRID
    assert not pair.merged
    assert "merged_into" not in await record(store, NEW)


async def test_merged_by_a_person_every_reference_follows(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    await duplicates.merge(store, REVIEW, SUPERVISOR, note="同一户")
    await catch_up(store, registry)

    stands = await record(store, OLD)
    assert (stands["phone"], stands["members"], stands["note"]) == ("12000000001", 4, "甲")
    assert set(stands["tags"]) == {"老人", "租户"}
    assert stands["address"] == "面前山村103号"  # as the one that stands wrote it
    assert (await record(store, NEW))["merged_into"] == OLD
    gone = await canonical(store, NEW)
    assert (gone["gone"], gone["merged_into"]) == (True, OLD)
    assert (await canonical(store, CHILD))["household"] == OLD
    assert (await canonical(store, VISIT))["household"] == OLD
    # The documents themselves were not rewritten: phones that are offline stay right.
    assert (await record(store, CHILD))["household"] == NEW
    counted = await store.roll_up(RECORDS_BY_TYPE, prefix=("household", DISTRICT))
    assert [group.count for group in counted] == [1]
    assert await status(store) == "accepted"
    with pytest.raises(ReviewError, match="already-decided"):
        await duplicates.merge(store, REVIEW, SUPERVISOR)


async def test_what_arrives_later_with_the_old_reference_is_right_too(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    phone2.create(LATE, household=NEW, visited="2026-11-25T08:00:00Z")
    phone2.edit(NEW, phone="12000000009", owner_name="房东甲")
    await merge_pair(store, registry)
    assert [r.error for r in await phone2.push(store, registry, LATE, NEW)] == [None, None]
    await catch_up(store, registry)

    assert (await canonical(store, LATE))["household"] == OLD
    stands = await record(store, OLD)
    assert stands["owner_name"] == "房东甲"
    # What worker2, offline, changed of the duplicate is an edit of the record that stands.
    assert stands["phone"] == "12000000009"
    assert (await record(store, NEW))["merged_into"] == OLD
    live = [leaf for leaf in await store.leaves(DATABASE, NEW) if not leaf.deleted]
    assert len(live) == 1
    # It contradicts what the record that stands had, so a person is asked as in any merge.
    (row,) = await reviews.open_reviews(store, DISTRICT)
    assert row.document is not None
    assert (row.document["doc_id"], row.document["reviews"]) == (OLD, ["field-clash"])
    await reviews.undo(store, row.doc_id, SUPERVISOR)
    await catch_up(store, registry)
    assert (await record(store, OLD))["phone"] == "12000000001"


async def test_undone_everything_is_as_it_was_and_what_came_after_stays(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    await merge_pair(store, registry)
    await phone1.pull(store, OLD)
    phone1.edit(OLD, residence_type="rented", tags=["老人", "租户", "党员"])
    phone1.create(LATE, household=OLD, visited="2026-11-25T08:00:00Z")
    await phone1.push(store, registry, OLD, LATE)
    await catch_up(store, registry)

    await duplicates.undo(store, REVIEW, SUPERVISOR, "两户")
    await catch_up(store, registry)

    stands = await record(store, OLD)
    assert "members" not in stands
    assert "absorbed" not in stands
    assert set(stands["tags"]) == {"老人", "党员"}
    assert (stands["residence_type"], stands["phone"]) == ("rented", "12000000001")
    again = await canonical(store, NEW)
    assert (again["gone"], again["members"]) == (False, 4)
    assert (await canonical(store, CHILD))["household"] == NEW
    assert (await canonical(store, VISIT))["household"] == NEW
    assert (await canonical(store, LATE))["household"] == OLD
    assert await status(store) == "undone"
    # It is not proposed again, but can be merged after all.
    await phone1.pull(store, OLD)
    phone1.edit(OLD, area=80.5)
    await phone1.push(store, registry, OLD)
    await catch_up(store, registry)
    assert await status(store) == "undone"
    await merge_pair(store, registry)
    assert (await canonical(store, CHILD))["household"] == OLD
    assert await status(store) == "accepted"


async def test_kept_apart_is_kept_apart(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    await duplicates.keep_apart(store, REVIEW, SUPERVISOR, "楼上楼下")
    for doc_id in (OLD, NEW):
        await phone1.pull(store, doc_id)
        phone1.edit(doc_id, area=100.0)
        await phone1.push(store, registry, doc_id)
        await catch_up(store, registry)

    assert await status(store) == "apart"
    assert (await record(store, NEW))["distinct_from"] == [OLD]


async def test_the_other_one_may_stand_with_values_chosen(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2, phone="12000000002")
    with pytest.raises(ReviewError, match="invalid-value"):
        await duplicates.merge(store, REVIEW, SUPERVISOR, keeps=NEW, values={"phone": "x"})
    await duplicates.merge(store, REVIEW, SUPERVISOR, keeps=NEW, values={"phone": "12000000001"})
    await catch_up(store, registry)

    stands = await record(store, NEW)
    assert (stands["phone"], stands["note"], stands["members"]) == ("12000000001", "甲", 4)
    assert (await canonical(store, OLD))["merged_into"] == NEW


async def test_the_safe_rule_merges_by_itself_and_can_be_undone(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2, phone="+86 120 0000 0001")

    assert (await record(store, NEW))["merged_into"] == OLD
    assert (await record(store, NEW))["updated"]["by"] == "system"
    assert (await canonical(store, CHILD))["household"] == OLD
    assert await status(store) == "settled"
    await duplicates.undo(store, REVIEW, SUPERVISOR)
    await catch_up(store, registry)
    assert not (await canonical(store, NEW))["gone"]
    assert await status(store) == "undone"


async def test_a_household_across_a_border_is_for_whom_both_grids_belong(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await registry.assign("worker2", OTHER)
    phone1.create(OLD, address="面前山村103号", phone="12000000001")
    phone2.create(NEW, address="面前山村103", phone="12000000001", grid=OTHER)
    phone2.create(CHILD, household=NEW, name="阿依古丽·买买提", grid=OTHER)
    await phone1.push(store, registry, OLD)
    await phone2.push(store, registry, NEW, CHILD, grid=OTHER)
    await catch_up(store, registry)

    pair = await duplicates.read_pair(store, REVIEW)
    assert (pair.status, pair.document["grid"]) == ("open", GRID[:15])
    lead = Actor("lead", Role.LEAD, None, frozenset({GRID}))
    for actor in (lead, STRANGER):
        with pytest.raises(ReviewError, match="out-of-scope"):
            await duplicates.merge(store, REVIEW, actor)
    await merge_pair(store, registry)
    assert (await canonical(store, CHILD))["household"] == OLD


@pytest.mark.parametrize(
    ("one", "other", "expected", "reason"),
    [
        ({"id_number": NUMBER}, {"id_number": NUMBER}, "settled", "same-id-number"),
        ({"id_number": NUMBER, "sex": "1"}, {"id_number": NUMBER, "sex": "2"}, "open",
         "same-id-number"),
        ({"birth_date": "1980-01-31", "phone": "12000000001"},
         {"id_number": NUMBER, "phone": "120-0000-0001"}, "open", "same-person"),
        ({"birth_date": "1980-01-31"}, {"birth_date": "1980-01-31"}, None, None),
        ({"id_number": NUMBER, "household": OLD}, {"id_number": NUMBER, "household": NEW},
         "open", "two-households"),
    ],
)  # fmt: skip
async def test_a_person_recorded_twice(
    store: DocumentStore,
    registry: Registry,
    phone1: Phone,
    phone2: Phone,
    one: dict[str, Any],
    other: dict[str, Any],
    expected: str | None,
    reason: str | None,
) -> None:
    again = "resident:01J0000000000000000000000R"
    phone1.create(OLD, address="面前山村1号")
    phone1.create(NEW, address="面前山村5号")
    phone1.create(CHILD, name="买买提·䶮", **one)
    phone2.create(again, name="买买提•\ue863".replace("•", "·"), **other)
    await phone1.push(store, registry, OLD, NEW, CHILD)
    await phone2.push(store, registry, again)
    await catch_up(store, registry)

    review = finding_id(DUPLICATE, CHILD, again)
    assert await status(store, review) == expected
    if expected is not None:
        found = await store.get("reviews", review)
        assert found is not None
        assert found.document()["reviews"] == [reason]


async def test_two_supervisors_merge_in_opposite_directions(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    for doc_id, into in ((OLD, NEW), (NEW, OLD)):
        found = await store.get(DATABASE, doc_id)
        assert found is not None
        body = {**orjson.loads(found.body), "merged_into": into}
        await store.write(DATABASE, [Write(doc_id, orjson.dumps(body), ancestors=(found.rev,))])
    await catch_up(store, registry)

    assert not (await canonical(store, OLD))["gone"]
    assert (await canonical(store, NEW))["merged_into"] == OLD
    assert (await canonical(store, CHILD))["household"] == OLD
    assert (await record(store, OLD))["members"] == 4


async def test_opposite_directions_across_a_border_meet_before_canonical_knows(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """One grid is followed and the other's redirect is not projected yet: neither record takes in
    the other again and again."""
    await two_doors(store, registry, phone1, phone2)
    await relocate(store, registry, NEW, OTHER, SUPERVISOR)
    await catch_up(store, registry)
    old = await store.get(f"grid-{GRID}", OLD)
    new = await store.get(f"grid-{OTHER}", NEW)
    assert old is not None
    assert new is not None
    note = {"key": OLD, "rev": old.rev, "from": new.rev}
    for grid, found, more in (
        (GRID, old, {"merged_into": NEW}),
        (OTHER, new, {"merged_into": OLD, "absorbed": [note]}),
    ):
        body = orjson.dumps({**orjson.loads(found.body), **more})
        await store.write(f"grid-{grid}", [Write(found.doc_id, body, ancestors=(found.rev,))])
    await Follower(store, registry).follow(f"grid-{OTHER}")
    await catch_up(store, registry)

    assert not (await canonical(store, OLD))["gone"]
    assert (await canonical(store, NEW))["merged_into"] == OLD
    assert (await canonical(store, CHILD))["household"] == OLD


async def test_a_chain_of_three_leads_to_its_end_and_back(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    third = "household:01J0000000000000000000000Z"
    phone1.create(third, address="面前山村 103 号", area=90.0)
    await phone1.push(store, registry, third)
    await two_doors(store, registry, phone1, phone2)
    await merge_pair(store, registry)
    await duplicates.merge(store, finding_id(DUPLICATE, OLD, third), SUPERVISOR, keeps=third)
    await catch_up(store, registry)

    assert (await canonical(store, CHILD))["household"] == third
    stands = await record(store, third)
    assert (stands["members"], stands["area"], stands["phone"]) == (4, 90.0, "12000000001")
    rows = await store.query(RECORDS_BY_HOUSEHOLD, prefix=(third,))
    assert {row.doc_id for row in rows} == {CHILD, VISIT}
    # The review of the third with the first duplicate is void: that one gave way before.
    assert await status(store, finding_id(DUPLICATE, NEW, third)) == "superseded"

    await duplicates.undo(store, REVIEW, SUPERVISOR)
    await catch_up(store, registry)
    assert (await canonical(store, CHILD))["household"] == NEW
    assert "members" not in await record(store, third)


async def test_a_review_whose_subject_changed_says_so(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    phone2.edit(NEW, members=5)
    await phone2.push(store, registry, NEW)
    await catch_up(store, registry)
    pair = await duplicates.read_pair(store, REVIEW)
    assert dict(pair.changed_since) == {OLD: (), NEW: ("members",)}

    phone2.edit(NEW, address="面前山村 105 号")
    await phone2.push(store, registry, NEW)
    await catch_up(store, registry)
    assert await status(store) == "superseded"
    phone2.edit(NEW, address="面前山村 103 号")
    await phone2.push(store, registry, NEW)
    await catch_up(store, registry)
    assert await status(store) == "open"


async def test_a_worker_may_not_merge_or_delete_a_duplicate(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    phone2.edit(NEW, merged_into=OLD)
    (refused,) = await phone2.push(store, registry, NEW)
    assert refused.error == "forbidden"
    await merge_pair(store, registry)
    await phone2.pull(store, NEW)
    (refused,) = await phone2.push(store, registry, writes=[phone2.stone(NEW)])
    assert (refused.error, refused.info["code"]) == ("forbidden", "delete-not-allowed")


async def test_looked_at_again_from_the_beginning_nothing_changes(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    await merge_pair(store, registry)
    names = (DATABASE, "canonical", "reviews")
    before = [(await store.database_info(name)).update_seq for name in names]
    await begin_anew(store)
    await catch_up(store, registry)
    assert [(await store.database_info(name)).update_seq for name in names] == before


async def a_merge_by_rule(store: DocumentStore, registry: Registry) -> None:
    """Let both workers record one door so that nothing contradicts; nothing is followed yet."""
    phone1, phone2 = Phone("worker1", "aaaaaaa1"), Phone("worker2", "bbbbbbb2")
    phone1.create(OLD, address="面前山村103号", phone="12000000001", tags=["老人"])
    phone2.create(NEW, address="面前山村103", phone="12000000001", members=4, tags=["租户"])
    phone2.create(CHILD, household=NEW, name="𠮷䶮", relation="0")
    phone2.create("resident:01J0000000000000000000000D", household=NEW, name="李四", relation="1")
    await phone1.push(store, registry, OLD)
    await phone2.push(store, registry, *phone2.documents)


@asynccontextmanager
async def a_town() -> AsyncIterator[tuple[DocumentStore, Registry]]:
    """Give a town of its own, in which two records are merged by the rule."""
    async with empty_store() as store:
        registry = await found_town(store)
        await a_merge_by_rule(store, registry)
        yield store, registry


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
async def test_a_crash_at_any_write_costs_nothing(after: bool) -> None:
    expected = await crash_at_each_write(a_town, state_of, after=after)
    assert len(expected["reviews"]) == 1


async def test_two_followers_at_once_come_to_the_same() -> None:
    states = []
    for at_once in (False, True):
        async with a_town() as (store, registry):
            if at_once:
                await asyncio.gather(catch_up(store, registry), catch_up(store, registry))
            await catch_up(store, registry)
            states.append(await state_of(store))
    assert states[0] == states[1]


async def test_a_merged_household_is_found_where_it_was_moved_to(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """Its grid was merged into another after the two had become one: it can still be undone."""
    await two_doors(store, registry, phone1, phone2)
    await merge_pair(store, registry)
    away = replace(new_operation(Kind.MERGE, MOVER), grids=(GRID,), parts=(Part(OTHER),))
    await order(registry, away, MOVER)
    phone2.edit(NEW, owner_name="房东甲")
    await phone2.push(store, registry, NEW)
    await catch_up(store, registry)
    assert (await canonical(store, NEW))["path"][-1] == OTHER
    assert (await record(store, OLD, OTHER))["owner_name"] == "房东甲"
    await duplicates.undo(store, REVIEW, SUPERVISOR, "两户")
    await catch_up(store, registry)
    assert (await canonical(store, NEW))["gone"] is False
    assert (await canonical(store, CHILD))["household"] == NEW
