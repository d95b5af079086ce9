"""Every record type through the house: pushed by two phones, judged, merged, projected."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest

from conflicts import reasons
from grid.models import RECORD_TYPES
from grid.permissions import Actor, Role
from sync.indexes import REVIEWS_BY_DOCUMENT
from sync.registry import Registry
from sync.store import DocumentStore, Write
from tests.sync_flow.town import GRID, HOUSEHOLD, Phone, catch_up, keeper_for, scope_of

CAMPAIGN_RECORD: Final = "campaign-record:fraud:01J0000000000000000000000A"
CASES: Final[dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]]] = {
    "dispute": (
        "dispute:01J0000000000000000000000D",
        {
            "title": "围墙过界",
            "category": "0103",
            "happened": "2026-11-20T01:00:00Z",
            "description": "两家都说围墙过了界",
            "parties": [{"key": "1", "name": "黄水生"}],
            "status": "30",
        },
        {"parties": [{"key": "1", "name": "黄水生"}, {"key": "2", "name": "陈阿四"}]},
        {"status": "40"},
    ),
    "task": (
        "task:01J0000000000000000000000T",
        {"title": "查低洼处", "kind": "check", "planned": 10},
        {"done": {"aaaaaaa1": 4}},
        {"done": {"bbbbbbb2": 3}},
    ),
    "campaign-record": (
        CAMPAIGN_RECORD,
        {"campaign": "fraud", "campaign_title": "反诈", "household": HOUSEHOLD, "status": "10"},
        {"status": "20", "first_told": "2026-11-20T01:00:00Z"},
        {"attempts": {"bbbbbbb2": 2}},
    ),
    "place": (
        "place:01J0000000000000000000000P",
        {"title": "小卖部", "kind": "shop", "address": "1 号"},
        {"hazards": ["煤气瓶"]},
        {"owner_phone": "12000001111"},
    ),
    "organisation": (
        "organisation:01J0000000000000000000000",
        {"title": "老人协会", "kind": "social", "address": "2 号"},
        {"staff": 5},
        {"bodies": ["party"]},
    ),
}


def fields_of(record_type: str, phone: Phone) -> dict[str, Any]:
    _, fields, _, _ = CASES[record_type]
    supervisor = {"planned"}
    return {name: value for name, value in fields.items() if name not in supervisor}


@pytest.mark.parametrize("record_type", CASES)
async def test_two_phones_edit_a_record_of_the_type_offline(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone, record_type: str
) -> None:
    doc_id, _, one, two = CASES[record_type]
    phone1.create(doc_id, **fields_of(record_type, phone1))
    assert [r.error for r in await phone1.push(store, registry, doc_id)] == [None]
    phone2.copy_from(phone1, doc_id)
    phone1.edit(doc_id, **one)
    phone2.edit(doc_id, **two)
    for phone in (phone1, phone2):
        assert [r.error for r in await phone.push(store, registry, doc_id)] == [None]
    await catch_up(store, registry)
    found = await store.get("canonical", doc_id)
    assert found is not None
    record = found.document()
    expected = {**one, **two}
    if record_type == "task":
        expected["done"] = {"aaaaaaa1": 4, "bbbbbbb2": 3}
    assert {name: record[name] for name in expected} == expected
    assert record["merge"]["review"] is False
    assert record["path"][-1] == GRID
    assert record["search"]


def test_there_is_a_case_for_every_type_without_tests_of_its_own() -> None:
    assert set(CASES) == set(RECORD_TYPES) - {"household", "resident", "event", "patrol", "visit"}


async def test_an_agreement_and_a_hand_over_made_at_once_are_contested(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    doc_id = CASES["dispute"][0]
    phone1.create(doc_id, **fields_of("dispute", phone1))
    await phone1.push(store, registry, doc_id)
    phone2.copy_from(phone1, doc_id)
    phone1.edit(doc_id, status="40")
    phone2.edit(doc_id, status="45")
    for phone in (phone1, phone2):
        await phone.push(store, registry, doc_id)
    await catch_up(store, registry)
    found = await store.get(f"grid-{GRID}", doc_id)
    assert found is not None
    assert found.document()["status"] == "99"
    (row,) = await store.query(REVIEWS_BY_DOCUMENT, prefix=(doc_id,), documents=True)
    assert row.document is not None
    assert row.document["status"] == "open"
    assert row.document["reviews"] == [reasons.STATE_CONTESTED]
    (status,) = (field for field in row.document["fields"] if field["field"] == "status")
    assert {side["value"] for side in status["sides"]} == {"40", "45"}


async def test_two_workers_who_tick_one_household_meet_in_one_record(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    for phone, status, at in ((phone1, "10", "T03"), (phone2, "20", "T01")):
        moment = f"2026-11-20{at}:00:00Z"
        phone.create(
            CAMPAIGN_RECORD,
            campaign="fraud",
            household=HOUSEHOLD,
            status=status,
            attempts={phone.device: 1},
            first_told=moment,
            last_contact=moment,
        )
        assert [r.error for r in await phone.push(store, registry, CAMPAIGN_RECORD)] == [None]
    await catch_up(store, registry)
    found = await store.get("canonical", CAMPAIGN_RECORD)
    assert found is not None
    record = found.document()
    assert record["attempts"] == {"aaaaaaa1": 1, "bbbbbbb2": 1}
    assert (record["status"], record["merge"]["review"]) == ("20", False)
    assert record["first_told"] == "2026-11-20T01:00:00Z"
    assert record["last_contact"] == "2026-11-20T03:00:00Z"


async def test_a_campaign_record_whose_id_is_not_its_key_is_refused(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    doc_id = "campaign-record:01J0000000000000000000000X"
    phone1.create(doc_id, campaign="fraud", household=HOUSEHOLD)
    (result,) = await phone1.push(store, registry, doc_id)
    assert (result.error, result.info["code"]) == ("forbidden", "wrong-key")
    assert CAMPAIGN_RECORD in (result.reason or "")
    phone1.create(CAMPAIGN_RECORD, campaign="fraud", household=HOUSEHOLD)
    assert [r.error for r in await phone1.push(store, registry, CAMPAIGN_RECORD)] == [None]
    # A household may later be merged into another: the record keeps its id.
    phone1.edit(CAMPAIGN_RECORD, household="household:01J0000000000000000000000Q")
    assert [r.error for r in await phone1.push(store, registry, CAMPAIGN_RECORD)] == [None]


@pytest.mark.parametrize(
    ("record_type", "changes", "code", "field"),
    [
        ("dispute", {"status": "80"}, "status-not-allowed", "status"),
        ("dispute", {"evaluation": "好"}, "field-not-allowed", "evaluation"),
        ("task", {"status": "91"}, "status-not-allowed", "status"),
        ("task", {"planned": 3}, "field-not-allowed", "planned"),
        ("place", {"review_note": "属实"}, "field-not-allowed", "review_note"),
        ("organisation", {"credit_code": "abc"}, "invalid", "credit_code"),
        ("campaign-record", {"attempts": {"aaaaaaa1": -1}}, "invalid", "attempts.aaaaaaa1"),
        ("campaign-record", {"status": "55"}, "invalid", "status"),
    ],
)
async def test_what_a_worker_may_not_write_is_refused_with_its_reason(
    store: DocumentStore,
    registry: Registry,
    phone1: Phone,
    record_type: str,
    changes: dict[str, Any],
    code: str,
    field: str,
) -> None:
    doc_id = CASES[record_type][0]
    phone1.create(doc_id, **fields_of(record_type, phone1))
    assert [r.error for r in await phone1.push(store, registry, doc_id)] == [None]
    phone1.edit(doc_id, **changes)
    (result,) = await phone1.push(store, registry, doc_id)
    assert (result.info["code"], result.info["field"]) == (code, field)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in result.reason or "")


async def test_who_resolved_a_dispute_does_not_follow_it_up_himself(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    doc_id = CASES["dispute"][0]
    done = {"key": "1", "at": phone1.tick(), "by": "worker1", "action": "化解", "after": "60"}
    phone1.create(doc_id, **{**fields_of("dispute", phone1), "status": "60", "log": [done]})
    (result,) = await phone1.push(store, registry, doc_id)
    assert result.error is None
    phone2.copy_from(phone1, doc_id)
    phone1.edit(doc_id, status="70")
    (result,) = await phone1.push(store, registry, doc_id)
    assert result.info["code"] == "own-work"
    assert "矛盾纠纷" in (result.reason or "")
    phone2.edit(doc_id, status="70")
    assert [r.error for r in await phone2.push(store, registry, doc_id)] == [None]


async def test_a_worker_withdraws_a_dispute_and_a_supervisor_may_delete_it(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    doc_id = CASES["dispute"][0]
    phone1.create(doc_id, **{**fields_of("dispute", phone1), "status": "10"})
    await phone1.push(store, registry, doc_id)
    (result,) = await phone1.push(store, registry, writes=[phone1.stone(doc_id)])
    assert result.info["code"] == "delete-not-allowed"
    actor = Actor("village", Role.SUPERVISOR_VILLAGE, phone1.device, frozenset({GRID}))
    door = await keeper_for(store, registry, actor).open(
        scope_of(f"/{GRID}/_bulk_docs"), GRID, write=True
    )
    own = orjson.dumps({"updated": {"at": phone1.tick(), "by": "village", "device": "aaaaaaa1"}})
    write = Write(doc_id, own, ancestors=tuple(phone1.history[doc_id]), deleted=True)
    (result,) = await door.write([write], True)
    assert result.error is None
