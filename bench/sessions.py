"""Exchanges with five edits, beside the same work as stock replication on CouchDB itself.

The peer gets the fewest requests that a replicator can make of it: a push and a pull with their
checkpoints, eight in all, without signing in and without anybody else's edits to fetch.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

import orjson

from bench import town
from bench.exchange import exchange
from bench.load import Answer, drive, drive_chains, expect
from bench.report import Row, compared, missing
from bench.targets import Absent, Target, couchdb, scratch, settle
from tests.stores import remove_databases

EMBEDDED, BEHIND = "sessions", "sessions_couchdb"
NAMES = (EMBEDDED, BEHIND)
GOALS = {EMBEDDED: 3.0, BEHIND: 1.2}
GRIDS = 80
"""Each is synchronised once in a round."""
EDITS = 5
ROUNDS = 7
CONNECTIONS = 8
RECORDS = EDITS * (ROUNDS + 1)


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure sessions a second with the embedded store, and with CouchDB behind our server."""
    with couchdb() as peer:
        for name in names:
            if isinstance(peer, Absent):
                yield missing(name, "sessions/s", GOALS[name], peer.note)
                continue
            with ExitStack() as stack:
                ours = stack.enter_context(_ours(None if name == EMBEDDED else _behind()))
                yield _row(name, ours, stack.enter_context(_stock(peer)))


def _behind() -> str:
    """Return the address of a corner of the CouchDB for our server to work on."""
    url = os.environ["WANGGE_BENCH_COUCHDB"].rstrip("/")
    return f"couchdb{url.removeprefix('http')}/?prefix=bench{secrets.token_hex(4)}-"


def _row(name: str, ours: _Ours, stock: _Stock) -> Row:
    """Run both in turns; the first round warms up."""
    rates: dict[object, list[float]] = {ours: [], stock: []}
    for turn in range(ROUNDS + 1):
        for lane in (ours, stock)[:: 1 if turn % 2 else -1]:
            chains = lane.chains(turn)
            outcome = drive_chains(lane.target.address, chains, CONNECTIONS)
            lane.check(outcome.answers)
            rates[lane].append(len(chains) / outcome.seconds)
            settle(lane.target)
    mine, theirs = rates[ours][1:], rates[stock][1:]
    ratio = statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
    note = f"{EDITS} edits a session; the peer's is 8 requests, 5 edits of its own"
    median = statistics.median
    return compared(
        name, "sessions/s", median(mine), "CouchDB", median(theirs), GOALS[name], note, ratio=ratio
    )


class _Ours:
    """One exchange a session."""

    def __init__(self, target: Target, phones: Sequence[town.Phone]) -> None:
        self.target = target
        self._phones = phones
        first = [
            exchange(phone, target.port, town.asking({phone.grid: {"since": "now"}}, None))
            for phone in phones
        ]
        self._since = {name: since for one in first for name, since in one.since().items()}
        self._sessions = [one.lines[0]["hello"]["session"] for one in first]

    def chains(self, turn: int) -> list[list[bytes]]:
        """Return a round's sessions."""
        made = []
        for number, phone in enumerate(self._phones):
            first = number * RECORDS + turn * EDITS
            docs = [phone.edit(n, turn) for n in range(first, first + EDITS)]
            wanted = {phone.grid: {"since": self._since[phone.grid], "docs": docs}}
            made.append([town.request(phone, town.asking(wanted, self._sessions[number]))])
        return made

    def check(self, answers: Sequence[Answer]) -> None:
        """Expect a receipt for each edit, and note where each grid stands."""
        for answer in answers:
            lines = town.lines_of(answer.body) if answer.status == 200 else []
            stored = [each.get("stored") for line in lines for each in line.get("receipts", ())]
            if stored != [True] * EDITS or "bye" not in lines[-1]:
                raise AssertionError(f"{answer.status} {answer.body[:400]!r}")
            self._since.update((line["end"], line["since"]) for line in lines if "end" in line)


class _Stock:
    """Push and pull with checkpoints, as a replicator asks."""

    def __init__(self, target: Target, names: Sequence[str]) -> None:
        self.target = target
        self._names = names

    def chains(self, turn: int) -> list[list[bytes]]:
        """Return a round's sessions."""
        return [self._chain(number, name, turn) for number, name in enumerate(self._names)]

    def _chain(self, number: int, name: str, turn: int) -> list[bytes]:
        ask = self.target.request
        first = number * RECORDS + turn * EDITS
        phone = town.Phone("worker", f"{number:08x}", "", town.grid_code(number))
        docs = [phone.edit(n, turn) for n in range(first, first + EDITS)]
        revs = orjson.dumps({one["_id"]: [one["_rev"]] for one in docs})
        push, pull = f"{name}/_local/push-{turn}", f"{name}/_local/pull-{turn}"
        since = self.target.call("GET", f"{name}/_changes?since=now&limit=1")[1]
        assert isinstance(since, dict)
        changes = f"{name}/_changes?style=all_docs&limit=100&since={quote(since['last_seq'])}"
        checkpoint = orjson.dumps({"last_seq": since["last_seq"], "history": []})
        return [
            ask("GET", name),
            ask("GET", push),
            ask("POST", f"{name}/_revs_diff", revs),
            ask("POST", f"{name}/_bulk_docs", orjson.dumps({"docs": docs, "new_edits": False})),
            ask("PUT", push, checkpoint),
            ask("GET", pull),
            ask("GET", changes),
            ask("PUT", pull, checkpoint),
        ]

    def check(self, answers: Sequence[Answer]) -> None:
        """Expect no refusal; a checkpoint is not there before it is written."""
        expect(answers, lambda answer: answer.status in (200, 201, 202, 404), "stock replication")
        found: list[Any] = [answer.json() for answer in answers if answer.status == 200]
        pulled = [len(one["results"]) for one in found if "results" in one]
        if pulled != [EDITS] * len(self._names):
            raise AssertionError(f"{pulled} changes")


@contextmanager
def _ours(store: str | None) -> Iterator[_Ours]:
    with scratch() as directory:
        try:
            phones = town.found(
                directory, grids=GRIDS, records=RECORDS, phones=GRIDS, store=store, followed=True
            )
            with town.serving(directory, {"WANGGE_STORE": store} if store else None) as target:
                settle(target)
                yield _Ours(target, phones)
        finally:
            if store:
                asyncio.run(remove_databases(store))


@contextmanager
def _stock(target: Target) -> Iterator[_Stock]:
    names = [f"bench-{os.getpid()}-session-{number}" for number in range(GRIDS)]
    try:
        for number, name in enumerate(names):
            target.create(name)
            docs = []
            for n in range(number * RECORDS, (number + 1) * RECORDS):
                rev = town.first_rev(n)
                history = {"start": 1, "ids": [rev.partition("-")[2]]}
                record = town.body_of(n, town.grid_code(number))
                docs.append({**record, "_rev": rev, "_revisions": history})
            body = orjson.dumps({"docs": docs, "new_edits": False})
            answers = drive(target.address, [target.request("POST", f"{name}/_bulk_docs", body)], 1)
            expect(answers.answers, lambda answer: answer.status in (201, 202), "filling")
        yield _Stock(target, names)
    finally:
        for name in names:
            target.destroy(name)
