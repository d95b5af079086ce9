"""A record's past: steps, as of a time, two revisions compared, a value restored, the purge."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from grid.permissions import Actor, Role
from sync import history, retention, reviews
from sync.arrivals import Arrival, arrivals_of
from sync.indexes import REVIEWS_BY_DOCUMENT
from sync.registry import Registry
from sync.restoring import RestoreError, restore
from sync.store import DocumentStore
from sync.timing import now_ms, now_text
from tests.sync_flow.town import (
    DISTRICT,
    GRID,
    GROUP,
    HOUSEHOLD,
    SUPERVISOR,
    TOWN,
    VILLAGE,
    Phone,
    catch_up,
)

PATH = (DISTRICT, TOWN, VILLAGE, GROUP, GRID)
LATER = "2099-01-01T00:00:00.000Z"


async def two_phones_merged(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """Make a household on one phone, edit it on both offline, push, merge."""
    phone1.create(HOUSEHOLD, address="1 号", phone="12000000000", tags=["a"])
    await phone1.push(store, registry, HOUSEHOLD)
    phone2.copy_from(phone1, HOUSEHOLD)
    phone2.now = phone1.now + 60_000
    phone1.edit(HOUSEHOLD, phone="12000000001")
    phone2.edit(HOUSEHOLD, phone="12000000002", tags=["a", "b"])
    for phone in (phone1, phone2):
        await phone.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)


def clock_time(phone: Phone) -> str:
    """Return the time of a phone's last edit as UTC text."""
    at: str = phone.documents[HOUSEHOLD]["updated"]["at"]
    return at[:24]


