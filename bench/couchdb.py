"""CouchDB as the store: what the gateway costs over raw CouchDB, and a district's size."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson

from bench import documents
from bench.gateway import PASSWORD
from bench.load import drive, expect
from bench.report import Row, at_most, compared
from bench.targets import (
    COUCHDB,
    OURS,
    Absent,
    Target,
    couchdb,
    free_port,
    scratch,
    started,
    wangge_command,
)
from grid.csv_import import dianbai_csv, read_grids_csv
from grid.hierarchy import GridNode
from grid.permissions import Role
from server.commands.users import Users
from server.databases import DATABASES, INDEXES, opened
from server.scopes import SCOPES
from server.settings import Settings
from sync import open_store
from sync.couch import CouchStore, parse_address
from sync.couch.databases import INTERNAL
from sync.follower import Follower
from sync.indexes import RECORDS_BY_PATH
from sync.paths import code_of, database_of
from sync.registry import Registry
from sync.store import DocumentStore, Index, Write
from sync.timing import now_text

SESSION, DISTRICT, ROLL_UP = "couchdb_session", "couchdb_district", "couchdb_roll_up"
NAMES = (SESSION, DISTRICT, ROLL_UP)
MOST_COST: Final = 1.6
_MOST_GRIDS: Final = 10_000
GRIDS: Final = min(int(os.environ.get("WANGGE_BENCH_GRIDS", "10000")), _MOST_GRIDS)
RECORDS: Final = int(os.environ.get("WANGGE_BENCH_RECORDS", "1000000"))
GRID: Final = "44090400400100104"
PUSHED: Final = 5
SESSIONS: Final = 60
ROUNDS: Final = 5
AT_ONCE: Final = 4
"""Phones that sync at the same moment."""
PULLS: Final = 200
PUSHES_PER_SECOND: Final = 200
PUSH_SECONDS: Final = 20


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure what is named on the CouchDB of ``WANGGE_BENCH_COUCHDB``."""
    with couchdb() as peer:
        if isinstance(peer, Absent):
            for name in names:
                yield Row(name, "", None, note=peer.note)
            return
        if SESSION in names:
            yield _sessions(peer)
        if DISTRICT in names:
            yield from asyncio.run(_district(peer))
        if ROLL_UP in names:
            yield from asyncio.run(_roll_up(peer))


def store_address(peer: Target) -> str:
    """Return the address of an empty corner of the CouchDB."""
    prefix = f"bench{secrets.token_hex(3)}-"
    return f"couchdb://{peer.credentials}@{peer.host}:{peer.port}/?prefix={prefix}"


async def _removed(url: str) -> None:
    store = open_store(url)
    names = [*await store.database_names(), INTERNAL]
    gate = asyncio.Semaphore(16)

    async def remove(name: str) -> None:
        async with gate:
            await store.delete_database(name)

    await asyncio.gather(*map(remove, names))
    await store.close()


# --- one phone's session, through the gateway and on CouchDB itself ---


def _sessions(peer: Target) -> Row:
    url = store_address(peer)
    with scratch() as folder:
        try:
            asyncio.run(_populate(Settings.load({}, data=folder, store=url)))
            with _served(folder, url) as ours:
                raw = f"bench-{os.getpid()}-session"
                peer.create(raw)
                try:
                    return _compare(ours, peer, raw)
                finally:
                    peer.destroy(raw)
        finally:
            asyncio.run(_removed(url))


async def _populate(settings: Settings) -> None:
    async with opened(settings) as store:
        await Registry(store).import_grids(read_grids_csv(dianbai_csv()).nodes)
        users = Users(store, settings)
        scopes = frozenset(SCOPES)
        await users.add("integrator", "对接系统", Role.INTEGRATOR, PASSWORD, ("440904004",), scopes)


@contextlib.contextmanager
def _served(folder: Path, url: str) -> Iterator[Target]:
    """Serve the whole application on the CouchDB, an integrator signed in."""
    port = free_port()
    command = [wangge_command(), "serve", "--data", str(folder), "--port", str(port)]
    environment = {"WANGGE_STORE": url, "WANGGE_FOLLOWER": "false"}
    with started(OURS, command, port, environment=environment, ready="healthz") as target:
        body = {"username": "integrator", "password": PASSWORD, "device": "0123abcd"}
        answer: Any = target.call("POST", "api/v1/session", body)[1]
        headers = {"Authorization": f"Bearer {answer['token']}"}
        yield replace(target, headers=headers, root="/sync/")


