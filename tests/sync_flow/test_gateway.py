"""What bad input gets, over the wire: a clear refusal, a copy in quarantine, the rest goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from grid.permissions import Actor, Role
from sync import quarantine
from sync.registry import Account, Registry
from sync.store import DocumentStore
from sync.wire import wire_app
from tests.sync_flow.town import (
    CLOSED,
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
    keeper_for,
)

DATABASE = f"grid-{GRID}"
GOOD = "household:01J0000000000000000000000Z"


@asynccontextmanager
async def client_of(
    store: DocumentStore, registry: Registry, actor: Actor | None
) -> AsyncIterator[httpx.AsyncClient]:
    app = wire_app(store, keeper_for(store, registry, actor))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def client(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(store, registry, phone1.actor) as opened:
        yield opened


def sent(phone: Phone, doc_id: str, **changes: Any) -> dict[str, Any]:
    """Return a phone's leaf as replication sends it."""
    line = phone.history[doc_id]
    ids = [rev.partition("-")[2] for rev in line]
    return {
        "_id": doc_id,
        "_rev": line[0],
        "_revisions": {"start": len(ids), "ids": ids},
        **phone.documents[doc_id],
        **changes,
    }


async def push(
    client: httpx.AsyncClient, *documents: Any, grid: str = GRID
) -> list[dict[str, Any]]:
    body = orjson.dumps({"new_edits": False, "docs": list(documents)})
    reply = await client.post(
        f"/{grid}/_bulk_docs", content=body, headers={"content-type": "application/json"}
    )
    assert reply.status_code == 201, reply.text
    rows: list[dict[str, Any]] = reply.json()
    return rows


def chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


Spoil = Callable[[dict[str, Any]], None]


def put(**members: Any) -> Spoil:
    return lambda document: document.update(members)


def rename(doc_id: str) -> Spoil:
    return lambda document: document.update(_id=doc_id)


def without(name: str) -> Spoil:
    def spoil(document: dict[str, Any]) -> None:
        del document[name]

    return spoil


def cut_history(document: dict[str, Any]) -> None:
    document["_revisions"] = {"start": 1, "ids": ["a", "b", "c"]}


def nested(levels: int) -> list[Any]:
    value: list[Any] = ["𠮷"]
    for _ in range(levels - 1):
        value = [value]
    return value


