"""Rolling a grid over: what goes, what stays, and breaking off at every step."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from conflicts.revision import tombstone_revision
from sync.arrivals import arrivals
from sync.errors import StoreUnavailable
from sync.paths import database_of
from sync.quarantine import accept
from sync.registry import Registry
from sync.rollover import Limits, find_due, left_out_before, roll_over, unfinished
from sync.store import DocumentStore, Write
from tests.sync_flow.town import GRID, HOUSEHOLD, SUPERVISOR, Phone, catch_up

NAME = database_of(GRID)
OLD, YOUNG = "2026-01-01T08:00:00.000Z", "2026-10-01T08:00:00.000Z"
FAR = Limits("2099-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z")
OTHER_HOUSEHOLD = "household:01J0000000000000000000000D"
LIMITS = Limits("2026-06-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z")


def body(at: str, **more: Any) -> bytes:
    trace = {"at": f"{at}-0000-0123abcd", "by": "worker1", "device": "0123abcd"}
    return orjson.dumps(
        {"type": "resident", "grid": GRID, "created": trace, "updated": trace} | more
    )


async def fill(store: DocumentStore) -> None:
    """Write records: one deleted long ago, one lately, one moved away long ago, one of unknown
    age, and a living one with a branch that a merge closed long ago."""
    closed = tombstone_revision("2-a")
    writes = [
        Write("resident:OLD", body(OLD), "1-a"),
        Write("resident:OLD", body(OLD), "2-a", ("1-a",), True),
        Write("resident:YOUNG", body(OLD), "1-a"),
        Write("resident:YOUNG", body(YOUNG), "2-a", ("1-a",), True),
        Write("resident:MOVED", body(OLD, moved_to="1"), "2-a", ("1-a",), True),
        Write("resident:BARE", body(OLD), "1-a"),
        Write("resident:BARE", b"{}", "2-a", ("1-a",), True),
        Write("resident:LIVE", body(OLD, n=1), "1-a"),
        Write("resident:LIVE", body(OLD, n=2), "2-a", ("1-a",)),
        Write("resident:LIVE", body(OLD, n=3), "2-b", ("1-a",)),
        Write("resident:LIVE", b"{}", closed, ("2-a", "1-a"), True),
    ]
    for write in writes:
        await store.write(NAME, [write], new_edits=False)


async def test_what_is_old_is_due_and_nothing_else(
    store: DocumentStore, registry: Registry
) -> None:
    await fill(store)
    due = await find_due(store, NAME, LIMITS)
    assert due.documents == {"resident:OLD": ["2-a"], "resident:MOVED": ["2-a"]}
    assert due.branches == {"resident:LIVE": [tombstone_revision("2-a")]}
    assert (due.count, due.undated) == (3, 1)


async def test_a_deletion_counts_from_its_arrival(store: DocumentStore, registry: Registry) -> None:
    await fill(store)
    pairs = [("resident:OLD", "2-a"), ("resident:BARE", "2-a"), ("resident:LIVE", "2-a")]
    # now: it was under way for long
    await store.write_in_order([arrivals(GRID, "worker1", pairs)])
    due = await find_due(store, NAME, LIMITS)
    assert due.documents == {"resident:MOVED": ["2-a"]}
    assert (due.branches, due.undated) == ({}, 0)


class Breaking:
    """A store that fails at its n-th change."""

    def __init__(self, inner: DocumentStore, at: int) -> None:
        self._inner, self._left = inner, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in ("write", "drop_tombstones", "renew_epoch", "put_local"):
            return found

        async def counted(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise StoreUnavailable("node gone")
            return await found(*arguments, **options)

        return counted


@pytest.mark.parametrize("step", range(5))
async def test_broken_off_at_any_step_it_is_finished_the_next_time(
    store: DocumentStore, registry: Registry, step: int
) -> None:
    await fill(store)
    epoch = (await store.database_info(NAME)).epoch
    broken: Any = Breaking(store, step)
    with pytest.raises(StoreUnavailable):
        await roll_over(broken, NAME, await find_due(store, NAME, LIMITS), LIMITS.documents)
    assert await unfinished(store, NAME) == (step > 0)

    await roll_over(store, NAME, await find_due(store, NAME, LIMITS), LIMITS.documents)

    assert not await unfinished(store, NAME)
    assert (await find_due(store, NAME, LIMITS)).count == 0
    assert await left_out_before(store, NAME) == LIMITS.documents
    info = await store.database_info(NAME)
    assert (info.epoch != epoch, info.doc_count, info.deleted_count) == (True, 1, 2)
    assert set(await store.bodies(NAME, "resident:LIVE", ["1-a", "2-a", "2-b"])) == {"1-a", "2-b"}


async def test_what_comes_from_before_goes_to_review(
    store: DocumentStore, registry: Registry
) -> None:
    phone = Phone("worker1", "aaaaaaa1", now=1_767_254_400_000)  # 2026-01-01
    phone.create(HOUSEHOLD, head_name="黄生", address="甲1号")
    young = Phone("worker1", "aaaaaaa1")
    young.create(OTHER_HOUSEHOLD, head_name="陈生", address="甲2号")
    (taken,) = await phone.push(store, registry, HOUSEHOLD)
    assert taken.error is None
    stone = phone.stone(HOUSEHOLD)
    await phone.push(store, registry, writes=[stone])
    due = await find_due(store, NAME, FAR)
    assert due.documents == {HOUSEHOLD: [stone.rev]}
    await roll_over(store, NAME, due, "2026-06-01T00:00:00.000Z")

    phone.edit(HOUSEHOLD, head_name="黄先生")
    (held,) = await phone.push(store, registry, HOUSEHOLD)
    (buried,) = await phone.push(store, registry, writes=[stone])
    (fresh,) = await young.push(store, registry, OTHER_HOUSEHOLD)

    assert (held.error, held.info["code"]) == ("forbidden", "left-out")
    assert (buried.rev, buried.error, fresh.error) == (stone.rev, None, None)
    assert await store.get(NAME, HOUSEHOLD) is None
    await accept(store, held.info["quarantine"], SUPERVISOR)
    back = await store.get(NAME, HOUSEHOLD)
    assert back is not None
    assert back.document()["head_name"] == "黄先生"


async def test_a_closed_branch_does_not_come_back_and_a_late_edit_on_it_merges(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    phone1.create(HOUSEHOLD, head_name="黄生", address="甲1号", note="-", phone="12000000001")
    await phone1.push(store, registry, HOUSEHOLD)
    phone2.copy_from(phone1, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, head_name="黄先生")
    phone2.edit(HOUSEHOLD, note="改过")
    await phone1.push(store, registry, HOUSEHOLD)
    await phone2.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    (stone,) = [one for one in await store.revisions(NAME, HOUSEHOLD, "all") if one.deleted]
    await roll_over(store, NAME, await find_due(store, NAME, FAR), "2099-01-01T00:00:00.000Z")
    assert len(await store.leaves(NAME, HOUSEHOLD)) == 1

    again = Write(HOUSEHOLD, stone.body, stone.rev, stone.ancestors, True)
    (settled,) = await phone1.push(store, registry, writes=[again])
    assert settled.error is None
    assert len(await store.leaves(NAME, HOUSEHOLD)) == 1
    for phone in (phone1, phone2):  # each still stands on his own edit; one of them is gone here
        phone.edit(HOUSEHOLD, phone=f"1200000000{phone.device[-1]}")
        (taken,) = await phone.push(store, registry, HOUSEHOLD)
        assert taken.error is None
    await catch_up(store, registry)
    winner = await store.get(NAME, HOUSEHOLD)
    assert winner is not None
    found = winner.document()
    assert (found["head_name"], found["note"]) == ("黄先生", "改过")
    assert sum(not leaf.deleted for leaf in await store.leaves(NAME, HOUSEHOLD)) == 1
