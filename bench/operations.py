"""The wire operations that are measured, each with the check of every answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

import orjson

from bench import documents
from bench.load import Answer, drive, expect
from bench.targets import Target

BATCH = 100
PAGE = 1_000
LOADED = 20_000


@dataclass(slots=True)
class Loaded:
    """A database on one target with what was written to it."""

    target: Target
    database: str
    revisions: list[tuple[str, str]] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    """Where each page of the changes feed starts."""
    written: int = 0
    body: Callable[[int], dict[str, object]] = documents.household
    """Makes the body of document ``number``."""

    def fill(self, count: int) -> None:
        """Write so many documents and remember their revisions and the feed's pages."""
        for answer in write_batches(self, count // BATCH):
            rows: Any = answer.json()
            self.revisions += [(row["id"], row["rev"]) for row in rows]
        since: Any = "0"
        while len(self.pages) < count // PAGE:
            self.pages.append(quote(str(since)))
            path = f"{self.database}/_changes?limit={PAGE}&since={self.pages[-1]}"
            page: Any = self.target.call("GET", path)[1]
            since = page["last_seq"]


def write_batches(place: Loaded, batches: int) -> Sequence[Answer]:
    """Write so many batches of new documents and return the checked answers."""
    operation = BulkDocs()
    requests = operation.requests(place, batches)
    outcome = drive(place.target.address, requests, operation.connections)
    expect(outcome.answers, operation.check, f"_bulk_docs on {place.target.name}")
    return outcome.answers


class Operation(Protocol):
    """One kind of request: how many documents it moves, how it is built, what answer is right."""

    name: str
    unit: str
    documents: int
    connections: int
    reads: bool

    def requests(self, place: Loaded, count: int) -> list[bytes]:
        """Build requests; writes never write the same document twice."""

    def check(self, answer: Answer) -> bool:
        """Say whether an answer is whole and right."""


class BulkDocs:
    """``_bulk_docs`` of 100 new documents."""

    name, unit, documents, connections, reads = "bulk_docs", "documents/s", BATCH, 4, False

    def requests(self, place: Loaded, count: int) -> list[bytes]:
        """Build batches of documents not written before."""
        first = place.written
        place.written += count * BATCH
        path = f"{place.database}/_bulk_docs"
        return [
            place.target.request(
                "POST", path, documents.batch(place.body, first + n * BATCH, BATCH)
            )
            for n in range(count)
        ]

    def check(self, answer: Answer) -> bool:
        """Expect a revision for each document."""
        rows: Any = answer.json()
        return (
            answer.status in (201, 202)
            and len(rows) == BATCH
            and all(row.get("rev", "").startswith("1-") for row in rows)
        )


class BulkGet:
    """``_bulk_get`` of 100 documents as a replicator asks: by revision, with ancestry."""

    name, unit, documents, connections, reads = "bulk_get", "documents/s", BATCH, 4, True

    def requests(self, place: Loaded, count: int) -> list[bytes]:
        """Ask for runs of 100 documents out of all."""
        chance = random.Random(count)
        requests = []
        for _ in range(count):
            wanted = chance.sample(place.revisions, BATCH)
            body = orjson.dumps({"docs": [{"id": doc_id, "rev": rev} for doc_id, rev in wanted]})
            path = f"{place.database}/_bulk_get?revs=true&latest=true"
            requests.append(place.target.request("POST", path, body))
        return requests

    def check(self, answer: Answer) -> bool:
        """Expect each document whole, with its ancestry."""
        results: Any = answer.json()
        found = [result["docs"][0]["ok"] for result in results["results"]]
        return (
            answer.status == 200
            and len(found) == BATCH
            and all(doc["_revisions"]["start"] == 1 and doc["members"] for doc in found)
        )


class Changes:
    """A page of 1,000 changes with their documents."""

    name, unit, documents, connections, reads = "changes", "rows/s", PAGE, 4, True

    def requests(self, place: Loaded, count: int) -> list[bytes]:
        """Ask for the feed's pages in turn."""
        pages = [place.pages[n % len(place.pages)] for n in range(count)]
        path = f"{place.database}/_changes?include_docs=true&limit={PAGE}&since="
        return [place.target.request("GET", path + since) for since in pages]

    def check(self, answer: Answer) -> bool:
        """Expect 1,000 rows, each with its whole document."""
        page: Any = answer.json()
        rows = page["results"]
        return (
            answer.status == 200
            and len(rows) == PAGE
            and all(row["doc"]["_id"] == row["id"] and row["doc"]["members"] for row in rows)
        )


class Put:
    """One new document."""

    name, unit, documents, connections, reads = "put", "documents/s", 1, 16, False

    def requests(self, place: Loaded, count: int) -> list[bytes]:
        """Put documents not written before."""
        first = place.written
        place.written += count
        return [
            place.target.request(
                "PUT",
                f"{place.database}/{quote(documents.household_id(number))}",
                orjson.dumps(place.body(number)),
            )
            for number in range(first, first + count)
        ]

    def check(self, answer: Answer) -> bool:
        """Expect a first revision."""
        result: Any = answer.json()
        return answer.status in (201, 202) and result.get("rev", "").startswith("1-")


class Get:
    """One document."""

    name, unit, documents, connections, reads = "get", "documents/s", 1, 16, True

    def requests(self, place: Loaded, count: int) -> list[bytes]:
        """Get documents at random out of all."""
        wanted = random.Random(count).choices(place.revisions, k=count)
        return [
            place.target.request("GET", f"{place.database}/{quote(doc_id)}") for doc_id, _ in wanted
        ]

    def check(self, answer: Answer) -> bool:
        """Expect the whole document."""
        document: Any = answer.json()
        return answer.status == 200 and document["_rev"].startswith("1-") and document["members"]


OPERATIONS: Sequence[Operation] = (BulkDocs(), BulkGet(), Changes(), Put(), Get())
