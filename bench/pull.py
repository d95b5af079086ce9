"""First pull of one grid with PouchDB from a small and from a large server, and its memory."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import orjson

from bench import documents
from bench.crowd import resident_mb
from bench.load import drive, expect
from bench.report import Row, at_most
from bench.targets import Target, bare_store, scratch

NAMES = ("first_pull", "memory")
GRID_DOCUMENTS = 2_000
SMALL, LARGE = 100_000, 1_000_000
DRIFT_GOAL = 0.10
MEMORY_GOAL_MB = 300
ROUNDS = 21
_BATCH = 500
_SCRIPT = Path(__file__).with_name("pull.mjs")


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Fill two servers with grids of 2,000 documents each, and pull from both in turns."""
    with ExitStack() as stack:
        servers = {
            size: stack.enter_context(bare_store(stack.enter_context(scratch())))
            for size in ((SMALL, LARGE) if "first_pull" in names else (LARGE,))
        }
        for size, target in servers.items():
            _fill(target, size)
        if "first_pull" in names:
            times = _race(list(servers.items()))
            small, large = (statistics.median(times[size]) for size in (SMALL, LARGE))
            note = f"{small:.0f} ms of {SMALL:,} documents, {large:.0f} ms of {LARGE:,}"
            pairs = zip(times[SMALL], times[LARGE], strict=True)
            drift = statistics.median(slow / quick for quick, slow in pairs) - 1
            yield at_most("first_pull", "drift", abs(drift), DRIFT_GOAL, note)
        if "memory" in names:
            note = f"resident set of the server at {LARGE:,} documents, after writing all of them"
            yield at_most("memory", "MB", resident_mb(servers[LARGE]), MEMORY_GOAL_MB, note)


def _grid(number: int) -> str:
    return f"grid-{number:04}"


def _fill(target: Target, size: int) -> None:
    """Write whole grids, each with documents of the same sizes."""
    bodies = [orjson.dumps(documents.household(number)) for number in range(GRID_DOCUMENTS)]
    ids = [documents.household_id(number) for number in range(GRID_DOCUMENTS)]
    batches = [
        b'{"docs":['
        + b",".join(
            b'{"_id":"%b",%b' % (ids[n].encode(), bodies[n][1:])
            for n in range(first, first + _BATCH)
        )
        + b"]}"
        for first in range(0, GRID_DOCUMENTS, _BATCH)
    ]
    for number in range(size // GRID_DOCUMENTS):
        target.create(_grid(number))
        path = f"{_grid(number)}/_bulk_docs"
        requests = [target.request("POST", path, batch) for batch in batches]
        answers = drive(target.address, requests, 2).answers
        expect(answers, lambda answer: answer.status == 201, "filling")


def _race(servers: Sequence[tuple[int, Target]]) -> dict[int, list[float]]:
    """Pull a different grid each round, from both servers in turns; the first round warms up."""
    urls = [
        f"{target.url}{_grid(round_ * 2)}"
        for round_ in range(ROUNDS + 1)
        for _, target in (servers if round_ % 2 else servers[::-1])
    ]
    done = subprocess.run(
        ["node", str(_SCRIPT)],
        input=json.dumps({"urls": urls, "expected": GRID_DOCUMENTS}),
        capture_output=True,
        cwd=_SCRIPT.parent.parent,
        text=True,
        check=True,
    )
    times: dict[int, list[float]] = {size: [] for size, _ in servers}
    for url, milliseconds in zip(urls, json.loads(done.stdout), strict=True):
        size = next(size for size, target in servers if url.startswith(target.url))
        times[size].append(milliseconds)
    return {size: values[1:] for size, values in times.items()}
