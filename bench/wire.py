"""The bare store over HTTP beside pouchdb-server and CouchDB."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from bench.operations import LOADED, OPERATIONS, Loaded, Operation
from bench.race import race, remark
from bench.report import Row, compared
from bench.targets import (
    COUCHDB,
    OURS,
    POUCHDB_SERVER,
    Absent,
    Target,
    bare_store,
    couchdb,
    pouchdb_server,
    scratch,
)

GOALS = {POUCHDB_SERVER: 4.0, COUCHDB: 3.0}
NAMES = tuple(operation.name for operation in OPERATIONS)


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure the named operations on our bare store and on each peer that is there."""
    with ExitStack() as stack:
        ours = stack.enter_context(bare_store(stack.enter_context(scratch())))
        peers = [stack.enter_context(pouchdb_server()), stack.enter_context(couchdb())]
        filled = {}
        for target in [ours, *peers]:
            if isinstance(target, Target):
                place = stack.enter_context(database(target, "read"))
                place.fill(LOADED)
                filled[target.name] = place
        for operation in OPERATIONS:
            if operation.name in names:
                yield from _rows(operation, filled, peers)


@contextmanager
def database(target: Target, purpose: str) -> Iterator[Loaded]:
    """Give an empty database of this run's own and destroy it at the end."""
    name = f"bench-{os.getpid()}-{purpose.replace('_', '-')}"
    target.create(name)
    try:
        yield Loaded(target, name)
    finally:
        target.destroy(name)


def _rows(
    operation: Operation, filled: Mapping[str, Loaded], peers: Sequence[Target | Absent]
) -> Iterator[Row]:
    """Race one operation: reads on what was filled, writes on databases of their own."""
    with ExitStack() as stack:
        places = list(filled.values())
        if not operation.reads:
            places = [
                stack.enter_context(database(place.target, operation.name)) for place in places
            ]
        lanes = {lane.place.target.name: lane for lane in race(operation, places)}
    ours = lanes[OURS]
    for peer in peers:
        lane = lanes.get(peer.name)
        note = peer.note if isinstance(peer, Absent) else remark(ours)
        yield compared(
            operation.name,
            operation.unit,
            ours.rate,
            peer.name,
            lane.rate if lane else None,
            GOALS[peer.name],
            note,
            ratio=ours.ratio(lane) if lane else None,
        )
