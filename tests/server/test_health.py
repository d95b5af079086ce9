"""Health and readiness: alive while the process answers, ready while it can do its work."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from server import background
from server.background import Supervisor
from server.runtime import Runtime
from tests.server.conftest import Serve, client_of


async def test_a_running_server_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    alive = await client.get("/healthz")
    ready = await client.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"store": "ok", "follower": "running"})


async def test_a_store_that_does_not_answer_is_not_ready_but_alive(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await runtime.store.close()

    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["store"]) == (503, "StoreUnavailable")
    assert (await client.get("/healthz")).status_code == 200


async def test_without_a_follower_of_its_own_a_server_is_ready(serve: Serve) -> None:
    async with serve(follower=False) as app, client_of(app) as client:
        ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["follower"]) == (200, "off")


async def test_a_fallen_follower_is_not_ready(client: httpx.AsyncClient, runtime: Runtime) -> None:
    runtime.following.state = "failed"

    assert (await client.get("/readyz")).status_code == 503


async def test_work_beside_the_requests_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_PAUSE_SECONDS", 0.01)
    runs = 0
    third = asyncio.Event()

    async def fall_twice(stop: asyncio.Event) -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise ZeroDivisionError
        third.set()
        await stop.wait()

    work = Supervisor("test", fall_twice)
    work.start()
    await asyncio.wait_for(third.wait(), 10)
    assert (work.state, work.failures) == ("running", 2)
    await work.stop()
    assert work.state == "off"


async def test_work_that_does_not_stop_is_ended() -> None:
    async def deaf(_stop: asyncio.Event) -> None:
        await asyncio.Event().wait()

    work = Supervisor("test", deaf)
    work.start()
    await asyncio.sleep(0)
    await work.stop(patience=0.01)
    assert work.state == "off"