BAD: dict[str, tuple[Spoil, str, str | None]] = {
    "missing field": (without("address"), "invalid", "address"),
    "field of the wrong kind": (put(members="四"), "invalid", "members"),
    "unknown type": (
        lambda d: d.update(_id="spaceship:01J0", type="spaceship"),
        "invalid",
        "type",
    ),
    "no type": (without("type"), "invalid", "type"),
    "an id of another type": (rename("resident:01J0000000000000000000000Z"), "wrong-type", "type"),
    "an id of no type": (rename("01J0000000000000000000000Z"), "bad-id", "_id"),
    "another grid": (put(grid=OTHER), "wrong-grid", "grid"),
    "somebody else's name": (
        lambda d: d.update(updated={**d["updated"], "by": "worker2"}),
        "wrong-author",
        "updated.by",
    ),
    "a supervisor's field": (put(review_note="同意"), "field-not-allowed", "review_note"),
    "a forged merge note": (
        put(merge={"parents": ["1-a", "1-b"], "policy": 1}),
        "merge-note-changed",
        "merge",
    ),
    "oversized": (put(note2="长" * 100_000), "unreadable", None),
    "attachments": (
        put(_attachments={"a": {"data": "aGk=", "content_type": "text/plain"}}),
        "unreadable",
        "_attachments",
    ),
    "a history that does not fit": (cut_history, "unreadable", "_revisions"),
    "no revision that could be": (put(_rev="one"), "unreadable", "_rev"),
    "a special member": (put(_strange=1), "unreadable", "_strange"),
    "nested too deep": (put(odd=nested(100)), "too-deep", None),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_document_is_refused_kept_and_stops_nothing(
    name: str, store: DocumentStore, client: httpx.AsyncClient, phone1: Phone
) -> None:
    spoil, code, field = BAD[name]
    phone1.create(GOOD, address="面前山村 2 号")
    phone1.create(HOUSEHOLD, address="面前山村 1 号", head_name="𠮷䶮")
    bad = sent(phone1, HOUSEHOLD)
    spoil(bad)

    (row,) = await push(client, bad, sent(phone1, GOOD))

    assert (row["code"], row.get("field")) == (code, field)
    if code != "unreadable":
        assert row["error"] == "forbidden"
    assert row["name"] == "forbidden"  # PouchDB goes on past it
    assert await store.get(DATABASE, bad["_id"]) is None
    assert await store.get(DATABASE, GOOD) is not None
    entry = await quarantine.read_entry(store, row["quarantine"])
    assert chinese(entry["reason"])
    assert (entry["user"], entry["device"], entry["status"]) == ("worker1", "aaaaaaa1", "open")
    assert entry["document"].get("head_name") == "𠮷䶮"

    (again,) = await push(client, bad)
    assert again["quarantine"] == row["quarantine"]
    assert len(await quarantine.entries_of(store, VILLAGE)) == 1


async def test_nesting_that_cannot_be_written_again_is_kept_as_text(
    store: DocumentStore, client: httpx.AsyncClient, phone1: Phone
) -> None:
    phone1.create(GOOD, address="面前山村 2 号")
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    bad = sent(phone1, HOUSEHOLD, odd={"数": nested(300)}, tags=["低保"])
    body = json.dumps({"new_edits": False, "docs": [bad, sent(phone1, GOOD)]}).encode()
    head = {"content-type": "application/json"}
    reply = await client.post(f"/{GRID}/_bulk_docs", content=body, headers=head)
    (row,) = reply.json()
    assert (row["code"], row["name"]) == ("unreadable", "forbidden")
    assert await store.get(DATABASE, GOOD) is not None
    kept = (await quarantine.read_entry(store, row["quarantine"]))["document"]
    assert (kept["address"], kept["tags"]) == ("面前山村 1 号", ["低保"])
    assert json.loads(kept["odd"]) == {"数": nested(300)}


async def test_a_phone_cannot_move_the_followers_checkpoint(
    store: DocumentStore, registry: Registry, client: httpx.AsyncClient, phone1: Phone
) -> None:
    phone1.create(GOOD, address="面前山村 2 号")
    await push(client, sent(phone1, GOOD))
    await catch_up(store, registry)
    far = {"since": (await store.database_info(DATABASE)).update_seq.replace("1-", "999-", 1)}
    for name in ("follower", f"follower:{DATABASE}"):
        assert (await client.put(f"/{GRID}/_local/{name}", json=far)).status_code == 201
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    await push(client, sent(phone1, HOUSEHOLD))
    await catch_up(store, registry)
    assert await store.get("canonical", HOUSEHOLD) is not None


async def test_what_is_no_document_is_told_so(client: httpx.AsyncClient, phone1: Phone) -> None:
    phone1.create(GOOD, address="面前山村 2 号")
    good = {"_id": GOOD, **phone1.documents[GOOD]}
    reply = await client.post(f"/{GRID}/_bulk_docs", json={"docs": [7, good]})
    assert [row.get("error") for row in reply.json()] == ["bad_request", None], reply.text

    head = {"content-type": "application/json"}
    broken = await client.post(f"/{GRID}/_bulk_docs", content=b'{"docs": [', headers=head)
    assert (broken.status_code, broken.json()["error"]) == (400, "bad_request")
    huge = await client.post(
        f"/{GRID}/_bulk_docs", content=b" " * (8 * 1024 * 1024 + 1), headers=head
    )
    assert huge.status_code == 413


async def test_who_may_open_what(store: DocumentStore, registry: Registry, phone1: Phone) -> None:
    async with client_of(store, registry, None) as nobody:
        assert (await nobody.get(f"/{GRID}")).status_code == 401
    async with client_of(store, registry, phone1.actor) as worker:
        assert (await worker.get(f"/{GRID}")).json()["db_name"] == GRID
        stranger = await worker.get(f"/{OTHER}")
        assert (stranger.status_code, stranger.json()["code"]) == (403, "out-of-scope")
        assert (await worker.post(f"/{OTHER}/_bulk_docs", json={"docs": []})).status_code == 403
        for absent in (GROUP, "999999", "registry", "grid-" + GRID):
            assert (await worker.get(f"/{absent}")).status_code == 404
        assert (await worker.get(f"/bulletin/{TOWN}/_all_docs")).status_code == 200
        assert (await worker.get(f"/bulletin/{ELSEWHERE}")).status_code == 403
        notice = {"_id": "notice:1", "type": "notice"}
        assert (await worker.post(f"/bulletin/{TOWN}", json=notice)).status_code == 403
        assert (await worker.put(f"/{GRID}")).status_code == 412
        assert (await worker.delete(f"/{GRID}")).status_code == 403
        assert (await worker.get("/_all_dbs")).json() == [GRID, f"bulletin/{TOWN}"]
        assert (await worker.get("/_session")).json()["userCtx"]["name"] == "worker1"


async def test_a_lost_grid_takes_in_what_was_recorded_there_and_shows_nothing(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    await phone1.push(store, registry, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, note="离开前记录")
    await registry.unassign("worker1", GRID)
    actor = await registry.actor("worker1", "aaaaaaa1")

    async with client_of(store, registry, actor) as client:
        assert (await client.get(f"/{GRID}")).status_code == 200
        assert (await client.get(f"/{GRID}/_local/x")).status_code == 404
        asked = {HOUSEHOLD: [phone1.history[HOUSEHOLD][0]]}
        assert HOUSEHOLD in (await client.post(f"/{GRID}/_revs_diff", json=asked)).json()
        (row,) = await push(client, sent(phone1, HOUSEHOLD))
        for path in ("_changes", "_all_docs", HOUSEHOLD):
            reply = await client.get(f"/{GRID}/{path}")
            assert (reply.status_code, reply.json()["code"]) == (403, "grid-revoked")
            assert chinese(reply.json()["reason"])
        reply = await client.post(f"/{GRID}/_bulk_get", json={"docs": [{"id": HOUSEHOLD}]})
        assert reply.status_code == 403

    assert row["code"] == "grid-revoked"
    found = await store.get(DATABASE, HOUSEHOLD)
    assert found is not None
    assert "note" not in found.document()

    head = await registry.actor("village", None)
    await quarantine.accept(store, row["quarantine"], head, "已核实")
    found = await store.get(DATABASE, HOUSEHOLD)
    assert found is not None
    assert found.document()["note"] == "离开前记录"
    async with client_of(store, registry, actor) as client:
        assert await push(client, sent(phone1, HOUSEHOLD)) == []  # it is there now


async def test_a_closed_grid_and_a_reader_write_into_quarantine(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await registry.assign("worker1", CLOSED)
    actor = await registry.actor("worker1", "aaaaaaa1")
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    async with client_of(store, registry, actor) as client:
        (row,) = await push(client, sent(phone1, HOUSEHOLD, grid=CLOSED), grid=CLOSED)
        assert row["code"] == "grid-closed"
        assert (await client.get(f"/{CLOSED}/_changes")).status_code == 200
    auditor = Actor("auditor", Role.AUDITOR, None, frozenset({VILLAGE}))
    async with client_of(store, registry, auditor) as client:
        (row,) = await push(client, sent(phone1, HOUSEHOLD))
        assert row["code"] == "role-may-not-write"


async def test_a_clock_two_days_ahead_loses_nothing_and_is_told(
    store: DocumentStore, client: httpx.AsyncClient, phone1: Phone
) -> None:
    import time

    phone1.now = time.time_ns() // 1_000_000 + 2 * 86_400_000 + 60_000
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    phone1.create(GOOD, address="面前山村 2 号")
    assert await push(client, sent(phone1, HOUSEHOLD), sent(phone1, GOOD)) == []

    assert await store.get(DATABASE, HOUSEHOLD) is not None
    (row,) = await quarantine.entries_of(store, VILLAGE, status="accepted")
    assert row.document is not None
    assert row.document["code"] == "clock-ahead"
    assert "2 天" in row.document["reason"]
    assert row.document["device"] == "aaaaaaa1"
    assert chinese(row.document["closed"]["note"])


async def test_an_edit_is_judged_by_what_it_was_made_on(
    store: DocumentStore, registry: Registry, client: httpx.AsyncClient, phone1: Phone
) -> None:
    """A supervisor's remark made meanwhile is no change by the worker who has not seen it."""
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    await push(client, sent(phone1, HOUSEHOLD))
    head = await registry.actor("village", None)
    async with client_of(store, registry, head) as office:
        current = (await office.get(f"/{GRID}/{HOUSEHOLD}")).json()
        remarked = {**current, "review_note": "请补电话"}
        reply = await office.put(f"/{GRID}/{HOUSEHOLD}", json=remarked)
        assert reply.status_code == 201, reply.text
    for number in range(3):  # offline steps that the server never sees one by one
        phone1.edit(HOUSEHOLD, note=f"第 {number} 次")
    assert await push(client, sent(phone1, HOUSEHOLD)) == []
    await catch_up(store, registry)

    merged = await phone1.pull(store, HOUSEHOLD)
    assert (merged["review_note"], merged["note"]) == ("请补电话", "第 2 次")
    phone1.edit(HOUSEHOLD, phone="12000000001")
    assert await push(client, sent(phone1, HOUSEHOLD)) == []
    phone1.edit(HOUSEHOLD, review_note="不用补")
    (row,) = await push(client, sent(phone1, HOUSEHOLD))
    assert (row["code"], row["field"]) == ("field-not-allowed", "review_note")


async def test_a_plain_put_is_completed_and_judged(
    store: DocumentStore, registry: Registry
) -> None:
    await registry.save_account(
        Account("api", "对接", Role.INTEGRATOR, "-", "2026-01-01T00:00:00Z")
    )
    actor = Actor("api", Role.INTEGRATOR, None, frozenset({TOWN}))
    async with client_of(store, registry, actor) as client:
        url = f"/{GRID}/{HOUSEHOLD}"
        made = await client.put(url, json={"type": "household", "grid": GRID, "address": "1 号"})
        assert made.status_code == 201, made.text
        record = (await client.get(url)).json()
        assert record["created"]["by"] == "api"
        changed = await client.put(url, json={**record, "phone": "12000000001"})
        assert changed.status_code == 201
        later = (await client.get(url)).json()
        assert later["stamps"]["phone"] == later["updated"]["at"] > record["updated"]["at"]
        stale = await client.put(url, json={**record, "phone": "12000000002"})
        assert stale.status_code == 409
        bad = await client.put(url, json={**later, "phone": "无"})
        assert (bad.status_code, bad.json()["field"]) == (403, "phone")
        assert (await quarantine.read_entry(store, bad.json()["quarantine"]))["rev"][:2] == "3-"
        gone = await client.delete(url, params={"rev": later["_rev"]})
        assert gone.status_code == 200
    found = await store.get(DATABASE, HOUSEHOLD)
    assert found is not None
    assert (found.deleted, found.document()["updated"]["by"]) == (True, "api")


async def test_two_people_on_one_phone_and_a_stranger(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """What worker1 left unsent goes up while worker2 is signed in on the same phone."""
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    shared = Actor("worker2", Role.GRIDWORKER, "aaaaaaa1", frozenset({GRID}))
    async with client_of(store, registry, shared) as client:
        (row,) = await push(client, sent(phone1, HOUSEHOLD))
        assert row["code"] == "wrong-author"
        await registry.record_device("aaaaaaa1", "worker1")
        assert await push(client, sent(phone1, HOUSEHOLD)) == []
    async with client_of(store, registry, phone2.actor) as client:
        phone1.edit(HOUSEHOLD, note="x")
        (row,) = await push(client, sent(phone1, HOUSEHOLD))
        assert row["code"] == "wrong-author"  # from worker2's own phone
    peer = Actor("api", Role.INTEGRATOR, None, frozenset({TOWN}))
    async with client_of(store, registry, peer) as client:
        assert await push(client, sent(phone1, HOUSEHOLD)) == []


async def test_deleting(
    store: DocumentStore, registry: Registry, client: httpx.AsyncClient,
    phone1: Phone, phone2: Phone,
) -> None:  # fmt: skip
    phone1.create(HOUSEHOLD, address="面前山村 1 号")
    phone1.create(RESIDENT, name="黄生")
    await push(client, sent(phone1, HOUSEHOLD), sent(phone1, RESIDENT))
    phone2.copy_from(phone1, RESIDENT)
    (result,) = await phone2.push(store, registry, writes=[phone2.stone(RESIDENT)])
    assert result.info["code"] == "delete-not-allowed"
    (result,) = await phone1.push(store, registry, writes=[phone1.stone(HOUSEHOLD)])
    assert result.error is None
    line = phone1.history[RESIDENT]
    bare = {"_id": RESIDENT, "_rev": "2-x", "_deleted": True,
            "_revisions": {"start": 2, "ids": ["x", line[0].partition("-")[2]]}}  # fmt: skip
    assert await push(client, bare) == []  # as PouchDB's remove() sends it


async def test_event_steps_that_a_role_may_not_take(
    client: httpx.AsyncClient, phone1: Phone
) -> None:
    fields = {"category": "0101", "description": "树倒了", "happened": "2026-11-20T01:00:00Z"}
    from grid.dictionaries import EVENT_CATEGORY

    fields["category"] = next(iter(EVENT_CATEGORY.labels))
    phone1.create(EVENT, status="10", **fields)
    assert await push(client, sent(phone1, EVENT)) == []
    phone1.edit(EVENT, status="60")  # 10 → 25 → 60, handled on the spot, offline
    assert await push(client, sent(phone1, EVENT)) == []
    phone1.edit(EVENT, status="80")
    (row,) = await push(client, sent(phone1, EVENT))
    assert (row["code"], row["field"]) == ("status-not-allowed", "status")
    assert chinese(row["reason"])


async def test_a_newer_schema_and_unknown_fields_are_kept(
    store: DocumentStore, client: httpx.AsyncClient, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, schema=99, address="1 号", solar={"panels": 3}, members="many")
    assert await push(client, sent(phone1, HOUSEHOLD)) == []
    found = await store.get(DATABASE, HOUSEHOLD)
    assert found is not None
    assert found.document()["solar"] == {"panels": 3}


async def test_several_leaves_of_one_document_in_one_batch(
    client: httpx.AsyncClient, store: DocumentStore, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号")
    first = sent(phone1, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, note="甲")
    second = sent(phone1, HOUSEHOLD)
    other = {**second, "_rev": "2-zz", "note": "乙"}
    other["_revisions"] = {"start": 2, "ids": ["zz", second["_revisions"]["ids"][1]]}
    assert await push(client, first, second, other) == []
    assert len(await store.leaves(DATABASE, HOUSEHOLD)) == 2