def _compare(ours: Target, peer: Target, raw: str) -> Row:
    numbers = iter(range(10**9))
    lanes: list[tuple[Target, str, list[float]]] = [(ours, GRID, []), (peer, raw, [])]
    for number in range(ROUNDS + 1):
        for target, database, seconds in lanes if number % 2 else lanes[::-1]:
            took = _play(target, database, numbers)
            if number:
                seconds.append(took)
    rates = [statistics.median(SESSIONS / one for one in seconds) for _, _, seconds in lanes]
    pairs = zip(lanes[0][2], lanes[1][2], strict=True)
    ratio = statistics.median(its / mine for mine, its in pairs)
    note = (
        f"pull nothing, push {PUSHED} new records, pull again; {AT_ONCE} phones at once,"
        f" merging and projecting left to another process; the"
        f" gateway takes {1 / ratio:.2f} times the time of raw CouchDB (goal: {MOST_COST})"
    )
    return compared(
        SESSION, "sessions/s", rates[0], COUCHDB, rates[1], 1 / MOST_COST, note, ratio=ratio
    )


def _play(target: Target, database: str, numbers: Iterator[int]) -> float:
    """Play a round of sessions, the steps of all phones in step; return seconds."""
    info: Any = target.call("GET", database)[1]
    look = target.request("GET", f"{database}/_changes?style=all_docs&since={info['update_seq']}")
    pushes = []
    asks = []
    for _ in range(SESSIONS):
        docs = [_record(next(numbers)) for _ in range(PUSHED)]
        known = {doc["_id"]: [doc["_rev"]] for doc in docs}
        asks.append(target.request("POST", f"{database}/_revs_diff", orjson.dumps(known)))
        body = orjson.dumps({"docs": docs, "new_edits": False})
        pushes.append(target.request("POST", f"{database}/_bulk_docs", body))
    steps: list[tuple[list[bytes], tuple[int, ...]]] = [
        ([look] * SESSIONS, (200,)),
        (asks, (200,)),
        (pushes, (201, 202)),
        ([look] * SESSIONS, (200,)),
    ]
    total = 0.0
    for requests, good in steps:
        outcome = drive(target.address, requests, AT_ONCE)
        expect(outcome.answers, _has_status(good), f"a session on {target.name}")
        total += outcome.seconds
    return total


def _has_status(good: Sequence[int]) -> Callable[[Any], bool]:
    return lambda answer: answer.status in good and b'"error"' not in answer.body


def _record(number: int) -> dict[str, Any]:
    """Return a new record as a phone sends it, made now, with its revision."""
    at = f"{now_text()}-0000-0123abcd"
    trace = {"at": at, "by": "integrator", "device": "0123abcd"}
    digest = secrets.token_hex(16)
    return {
        "_id": documents.household_id(number),
        "_rev": f"1-{digest}",
        "_revisions": {"start": 1, "ids": [digest]},
        **documents.plain(number),
        "grid": GRID,
        "schema": 1,
        "created": trace,
        "updated": trace,
        "stamps": {},
    }


# --- a district ---


@asynccontextmanager
async def _corner(peer: Target, indexes: Sequence[Index]) -> AsyncIterator[DocumentStore]:
    """Give a store in a corner of the CouchDB, and remove it."""
    url = store_address(peer)
    store = CouchStore(parse_address(url))
    try:
        await store.databases.prepare()  # as ``wangge init`` does: the follower hears of changes
        for name in DATABASES:
            await store.create_database(name)
        await store.ensure_indexes(indexes)
        yield store
    finally:
        await store.close()
        await _removed(url)


async def _district(peer: Target) -> list[Row]:
    async with _corner(peer, INDEXES) as store:
        before = _couchdb_bytes()
        nodes = _hierarchy()
        nodes = nodes[: len(nodes) - _MOST_GRIDS + GRIDS]
        started_at = time.perf_counter()
        await Registry(store).import_grids(nodes)
        seconds = time.perf_counter() - started_at
        names = [database_of(node.code) for node in nodes if node.level == 5]
        rows = [
            Row(
                "couchdb_create",
                "databases/s",
                GRIDS / seconds,
                note=f"{GRIDS:,} grids imported and made in {seconds:.0f} s",
            )
        ]
        place = {name: number for number, name in enumerate(names)}
        await _at_once(
            lambda name: store.write(name, _batch(name, place[name] * 100, 100)), names[:PULLS]
        )
        pulls = [await _pulled(store, name) for name in names[:PULLS]]
        p95 = statistics.quantiles(pulls, n=20)[-1] * 1000
        rows.append(at_most("couchdb_first_pull_p95", "ms", p95, 500, "100 records of one grid"))
        lag, rate = await _lag(store, names)
        note = f"{rate:.0f} pushes/s for {PUSH_SECONDS} s, one record each, all over the district"
        rows.append(at_most("couchdb_follower_lag", "s", lag, 5, note))
        after = _couchdb_bytes()
        if before and after:
            note = f"resident, all processes of CouchDB; {before / 2**20:.0f} MiB before"
            rows.append(Row("couchdb_memory", "MiB", after / 2**20, note=note))
        rows.append(Row("couchdb_memory_ours", "MiB", _own_bytes() / 2**20, note="this process"))
        return rows


