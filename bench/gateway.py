"""The same operations through the gateway, with accounts, validation and quarantine, beside raw
CouchDB."""

from __future__ import annotations

import asyncio
import os
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import documents
from bench.operations import BATCH, LOADED, OPERATIONS, Loaded, Operation, write_batches
from bench.race import race, remark
from bench.report import Row, compared
from bench.targets import (
    LOOK_SECONDS,
    OURS,
    Absent,
    Target,
    couchdb,
    free_port,
    scratch,
    settle,
    started,
    wangge_command,
)
from grid.csv_import import dianbai_csv, read_grids_csv
from grid.permissions import Role
from server.commands.users import Users
from server.databases import opened
from server.scopes import SCOPES
from server.settings import Settings
from sync.registry import Registry

GOAL = 1.5
PREFIX = "gateway_"
FOLLOW = "gateway_follow"
NAMES = (*(PREFIX + operation.name for operation in OPERATIONS), FOLLOW)
GRIDS = ("44090400400100101", "44090400400100102", "44090400400100103", "44090400400100104")
"""One is read, each kind of write has one of its own."""
FOLLOWED = 8_000
PASSWORD = "wangge-bench"


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure the named operations through ``/sync/<grid>`` and on CouchDB itself."""
    with ExitStack() as stack:
        ours = stack.enter_context(gateway(stack.enter_context(scratch())))
        peer = stack.enter_context(couchdb())
        grids = iter(GRIDS)
        filled = [Loaded(ours, next(grids), body=documents.plain)]
        if isinstance(peer, Target):
            filled.append(stack.enter_context(_database(peer, "read")))
        for place in filled:
            place.fill(LOADED)
        for operation in OPERATIONS:
            if PREFIX + operation.name not in names:
                continue
            places = filled
            if not operation.reads:
                places = [Loaded(ours, next(grids), body=documents.plain)]
                if isinstance(peer, Target):
                    places.append(stack.enter_context(_database(peer, operation.name)))
            yield _row(operation, places, peer)
        if FOLLOW in names:
            place = Loaded(ours, next(grids), body=documents.plain)
            note = f"{FOLLOWED:,} documents: from the first push until the last is in canonical"
            yield Row(FOLLOW, "documents/s", _followed(place), note=note)


def _followed(place: Loaded) -> float:
    """Push documents; return how many a second are taken in, projected and indexed."""
    settle(place.target)
    before = _projected(place.target)
    started = time.perf_counter()
    write_batches(place, FOLLOWED // BATCH)
    while _projected(place.target) - before < FOLLOWED:
        time.sleep(LOOK_SECONDS)
    return FOLLOWED / (time.perf_counter() - started)


def _projected(target: Target) -> int:
    """Return how many records the follower has projected, from the metrics."""
    with urllib.request.urlopen(f"http://{target.host}:{target.port}/metrics") as answer:
        text = answer.read().decode()
    (line,) = (one for one in text.splitlines() if one.startswith("wangge_records_projected_total"))
    return round(float(line.split()[1]))


def _row(operation: Operation, places: Sequence[Loaded], peer: Target | Absent) -> Row:
    lanes = {lane.place.target.name: lane for lane in race(operation, places)}
    ours, other = lanes[OURS], lanes.get(peer.name)
    note = peer.note if isinstance(peer, Absent) else remark(ours)
    rate = other.rate if other else None
    ratio = ours.ratio(other) if other else None
    name = PREFIX + operation.name
    return compared(name, operation.unit, ours.rate, peer.name, rate, GOAL, note, ratio=ratio)


@contextmanager
def _database(target: Target, purpose: str) -> Iterator[Loaded]:
    name = f"bench-{os.getpid()}-gateway-{purpose.replace('_', '-')}"
    target.create(name)
    try:
        yield Loaded(target, name, body=documents.plain)
    finally:
        target.destroy(name)


@contextmanager
def gateway(directory: Path) -> Iterator[Target]:
    """Serve the whole application with the 电白 hierarchy and an integrator signed in."""
    asyncio.run(_populate(Settings.load({}, data=directory)))
    port = free_port()
    command = [wangge_command(), "serve", "--data", str(directory), "--port", str(port)]
    with started(OURS, command, port, ready="healthz") as target:
        body = {"username": "integrator", "password": PASSWORD, "device": "0123abcd"}
        answer: Any = target.call("POST", "api/v1/session", body)[1]
        headers = {"Authorization": f"Bearer {answer['token']}"}
        yield replace(target, headers=headers, root="/sync/")


async def _populate(settings: Settings) -> None:
    async with opened(settings) as store:
        await Registry(store).import_grids(read_grids_csv(dianbai_csv()).nodes)
        users = Users(store, settings)
        role, scopes = Role.INTEGRATOR, frozenset(SCOPES)
        await users.add("integrator", "对接系统", role, PASSWORD, ("440904004",), scopes)
