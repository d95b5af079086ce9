"""The follower: repeated, interrupted anywhere or doubled, it ends in the same place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

import conflicts
from sync import follower as follower_module
from sync import resolving
from sync.errors import StoreFull
from sync.follower import Follower
from sync.indexes import HOUSEHOLDS_BY_ADDRESS, RECORDS_BY_PATH, REVIEWS_BY_STATUS
from sync.projection import Projection, door_key
from sync.registry import Registry
from sync.rush import Rush
from sync.store import DocumentStore, Write
from tests.stores import empty_store
from tests.sync_flow.disturbing import begin_anew, crash_at_each_write
from tests.sync_flow.town import (
    DISTRICT,
    GRID,
    GROUP,
    HOUSEHOLD,
    OTHER,
    RESIDENT,
    TOWN,
    VILLAGE,
    Phone,
    catch_up,
    found_town,
)

DATABASE = f"grid-{GRID}"
SECOND = "household:01J0000000000000000000000D"
THIRD = "household:01J0000000000000000000000E"
PATIENCE = 30
State = dict[str, dict[str, Any]]


@asynccontextmanager
async def a_days_work() -> AsyncIterator[tuple[DocumentStore, Registry]]:
    """Let two phones meet: a clash, a clean merge, an edit of what the other deleted."""
    async with empty_store() as store:
        registry = await found_town(store)
        await _push_a_days_work(store, registry)
        async with asyncio.timeout(PATIENCE):  # CouchDB tells half a second later
            while DATABASE not in (await store.database_updates())[0]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield store, registry


async def _push_a_days_work(store: DocumentStore, registry: Registry) -> None:
    one, two = Phone("worker1", "aaaaaaa1"), Phone("worker2", "bbbbbbb2")
    for number, doc_id in enumerate((HOUSEHOLD, SECOND, THIRD)):
        one.create(doc_id, address="面前山村", room=str(number + 1), phone="12000000001")
    one.create(RESIDENT, household=HOUSEHOLD, name="𠮷䶮")
    await one.push(store, registry, HOUSEHOLD, SECOND, THIRD, RESIDENT)
    for doc_id in (HOUSEHOLD, SECOND, THIRD):
        two.copy_from(one, doc_id)
    two.now += 500
    one.edit(HOUSEHOLD, phone="12000000011")
    two.edit(HOUSEHOLD, phone="12000000022")
    one.edit(SECOND, note="甲")
    two.edit(SECOND, members=4)
    stone = one.stone(THIRD)
    two.edit(THIRD, note="还有人住")
    await one.push(store, registry, HOUSEHOLD, SECOND, writes=[stone])
    await two.push(store, registry, HOUSEHOLD, SECOND, THIRD)


async def state_of(store: DocumentStore) -> State:
    """Return all there is: leaves and bodies per document, without the times of decisions."""
    state: State = {}
    for name in (DATABASE, "canonical", "reviews"):
        page = await store.changes(name, "0", all_leaves=True, bodies=True)
        for change in page.changes:
            assert change.winner is not None
            body = orjson.loads(change.winner.body)
            body.pop("opened", None)
            leaves = [(leaf.rev, leaf.deleted) for leaf in change.leaves]
            # A decision's own revision holds the time at which it was opened.
            state.setdefault(name, {})[change.doc_id] = (
                body,
                len(leaves) if name == "reviews" else leaves,
            )
    return state


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the follower turn pages within a day's work."""
    monkeypatch.setattr(follower_module, "_PAGE", 2)


async def undisturbed() -> State:
    async with a_days_work() as (store, registry):
        await catch_up(store, registry)
        return await state_of(store)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
async def test_a_crash_at_any_write_costs_nothing(after: bool) -> None:
    expected = await crash_at_each_write(a_days_work, state_of, after=after)
    assert len(expected["reviews"]) == 3


async def test_following_anew_from_the_beginning_changes_nothing() -> None:
    async with a_days_work() as (store, registry):
        await catch_up(store, registry)
        before = await state_of(store)
        await begin_anew(store)
        again = await catch_up(store, registry)
        assert await state_of(store) == before
        assert (again.merged, again.reviews_opened) == (0, 0)


async def test_a_store_that_fails_for_a_while_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follower_module, "_RETRY_SECONDS", 0.01)
    expected = await undisturbed()
    async with a_days_work() as (store, registry):
        full = 3
        write = store.write

        async def sometimes(*args: Any, **kwargs: Any) -> Any:
            nonlocal full
            if full and args[0] == "canonical":
                full -= 1
                raise StoreFull("no room on the disk; nothing was written")
            return await write(*args, **kwargs)

        monkeypatch.setattr(store, "write", sometimes)
        follower = Follower(store, registry)
        stop = asyncio.Event()
        following = asyncio.create_task(follower.run(stop))
        while await state_of(store) != expected:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.01)
        stop.set()
        await following
        assert follower.failures == 3