async def _at_once(do: Callable[[str], Any], names: Sequence[str]) -> None:
    gate = asyncio.Semaphore(16)

    async def one(name: str) -> None:
        async with gate:
            await do(name)

    await asyncio.gather(*map(one, names))


def _hierarchy() -> list[GridNode]:
    """Return a district of 10 towns, each of 10 villages, and so on down to 10,000 grids."""
    nodes = [GridNode("440904", None, 1, "区")]
    for level, digits in ((2, 3), (3, 3), (4, 3), (5, 2)):
        above = [node.code for node in nodes if node.level == level - 1]
        nodes += [
            GridNode(f"{code}{number:0{digits}}", code, level, f"第{number}")
            for code in above
            for number in range(1, 11)
        ]
    return nodes


def _batch(name: str, first: int, count: int) -> list[Write]:
    """Return records of a grid, all different."""
    grid = code_of(name)
    return [
        Write(documents.household_id(number), orjson.dumps({**_record_body(number), "grid": grid}))
        for number in range(first, first + count)
    ]


def _record_body(number: int) -> dict[str, Any]:
    return {name: value for name, value in _record(number).items() if name[0] != "_"}


async def _pulled(store: DocumentStore, name: str) -> float:
    started_at = time.perf_counter()
    page = await store.changes(name, "0", all_leaves=True)
    found = await store.revisions_of_many(name, [(one.doc_id, "all") for one in page.changes])
    assert len(found) == 100
    return time.perf_counter() - started_at


async def _lag(store: DocumentStore, names: Sequence[str]) -> tuple[float, float]:
    """Push at a steady rate; return the follower's greatest lag in seconds, and the rate."""
    follower = Follower(store, Registry(store))
    await follower.catch_up()
    before = follower.projected
    stop = asyncio.Event()
    following = asyncio.create_task(follower.run(stop))
    tasks: list[asyncio.Task[Any]] = []
    lags = []
    started_at = time.perf_counter()
    total = PUSHES_PER_SECOND * PUSH_SECONDS
    for number in range(total):
        name = names[number * 7919 % len(names)]
        write = _batch(name, 1_000_000 + number, 1)
        tasks.append(asyncio.create_task(store.write(name, write)))
        lags.append(follower.lag_seconds)
        wait = started_at + number / PUSHES_PER_SECOND - time.perf_counter()
        await asyncio.sleep(max(wait, 0))
    await asyncio.gather(*tasks)
    rate = total / (time.perf_counter() - started_at)
    while follower.projected - before < total:
        lags.append(follower.lag_seconds)
        await asyncio.sleep(0.1)
    stop.set()
    await following
    return max(lags), rate


def _own_bytes() -> int:
    return _resident(Path("/proc/self"))


def _couchdb_bytes() -> int:
    """Return the memory of all CouchDBs on this machine (their Erlang), 0 where it is not told."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"beam" in (process / "cmdline").read_bytes():
                found += _resident(process)
    return found


def _resident(process: Path) -> int:
    return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- a roll-up over all levels ---


async def _roll_up(peer: Target) -> list[Row]:
    async with _corner(peer, [RECORDS_BY_PATH]) as store:
        started_at = time.perf_counter()
        for first in range(0, RECORDS, 2_000):
            rows = [_projected(number) for number in range(first, min(first + 2_000, RECORDS))]
            await store.write("canonical", rows)
        loaded = time.perf_counter() - started_at
        await store.roll_up(RECORDS_BY_PATH, level=1)
        built = time.perf_counter() - started_at - loaded
        times = []
        for _ in range(7):
            started_at = time.perf_counter()
            groups = await store.roll_up(RECORDS_BY_PATH, level=3)
            times.append(time.perf_counter() - started_at)
        assert sum(group.count for group in groups) == RECORDS
        note = (
            f"{RECORDS:,} records, {len(groups)} groups of three levels; loaded in {loaded:.0f}"
            f" s, this one index built in {built:.0f} s more"
        )
        return [at_most("couchdb_roll_up", "ms", statistics.median(times) * 1000, 300, note)]


def _projected(number: int) -> Write:
    path = ["440904", f"440904{number % 23:03d}", f"440904{number % 23:03d}{number % 13:03d}"]
    body = {"type": "household", "path": path, "source_rev": "1-a", "status": "living"}
    return Write(documents.household_id(number), orjson.dumps(body))
