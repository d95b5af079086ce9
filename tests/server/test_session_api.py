"""Signing in, being asked who one is, signing out, and sessions that end by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from server.runtime import Runtime
from server.sessions import Sessions
from sync.registry import Registry
from tests.server.conftest import (
    BUILDING,
    DEVICE,
    PASSWORD,
    TOWN,
    Serve,
    bearer,
    client_of,
)

SignIn = Callable[..., Awaitable[str]]
PATIENCE = 20
FORM = {"username": "worker1", "password": PASSWORD, "device": DEVICE}


async def test_signing_in_gives_what_the_app_needs(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/session", json=FORM)

    assert response.status_code == 201
    body = response.json()
    assert set(body) == {
        "token",
        "user",
        "device",
        "grids",
        "bulletins",
        "scopes",
        "expires",
        "server_time",
        "epoch",
    }
    assert body["user"] == {"username": "worker1", "name": "演示worker1", "role": "gridworker"}
    assert body["grids"] == [
        {
            "code": BUILDING,
            "name": "滨海绿洲4栋",
            "level": 5,
            "path": ["440904", TOWN, "440904004001", "440904004001001", BUILDING],
            "path_names": body["grids"][0]["path_names"],
            "took_over": [],
        }
    ]
    assert body["grids"][0]["path_names"][0] == "电白区"
    assert body["bulletins"] == [TOWN]
    assert body["device"] == DEVICE
    cookie = response.headers["set-cookie"].lower()
    assert cookie.startswith("wangge_session=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie.replace("wangge_session", "")


async def test_cookie_and_bearer_are_the_same_session(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    token = await sign_in("worker1")
    by_bearer = await client.get("/api/v1/session", headers=bearer(token))
    by_cookie = await client.get("/api/v1/session", headers={"Cookie": f"wangge_session={token}"})
    as_password = await client.get("/api/v1/session", auth=("anything", token))

    assert by_bearer.status_code == by_cookie.status_code == as_password.status_code == 200
    assert by_bearer.json()["user"] == by_cookie.json()["user"] == as_password.json()["user"]
    assert by_bearer.json()["token"] is None


async def test_signing_out_ends_the_session_at_once(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    token = await sign_in("worker1")

    response = await client.delete("/api/v1/session", headers=bearer(token))

    assert response.status_code == 204
    after = await client.get("/api/v1/session", headers=bearer(token))
    assert (after.status_code, after.json()["code"]) == (401, "session-expired")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "not-signed-in"),
        ({"Authorization": "Bearer nonsense"}, "session-expired"),
        ({"Authorization": "Basic !!!"}, "not-signed-in"),
        ({"Authorization": "Digest x"}, "not-signed-in"),
        ({"Cookie": "wangge_session=a.b"}, "session-expired"),
    ],
)
async def test_without_a_session_the_answer_is_401(
    client: httpx.AsyncClient, headers: dict[str, str], code: str
) -> None:
    for path in ("/api/v1/session", "/api/v1/grids", "/api/v1/records"):
        response = await client.get(path, headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, code)
        assert response.headers["content-type"] == "application/problem+json"
        assert "www-authenticate" in response.headers
    replication = await client.get(f"/sync/{BUILDING}", headers=headers)
    assert replication.status_code == 401
    assert (replication.json()["error"], replication.json()["code"]) == ("unauthorized", code)
    assert replication.json()["reason"]


async def test_an_expired_session_is_told_apart_and_a_new_one_works(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    token, _ = await runtime.sessions.issue("worker1", lifetime=timedelta(seconds=-1))

    response = await client.get(f"/sync/{BUILDING}", headers=bearer(token))
    assert (response.status_code, response.json()["code"]) == (401, "session-expired")

    token, _ = await runtime.sessions.issue("worker1", lifetime=timedelta(minutes=1))
    response = await client.get(f"/sync/{BUILDING}", headers=bearer(token))
    assert response.status_code == 200, response.text


async def test_a_session_that_another_process_revoked_ends_soon(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    token, session = await runtime.sessions.issue("worker1", lifetime=timedelta(minutes=1))
    kept, _ = await runtime.sessions.issue("worker1", lifetime=timedelta(minutes=1))

    async def status(of: str) -> int:
        return (await client.get("/api/v1/session", headers=bearer(of))).status_code

    assert (await status(token), await status(kept)) == (200, 200)
    another = Sessions(runtime.store, Registry(runtime.store), "key")
    assert await another.revoke(session.id)

    async with asyncio.timeout(PATIENCE):
        while await status(token) == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await status(token), await status(kept)) == (401, 200)


async def test_a_session_survives_a_restart(serve: Serve) -> None:
    async with serve() as first, client_of(first) as client:
        token = (await client.post("/api/v1/session", json=FORM)).json()["token"]
    async with serve() as second, client_of(second) as client:
        assert (await client.get("/api/v1/session", headers=bearer(token))).status_code == 200


async def test_wrong_name_and_wrong_password_answer_alike(client: httpx.AsyncClient) -> None:
    wrong = await client.post("/api/v1/session", json={**FORM, "password": "wrong"})
    nobody = await client.post("/api/v1/session", json={**FORM, "username": "nobody"})

    for response in (wrong, nobody):
        assert (response.status_code, response.json()["code"]) == (401, "wrong-credentials")
    assert wrong.json()["title"] == nobody.json()["title"] == "用户名或密码不正确"
    assert "set-cookie" not in wrong.headers


async def test_a_disabled_account_is_out_everywhere(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    token = await sign_in("worker1")
    account = await runtime.registry.account("worker1")
    assert account is not None
    await runtime.registry.save_account(replace(account, disabled=True))

    assert (await client.get("/api/v1/session", headers=bearer(token))).status_code == 401
    again = await client.post("/api/v1/session", json=FORM)
    assert (again.status_code, again.json()["code"]) == (403, "account-disabled")


async def test_guessing_is_slowed_down_and_says_how_long_to_wait(serve: Serve) -> None:
    async with serve(sign_in_per_account="3 per 15 minutes") as app, client_of(app) as client:
        for _ in range(3):
            response = await client.post("/api/v1/session", json={**FORM, "password": "wrong"})
            assert response.status_code == 401
        barred = await client.post("/api/v1/session", json=FORM)
        other = await client.post("/api/v1/session", json={**FORM, "username": "worker2"})

    assert barred.status_code == 429
    assert 0 < int(barred.headers["retry-after"]) <= 900
    assert barred.json()["retry_after"] == int(barred.headers["retry-after"])
    assert "15 分钟" in barred.json()["detail"]
    assert other.status_code == 201


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"username": "worker1"}, "password"),
        ({**FORM, "device": "XYZ"}, "device"),
        ({**FORM, "username": ""}, "username"),
        ({**FORM, "username": 7}, "username"),
        ({**FORM, "remember": True}, "remember"),
    ],
)
async def test_a_wrong_form_is_explained_field_by_field(
    client: httpx.AsyncClient, form: dict[str, object], field: str
) -> None:
    response = await client.post("/api/v1/session", json=form)

    assert (response.status_code, response.json()["code"]) == (422, "invalid-value")
    error = response.json()["errors"][0]
    assert (error["in"], error["field"]) == ("body", field)
    assert error["message"]


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed-json"),
        (b"[]", "application/json", 422, "invalid-value"),
        (b"<html>", "text/html", 415, "unsupported-media-type"),
        (b" " * 70_000, "application/json", 413, "too-large"),
        (b'{"username": "\xff"}', "application/json", 400, "malformed-json"),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    client: httpx.AsyncClient, content: bytes, kind: str, status: int, code: str
) -> None:
    response = await client.post("/api/v1/session", content=content, headers={"Content-Type": kind})

    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_lead_lists_every_household_group_and_a_town_only_itself(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    lead = (await client.get("/api/v1/session", headers=bearer(await sign_in("lead")))).json()
    town = (await client.get("/api/v1/session", headers=bearer(await sign_in("town")))).json()

    assert BUILDING in [grid["code"] for grid in lead["grids"]]
    assert {grid["level"] for grid in lead["grids"]} == {5}
    assert [grid["code"] for grid in town["grids"]] == [TOWN]


async def test_signing_in_is_audited_without_the_password(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await client.post("/api/v1/session", json={**FORM, "password": "secret guess"})
    await client.post("/api/v1/session", json=FORM)

    entries = [revision.document() for revision in await runtime.store.documents("audit")]
    actions = [entry["action"] for entry in entries if entry["user"] == "worker1"]
    assert actions == ["sign-in-refused", "sign-in"]
    assert "secret guess" not in str(entries)
    assert PASSWORD not in str(entries)
