"""One history: a script carried out, brought to rest and checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.simulation.oracle import faults
from tests.simulation.script import Script
from tests.simulation.virtual import Now, run, virtual_time
from tests.simulation.world import World


class Result(NamedTuple):
    """How a history ended: a hash of all that happened, and what was wrong."""

    trace: str
    faults: tuple[str, ...]


def play(script: Script, say: Callable[[str], None] | None = None) -> Result:
    """Carry out a script and check the world it leaves; an unexpected error is a fault too."""
    now = Now()
    world = World(script, now, say)

    async def history() -> tuple[str, ...]:
        for step in script.steps:
            await world.step(step)
        await world.rest()
        return tuple(await faults(world))

    with virtual_time(now):
        try:
            wrong = run(history())
        except Exception as error:
            wrong = (f"{type(error).__name__}: {error}",)
    return Result(world.trace, wrong)
