"""One round trip on a slow network: the exchange beside PouchDB's replication with the peers."""

from __future__ import annotations

import gzip
import os
import socket
import statistics
import subprocess
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench import town
from bench.load import RECEIVE_BYTES, drive, expect
from bench.network import EDGE, SLOW_3G, slow_network
from bench.report import Row, at_most, compared, missing
from bench.targets import Absent, Target, couchdb, pouchdb_server, scratch

FIRST, NOTHING, BOTH = "exchange_first", "exchange_nothing", "exchange_both"
NAMES = (FIRST, NOTHING, BOTH)
DOCUMENTS = 2_000
EDITS = 50
GRIDS = 3
ROUNDS = 3
PEER_FIRST_ROUNDS = 1
"""A pull by PouchDB takes a minute or two, nearly all of it the network's."""
FIRST_GOAL, PEER_GOAL = 1.3, 4.0
BYTES_GOAL, TRIPS_GOAL = 700, 1.1
_SCRIPT = Path(__file__).with_name("exchange_peer.mjs")
_BATCH = 500
_PACK_BYTES = 1_400
"""Requests from this size on are packed."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One exchange over a network: its lines, seconds, and bytes of bodies on the air."""

    lines: Sequence[Any]
    seconds: float
    sent: int
    received: int

    def since(self) -> dict[str, str]:
        """Return where each database stands afterwards."""
        ends = {line.get("end") or line.get("mark"): line.get("since") for line in self.lines}
        return {name: since for name, since in ends.items() if name and since}


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure a first sync, an exchange with nothing new, and one of 50 edits either way."""
    with ExitStack() as stack:
        directory = stack.enter_context(scratch())
        phones = town.found(
            directory, grids=GRIDS, records=DOCUMENTS, phones=2 * GRIDS, each=GRIDS, followed=True
        )
        ours = stack.enter_context(town.serving(directory))
        peers = [_Peer(stack.enter_context(peer())) for peer in (couchdb, pouchdb_server)]
        first = PEER_FIRST_ROUNDS * (FIRST in names)
        both = ROUNDS * (BOTH in names) or int(NOTHING in names)
        for peer in peers:
            peer.replicate(first, both)
        if FIRST in names:
            yield from _first(ours, phones[0], peers)
        if NOTHING in names:
            yield from _nothing(ours, phones[0])
            yield from (row for peer in peers if (row := peer.nothing()) is not None)
        if BOTH in names:
            yield from _both(ours, phones, peers)


def exchange(phone: town.Phone, port: int, body: bytes) -> Exchanged:
    """Make one exchange over a connection that is open already, packed both ways as the app's."""
    packed_body = len(body) >= _PACK_BYTES
    if packed_body:
        body = gzip.compress(body)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        time.sleep(0.1)  # the proxy's own connection to the server is made meanwhile
        started = time.perf_counter()
        connection.sendall(town.request(phone, body, close=True, gzip=True, packed=packed_body))
        answer = bytearray()
        while piece := connection.recv(RECEIVE_BYTES):
            answer += piece
        seconds = time.perf_counter() - started
    head, _, data = bytes(answer).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise AssertionError(f"{head[:100]!r} {data[:300]!r}")
    if b"transfer-encoding: chunked" in head.lower():
        data = _unchunked(data)
    packed = b"content-encoding: gzip" in head.lower()
    lines = town.lines_of(zlib.decompress(data, 31) if packed else data)
    if "bye" not in lines[-1]:
        raise AssertionError(f"cut: {lines[-1]}")
    return Exchanged(lines, seconds, len(body), len(data))


def _unchunked(data: bytes) -> bytes:
    found, at = [], 0
    while size := int(data[at : (end := data.index(b"\r\n", at))], 16):
        found.append(data[end + 2 : end + 2 + size])
        at = end + 4 + size
    return b"".join(found)


def _first(ours: Target, phone: town.Phone, peers: Sequence[_Peer]) -> Iterator[Row]:
    """Measure a first sync beside what its bytes cost, and beside the peers."""
    body = town.asking({phone.grid: {"since": None, "fresh": True}}, None)
    taken = []
    with slow_network(SLOW_3G, ours.address) as port:
        for _ in range(ROUNDS):
            one = exchange(phone, port, body)
            if sum("doc" in line for line in one.lines) != DOCUMENTS:
                raise AssertionError("not all documents came")
            taken.append(one)
    seconds = statistics.median(one.seconds for one in taken)
    size = taken[0].received
    least = SLOW_3G.seconds(size) + SLOW_3G.round_trip
    note = (
        f"{DOCUMENTS:,} documents, {SLOW_3G.name}: {size:,} bytes in {seconds:.1f} s; "
        f"bandwidth and one round trip alone {least:.1f} s"
    )
    yield at_most(FIRST, "times the least", seconds / least, FIRST_GOAL, note)
    for peer in peers:
        yield peer.row(FIRST, seconds, "first", SLOW_3G.name)


def _nothing(ours: Target, phone: town.Phone) -> Iterator[Row]:
    """Measure an exchange of three grids where nothing changed."""
    grids = [town.grid_code(number) for number in range(GRIDS)]
    now = exchange(phone, ours.port, town.asking({g: {"since": "now"} for g in grids}, None))
    session = now.lines[0]["hello"]["session"]
    body = town.asking({grid: {"since": since} for grid, since in now.since().items()}, session)
    with slow_network(EDGE, ours.address) as port:
        taken = [exchange(phone, port, body) for _ in range(ROUNDS)]
    if len(now.since()) != GRIDS or any("doc" in line for one in taken for line in one.lines):
        raise AssertionError("something was new")
    note = f"{GRIDS} grids, 1 request: {taken[0].sent} bytes there, {taken[0].received} back"
    size = taken[0].sent + taken[0].received
    yield at_most(NOTHING, "bytes of body", size, BYTES_GOAL, note)
    trips = statistics.median(one.seconds for one in taken) / EDGE.round_trip
    yield at_most(NOTHING, "round trips", trips, TRIPS_GOAL, f"{EDGE.name}, {ROUNDS} rounds")


