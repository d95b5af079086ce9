"""A record's past over the API and in the console: masked, in scope, restored with a question."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette

from server.runtime import Runtime
from tests.server.conftest import BUILDING, DEVICE, PASSWORD, bearer, client_of
from tests.sync_flow.town import catch_up

SignIn = Callable[..., Awaitable[str]]
RESIDENT = "resident:01KAT3C8Q0Z3W0Y1S6P5H2M4XN"
FIRST, SECOND = "1-" + "a" * 32, "2-" + "b" * 32
AT = ("2026-11-24T08:00:00.000Z", "2026-11-24T09:00:00.000Z")
API = f"/api/v1/records/{RESIDENT}"
PAGE = f"/console/records/{quote(RESIDENT)}"


def resident(moment: str, **fields: Any) -> dict[str, Any]:
    clock = f"{moment}-0000-{DEVICE}"
    created = {"at": f"{AT[0]}-0000-{DEVICE}", "by": "worker1", "device": DEVICE}
    return {
        "_id": RESIDENT,
        "type": "resident",
        "schema": 2,
        "grid": BUILDING,
        "created": created,
        "updated": {"at": clock, "by": "worker1", "device": DEVICE},
        "stamps": {} if moment == AT[0] else {"phone": clock, "note": clock},
        "name": "陈水生",
        "phone": "12000001111",
        **fields,
    }


@pytest.fixture
async def edited(client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn) -> None:
    """Push a resident and an edit of it as worker1, one after the other; project them."""
    headers = bearer(await sign_in("worker1"))
    line = [FIRST.partition("-")[2]]
    for rev, document in (
        (FIRST, resident(AT[0])),
        (SECOND, resident(AT[1], phone="12000002222", note="换了号码")),
    ):
        digest = rev.partition("-")[2]
        line = [digest] if rev == FIRST else [digest, *line]
        doc = {**document, "_rev": rev, "_revisions": {"start": len(line), "ids": line}}
        reply = await client.post(
            f"/sync/{BUILDING}/_bulk_docs",
            json={"new_edits": False, "docs": [doc]},
            headers=headers,
        )
        assert (reply.status_code, reply.json()) == (201, [])
    await catch_up(runtime.store, runtime.registry)


pytestmark = pytest.mark.usefixtures("edited")


@pytest.fixture
async def console(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as made:
        form = {"username": "village", "password": PASSWORD, "device": None}
        await made.post("/api/v1/session", json=form)
        yield made


async def test_the_steps_over_the_api(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    headers = bearer(await sign_in("integrator"))
    answer = (await client.get(f"{API}/history", headers=headers)).json()
    assert (answer["id"], answer["grid"], answer["masked"]) == (RESIDENT, BUILDING, True)
    second, first = answer["items"]
    assert [second["rev"], first["rev"]] == [SECOND, FIRST]
    assert (second["by"], second["device"]) == ("worker1", DEVICE)
    assert second["received"].endswith("Z")
    assert isinstance(second["offline"], bool)
    assert second["changes"] == [
        {"field": "note", "before": None, "after": "换了号码"},
        {"field": "phone", "before": "120****1111", "after": "120****2222"},
    ]
    some = (await client.get(f"{API}/history", params={"limit": 1}, headers=headers)).json()
    assert [item["rev"] for item in some["items"]] == [SECOND]


async def test_as_of_a_time_over_the_api(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    headers = bearer(await sign_in("integrator"))

    async def then(at: str) -> Any:
        reply = await client.get(f"{API}/as-of", params={"at": at}, headers=headers)
        assert reply.status_code == 200, reply.text
        return reply.json()

    # 16:30 in China is 08:30 UTC: between the two.
    between = await then("2026-11-24T16:30:00+08:00")
    assert (between["rev"], between["at"]) == (FIRST, "2026-11-24T08:30:00.000Z")
    assert between["record"]["phone"] == "120****1111"
    assert (await then("2026-11-24T07:59:59.999Z"))["record"] is None
    assert (await then(AT[1]))["rev"] == SECOND
    bad = await client.get(f"{API}/as-of", params={"at": "yesterday"}, headers=headers)
    assert bad.status_code == 422


async def test_two_revisions_compared_over_the_api(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime
) -> None:
    headers = bearer(await sign_in("integrator"))
    query = {"one": FIRST, "other": SECOND, "unmask_purpose": "核对电话"}
    answer = (await client.get(f"{API}/compare", params=query, headers=headers)).json()
    assert answer["masked"] is False
    assert answer["changes"][1] == {
        "field": "phone",
        "before": "12000001111",
        "after": "12000002222",
    }
    entries = [revision.document() for revision in await runtime.store.documents("audit")]
    assert any(entry.get("purpose") == "核对电话" for entry in entries)
    query["other"] = "9-" + "f" * 32
    reply = await client.get(f"{API}/compare", params=query, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("tail", ["history", f"as-of?at={AT[1]}", f"compare?one={FIRST}&other=2-b"])
async def test_who_may_not_see_the_record_may_not_see_its_past(
    client: httpx.AsyncClient, sign_in: SignIn, tail: str
) -> None:
    other = bearer(await sign_in("worker3"))
    assert (await client.get(f"{API}/{tail}", headers=other)).status_code == 403
    unknown = f"/api/v1/records/resident:none/{tail}"
    assert (await client.get(unknown, headers=other)).status_code == 404
    assert (await client.get(f"{API}/{tail}")).status_code == 401


async def test_the_console_shows_the_past_and_asks_before_it_restores(
    console: httpx.AsyncClient, runtime: Runtime
) -> None:
    page = (await console.get(PAGE)).text
    assert "离线填写" in page or "在线填写" in page
    assert "120****1111" in page
    then = (await console.get(f"{PAGE}/as-of", params={"at": "2026-11-24T16:30"})).text
    assert "120****1111" in then
    assert "12000001111" not in then
    assert "换了号码" not in then
    assert f"one={FIRST}" in then
    assert "当时还没有" in (await console.get(f"{PAGE}/as-of?at=2020-01-01T00:00")).text
    assert "看不懂" in (await console.get(f"{PAGE}/as-of?at=yesterday")).text
    compared = (await console.get(f"{PAGE}/compare?one={FIRST}")).text
    assert "120****2222" in compared
    assert f"restore?rev={FIRST}&amp;field=phone" in compared
    asked = (await console.get(f"{PAGE}/restore?rev={FIRST}&field=phone")).text
    assert "确认恢复" in asked
    token = asked.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "rev": FIRST, "field": "phone"}
    done = await console.post(f"{PAGE}/restore", data=form)
    assert done.status_code == 303
    found = await runtime.store.get(f"grid-{BUILDING}", RESIDENT)
    assert found is not None
    record = found.document()
    assert (record["phone"], record["note"]) == ("12000001111", "换了号码")
    assert record["updated"]["by"] == "village"
    again = await console.post(f"{PAGE}/restore", data=form)
    assert again.status_code == 409
    assert "不需要恢复" in again.text


async def test_without_its_token_nothing_is_restored(console: httpx.AsyncClient) -> None:
    form = {"rev": FIRST, "field": "phone"}
    assert (await console.post(f"{PAGE}/restore", data=form)).status_code == 403


@pytest.mark.parametrize("tail", ["compare?one=9-f", "restore?rev=9-f&field=phone"])
async def test_a_revision_that_is_not_kept_is_not_found(
    console: httpx.AsyncClient, tail: str
) -> None:
    assert (await console.get(f"{PAGE}/{tail}")).status_code == 404


async def test_an_auditor_looks_but_cannot_restore(app: Starlette) -> None:
    async with client_of(app) as auditor:
        form = {"username": "auditor", "password": PASSWORD, "device": None}
        await auditor.post("/api/v1/session", json=form)
        page = (await auditor.get(f"{PAGE}/compare?one={FIRST}")).text
        assert "restore?" not in page
        asked = (await auditor.get(f"{PAGE}/restore?rev={FIRST}&field=phone")).text
        assert "确认恢复" not in asked
        token = asked.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"csrf_token": token, "rev": FIRST, "field": "phone"}
        assert (await auditor.post(f"{PAGE}/restore", data=form)).status_code == 409
