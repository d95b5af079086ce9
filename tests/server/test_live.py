"""Streams are told of their own grids, at once, and of their rights when those change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import httpx
import pytest

from server.live import SESSION, Live, shown_name
from server.runtime import Runtime
from sync.store import Write
from tests.server.conftest import BUILDING, DEVICE, ELSEWHERE, TOWN

SignIn = Callable[..., Awaitable[str]]
PATIENCE = 20.0


class Client:
    """Hears what a stream sends; ``take`` is clear while it takes nothing more."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.take = asyncio.Event()
        self.take.set()

    async def send(self, told: Mapping[str, str]) -> None:
        await self.take.wait()
        self.heard.put_nowait(dict(told))

    async def next(self) -> dict[str, str]:
        return await asyncio.wait_for(self.heard.get(), PATIENCE)


@pytest.fixture
def live(runtime: Runtime) -> Live:
    return runtime.live


async def write(runtime: Runtime, database: str) -> str:
    await runtime.store.write(database, [Write("notice:1", b"{}")])
    return (await runtime.store.database_info(database)).update_seq


async def test_a_worker_is_told_of_his_grid_and_his_towns_bulletin(
    runtime: Runtime, live: Live
) -> None:
    actor, phone = await runtime.registry.actor("worker1", DEVICE), Client()
    with live.stream(actor, await runtime.registry.hierarchy(), phone.send):
        await write(runtime, f"grid-{ELSEWHERE}")
        seq = await write(runtime, f"grid-{BUILDING}")
        told = await phone.next()
        # the follower may have added something before the position was read
        assert set(told) == {BUILDING}
        assert int(told[BUILDING].partition("-")[0]) >= int(seq.partition("-")[0])
        seq = await write(runtime, f"bulletin-{TOWN}")
        assert await phone.next() == {f"bulletin/{TOWN}": seq}
        assert live.open == 1
    assert live.open == 0


async def test_a_supervisor_is_told_of_all_below(runtime: Runtime, live: Live) -> None:
    actor, console = await runtime.registry.actor("district", None), Client()
    with live.stream(actor, await runtime.registry.hierarchy(), console.send):
        await write(runtime, f"grid-{ELSEWHERE}")
        assert set(await console.next()) == {ELSEWHERE}


async def test_only_those_whose_rights_changed_are_told_so(
    runtime: Runtime, live: Live, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    hierarchy = await runtime.registry.hierarchy()
    one = await runtime.registry.actor("worker1", DEVICE)
    two = await runtime.registry.actor("worker2", DEVICE)
    first, second = Client(), Client()
    with live.stream(one, hierarchy, first.send), live.stream(two, hierarchy, second.send):
        await sign_in("worker2")  # writes to the registry, but changes nobody's rights
        await runtime.registry.unassign("worker1", BUILDING)
        assert await first.next() == {SESSION: ""}
        await write(runtime, f"grid-{BUILDING}")
        assert set(await second.next()) == {BUILDING}
        assert first.heard.empty()  # a session that changed is the last it is told


async def test_a_slow_client_is_told_the_newest_once_it_takes_it(
    runtime: Runtime, live: Live
) -> None:
    actor, phone = await runtime.registry.actor("worker1", DEVICE), Client()
    with live.stream(actor, await runtime.registry.hierarchy(), phone.send) as stream:
        stream.tell({BUILDING: "1-a", ELSEWHERE: "9-x"})
        phone.take.clear()
        await asyncio.sleep(0)
        stream.tell({BUILDING: "2-a"})
        stream.tell({BUILDING: "3-a"})
        stream.beat()
        phone.take.set()
        assert await phone.next() == {BUILDING: "1-a"}
        assert await phone.next() == {BUILDING: "3-a"}
        stream.beat()
        assert await phone.next() == {}
    stream.tell({BUILDING: "4-a"})
    await asyncio.sleep(0)
    assert phone.heard.empty()


async def test_head_is_answered_with_the_streams_headers_at_once(
    live: Live, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    headers = {"Authorization": f"Bearer {await sign_in('worker1')}"}
    answer = await asyncio.wait_for(client.head("/api/v1/events", headers=headers), PATIENCE)
    assert (answer.status_code, answer.content, live.open) == (200, b"", 0)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store, no-transform"


async def test_nobody_opens_no_stream(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_databases_of_the_servers_own_are_not_named() -> None:
    assert shown_name(f"grid-{BUILDING}") == BUILDING
    assert shown_name(f"bulletin-{TOWN}") == f"bulletin/{TOWN}"
    assert [shown_name(name) for name in ("registry", "canonical", "audit")] == [None] * 3
