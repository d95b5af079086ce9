"""Running one operation on several servers in turns, so that the machine's moods hit all alike."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.load import drive, expect
from bench.operations import Loaded, Operation
from bench.targets import settle

ROUNDS = 7
ROUND_SECONDS = 1.2
BUSY = 0.8


@dataclass(slots=True)
class Lane:
    """One server's part in a race: documents per second of each round."""

    place: Loaded
    count: int = 0
    rates: list[float] = field(default_factory=list)
    busy: float = 0.0

    @property
    def rate(self) -> float:
        """Return the median over the rounds."""
        return statistics.median(self.rates)

    def ratio(self, other: Lane) -> float:
        """Return the median over the rounds of how many times as fast this lane was as another.

        Both sides of a round's ratio met the same mood of the machine.
        """
        pairs = zip(self.rates, other.rates, strict=True)
        return statistics.median(mine / its for mine, its in pairs)


def _round(operation: Operation, place: Loaded, count: int) -> tuple[float, float]:
    """Make so many requests; return documents per second and how busy the generator was."""
    requests = operation.requests(place, count)
    outcome = drive(place.target.address, requests, operation.connections)
    expect(outcome.answers, operation.check, f"{operation.name} on {place.target.name}")
    return count * operation.documents / outcome.seconds, outcome.busy


def race(operation: Operation, places: Sequence[Loaded], rounds: int = ROUNDS) -> list[Lane]:
    """Warm up each server, then run rounds in turns; the first server changes from round to round.

    A round takes about ``ROUND_SECONDS`` on each, so a faster server answers more requests. What
    a server of our starting puts off it finishes before the next one's turn.
    """
    lanes = [Lane(place) for place in places]
    for lane in lanes:
        trial = 4 * operation.connections
        _round(operation, lane.place, trial)
        rate, _ = _round(operation, lane.place, trial)
        settle(lane.place.target)
        lane.count = max(trial, round(rate * ROUND_SECONDS / operation.documents))
    for turn in range(rounds):
        for lane in lanes[turn % len(lanes) :] + lanes[: turn % len(lanes)]:
            rate, busy = _round(operation, lane.place, lane.count)
            lane.rates.append(rate)
            lane.busy = max(lane.busy, busy)
            settle(lane.place.target)
    return lanes


def remark(lane: Lane) -> str | None:
    """Say so when the generator may have been what limited a server."""
    if lane.busy < BUSY:
        return None
    return f"the load generator used {lane.busy:.0%} of a core against {lane.place.target.name}"
