"""Reviews across documents over HTTP: two records beside each other, merged, undone, mended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest

from conflicts.clock import Clock
from conflicts.rules import DUPLICATE, HOUSEHOLD, ORPHAN, finding_id
from server.runtime import Runtime
from sync.store import Write
from tests.server.conftest import BUILDING, bearer
from tests.sync_flow.town import catch_up

SignIn = Callable[..., Awaitable[str]]
ONE = "household:01J0000000000000000000000A"
TWO = "household:01J0000000000000000000000B"
PERSON = "resident:01J0000000000000000000000C"
OTHER = "resident:01J0000000000000000000000D"
REVIEW = f"/console/reviews/{finding_id(DUPLICATE, ONE, TWO)}"
NOON = 1_795_176_000_000


def record(doc_id: str, number: int, **fields: Any) -> Write:
    device = f"{number:08x}"
    at = str(Clock(NOON + number * 60_000, 0, device))
    trace = {"at": at, "by": f"worker{number}", "device": device}
    kind = doc_id.partition(":")[0]
    body = {"type": kind, "schema": 1, "grid": BUILDING, "created": trace, "updated": trace}
    return Write(doc_id, orjson.dumps({**body, "stamps": {}, **fields}))


async def put(runtime: Runtime, *writes: Write) -> None:
    database = f"grid-{BUILDING}"
    await runtime.store.create_database(database)
    results = await runtime.store.write(database, writes)
    assert [result.error for result in results] == [None] * len(writes)
    await follow(runtime)


async def follow(runtime: Runtime) -> None:
    await catch_up(runtime.store, runtime.registry)


async def canonical(runtime: Runtime, doc_id: str) -> dict[str, Any]:
    found = await runtime.store.get("canonical", doc_id)
    assert found is not None
    return {**found.document(), "gone": found.deleted}


@pytest.fixture
async def two(runtime: Runtime) -> None:
    """Record one door twice, with different phones, and somebody living at the second."""
    await put(
        runtime,
        record(ONE, 1, address="滨海绿洲4栋302", phone="12000001111"),
        record(TWO, 2, address="滨海绿洲四幢３０２室", phone="12000002222", members=3),
        record(PERSON, 2, household=TWO, name="陈水生"),
    )


@pytest.mark.usefixtures("two")
async def test_two_records_beside_each_other_masked_until_asked(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    head = bearer(await sign_in("village"))
    queue = await client.get(f"/console/grids/{BUILDING}/reviews", headers=head)
    assert "同一户重复登记" in queue.text
    page = await client.get(REVIEW, headers=head)
    assert page.status_code == 200
    for text in (
        "两条登记是同一个门牌",
        "不一致",
        "120****1111",
        "120****2222",
        "演示worker2",
        "00000001",
    ):
        assert text in page.text
    assert "12000001111" not in page.text

    refused = await client.post(f"{REVIEW}/unmask", data={"purpose": ""}, headers=head)
    assert refused.status_code == 422
    shown = await client.post(f"{REVIEW}/unmask", data={"purpose": "核对重复登记"}, headers=head)
    assert "12000002222" in shown.text
    rows = await runtime.store.documents("audit")
    log = [row.document() for row in rows]
    assert any(e["action"] == "unmask" and ONE in e["records"] for e in log)


@pytest.mark.usefixtures("two")
async def test_merged_with_a_chosen_value_and_undone(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    head = bearer(await sign_in("village"))
    form = {"stands": "gives_way", "choose.phone": "keeps"}
    done = await client.post(f"{REVIEW}/merge", data=form, headers=head)
    assert done.status_code == 303
    await follow(runtime)

    assert (await canonical(runtime, TWO))["phone"] == "12000001111"
    assert (await canonical(runtime, ONE))["merged_into"] == TWO
    page = await client.get(REVIEW, headers=head)
    assert "已合并为一条" in page.text
    again = await client.post(f"{REVIEW}/merge", data=form, headers=head)
    assert again.status_code == 409
    led = await client.get(f"/console/records/{ONE}", headers=head)
    assert (led.status_code, led.headers["location"]) == (303, f"/console/records/{TWO}")

    assert (await client.post(f"{REVIEW}/undo", headers=head)).status_code == 303
    await follow(runtime)
    assert not (await canonical(runtime, ONE))["gone"]
    page = await client.get(REVIEW, headers=head)
    assert "已撤销合并，两条都恢复" in page.text
    assert "处理经过" in page.text


@pytest.mark.usefixtures("two")
async def test_kept_apart(client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn) -> None:
    head = bearer(await sign_in("village"))
    assert (await client.post(f"{REVIEW}/apart", headers=head)).status_code == 303
    await follow(runtime)
    assert (await canonical(runtime, TWO))["distinct_from"] == [ONE]
    assert "已确认不是同一个" in (await client.get(REVIEW, headers=head)).text


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("username", "seen", "decided"),
    [("auditor", 200, 403), ("dispatcher", 200, 403), ("lead", 200, 303), ("worker3", 303, 303)],
)
async def test_only_who_is_in_charge_sees_and_decides(
    client: httpx.AsyncClient, sign_in: SignIn, username: str, seen: int, decided: int
) -> None:
    head = bearer(await sign_in(username))
    page = await client.get(REVIEW, headers=head)
    assert page.status_code == seen
    done = await client.post(f"{REVIEW}/apart", headers=head)
    assert done.status_code == decided
    assert (await client.get("/console/reviews/across:none", headers=head)).status_code in (
        404,
        303,
    )
    assert (await client.post(f"{REVIEW}/burn", headers=head)).status_code in (404, 303)


async def test_two_heads_and_a_deleted_household(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    head = bearer(await sign_in("village"))
    await put(
        runtime,
        record(ONE, 1, address="滨海绿洲4栋302"),
        record(PERSON, 1, household=ONE, name="陈水生", relation="0"),
        record(OTHER, 2, household=ONE, name="黄𠮷", relation="0"),
    )
    address = f"/console/reviews/{finding_id(HOUSEHOLD, ONE)}"
    page = await client.get(address, headers=head)
    assert "请选定一个" in page.text
    chosen = await client.post(f"{address}/head", data={"resident": OTHER}, headers=head)
    assert chosen.status_code == 303
    await follow(runtime)
    assert (await canonical(runtime, ONE))["head"] == OTHER

    winner = await runtime.store.get(f"grid-{BUILDING}", ONE)
    assert winner is not None
    await put(runtime, Write(ONE, b"{}", ancestors=(winner.rev,), deleted=True))
    address = f"/console/reviews/{finding_id(ORPHAN, ONE)}"
    page = await client.get(address, headers=head)
    assert "恢复这一户" in page.text
    assert (await client.post(f"{address}/restore", headers=head)).status_code == 303
    await follow(runtime)
    assert not (await canonical(runtime, ONE))["gone"]
    again = await client.post(f"{address}/leave", headers=head)
    assert again.status_code == 409
