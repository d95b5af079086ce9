"""Scripts: what happens in a history, as data that can be drawn from a seed, cut down and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

PAUSES_MS = (0, 0, 0, 1, 1, 40, 1000, 60_000, 3_600_000)
DAY_MS = 86_400_000
SPREAD = 1 << 16


class Op(NamedTuple):
    """One operation: its kind and numbers that say who, where, which and how.

    A number picks from what is there when the operation is carried out (modulo how many), so that
    every part of a script is a script.
    """

    kind: str
    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0
    ms: int = 0
    """How much later than the one before, in milliseconds."""


Step = tuple[Op, ...]
"""Operations that run at once, interleaved at every call of the store; most steps have one."""


class Script(NamedTuple):
    """A whole history; with its name it is all one needs to see it again."""

    phones: int
    sites: int
    steps: tuple[Step, ...]


WEIGHTS: Mapping[str, int] = {
    "create": 3,
    "edit": 36,
    "delete": 4,
    "sync": 22,
    "deliver": 6,
    "follow": 11,
    "replicate": 8,
    "restart": 1,
    "skew": 2,
    "revoke": 2,
    "restore": 2,
    "put": 4,
    "review": 7,
    "join": 12,
    "settle": 5,
    "order": 6,
    "relocate": 3,
    "upgrade": 1,
    "downgrade": 1,
    "clone": 1,
    "forget": 1,
}
AT_ONCE = frozenset({"sync", "follow", "put", "review", "join", "settle", "deliver", "order",
                     "relocate"})  # fmt: skip
"""Kinds that happen at a site and may overlap there."""


def draw(seed: int) -> Script:
    """Return the script of a seed: the same one on every machine."""
    random = Random(seed)
    phones, sites = random.randint(2, 4), random.choice((1, 2, 2))
    steps = list(_beginning(random, phones, sites))
    for _ in range(random.randint(10, 33)):
        first = _op(random)
        together = [first]
        while first.kind in AT_ONCE and len(together) < 3 and random.random() < 0.25:
            other = _op(random)
            if other.kind in AT_ONCE:
                together.append(other)
        steps.append(tuple(together))
    return Script(phones, sites, tuple(steps))


def _op(random: Random) -> Op:
    kind = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    a, b, c, d = (random.randrange(SPREAD) for _ in range(4))
    ms = DAY_MS if random.random() < 0.02 else random.choice(PAUSES_MS)
    return Op(kind, a, b, c, d, ms)


NEIGHBOURS = (1, 3, 3, 8195, 8195)
"""Numbers by which a household, a resident and a campaign record are created."""


def _beginning(random: Random, phones: int, sites: int) -> Iterator[Step]:
    """Let one phone make a few records, and everybody get them; in every second history, let two
    know the same people."""
    for _ in range(random.randint(1, 3)):
        yield (Op("create", 0, 0, random.randrange(SPREAD), 0, 1),)
    if random.random() < 0.5:
        for phone in (0, 1):
            yield (Op("create", phone, 0, 1, random.randrange(SPREAD), 1),)
            for _ in range(random.randint(1, 4)):
                kind, how = random.choice(NEIGHBOURS), random.randrange(SPREAD)
                yield (Op("create", phone, 0, kind, how, 1),)
            yield (Op("sync", phone, phone),)
        yield (Op("follow", 0, 0),)
    yield (Op("sync", 0, 0),)
    for site in range(1, sites):
        yield (Op("replicate", 0, site - 1),)
    for phone in range(phones):
        yield (Op("sync", phone, phone),)


def code(script: Script) -> str:
    """Return a script as the Python text that makes it, for a regression test."""
    lines = [f"Script({script.phones}, {script.sites}, ("]
    for step in script.steps:
        lines.append("    (" + "".join(f"Op{tuple(op)!r}," for op in step) + "),")
    return "\n".join([*lines, "))"])
