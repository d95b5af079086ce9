"""Streams are told of their own grids, at once, and of their rights when those change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from server.live import SESSION, Live, Stream, shown_name
from server.runtime import Runtime
from sync.store import Write
from tests.server.conftest import BUILDING, DEVICE, ELSEWHERE, TOWN

SignIn = Callable[..., Awaitable[str]]
PATIENCE = 20.0


async def told_of(stream: Stream) -> dict[str, str]:
    told = await stream.next(PATIENCE)
    assert told, "nothing was told"
    return told


@pytest.fixture
def live(runtime: Runtime) -> Live:
    return runtime.live


async def write(runtime: Runtime, database: str) -> str:
    await runtime.store.write(database, [Write("notice:1", b"{}")])
    return (await runtime.store.database_info(database)).update_seq


async def test_a_worker_is_told_of_his_grid_and_his_towns_bulletin(
    runtime: Runtime, live: Live
) -> None:
    actor = await runtime.registry.actor("worker1", DEVICE)
    with live.stream(actor, await runtime.registry.hierarchy()) as stream:
        await write(runtime, f"grid-{ELSEWHERE}")
        seq = await write(runtime, f"grid-{BUILDING}")
        told = await told_of(stream)
        # the follower may have added something before the position was read
        assert set(told) == {BUILDING}
        assert int(told[BUILDING].partition("-")[0]) >= int(seq.partition("-")[0])
        seq = await write(runtime, f"bulletin-{TOWN}")
        assert await told_of(stream) == {f"bulletin/{TOWN}": seq}
        assert live.open == 1
    assert live.open == 0


async def test_a_supervisor_is_told_of_all_below(runtime: Runtime, live: Live) -> None:
    actor = await runtime.registry.actor("district", None)
    with live.stream(actor, await runtime.registry.hierarchy()) as stream:
        await write(runtime, f"grid-{ELSEWHERE}")
        assert set(await told_of(stream)) == {ELSEWHERE}


async def test_only_those_whose_rights_changed_are_told_so(
    runtime: Runtime, live: Live, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    hierarchy = await runtime.registry.hierarchy()
    one = await runtime.registry.actor("worker1", DEVICE)
    two = await runtime.registry.actor("worker2", DEVICE)
    with live.stream(one, hierarchy) as first, live.stream(two, hierarchy) as second:
        await sign_in("worker2")  # writes to the registry, but changes nobody's rights
        await runtime.registry.unassign("worker1", BUILDING)
        assert await told_of(first) == {SESSION: ""}
        await write(runtime, f"grid-{BUILDING}")
        assert set(await told_of(second)) == {BUILDING}


async def test_what_happens_between_two_looks_is_told_together(
    runtime: Runtime, live: Live
) -> None:
    actor = await runtime.registry.actor("worker1", DEVICE)
    with live.stream(actor, await runtime.registry.hierarchy()) as stream:
        stream.tell({BUILDING: "1-a", ELSEWHERE: "9-x"})
        stream.tell({BUILDING: "2-a"})
        assert await told_of(stream) == {BUILDING: "2-a"}
        assert await stream.next(0.01) == {}


async def test_nobody_opens_no_stream(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_databases_of_the_servers_own_are_not_named() -> None:
    assert shown_name(f"grid-{BUILDING}") == BUILDING
    assert shown_name(f"bulletin-{TOWN}") == f"bulletin/{TOWN}"
    assert [shown_name(name) for name in ("registry", "canonical", "audit")] == [None] * 3
