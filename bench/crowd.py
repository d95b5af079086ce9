"""Ten thousand phones, a hundred first syncs at once, five thousand open streams."""

from __future__ import annotations

import socket
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import town
from bench.load import drive, expect
from bench.phones import Outcome, Visit, send
from bench.report import Row, at_most
from bench.targets import Target, scratch, settle, spent_seconds

DAY, RUSH = "phones", "phones_rush"
ALL_DAY, ALL_RUSH = "phones_all", "phones_rush_all"
FIRSTS, STREAMS = "first_syncs", "streams"
NAMES = (DAY, RUSH, FIRSTS, STREAMS)
LONG = (ALL_DAY, ALL_RUSH)
EDITS = 5
PHONES_A_GRID = 10
FIRST_RECORDS = 1_833
FIRST_GRIDS = 10
OPEN_STREAMS = 5_000
FEW_OPEN = 50
"""Exchanges admitted at once in a rush, so that some are turned away."""
SCALE = {DAY: (1_000, 60), RUSH: (1_000, 6), ALL_DAY: (10_000, 600), ALL_RUSH: (10_000, 60)}
"""Phones, and within how many seconds they arrive. The short ones arrive at the same rate as the
long ones."""
P99_GOAL, MEMORY_GOAL, STREAMS_GOAL = 3.0, 500, 200
DONE_TIMES = 3
"""A rush is to be over within so many times the arrivals."""


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure many phones, many first syncs and many streams."""
    for name in names:
        if name in SCALE:
            yield from _phones(name, *SCALE[name])
    if FIRSTS in names:
        yield from _first_syncs()
    if STREAMS in names:
        yield _streams()


def _phones(name: str, count: int, window: int) -> Iterator[Row]:
    """Phones that arrive evenly, each with five edits, while the follower follows."""
    rush = name in (RUSH, ALL_RUSH)
    with ExitStack() as stack:
        directory = stack.enter_context(scratch())
        records = PHONES_A_GRID * EDITS
        grids = count // PHONES_A_GRID
        phones = town.found(directory, grids=grids, records=records, phones=count, followed=True)
        limits = {"WANGGE_EXCHANGES_OPEN": str(FEW_OPEN)} if rush else None
        target = stack.enter_context(town.serving(directory, limits))
        settle(target)
        visits = [_visit(p, n, grids, window * n / count) for n, p in enumerate(phones)]
        before = spent_seconds(target)
        outcomes = send(target.port, visits)
        settle(target)
        spent = spent_seconds(target) - before
        memory = resident_mb(target, "VmHWM")
        _read_back(target, phones[:grids], outcomes)
    note = f"{count:,} phones, {EDITS} edits each, within {window} s; "
    note += f"{spent:.0f} s of the server's processor time, the follower's included; "
    yield from _judged(name, outcomes, memory, note, window if rush else None)


def _visit(phone: town.Phone, number: int, grids: int, at: float) -> Visit:
    place, grid = divmod(number, grids)
    first = grid * PHONES_A_GRID * EDITS + place * EDITS
    docs = [phone.edit(n, number) for n in range(first, first + EDITS)]
    body = town.asking({phone.grid: {"since": "now", "docs": docs}}, None)
    return _visit_of(phone, body, at)


def _visit_of(phone: town.Phone, body: bytes, at: float) -> Visit:
    sent = town.request(phone, body, close=True, gzip=True)
    return Visit(at, sent[: -len(body)].decode(), body.decode())


def _judged(
    name: str, outcomes: Sequence[Outcome], memory: float, note: str, window: int | None
) -> Iterator[Row]:
    errors = [one.error for one in outcomes if one.error is not None]
    away = sum(one.turned_away for one in outcomes)
    seconds = sorted(one.seconds for one in outcomes)
    over = max(one.done for one in outcomes)
    note += f"all done after {over:.0f} s, {away} times told to come again, every edit read back"
    yield at_most(name, "errors", len(errors), 0, note if not errors else f"{note}; {errors[0]}")
    p99 = seconds[int(0.99 * len(seconds))]
    middle = statistics.median(seconds)
    yield at_most(name, "s, p99", p99, P99_GOAL, f"median {middle * 1000:.0f} ms")
    yield at_most(name, "MB", memory, MEMORY_GOAL, "largest resident set of the server")
    if window is not None:
        yield at_most(name, "s, all done", over, DONE_TIMES * window)


def _read_back(target: Target, phones: Sequence[town.Phone], outcomes: Sequence[Outcome]) -> None:
    """Read every grid again, by stock replication's feed; raise when an edit is not there."""
    stored = {(doc_id, rev) for one in outcomes for doc_id, rev in one.stored}
    requests = [
        b"GET /sync/%b/_changes?style=all_docs HTTP/1.1\r\nHost: bench\r\n"
        b"Authorization: Bearer %b\r\n\r\n" % (phone.grid.encode(), phone.token.encode())
        for phone in phones
    ]
    answers = drive(target.address, requests, 2).answers
    expect(answers, lambda answer: answer.status == 200, "reading back")
    found = set()
    for answer in answers:
        page = answer.json()
        assert isinstance(page, dict)
        found |= {(row["id"], one["rev"]) for row in page["results"] for one in row["changes"]}
    wanted = sum(one.error is None for one in outcomes) * EDITS
    if len(stored) != wanted or not stored <= found:
        raise AssertionError(f"{len(stored)} of {wanted} stored, {len(stored - found)} lost")


def _first_syncs() -> Iterator[Row]:
    """First syncs at once, ten phones a grid at most."""
    with scratch() as directory:
        phones = town.found(directory, grids=FIRST_GRIDS, records=FIRST_RECORDS, phones=100)
        with town.serving(directory, {"WANGGE_FOLLOWER": "false"}) as target:
            for count, goal in ((10, 5.0), (100, 30.0)):
                visits = [
                    _visit_of(p, town.asking({p.grid: {"since": None, "fresh": True}}, None), 0.0)
                    for p in phones[:count]
                ]
                outcomes = send(target.port, visits)
                errors = [one.error for one in outcomes if one.error is not None]
                errors += ["too few" for one in outcomes if one.documents != FIRST_RECORDS]
                memory = resident_mb(target, "VmHWM")
                unit = f"s, slowest of {count}"
                slowest = max(one.seconds for one in outcomes)
                note = f"{FIRST_RECORDS:,} documents each; {memory:.0f} MB at the most"
                yield at_most(FIRSTS, unit, slowest, goal, note)
                yield at_most(FIRSTS, f"errors of {count}", len(errors), 0, None)


def _streams() -> Row:
    """Streams that are open and idle."""
    with ExitStack() as stack:
        directory = stack.enter_context(scratch())
        phones = town.found(directory, grids=100, records=0, phones=1_000)
        target = stack.enter_context(town.serving(directory))
        settle(target)
        before = resident_mb(target)
        for number in range(OPEN_STREAMS):
            connection = socket.create_connection(target.address)
            stack.callback(connection.close)
            token = phones[number % len(phones)].token.encode()
            connection.sendall(
                b"GET /api/v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %b\r\n\r\n"
                % token
            )
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise AssertionError(f"stream {number} was not opened")
        note = f"{OPEN_STREAMS:,} streams; the server without any {before:.0f} MB"
        return at_most(STREAMS, "MB", resident_mb(target), STREAMS_GOAL, note)


def resident_mb(target: Target, what: str = "VmRSS") -> float:
    """Return a server's resident set in MB, now (``VmRSS``) or at its largest (``VmHWM``)."""
    assert target.process is not None
    status = Path(f"/proc/{target.process.pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024
