"""What protects browsers: headers, the console's door, forms, other sites, redirects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from server.runtime import Runtime
from tests.server.conftest import PASSWORD, Serve, bearer, client_of

SignIn = Callable[..., Awaitable[str]]
OURS = {"Origin": "http://testserver"}
THEIRS = {"Origin": "https://evil.example"}


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"wangge_session={token}"}


@pytest.mark.parametrize("path", ["/", "/sign-in", "/healthz", "/api/v1/openapi.json", "/absent"])
async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)

    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["referrer-policy"] == "same-origin"
    assert "geolocation=(self)" in response.headers["permissions-policy"]
    assert "strict-transport-security" not in response.headers
    assert response.headers["x-request-id"]
    assert "server" not in response.headers


async def test_behind_tls_the_cookie_is_secure_and_hsts_is_on(serve: Serve) -> None:
    async with serve(public_url="https://wangge.example.cn/") as app, client_of(app) as client:
        form = {"username": "worker1", "password": PASSWORD}
        response = await client.post("/api/v1/session", json=form)

    assert "; secure" in response.headers["set-cookie"].lower()
    assert response.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        (OURS, True),
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        (THEIRS, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://testserver:8080"}, False),
        ({"Origin": "https://testserver"}, False),
        ({"Origin": "http://testserver.evil.example"}, False),
        ({"Origin": "http://[broken"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
async def test_another_site_cannot_use_the_cookie(
    client: httpx.AsyncClient, sign_in: SignIn, headers: dict[str, str], allowed: bool
) -> None:
    token = await sign_in("worker1")

    response = await client.delete("/api/v1/session", headers=cookie(token) | headers)

    if allowed:
        assert response.status_code == 204
    else:
        assert (response.status_code, response.json()["code"]) == (403, "cross-site")
        still = await client.get("/api/v1/session", headers=cookie(token))
        assert still.status_code == 200


async def test_replication_with_the_cookie_is_protected_too(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    token = await sign_in("worker1")
    path = "/sync/44090400400100104/_bulk_docs"

    response = await client.post(path, json={"docs": []}, headers=cookie(token) | THEIRS)

    assert response.status_code == 403
    assert response.json()["error"] == "forbidden"
    ours = await client.post(path, json={"docs": []}, headers=cookie(token) | OURS)
    assert ours.status_code == 201


async def test_a_bearer_needs_no_origin(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    token = await sign_in("worker1")

    response = await client.delete("/api/v1/session", headers=bearer(token) | THEIRS)

    assert response.status_code == 204


async def test_the_public_address_is_the_own_origin(serve: Serve) -> None:
    async with serve(public_url="https://wangge.example.cn") as app, client_of(app) as client:
        form = {"username": "worker1", "password": PASSWORD}
        token = (await client.post("/api/v1/session", json=form)).json()["token"]
        client.cookies.clear()
        inner = await client.delete("/api/v1/session", headers=cookie(token) | OURS)
        outer = await client.delete(
            "/api/v1/session", headers=cookie(token) | {"Origin": "https://wangge.example.cn"}
        )

    assert (inner.status_code, outer.status_code) == (403, 204)


async def test_the_console_sends_strangers_to_sign_in_and_back(client: httpx.AsyncClient) -> None:
    page = await client.get("/console/records?type=event&q=台风")
    part = await client.get("/console/", headers={"HX-Request": "true"})

    assert page.status_code == 303
    assert page.headers["location"].startswith("/sign-in?next=/console/records%3Ftype%3Devent")
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")


@pytest.mark.parametrize(
    ("user", "home"),
    [
        ("worker1", "/app/"),
        ("integrator", "/api/v1/openapi.json"),
        ("village", "/console/"),
        ("auditor", "/console/"),
    ],
)
async def test_everybody_is_led_where_they_work(
    client: httpx.AsyncClient, user: str, home: str
) -> None:
    form = {"username": user, "password": PASSWORD}

    response = await client.post("/sign-in", data=form, headers=OURS)

    assert (response.status_code, response.headers["location"]) == (303, home)
    assert (await client.get("/")).headers["location"] == home
    console = await client.get("/console/")
    if home == "/console/":
        assert console.headers.get("location", "/console/").startswith("/console/")
    else:
        assert (console.status_code, console.headers["location"]) == (303, home)


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/console/reviews?page=2", "/console/reviews?page=2"),
        ("https://evil.example/", "/console/"),
        ("//evil.example/", "/console/"),
        ("/\\evil.example", "/console/"),
        ("/x\r\nSet-Cookie: a=b", "/console/"),
        ("javascript:alert(1)", "/console/"),
        ("", "/console/"),
    ],
)
async def test_signing_in_leads_nowhere_else(
    client: httpx.AsyncClient, wanted: str, led: str
) -> None:
    form = {"username": "village", "password": PASSWORD, "next": wanted}

    response = await client.post("/sign-in", data=form, headers=OURS)

    assert response.headers["location"] == led


async def test_a_failed_sign_in_shows_the_form_again(client: httpx.AsyncClient) -> None:
    form = {"username": "village", "password": "wrong<b>", "next": "/console/reviews"}

    response = await client.post("/sign-in", data=form, headers=OURS)

    assert response.status_code == 401
    assert "用户名或密码不正确" in response.text
    assert 'value="village"' in response.text
    assert 'value="/console/reviews"' in response.text
    assert "wrong" not in response.text


async def test_another_site_cannot_sign_somebody_in(client: httpx.AsyncClient) -> None:
    form = {"username": "village", "password": PASSWORD}

    response = await client.post("/sign-in", data=form, headers=THEIRS)

    assert response.status_code == 403
    assert "set-cookie" not in response.headers


async def test_signing_out_by_the_form(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    token = await sign_in("village")

    response = await client.post("/sign-out", headers=cookie(token) | OURS)

    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert (await client.get("/api/v1/session", headers=bearer(token))).status_code == 401


async def test_a_console_form_needs_the_sessions_token(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    token, other = await sign_in("village"), await sign_in("town")
    session = await runtime.sessions.find(token)
    stranger = await runtime.sessions.find(other)
    assert session
    assert stranger
    good = runtime.sessions.csrf_token(session)
    path = "/console/absent-page"  # beyond the guard: 404; stopped by it: 403

    async def status(**request: object) -> int:
        headers = cookie(token) | OURS | request.pop("headers", {})  # type: ignore[operator]
        response = await client.post(path, headers=headers, **request)  # type: ignore[arg-type]
        return response.status_code

    assert await status() == 403
    assert await status(data={"csrf_token": "wrong"}) == 403
    assert await status(data={"csrf_token": runtime.sessions.csrf_token(stranger)}) == 403
    assert await status(headers={"X-CSRF-Token": "ä".encode()}) == 403
    assert await status(data={"csrf_token": good, "note": "已核实"}) == 404
    assert await status(headers={"X-CSRF-Token": good}) == 404
    assert await status(files={"a": b"x"}, data={"csrf_token": good}) == 404
    assert await status(data={"csrf_token": good, "pad": "x" * 1_100_000}) == 413


async def test_the_language_follows_the_choice_then_the_browser(client: httpx.AsyncClient) -> None:
    english = {"Accept-Language": "en-US,en;q=0.9"}
    assert "Sign in" in (await client.get("/sign-in", headers=english)).text
    assert "Not found" in (await client.get("/api/v1/absent", headers=english)).text

    chosen = await client.get("/language/zh?next=/sign-in", headers=english)
    assert chosen.headers["location"] == "/sign-in"
    page = await client.get("/sign-in", headers=english)
    assert "登录" in page.text
    assert '<html lang="zh-CN">' in page.text


async def test_people_get_a_page_and_programs_a_document(client: httpx.AsyncClient) -> None:
    person = await client.get("/absent", headers={"Accept": "text/html"})
    program = await client.get("/absent")

    assert person.status_code == program.status_code == 404
    assert person.headers["content-type"].startswith("text/html")
    assert "没有找到" in person.text
    assert program.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("phone-1.a_B", True), ("x" * 65, False), ("a b", False), ("<script>", False)],
)
async def test_a_harmless_request_id_is_kept(
    client: httpx.AsyncClient, given: str, kept: bool
) -> None:
    response = await client.get("/absent", headers={"X-Request-Id": given})

    assert (response.headers["x-request-id"] == given) is kept
    assert response.json()["request_id"] == response.headers["x-request-id"]


async def test_answers_are_compressed_unless_they_are_replication(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    plain = await client.get("/api/v1/openapi.json", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/api/v1/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
