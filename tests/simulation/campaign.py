"""Many histories over all cores, and the story of one that failed."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from typing import NamedTuple

from tests.simulation.history import play
from tests.simulation.script import Script, code, draw
from tests.simulation.shrink import shrink

CHUNK = 50
"""Histories that a process plays before it reports."""


class Report(NamedTuple):
    """What a run of seeds came to: how many were played, and the faults of those that failed."""

    played: int
    failed: tuple[tuple[int, str], ...]


def campaign(first: int, count: int, processes: int = 0) -> Iterator[Report]:
    """Play ``count`` histories from seed ``first`` on, on all cores; report as they are done."""
    runs = [
        range(start, min(start + CHUNK, first + count))
        for start in range(first, first + count, CHUNK)
    ]
    # Forked processes would share what this one has open.
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes or os.cpu_count() or 1) as pool:
        yield from pool.imap_unordered(play_all, runs)


def play_all(seeds: range) -> Report:
    """Play the histories of some seeds."""
    failed = []
    for seed in seeds:
        result = play(draw(seed))
        if result.faults:
            failed.append((seed, result.faults[0]))
    return Report(len(seeds), tuple(failed))


def kind_of(fault: str) -> str:
    """Return what kind of fault a sentence tells about: its words without names and numbers."""
    words = (word for word in fault.split() if word.isalpha())
    return " ".join(list(words)[:6])


def smallest(script: Script) -> Script:
    """Return the smallest script that fails in the same way."""
    kind = kind_of(play(script).faults[0])

    def fails(candidate: Script) -> bool:
        return any(kind_of(fault) == kind for fault in play(candidate).faults)

    return shrink(script, fails)


def story(script: Script) -> str:
    """Tell a history in words, with what was wrong in the end and the script itself."""
    lines: list[str] = []
    result = play(script, lines.append)
    wrong = "\n".join(f"  WRONG: {fault}" for fault in result.faults)
    return "\n".join([*lines, wrong, "", code(script)])