async def test_what_a_merge_wrote_is_not_merged_again_unless_something_came_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    resolve = resolving.Resolver.resolve

    async def noted(self: resolving.Resolver, database: str, doc_ids: Sequence[str]) -> Any:
        asked.extend(doc_ids)
        return await resolve(self, database, doc_ids)

    monkeypatch.setattr(resolving.Resolver, "resolve", noted)
    async with a_days_work() as (store, registry):
        late = Phone("worker1", "aaaaaaa1")
        await late.pull(store, SECOND)
        late.edit(SECOND, members=7)
        write = store.write

        async def interrupted(*args: Any, **options: Any) -> Any:
            """Let another edit in right after the merge was written."""
            results = await write(*args, **options)
            if options.get("new_edits") is False and late.documents:
                monkeypatch.setattr(store, "write", write)
                await write(DATABASE, [late.leaf(SECOND)], new_edits=False)
            return results

        monkeypatch.setattr(store, "write", interrupted)
        await catch_up(store, registry)
        assert sorted(asked) == [HOUSEHOLD, SECOND, SECOND, THIRD]
        (live,) = [leaf for leaf in await store.leaves(DATABASE, SECOND) if not leaf.deleted]
        found = await store.get("canonical", SECOND)
        assert found is not None
        assert (found.document()["source_rev"], found.document()["members"]) == (live.rev, 7)


async def test_two_followers_at_once_do_no_harm() -> None:
    expected = await undisturbed()
    async with a_days_work() as (store, registry):
        await asyncio.gather(catch_up(store, registry), catch_up(store, registry))
        await catch_up(store, registry)
        assert await state_of(store) == expected


async def test_nothing_is_left_contested_and_no_value_is_lost() -> None:
    async with a_days_work() as (store, registry):
        follower = await catch_up(store, registry)
        for doc_id in (HOUSEHOLD, SECOND, THIRD):
            live = [leaf for leaf in await store.leaves(DATABASE, doc_id) if not leaf.deleted]
            assert len(live) == 1, doc_id
        assert follower.merged == 3
        assert follower.reviews_opened == 2  # the clash, and edited against deleted
        waiting = await store.roll_up(REVIEWS_BY_STATUS, prefix=("open", DISTRICT))
        assert [group.count for group in waiting] == [2]
        decisions = (await state_of(store))["reviews"]
        kept = orjson.dumps([body for body, _ in decisions.values()]).decode()
        for value in ("12000000011", "12000000022", "甲", "还有人住"):
            assert value in kept
        second = await store.get(DATABASE, SECOND)
        third = await store.get(DATABASE, THIRD)
        assert second is not None
        assert third is not None
        assert (second.document()["note"], second.document()["members"]) == ("甲", 4)
        assert third.document()["note"] == "还有人住"


@pytest.mark.parametrize(
    "poison",
    [
        {"stamps": [1, 2]},
        {"stamps": {"phone": 7}},
        {"updated": "yesterday"},
        {"merge": {"parents": 3}},
        {"tags": {"a": []}},
        {"log": 7},
    ],
    ids=lambda poison: next(iter(poison)),
)
async def test_a_poisonous_document_stops_nothing(poison: dict[str, Any]) -> None:
    """Such a document cannot come through the gateway; it may have come through a restore."""
    async with a_days_work() as (store, registry):
        phone = Phone("worker1", "aaaaaaa1")
        bad = "event:01J0000000000000000000000F"
        phone.create(bad, description="路灯不亮", category="0301", status="10")
        line = phone.history[bad]
        writes = [phone.leaf(bad)]
        for digest in ("a", "b"):
            body = orjson.dumps({**phone.documents[bad], **poison, "description": digest})
            writes.append(Write(bad, body, f"2-{digest}", tuple(line)))
        await store.write(DATABASE, writes, new_edits=False)

        follower = await catch_up(store, registry)

        assert follower.merged >= 3
        live = [leaf for leaf in await store.leaves(DATABASE, bad) if not leaf.deleted]
        assert len(live) == 1
        assert await store.get("canonical", bad) is not None
        assert await store.get("canonical", RESIDENT) is not None


