"""What a supervisor does to a merge: agree, choose, undo, redo; each is one more edit."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sync import reviews
from sync.history import history_of
from sync.registry import Registry
from sync.reviews import ReviewError
from sync.store import DocumentStore
from tests.sync_flow.town import (
    GRID,
    HOUSEHOLD,
    STRANGER,
    SUPERVISOR,
    VILLAGE,
    Phone,
    catch_up,
)


async def clash(store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone) -> str:
    """Let both workers change phone (differently), worker1 the note, worker2 the room; merge."""
    phone1.create(HOUSEHOLD, address="面前山村 1 号", phone="12000000001", room="101", note="旧")
    await phone1.push(store, registry, HOUSEHOLD)
    phone2.copy_from(phone1, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, phone="12000000011", note="新")
    phone2.now += 5000
    phone2.edit(HOUSEHOLD, phone="12000000022", room="102")
    assert [r.error for r in await phone1.push(store, registry, HOUSEHOLD)] == [None]
    assert [r.error for r in await phone2.push(store, registry, HOUSEHOLD)] == [None]
    await catch_up(store, registry)
    rows = await reviews.open_reviews(store, VILLAGE)
    assert len(rows) == 1
    return rows[0].doc_id


async def record(store: DocumentStore) -> dict[str, Any]:
    found = await store.get(f"grid-{GRID}", HOUSEHOLD)
    assert found is not None
    assert (
        len([leaf for leaf in await store.leaves(f"grid-{GRID}", HOUSEHOLD) if not leaf.deleted])
        == 1
    )
    document: dict[str, Any] = orjson.loads(found.body)
    return document


@pytest.fixture
async def decision(store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone) -> str:
    return await clash(store, registry, phone1, phone2)


async def test_a_clash_shows_both_values_and_the_rest_is_merged(
    store: DocumentStore, decision: str
) -> None:
    review = await reviews.read_review(store, decision)
    now = await record(store)

    assert (now["phone"], now["note"], now["room"]) == ("12000000022", "新", "102")
    (asked,) = review.fields_to_review
    assert asked.field == "phone"
    assert {side.value for side in asked.sides} == {"12000000011", "12000000022"}
    assert review.changed_since == ()
    assert review.current is not None


async def test_accept_ends_the_review_and_the_record_says_so(
    store: DocumentStore, registry: Registry, decision: str
) -> None:
    before = await record(store)
    await reviews.accept(store, decision, SUPERVISOR, "核对过")
    after = await record(store)

    assert after["merge"]["review"] is False
    assert after["merge"]["reviewed"]["status"] == "accepted"
    assert after["merge"]["parents"] == before["merge"]["parents"]
    assert after["updated"]["by"] == "village"
    assert (after["phone"], after["stamps"]) == (before["phone"], before["stamps"])
    assert await reviews.open_reviews(store, VILLAGE) == []
    with pytest.raises(ReviewError, match="already-decided"):
        await reviews.accept(store, decision, SUPERVISOR)


async def test_choosing_the_other_side(
    store: DocumentStore, registry: Registry, decision: str
) -> None:
    review = await reviews.read_review(store, decision)
    (asked,) = review.fields_to_review
    other = next(side for side in asked.sides if side.value == "12000000011")

    await reviews.choose(store, decision, "phone", SUPERVISOR, rev=other.rev)

    now = await record(store)
    assert (now["phone"], now["note"], now["room"]) == ("12000000011", "新", "102")
    review = await reviews.read_review(store, decision)
    assert (review.status, review.changed_since) == ("changed", ())
    await catch_up(store, registry)
    assert (await record(store))["phone"] == "12000000011"


async def test_choosing_a_typed_value_checks_it(store: DocumentStore, decision: str) -> None:
    with pytest.raises(ReviewError, match="invalid-value") as caught:
        await reviews.choose(store, decision, "phone", SUPERVISOR, value="不知道")
    assert "联系电话" in caught.value.message
    assert (await reviews.read_review(store, decision)).status == "open"

    await reviews.choose(store, decision, "phone", SUPERVISOR, value="12000000033")
    assert (await record(store))["phone"] == "12000000033"


async def test_undo_restores_what_was_contested_and_keeps_the_rest(
    store: DocumentStore, registry: Registry, phone1: Phone, decision: str
) -> None:
    await phone1.pull(store, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, members=4)
    assert [r.error for r in await phone1.push(store, registry, HOUSEHOLD)] == [None]

    await reviews.undo(store, decision, SUPERVISOR)
    now = await record(store)

    assert (now["phone"], now["note"], now["room"], now["members"]) == (
        "12000000001", "新", "102", 4,
    )  # fmt: skip
    kept = await reviews.read_review(store, decision)
    assert kept.status == "undone"
    assert {s.value for s in kept.fields_to_review[0].sides} == {"12000000011", "12000000022"}

    await reviews.redo(store, decision, SUPERVISOR)
    assert (await record(store))["phone"] == "12000000022"
    assert (await reviews.read_review(store, decision)).status == "accepted"


async def test_undo_leaves_alone_what_was_changed_since_and_says_so(
    store: DocumentStore, registry: Registry, phone1: Phone, decision: str
) -> None:
    await phone1.pull(store, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, phone="12000000077")
    await phone1.push(store, registry, HOUSEHOLD)

    assert (await reviews.read_review(store, decision)).changed_since == ("phone",)
    with pytest.raises(ReviewError, match="nothing-to-undo"):
        await reviews.undo(store, decision, SUPERVISOR)
    await reviews.undo(store, decision, SUPERVISOR, fields=["note"])
    now = await record(store)
    assert (now["phone"], now["note"]) == ("12000000077", "旧")


async def test_a_supervisors_edit_meets_a_phones_like_any_other(
    store: DocumentStore, registry: Registry, phone1: Phone, decision: str
) -> None:
    """Undone on the server while worker1, offline, goes on from the merged record."""
    await phone1.pull(store, HOUSEHOLD)
    await reviews.undo(store, decision, SUPERVISOR)
    phone1.edit(HOUSEHOLD, members=5)
    assert [r.error for r in await phone1.push(store, registry, HOUSEHOLD)] == [None]
    await catch_up(store, registry)

    now = await record(store)
    assert (now["phone"], now["members"]) == ("12000000001", 5)


async def test_only_who_is_in_charge_may_decide(store: DocumentStore, decision: str) -> None:
    for step in (reviews.accept, reviews.undo, reviews.redo):
        with pytest.raises(ReviewError, match="out-of-scope"):
            await step(store, decision, STRANGER)
    with pytest.raises(ReviewError, match="no-such-decision"):
        await reviews.accept(store, "decision:none", SUPERVISOR)
    with pytest.raises(ReviewError, match="not-in-decision"):
        await reviews.choose(store, decision, "grid", SUPERVISOR, value="x")
    with pytest.raises(ReviewError, match="not-in-decision"):
        await reviews.choose(store, decision, "phone", SUPERVISOR, rev="9-x")


async def test_a_record_deleted_meanwhile(
    store: DocumentStore, registry: Registry, phone1: Phone, decision: str
) -> None:
    await phone1.pull(store, HOUSEHOLD)
    assert [
        r.error for r in await phone1.push(store, registry, writes=[phone1.stone(HOUSEHOLD)])
    ] == [None]

    assert (await reviews.read_review(store, decision)).current is None
    with pytest.raises(ReviewError, match="record-gone"):
        await reviews.choose(store, decision, "phone", SUPERVISOR, value="12000000033")
    await reviews.accept(store, decision, SUPERVISOR)
    assert (await reviews.read_review(store, decision)).status == "accepted"


async def test_edited_and_deleted_asks_and_may_end_in_deletion(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    await phone1.push(store, registry, HOUSEHOLD)
    phone2.copy_from(phone1, HOUSEHOLD)
    phone2.edit(HOUSEHOLD, note="搬走了吗？")
    await phone1.push(store, registry, writes=[phone1.stone(HOUSEHOLD)])
    await phone2.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    (row,) = await reviews.open_reviews(store, VILLAGE)
    assert (await record(store))["note"] == "搬走了吗？"

    await reviews.choose(store, row.doc_id, "_deleted", SUPERVISOR, value=True)
    await catch_up(store, registry)

    found = await store.get("canonical", HOUSEHOLD)
    assert found is not None
    assert found.deleted
    assert await reviews.open_reviews(store, VILLAGE) == []


async def test_history_tells_who_changed_what(store: DocumentStore, decision: str) -> None:
    await reviews.undo(store, decision, SUPERVISOR)
    steps = await history_of(store, GRID, HOUSEHOLD)

    assert [(step.by, step.merged, step.losing) for step in steps] == [
        ("village", False, False),
        ("worker2", True, False),
        ("worker2", False, steps[2].losing),
        ("worker1", False, steps[3].losing),
        ("worker1", False, False),
    ]
    assert sorted((steps[2].losing, steps[3].losing)) == [False, True]
    assert steps[0].fields == (("phone", "12000000022", "12000000001"),)
    assert {name for name, _, _ in steps[3].fields} == {"phone", "note"}
    assert all(step.complete for step in steps)
    assert await history_of(store, GRID, "household:none") == []
