"""A town as large as a benchmark wants it: grids, workers, phones that are signed in, records."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from bench import documents
from bench.targets import OURS, Target, free_port, started, wangge_command
from conflicts.clock import HybridClock
from grid.hierarchy import GridNode
from grid.permissions import Role
from server.databases import opened
from server.sessions import Sessions
from server.settings import Settings
from sync.follower import Follower
from sync.registry import Account, Registry
from sync.store import DocumentStore, Write
from sync.timing import now_ms, now_text

DISTRICT, TOWN, VILLAGE = "440904", "440904004", "440904004001"
_BATCH = 1_000
_AT_ONCE = 50
_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Phone:
    """A worker's phone, signed in."""

    user: str
    device: str
    token: str
    grid: str

    def document(self, number: int) -> dict[str, Any]:
        """Return record ``number`` of the town as this phone recorded it, first revision."""
        at = str(HybridClock(self.device).now(now_ms()))
        trace = {"at": at, "by": self.user, "device": self.device}
        return with_revision({**body_of(number, self.grid), "created": trace, "updated": trace})

    def edit(self, number: int, turn: int, parent: str | None = None) -> dict[str, Any]:
        """Return an edit of record ``number``, by default of what was founded."""
        at = str(HybridClock(self.device).now(now_ms()))
        change = {"note": f"第 {turn} 次走访，楼道已清理。", "area": 30 + turn}
        trace = {"at": at, "by": self.user, "device": self.device}
        edited = {**body_of(number, self.grid), **change, "updated": trace}
        return with_revision(
            {**edited, "stamps": dict.fromkeys(change, at)}, parent or first_rev(number)
        )


def body_of(number: int, grid: str) -> dict[str, Any]:
    """Return record ``number`` of a grid as it was founded."""
    at = "2026-03-01T08:00:00.000Z-0000-0000f0f0"
    trace = {"at": at, "by": "founder", "device": "0000f0f0"}
    common = {"schema": 1, "grid": grid, "created": trace, "updated": trace, "stamps": {}}
    return {"_id": documents.household_id(number), **documents.plain(number), **common}


def first_rev(number: int) -> str:
    """Return the revision under which record ``number`` was founded."""
    return f"1-{hashlib.md5(b'founded %d' % number, usedforsecurity=False).hexdigest()}"


def with_revision(document: dict[str, Any], parent: str | None = None) -> dict[str, Any]:
    """Return a document with ``_rev`` and ``_revisions``, as a replicator sends it."""
    seed = orjson.dumps([document, parent])
    digest = hashlib.md5(seed, usedforsecurity=False).hexdigest()
    number, _, before = (parent or "0-").partition("-")
    start = int(number) + 1
    ids = [digest, before] if parent else [digest]
    return {**document, "_rev": f"{start}-{digest}", "_revisions": {"start": start, "ids": ids}}


def grid_code(number: int) -> str:
    """Return the code of grid ``number``, 99 in a group."""
    return f"{VILLAGE}{1 + number // 99:03}{1 + number % 99:02}"


