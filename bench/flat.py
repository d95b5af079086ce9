"""Whether an exchange costs the same in a large house as in a small one.

Processor time that the server needs for a session (five edits up, five of another device down),
beside the same in a small house, in turns. The many documents are written straight into the file
before the server starts; that is not part of what is measured.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench import documents, town
from bench.exchange import exchange
from bench.load import Answer, drive
from bench.report import Row, at_most
from bench.targets import scratch, settle, spent_seconds
from sync.sqlite import schema

DOCUMENTS, GRIDS, ALL_DOCUMENTS = "flat_documents", "flat_grids", "flat_documents_all"
NAMES = (DOCUMENTS, GRIDS)
LONG = (ALL_DOCUMENTS,)
DRIFT_GOAL = 0.10
EDITS = 5
EDITED = 2 * EDITS
"""Documents of a grid that are edited, one half of them each round."""
ACTIVE = 200
"""Grids in which a phone works; each exchanges once in a round."""
ROUNDS, WARM_UP = 15, 2
CONNECTIONS = 4
_BODIES = 100
_NO_GRID = "0" * 17
_STEP = 100
"""Grids filled in one transaction."""


@dataclass(frozen=True, slots=True)
class Size:
    """A house: how many grids, and documents in all of them."""

    grids: int
    documents: int

    def __str__(self) -> str:
        return f"{self.documents:,} documents in {self.grids:,} grids"


SMALL = Size(1_000, 100_000)
LARGE = {
    DOCUMENTS: Size(1_000, 1_000_000),
    ALL_DOCUMENTS: Size(1_000, 4_000_000),
    GRIDS: Size(10_000, 100_000),
}


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure each large house beside the small one."""
    for name in names:
        with ExitStack() as stack:
            yield _row(name, _House(SMALL, stack), _House(LARGE[name], stack))


def _row(name: str, small: _House, large: _House) -> Row:
    """Run both in turns; the first two rounds warm up."""
    spent: dict[_House, list[float]] = {small: [], large: []}
    for turn in range(WARM_UP + ROUNDS):
        for house in (small, large)[:: 1 if turn % 2 else -1]:
            spent[house].append(house.round(turn))
    before, after = spent[small][WARM_UP:], spent[large][WARM_UP:]
    drift = statistics.median(b / a for a, b in zip(before, after, strict=True)) - 1
    costs = [f"{1000 * statistics.median(spent[one][WARM_UP:]):.2f} ms" for one in (small, large)]
    note = f"{costs[0]} of processor time with {small.size}, {costs[1]} with {large.size}"
    return at_most(name, "drift", drift, DRIFT_GOAL, note)


class _House:
    """A running server with so many grids and documents, and phones that work in some grids."""

    def __init__(self, size: Size, stack: ExitStack) -> None:
        self.size = size
        directory = stack.enter_context(scratch())
        self._phones = town.found(directory, grids=size.grids, records=0, phones=ACTIVE)
        _fill(directory / "wangge.db", size)
        # The follower's work comes after the exchange, and is not part of it.
        self._target = stack.enter_context(town.serving(directory, {"WANGGE_FOLLOWER": "false"}))
        self._sessions: dict[str, str] = {}
        self._stands: dict[str, list[str]] = {}
        """Where each grid stood before the last exchange, and where it stands."""
        self._revs = {n: town.first_rev(n) for n in range(ACTIVE * EDITED)}
        for phone in self._phones:
            first = exchange(phone, self._target.port, town.asking(_since(phone, "now"), None))
            self._sessions[phone.grid] = first.lines[0]["hello"]["session"]
            self._stands[phone.grid] = [first.since()[phone.grid]] * 2

    def round(self, turn: int) -> float:
        """Have every phone exchange once; return seconds of processor time for each."""
        requests = [self._request(phone, number, turn) for number, phone in enumerate(self._phones)]
        settle(self._target)
        before = spent_seconds(self._target)
        answers = drive(self._target.address, requests, CONNECTIONS).answers
        spent = spent_seconds(self._target) - before
        for answer in answers:
            self._check(answer, turn)
        return spent / len(requests)

    def _request(self, phone: town.Phone, number: int, turn: int) -> bytes:
        """Return an exchange that sends edits, and gets those of the time before once more, as
        another device of the grid would."""
        first = number * EDITED + turn % 2 * EDITS
        docs = [phone.edit(n, turn, self._revs[n]) for n in range(first, first + EDITS)]
        self._revs.update(zip(range(first, first + EDITS), (d["_rev"] for d in docs), strict=True))
        wanted = _since(phone, self._stands[phone.grid][0], docs)
        return town.request(phone, town.asking(wanted, self._sessions[phone.grid]))

    def _check(self, answer: Answer, turn: int) -> None:
        lines = town.lines_of(answer.body) if answer.status == 200 else []
        stored = [each.get("stored") for line in lines for each in line.get("receipts", ())]
        pulled = sum("doc" in line for line in lines)
        if stored != [True] * EDITS or pulled != (EDITS if turn else 0):
            raise AssertionError(f"{answer.status} {answer.body[:400]!r}")
        ((grid, since),) = ((line["end"], line["since"]) for line in lines if "end" in line)
        self._stands[grid] = [self._stands[grid][1], since]


def _since(phone: town.Phone, since: str, docs: Sequence[Any] = ()) -> dict[str, dict[str, Any]]:
    return {phone.grid: {"since": since, "docs": docs}}


def _fill(path: Path, size: Size) -> None:
    """Write documents straight into a store's file."""
    each = size.documents // size.grids
    bodies = [orjson.dumps(_without_id(town.body_of(n, _NO_GRID))) for n in range(_BODIES)]
    connection = schema.connect(str(path), writing=True)
    connection.execute("PRAGMA synchronous = OFF")
    numbers = dict(connection.execute("SELECT name, id FROM databases"))
    for start in range(0, size.grids, _STEP):
        connection.execute("BEGIN")
        for grid in range(start, min(start + _STEP, size.grids)):
            code = town.grid_code(grid)
            number = numbers[f"grid-{code}"]
            rows = list(_rows(grid, code, each, bodies))
            connection.executemany(
                "INSERT INTO documents VALUES (?, ?, ?, ?, 0, NULL, ?)",
                [(number, doc_id, seq, rev, body) for seq, (doc_id, rev, body) in rows],
            )
            connection.executemany(
                "INSERT INTO changes VALUES (?, ?, ?, ?, 0, NULL)",
                [(number, seq, doc_id, rev) for seq, (doc_id, rev, _) in rows],
            )
            connection.execute(
                "UPDATE databases SET seq = ?, live = ? WHERE id = ?", (each, each, number)
            )
        connection.execute("COMMIT")
    connection.close()


def _rows(
    grid: int, code: str, count: int, bodies: Sequence[bytes]
) -> Iterator[tuple[int, tuple[str, str, bytes]]]:
    """Yield a grid's documents with their sequences: those nobody edits, then the edited ones."""
    edited = EDITED if grid < ACTIVE else 0
    for seq in range(1, count - edited + 1):
        rev = hashlib.md5(b"%d %d" % (grid, seq), usedforsecurity=False).hexdigest()
        body = bodies[seq % _BODIES].replace(_NO_GRID.encode(), code.encode())
        yield seq, (f"household:0{grid:010}{seq:015}", f"1-{rev}", body)
    for place in range(edited):
        n = grid * EDITED + place
        body = orjson.dumps(_without_id(town.body_of(n, code)))
        yield count - edited + 1 + place, (documents.household_id(n), town.first_rev(n), body)


def _without_id(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "_id"}