async def test_nesting_that_no_decision_can_hold_stops_nothing() -> None:
    async with a_days_work() as (store, registry):
        deep: Any = "心"
        for _ in range(250):
            deep = [deep]
        bodies = [orjson.dumps({"type": "visit", "deep": deep, "n": n}) for n in range(2)]
        writes = [Write("visit:deep", body, f"1-{n}") for n, body in enumerate(bodies)]
        await store.write(DATABASE, writes, new_edits=False)

        follower = await catch_up(store, registry)

        assert (follower.merged, follower.set_aside) == (3, 1)
        assert await store.get("canonical", RESIDENT) is not None
        assert await store.get("reviews", "decision:visit:deep:failed") is not None


async def test_a_record_that_cannot_be_merged_is_kept_for_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    merge = conflicts.merge

    def failing(doc_id: str, *args: Any, **kwargs: Any) -> Any:
        if doc_id == SECOND:
            raise ValueError("a rule that has a fault")
        return merge(doc_id, *args, **kwargs)

    monkeypatch.setattr(resolving, "merge", failing)
    async with a_days_work() as (store, registry):
        follower = await catch_up(store, registry)
        assert (follower.merged, follower.set_aside) == (2, 1)
        live = [leaf for leaf in await store.leaves(DATABASE, SECOND) if not leaf.deleted]
        assert len(live) == 2
        decision = await store.get("reviews", f"decision:{SECOND}:failed")
        assert decision is not None
        assert decision.document()["status"] == "open"
        assert "a rule that has a fault" in decision.document()["error"]
        assert await store.get("canonical", SECOND) is not None


async def test_the_projection_shows_each_live_record_once_with_its_path() -> None:
    async with a_days_work() as (store, registry):
        await catch_up(store, registry)
        found = await store.get("canonical", HOUSEHOLD)
        assert found is not None
        body = found.document()
        assert body["path"] == [DISTRICT, TOWN, VILLAGE, GROUP, GRID]
        winner = await store.get(DATABASE, HOUSEHOLD)
        assert winner is not None
        assert body["source_rev"] == winner.rev
        assert f"{VILLAGE}/村" in body["search"]
        counts = await store.roll_up(RECORDS_BY_PATH, prefix=(DISTRICT,), level=6)
        assert {group.key[-1]: group.count for group in counts} == {"household": 3, "resident": 1}

        # Deleted there, gone here; and a rebuild finds nothing to do.
        await store.write(
            DATABASE, [Write(HOUSEHOLD, b"{}", ancestors=(winner.rev,), deleted=True)]
        )
        await catch_up(store, registry)
        gone = await store.get("canonical", HOUSEHOLD)
        assert gone is not None
        assert gone.deleted
        assert await Projection(store, registry).rebuild() == 0


async def test_a_record_that_moved_is_shown_where_it_is() -> None:
    async with a_days_work() as (store, registry):
        await catch_up(store, registry)
        winner = await store.get(DATABASE, SECOND)
        assert winner is not None
        there = {**orjson.loads(winner.body), "grid": OTHER}
        await store.create_database(f"grid-{OTHER}")
        await store.write(f"grid-{OTHER}", [Write(SECOND, orjson.dumps(there))])
        stone = orjson.dumps({"moved_to": OTHER})
        await store.write(DATABASE, [Write(SECOND, stone, ancestors=(winner.rev,), deleted=True)])
        await catch_up(store, registry)
        found = await store.get("canonical", SECOND)
        assert found is not None
        assert not found.deleted
        assert found.document()["path"][-1] == OTHER


async def test_doors_sort_as_people_count(store: DocumentStore, registry: Registry) -> None:
    phone = Phone("worker1", "aaaaaaa1")
    rooms = ["1001", "302", "2", "101", "12"]
    for number, room in enumerate(rooms):
        phone.create(f"household:01J00000000000000000000G{number:02}", address="4栋", room=room)
    await phone.push(store, registry, *phone.documents)
    await catch_up(store, registry)
    found = await store.query(HOUSEHOLDS_BY_ADDRESS, prefix=(DISTRICT,), documents=True)
    shown = [row.document["room"] for row in found if row.document]
    assert shown == ["2", "12", "101", "302", "1001"]
    assert door_key({"address": "A 1", "room": "２"}) != door_key({"address": "A 1", "room": "12"})


async def test_a_rush_of_pushes_goes_first() -> None:
    async with a_days_work() as (store, registry):
        rush = Rush()
        follower = Follower(store, registry, rush)
        with rush.pushing():
            following = asyncio.create_task(follower.catch_up())
            await store.wait_for_change("canonical", "0", 0.2)
            assert not following.done()
            assert follower.projected == 0
        await following
        assert follower.projected == 4


async def test_what_has_waited_long_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower_module, "_GIVE_WAY_SECONDS", 0.0)
    async with a_days_work() as (store, registry):
        rush = Rush()
        follower = Follower(store, registry, rush)
        with rush.pushing():
            await follower.catch_up()
        assert follower.projected == 4