def _both(ours: Target, phones: Sequence[town.Phone], peers: Sequence[_Peer]) -> Iterator[Row]:
    """Push 50 edits and pull 50 of another phone's, in one request."""
    mine, other = phones[0], phones[GRIDS]
    asked = town.asking({mine.grid: {"since": "now"}}, None)
    since = exchange(mine, ours.port, asked).since()[mine.grid]
    parents: dict[int, str] = {}

    def edits(phone: town.Phone, first: int, turn: int) -> list[dict[str, Any]]:
        made = [phone.edit(n, turn, parents.get(n)) for n in range(first, first + EDITS)]
        parents.update(zip(range(first, first + EDITS), (one["_rev"] for one in made), strict=True))
        return made

    taken = []
    with slow_network(EDGE, ours.address) as port:
        for turn in range(ROUNDS):
            theirs = {other.grid: {"since": "now", "docs": edits(other, EDITS, turn)}}
            exchange(other, ours.port, town.asking(theirs, None))
            own = {mine.grid: {"since": since, "docs": edits(mine, 0, turn)}}
            one = exchange(mine, port, town.asking(own, None))
            _check_both(one)
            taken.append(one)
            since = one.since()[mine.grid]
    seconds = statistics.median(one.seconds for one in taken)
    sizes = f"{taken[-1].sent:,} bytes there, {taken[-1].received:,} back"
    for peer in peers:
        yield peer.row(BOTH, seconds, "both", f"1 request, {EDGE.name}, {sizes}")


def _check_both(one: Exchanged) -> None:
    receipts = [each for line in one.lines for each in line.get("receipts", ())]
    stored = [each for each in receipts if each.get("stored")]
    documents = sum("doc" in line for line in one.lines)
    if (len(stored), documents) != (EDITS, EDITS):
        raise AssertionError(f"{len(stored)} stored, {documents} came: {receipts[:1]}")


class _Peer:
    """PouchDB with one of the peers, over the same networks and with the same records."""

    def __init__(self, target: Target | Absent) -> None:
        self._target = target
        self._done: dict[str, Any] = {}

    def replicate(self, first: int, both: int) -> None:
        """Have PouchDB do the work of these many rounds."""
        if isinstance(self._target, Absent):
            return
        name = f"bench-{os.getpid()}-exchange"
        self._target.create(name)
        try:
            _fill(self._target, name)
            for condition, rounds in ((SLOW_3G, (first, 0)), (EDGE, (0, both))):
                if any(rounds):
                    with slow_network(condition, self._target.address) as port:
                        found = _pouchdb(self._target, port, name, *rounds)
                    self._done |= {kind: value for kind, value in found.items() if value}
        finally:
            self._target.destroy(name)

    def row(self, name: str, seconds: float, kind: str, note: str) -> Row:
        """Return our seconds beside PouchDB's."""
        if isinstance(self._target, Absent):
            return missing(name, "s", PEER_GOAL, self._target.note)
        rounds = self._done[kind]
        documents = {one["documents"] for one in rounds}
        if documents != {DOCUMENTS if kind == "first" else 2 * EDITS}:
            raise AssertionError(f"{self._target.name}: {documents} documents")
        theirs = statistics.median(one["ms"] for one in rounds) / 1000
        note += f"; PouchDB with {self._target.name}: {rounds[0]['requests']} requests"
        peer = f"PouchDB, {self._target.name}"
        ratio = theirs / seconds
        return compared(name, "s", seconds, peer, theirs, PEER_GOAL, note, ratio=ratio)

    def nothing(self) -> Row | None:
        """Return what PouchDB needs to learn that nothing is new in one grid."""
        if isinstance(self._target, Absent):
            return None
        found = self._done["nothing"]
        trips = found["ms"] / 1000 / EDGE.round_trip
        note = f"PouchDB with {self._target.name}, one grid: {trips:.1f} round trips"
        return Row(NOTHING, "requests of PouchDB", found["requests"], note=note)


def _fill(target: Target, name: str) -> None:
    """Write the records of grid 0 into a peer's database."""
    requests = []
    for first in range(0, DOCUMENTS, _BATCH):
        bodies = [town.body_of(n, town.grid_code(0)) for n in range(first, first + _BATCH)]
        requests.append(
            target.request("POST", f"{name}/_bulk_docs", orjson.dumps({"docs": bodies}))
        )
    answers = drive(target.address, requests, 1).answers
    expect(answers, lambda answer: answer.status in (201, 202), "filling")


def _pouchdb(target: Target, port: int, name: str, first: int, both: int) -> dict[str, Any]:
    wanted = {
        "direct": target.url,
        "slow": f"http://127.0.0.1:{port}/",
        "auth": target.credentials,
        "name": name,
        "edits": EDITS,
        "first": first,
        "both": both,
    }
    done = subprocess.run(
        ["node", str(_SCRIPT)],
        input=orjson.dumps(wanted),
        stdout=subprocess.PIPE,
        cwd=_SCRIPT.parent.parent,
        check=True,
    )
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found
