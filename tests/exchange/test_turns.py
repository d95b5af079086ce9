"""Turns: bounded, fair between grids, and first syncs leave room for small ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sync.exchange import Turns
from sync.wire.errors import WireError


class Work:
    """Pieces of work that hold a turn until they are let go; ``began`` tells in which order."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.began: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, name: str, grid: str, *, first: bool = False) -> None:
        self._ends[name] = asyncio.Event()

        async def run() -> None:
            async with self._turns.turn(grid, first=first):
                self.began.append(name)
                await self._ends[name].wait()

        self._tasks[name] = asyncio.create_task(run())
        await asyncio.sleep(0)

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await asyncio.gather(self._tasks[name])
        await asyncio.sleep(0)

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await asyncio.sleep(0)


async def test_no_more_work_at_once_than_allowed() -> None:
    work = Work(Turns(10, 2))
    for name in "abc":
        await work.start(name, f"grid {name}")
    assert work.began == ["a", "b"]

    await work.end("b")

    assert work.began == ["a", "b", "c"]


async def test_a_busy_grid_waits_for_a_quiet_one() -> None:
    work = Work(Turns(10, 2))
    await work.start("busy 1", "busy")
    await work.start("busy 2", "busy")
    await work.start("busy 3", "busy")
    await work.start("quiet", "quiet")

    await work.end("busy 1")

    assert work.began == ["busy 1", "busy 2", "quiet"]


async def test_first_syncs_leave_half_of_the_turns_free() -> None:
    work = Work(Turns(10, 4))
    for number in range(4):
        await work.start(f"first {number}", f"grid {number}", first=True)
    await work.start("small", "grid 9")

    assert work.began == ["first 0", "first 1", "small"]
    await work.end("small")
    assert work.began == ["first 0", "first 1", "small"]
    await work.end("first 0")
    assert work.began[-1] == "first 2"


@pytest.mark.parametrize("when", ["waiting", "working"])
async def test_who_goes_away_gives_the_turn_back(when: str) -> None:
    work = Work(Turns(10, 2))
    await work.start("a", "a")
    await work.start("b", "b")
    await work.start("c", "c")

    if when == "waiting":
        await work.cancel("c")
    else:
        await work.cancel("a")
    await work.start("d", "d")
    for name in ("b", "a") if when == "waiting" else ("b", "c"):
        await work.end(name)

    assert work.began[-1] == "d"
    assert ("c" in work.began) == (when == "working")


async def test_too_many_are_told_to_come_again() -> None:
    turns = Turns(2, 2)

    async def one(inner: Callable[[], Awaitable[None]]) -> None:
        async with turns.admitted():
            await inner()

    async def third() -> None:
        with pytest.raises(WireError) as told:
            await one(third)
        assert told.value.status == 503
        assert int(told.value.headers["retry-after"]) >= 1

    async def second() -> None:
        await one(third)

    await one(second)
    assert (turns.open, turns.shed) == (0, 1)


class Crowd:
    """Exchanges in a house with one place, on a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._turns = Turns(1, 2, lambda: self.now)

    async def serve(self, seconds: float) -> None:
        async with self._turns.admitted():
            self.now += seconds

    async def turned_away(self, count: int) -> list[int]:
        """Return when each of so many that meet a full house are to come again."""
        told = []
        async with self._turns.admitted():
            for _ in range(count):
                with pytest.raises(WireError) as error:
                    await self.serve(0)
                told.append(int(error.value.headers["retry-after"]))
        return told


@pytest.mark.parametrize("pace", [0.01, 0.25, 1.0])
async def test_those_turned_away_come_again_at_the_pace_of_the_server(pace: float) -> None:
    crowd = Crowd()
    for _ in range(100):
        await crowd.serve(pace)

    told = await crowd.turned_away(40)

    assert told == sorted(told)
    assert 2 <= told[0] <= 4
    assert told[-1] - told[0] == pytest.approx(39 * pace, abs=1.01)
    crowd.now += 1_000  # the rush is long over
    assert (await crowd.turned_away(1))[0] <= 4


async def test_nobody_is_told_to_wait_for_more_than_a_minute() -> None:
    crowd = Crowd()
    for _ in range(100):
        await crowd.serve(5.0)
    assert max(await crowd.turned_away(200)) == 60
