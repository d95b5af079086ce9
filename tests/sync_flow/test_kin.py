"""Who has to do with whom is known from both sides, whichever of the two comes, or comes back."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from conflicts.rules import DUPLICATE, finding_id
from sync import duplicates
from sync.follower import CHECKPOINT
from sync.joining import Joining
from sync.kin import KIN, kin_of, note_kin, note_reviewed
from sync.registry import Registry
from sync.relocating import relocate
from sync.store import DocumentStore, Write
from tests.sync_flow.test_duplicates import (
    MOVER,
    NEW,
    OLD,
    REVIEW,
    canonical,
    record,
    two_doors,
)
from tests.sync_flow.town import GRID, OTHER, SUPERVISOR, Phone, catch_up

THIRD = "household:01J0000000000000000000000Z"


async def test_noted_at_both_and_stays(store: DocumentStore, registry: Registry) -> None:
    assert await note_kin(store, {NEW: {OLD}, THIRD: set()}) == {NEW: {OLD}}
    assert await note_kin(store, {OLD: {THIRD, OLD}}) == {OLD: {NEW, THIRD}}
    before = (await store.database_info(KIN)).update_seq
    assert await note_kin(store, {NEW: set(), THIRD: {OLD}}) == {NEW: {OLD}, THIRD: {OLD}}
    assert (await store.database_info(KIN)).update_seq == before


async def test_many_at_once_lose_nothing(store: DocumentStore, registry: Registry) -> None:
    others = [f"household:01J000000000000000000000{number:02d}" for number in range(8)]
    await asyncio.gather(*(note_kin(store, {one: {OLD}}) for one in others))
    assert await kin_of(store, [OLD]) == {OLD: set(others)}


async def test_made_anew_where_it_is_missing(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    await duplicates.merge(store, REVIEW, SUPERVISOR)
    await catch_up(store, registry)
    assert await kin_of(store, [OLD, NEW]) == {OLD: {NEW}, NEW: {OLD}}
    await store.delete_database(KIN)
    await store.create_database(KIN)
    for position in (CHECKPOINT, f"{CHECKPOINT}:grid-{GRID}"):
        await store.put_local("canonical", position, {"since": "0"})
    await catch_up(store, registry)
    assert await kin_of(store, [OLD, NEW]) == {OLD: {NEW}, NEW: {OLD}}


async def test_a_store_from_before_knows_what_was_answered(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    await duplicates.merge(store, REVIEW, SUPERVISOR)
    await catch_up(store, registry)
    await store.delete_database(KIN)
    await store.create_database(KIN)
    await note_reviewed(store)
    assert await kin_of(store, [OLD, NEW]) == {OLD: {NEW}, NEW: {OLD}}
    before = (await store.database_info(KIN)).update_seq
    await note_reviewed(store)
    assert (await store.database_info(KIN)).update_seq == before


@pytest.mark.parametrize("late", [OLD, NEW])
async def test_the_other_one_comes_later_from_another_site(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone, late: str
) -> None:
    """Sites replicate grid by grid: what a record says of one in another grid comes before it."""
    phone1.create(OLD, address="面前山村103号", tags=["老人"])
    phone2.create(NEW, address="面前山村103号", tags=["租户"], merged_into=OLD)
    leaves = {OLD: (OTHER, phone1.leaf(OLD, grid=OTHER)), NEW: (GRID, phone2.leaf(NEW))}
    for doc_id in sorted(leaves, key=lambda one: one == late):
        grid, leaf = leaves[doc_id]
        await store.create_database(f"grid-{grid}")
        await store.write(f"grid-{grid}", [leaf], new_edits=False)
        await catch_up(store, registry)
    stands = await record(store, OLD, OTHER)
    assert set(stands["tags"]) == {"老人", "租户"}
    assert stands["absorbed"][0]["rev"] == leaves[NEW][1].rev


async def test_merged_into_another_instead_the_first_gives_back(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """The duplicate says nothing any more of the record that has its content."""
    await two_doors(store, registry, phone1, phone2)
    phone1.create(THIRD, address="面前山村 205 号")
    await phone1.push(store, registry, THIRD)
    await duplicates.merge(store, REVIEW, SUPERVISOR)
    await catch_up(store, registry)
    assert (await record(store, OLD))["members"] == 4
    now = await record(store, NEW)
    body = orjson.dumps({**{k: v for k, v in now.items() if k[0] != "_"}, "merged_into": THIRD})
    await store.write(f"grid-{GRID}", [Write(NEW, body, ancestors=(now["_rev"],))])
    await catch_up(store, registry)

    first, third = await record(store, OLD), await record(store, THIRD)
    assert not {"members", "absorbed"} & first.keys()
    assert third["members"] == 4


async def test_kept_apart_from_a_third_it_stays_merged(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """Somebody answers an old question: that it is another than the third was never in doubt."""
    phone1.create(THIRD, address="面前山村 103 号", area=90.0)
    await phone1.push(store, registry, THIRD)
    await two_doors(store, registry, phone1, phone2)
    await duplicates.merge(store, REVIEW, SUPERVISOR)
    await catch_up(store, registry)
    old_question = finding_id(DUPLICATE, NEW, THIRD)
    pair = await duplicates.read_pair(store, old_question)
    await duplicates.keep_apart(store, old_question, SUPERVISOR)
    await catch_up(store, registry)

    both = [await record(store, NEW), await record(store, THIRD)]
    gives_way = pair.gives_way.revision.doc_id if pair.gives_way else ""
    apart = {NEW: [THIRD], THIRD: [NEW]}[gives_way]
    assert [one.get("distinct_from") for one in both if one["_id"] == gives_way] == [apart]
    assert both[0]["merged_into"] == OLD
    assert (await record(store, OLD))["members"] == 4


async def test_nothing_is_read_twice_for_records_without_kin(
    store: DocumentStore, registry: Registry, phone1: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost of it all for an ordinary batch: one read."""
    compared: list[str] = []

    async def compare(self: Joining, one: str, other: str) -> int:
        compared.append(one)
        return 0

    monkeypatch.setattr(Joining, "compare", compare)
    phone1.create(OLD, address="面前山村103号")
    phone1.create(THIRD, address="面前山村 205 号")
    await phone1.push(store, registry, OLD, THIRD)
    await catch_up(store, registry)
    await relocate(store, registry, OLD, OTHER, MOVER)
    await catch_up(store, registry)
    assert (await canonical(store, OLD))["grid"] == OTHER
    assert compared == []
    assert (await store.database_info(KIN)).doc_count == 0