def _nodes(grids: int) -> list[GridNode]:
    top = [(DISTRICT, None, "电白区"), (TOWN, DISTRICT, "电海街道"), (VILLAGE, TOWN, "安乐村")]
    nodes = [GridNode(code, up, level, name) for level, (code, up, name) in enumerate(top, 1)]
    groups = range(1, 2 + (grids - 1) // 99)
    nodes += [GridNode(f"{VILLAGE}{n:03}", VILLAGE, 4, f"第{n}村民小组") for n in groups]
    codes = [grid_code(number) for number in range(grids)]
    return nodes + [GridNode(code, code[:-2], 5, f"第{code[-2:]}住户小组") for code in codes]


def found(
    directory: Path,
    *,
    grids: int,
    records: int,
    phones: int,
    each: int = 1,
    store: str | None = None,
    followed: bool = False,
) -> list[Phone]:
    """Make a town in a data folder: so many grids, records in each, phones in all.

    Grid ``g`` holds records ``g * records`` onward; phone ``p`` works in grid ``p % grids`` and in
    those after it, ``each`` in all. ``followed`` says to project the records now rather than when
    the server runs.
    """
    settings = Settings.load({}, data=directory, store=store)
    return asyncio.run(_found(settings, grids, records, phones, each, followed))


async def _found(
    settings: Settings, grids: int, records: int, phones: int, each: int, followed: bool
) -> list[Phone]:
    async with opened(settings) as store:
        registry = Registry(store)
        await registry.import_grids(_nodes(grids))
        if records:
            await _at_once([_fill(store, grid_code(n), n * records, records) for n in range(grids)])
        if followed:
            await Follower(store, registry).catch_up()
        workers = min(grids, phones)
        await _at_once([_hire(registry, number, grids, each) for number in range(workers)])
        return await _sign_in(store, settings, workers, phones)


async def _at_once(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do it some at a time, so that many share one commit."""
    for start in range(0, len(work), _AT_ONCE):
        await asyncio.gather(*work[start : start + _AT_ONCE])


async def _hire(registry: Registry, number: int, grids: int, each: int) -> None:
    user = f"worker{number}"
    await registry.save_account(Account(user, "演示员", Role.GRIDWORKER, "-", now_text()))
    for place in range(number, number + each):
        await registry.assign(user, grid_code(place % grids))


async def _fill(store: DocumentStore, grid: str, first: int, records: int) -> None:
    for start in range(first, first + records, _BATCH):
        numbers = range(start, min(start + _BATCH, first + records))
        writes = []
        for number in numbers:
            document = body_of(number, grid)
            doc_id = document.pop("_id")
            writes.append(Write(doc_id, orjson.dumps(document), first_rev(number)))
        await store.write(f"grid-{grid}", writes, new_edits=False)


async def _sign_in(
    store: DocumentStore, settings: Settings, grids: int, phones: int
) -> list[Phone]:
    sessions = Sessions(store, Registry(store), settings.signing_key())
    found = []
    for first in range(0, phones, _BATCH):
        found += await asyncio.gather(
            *(
                _phone(sessions, f"worker{n % grids}", f"{n:08x}", grid_code(n % grids))
                for n in range(first, min(first + _BATCH, phones))
            )
        )
    return found


async def _phone(sessions: Sessions, user: str, device: str, grid: str) -> Phone:
    token, _ = await sessions.issue(user, lifetime=_LIFETIME, device=device)
    return Phone(user, device, token, grid)


@contextmanager
def serving(directory: Path, environment: Mapping[str, str] | None = None) -> Iterator[Target]:
    """Serve the application on a data folder."""
    port = free_port()
    command = [wangge_command(), "serve", "--data", str(directory), "--port", str(port)]
    with started(OURS, command, port, environment=environment, ready="healthz") as target:
        yield target


def asking(
    databases: Mapping[str, Mapping[str, Any]], session: str | None, budget: int | None = None
) -> bytes:
    """Return the body of an exchange."""
    asked: dict[str, Any] = {"v": 1, "session": session, "databases": databases}
    return orjson.dumps(asked if budget is None else {**asked, "budget": budget})


def request(
    phone: Phone, body: bytes, *, close: bool = False, gzip: bool = False, packed: bool = False
) -> bytes:
    """Return the bytes of an exchange's request. ``gzip`` asks for a packed answer, ``packed`` says
    that the body is."""
    lines = [
        "POST /sync/_exchange HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {phone.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(["Accept-Encoding: gzip"] if gzip else []),
        *(["Content-Encoding: gzip"] if packed else []),
        *(["Connection: close"] if close else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def lines_of(answer: bytes) -> Sequence[Any]:
    """Return an exchange's answer line by line."""
    return [orjson.loads(line) for line in answer.splitlines()]
