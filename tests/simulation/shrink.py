"""Cutting a failing script down to what matters, by delta debugging.

After Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): take away
ever smaller runs of steps as long as the history still fails in the same way; then simplify the
steps that are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.simulation.script import Op, Script, Step

Fails = Callable[[Script], bool]


def shrink(script: Script, fails: Fails) -> Script:
    """Return a script that still fails and of which no step, operation or pause can be left out."""
    while True:
        smaller = _with_fewer_steps(script, fails)
        for candidates in (_fewer_at_once, _simpler_numbers, _fewer_actors):
            smaller = _first_failing(smaller, candidates, fails)
        if smaller == script:
            return script
        script = smaller


def _with_fewer_steps(script: Script, fails: Fails) -> Script:
    size = max(1, len(script.steps) // 2)
    while True:
        start = 0
        while start < len(script.steps):
            rest = script.steps[:start] + script.steps[start + size :]
            candidate = script._replace(steps=rest)
            if fails(candidate):
                script = candidate
            else:
                start += size
        if size == 1:
            return script
        size //= 2


def _first_failing(
    script: Script, candidates: Callable[[Script], Iterator[Script]], fails: Fails
) -> Script:
    """Take simpler scripts as long as one of them fails."""
    found = True
    while found:
        found = False
        for candidate in candidates(script):
            if candidate != script and fails(candidate):
                script, found = candidate, True
                break
    return script


def _replaced(script: Script, number: int, step: Sequence[Op]) -> Script:
    steps: list[Step] = list(script.steps)
    steps[number] = tuple(step)
    return script._replace(steps=tuple(steps))


def _fewer_at_once(script: Script) -> Iterator[Script]:
    for number, step in enumerate(script.steps):
        if len(step) > 1:
            for index in range(len(step)):
                yield _replaced(script, number, step[:index] + step[index + 1 :])


def _simpler_numbers(script: Script) -> Iterator[Script]:
    for number, step in enumerate(script.steps):
        for index, op in enumerate(step):
            for simpler in _simpler(op):
                yield _replaced(script, number, (*step[:index], simpler, *step[index + 1 :]))


def _simpler(op: Op) -> Iterator[Op]:
    numbers = [op.a, op.b, op.c, op.d, op.ms]
    for place, value in enumerate(numbers):
        for simple in (0, 1, value % 12, value % 120):
            if simple < value:
                yield Op(op.kind, *[*numbers[:place], simple, *numbers[place + 1 :]])


def _fewer_actors(script: Script) -> Iterator[Script]:
    if script.sites > 1:
        yield script._replace(sites=1)
    if script.phones > 1:
        yield script._replace(phones=script.phones - 1)