async def test_who_changed_what_when_where_and_whether_offline(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_phones_merged(store, registry, phone1, phone2)
    steps = await history.history_of(store, GRID, HOUSEHOLD)
    assert [(step.by, step.device, step.merged) for step in steps[1:]] == [
        ("worker2", "bbbbbbb2", False),
        ("worker1", "aaaaaaa1", False),
        ("worker1", "aaaaaaa1", False),
    ]
    merged, second, first, made = steps
    assert merged.merged
    assert merged.received is None
    assert [change.name for change in second.fields] == ["phone", "tags"]
    assert (first.fields[0].before, first.fields[0].after) == ("12000000000", "12000000001")
    # The town's clock stands at a noon of long ago or ahead: what came when is by the server's.
    expected = now_ms() - phone1.now > history.ONLINE_MS
    assert {step.offline for step in (second, first, made)} == {expected}
    assert all(step.received and step.received <= now_text() for step in (second, first, made))


@pytest.mark.parametrize(
    ("made", "came", "offline"),
    [
        ("2026-11-24T08:00:00.000Z-0000-aaaaaaa1", "2026-11-24T08:04:59.999Z", False),
        ("2026-11-24T08:00:00.000Z-0000-aaaaaaa1", "2026-11-24T08:05:00.001Z", True),
        ("2026-11-26T08:00:00.000Z-0000-aaaaaaa1", "2026-11-24T08:00:00.000Z", False),
        ("2026-11-24T08:00:00.000Z-0000-aaaaaaa1", None, None),
        ("no clock", "2026-11-24T08:00:00.000Z", None),
        (None, "2026-11-24T08:00:00.000Z", None),
    ],
)
def test_offline_is_what_came_long_after_it_was_made(
    made: str | None, came: str | None, offline: bool | None
) -> None:
    arrival = None if came is None else Arrival(came, "worker1")
    assert history.was_offline({"at": made, "device": "aaaaaaa1"}, arrival) is offline
    assert history.was_offline({"at": made, "device": "00000000"}, arrival) is False


async def test_a_revision_pushed_again_keeps_its_first_arrival(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号")
    await phone1.push(store, registry, HOUSEHOLD)
    first = await arrivals_of(store, f"grid-{GRID}", HOUSEHOLD)
    await phone1.push(store, registry, HOUSEHOLD)
    assert await arrivals_of(store, f"grid-{GRID}", HOUSEHOLD) == first
    assert list(first) == phone1.history[HOUSEHOLD]


async def test_as_of_a_time(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_phones_merged(store, registry, phone1, phone2)
    past = await history.read_past(store, GRID, HOUSEHOLD)
    made = phone1.documents[HOUSEHOLD]["created"]["at"][:24]

    async def then(at: str) -> Any:
        return await history.as_of(store, GRID, past, at)

    before = await then("2020-01-01T00:00:00.000Z")
    assert (before.body, before.rev, before.revisions) == (None, None, ())
    first = await then(made)
    assert first.body is not None
    assert first.body["phone"] == "12000000000"
    one = await then(clock_time(phone1))
    assert one.body is not None
    assert (one.body["phone"], one.body["tags"]) == ("12000000001", ["a"])
    assert one.rev == phone1.history[HOUSEHOLD][0]
    both = await then(clock_time(phone2))
    assert both.body is not None
    assert (both.body["phone"], both.body["tags"]) == ("12000000002", ["a", "b"])
    now = await store.get(f"grid-{GRID}", HOUSEHOLD)
    assert now is not None
    latest = await then(LATER)
    assert latest.body is not None
    assert {**latest.body, "_id": HOUSEHOLD, "_rev": now.rev} == now.document()


async def test_edits_that_stood_side_by_side_are_merged_as_they_would_have_been(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_phones_merged(store, registry, phone1, phone2)
    await phone1.pull(store, HOUSEHOLD)
    between = clock_time(phone1)
    phone1.now = phone2.now + 3_600_000
    phone1.edit(HOUSEHOLD, note="后来")
    await phone1.push(store, registry, HOUSEHOLD)
    past = await history.read_past(store, GRID, HOUSEHOLD)
    found = await history.as_of(store, GRID, past, between)
    assert found.body is not None
    assert found.body["phone"] == "12000000002"
    assert found.body["tags"] == ["a", "b"]
    assert "note" not in found.body


async def test_as_of_a_time_at_which_it_was_deleted(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号")
    await phone1.push(store, registry, HOUSEHOLD)
    await phone1.push(store, registry, writes=[phone1.stone(HOUSEHOLD)])
    past = await history.read_past(store, GRID, HOUSEHOLD)
    gone = await history.as_of(store, GRID, past, LATER)
    assert (gone.body, gone.rev is None) == (None, False)
    made = await history.as_of(store, GRID, past, clock_time(phone1))
    assert made.body is not None
    assert past.steps()[0].deleted
    with pytest.raises(history.NoSuchRevision):
        past.body(past.leaves[0].rev)


async def test_two_revisions_compared(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_phones_merged(store, registry, phone1, phone2)
    past = await history.read_past(store, GRID, HOUSEHOLD)
    one, other = (phone.history[HOUSEHOLD][0] for phone in (phone1, phone2))
    assert past.compare(one, other) == [
        history.FieldChange("phone", "12000000001", "12000000002"),
        history.FieldChange("tags", ["a"], ["a", "b"]),
    ]
    assert past.compare(one, one) == []
    with pytest.raises(history.NoSuchRevision):
        past.compare(one, "9-unknown")


async def test_a_value_is_restored_by_one_more_edit(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_phones_merged(store, registry, phone1, phone2)
    old = phone1.history[HOUSEHOLD][0]
    rev = await restore(store, GRID, PATH, HOUSEHOLD, old, "phone", SUPERVISOR)
    found = await store.get(f"grid-{GRID}", HOUSEHOLD)
    assert found is not None
    record = found.document()
    assert (found.rev, record["phone"], record["tags"]) == (rev, "12000000001", ["a", "b"])
    assert record["updated"]["by"] == "village"
    assert record["stamps"]["phone"] > phone2.documents[HOUSEHOLD]["stamps"]["phone"]
    step = (await history.history_of(store, GRID, HOUSEHOLD))[0]
    assert (step.by, step.offline, [change.name for change in step.fields]) == (
        "village",
        False,
        ["phone"],
    )
    first = phone1.history[HOUSEHOLD][-1]
    await restore(store, GRID, PATH, HOUSEHOLD, first, "tags", SUPERVISOR)


async def test_what_never_reached_the_server_cannot_be_restored(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号")
    first = phone1.history[HOUSEHOLD][0]
    phone1.edit(HOUSEHOLD, note="写错了")
    await phone1.push(store, registry, HOUSEHOLD)
    with pytest.raises(RestoreError) as error:
        await restore(store, GRID, PATH, HOUSEHOLD, first, "note", SUPERVISOR)
    assert error.value.code == "no-such-revision"  # made offline in two steps


async def test_what_cannot_be_restored(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    doc_id = "event:01J0000000000000000000000C"
    event = {"category": "0601", "description": "灯不亮", "happened": "2026-11-20T01:00:00Z"}
    phone1.create(doc_id, status="10", **event)
    await phone1.push(store, registry, doc_id)
    first = phone1.history[doc_id][0]
    phone1.edit(doc_id, status="60", title="路灯")
    await phone1.push(store, registry, doc_id)
    worker = Actor("worker1", Role.GRIDWORKER, None, frozenset({GRID}))
    auditor = Actor("audit", Role.AUDITOR, None, frozenset({DISTRICT}))
    for actor, rev, field, code in (
        (SUPERVISOR, first, "status", "not-allowed"),  # a state goes its way, never back like this
        (worker, first, "grid", "nothing-to-restore"),
        (SUPERVISOR, first, "category", "nothing-to-restore"),
        (SUPERVISOR, "9-unknown", "title", "no-such-revision"),
        (auditor, first, "title", "not-allowed"),
    ):
        with pytest.raises(RestoreError) as error:
            await restore(store, GRID, PATH, doc_id, rev, field, actor)
        assert error.value.code == code
    await restore(store, GRID, PATH, doc_id, first, "title", worker)
    found = await store.get(f"grid-{GRID}", doc_id)
    assert found is not None
    assert "title" not in found.document()


async def bodies_of(store: DocumentStore) -> set[str]:
    past = await history.read_past(store, GRID, HOUSEHOLD)
    return set(past.bodies)


async def test_the_purge_keeps_what_stands_and_what_open_reviews_show(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_phones_merged(store, registry, phone1, phone2)
    await phone1.pull(store, HOUSEHOLD)
    for number in range(3):
        phone1.edit(HOUSEHOLD, note=str(number))
        await phone1.push(store, registry, HOUSEHOLD)
    before = await bodies_of(store)
    assert await retention.purge_history(store, "2020-01-01T00:00:00.000Z") == (0, 0)
    assert await bodies_of(store) == before
    (row,) = await store.query(REVIEWS_BY_DOCUMENT, prefix=(HOUSEHOLD,), documents=True)
    assert row.document is not None
    shown = {row.document["base_rev"], *row.document["leaves"]}
    first = await retention.purge_history(store, LATER)
    assert first.bodies > 0
    assert first.arrivals > 0
    kept = await bodies_of(store)
    assert shown <= kept
    assert phone1.history[HOUSEHOLD][0] in kept
    assert phone1.history[HOUSEHOLD][1] not in kept
    review = await reviews.read_review(store, row.doc_id)
    await reviews.accept(store, row.doc_id, SUPERVISOR)
    assert review.decision.base is not None
    assert (await retention.purge_history(store, LATER)).bodies > 0
    after = await bodies_of(store)
    assert row.document["base_rev"] not in after
    winner = await store.get(f"grid-{GRID}", HOUSEHOLD)
    assert winner is not None
    assert winner.rev in after
    assert orjson.loads(winner.body)["note"] == "2"
    assert (await retention.purge_history(store, LATER)).bodies == 0


async def test_the_purge_keeps_the_base_of_an_edit_that_is_still_offline(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号", tags=["a"])
    await phone1.push(store, registry, HOUSEHOLD)
    phone2.copy_from(phone1, HOUSEHOLD)
    cutoff = now_text()
    phone1.edit(HOUSEHOLD, tags=["a", "b"])
    await phone1.push(store, registry, HOUSEHOLD)
    # The first revision is old, yet it was replaced only now: somebody may still edit it.
    assert (await retention.purge_history(store, cutoff)).bodies == 0
    phone2.edit(HOUSEHOLD, tags=[])
    await phone2.push(store, registry, HOUSEHOLD)
    assert (await retention.purge_history(store, LATER)).bodies == 0  # not merged yet
    await catch_up(store, registry)
    found = await store.get(f"grid-{GRID}", HOUSEHOLD)
    assert found is not None
    assert found.document()["tags"] == ["b"]
