"""When edits reached the server, and who brought them: one entry for each push into a grid.

An edit says when it was made; this says when it came. The two tell an edit made online from one
made offline. Entries are durable when the edits are, though they may show up later
(``DocumentStore.deliver``); they are never changed, and are kept as long as the history is
(``WANGGE_HISTORY_DAYS``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from sync.indexes import ARRIVALS_BY_DOCUMENT, ARRIVALS_BY_TIME
from sync.store import Batch, DocumentStore, Write
from sync.timing import now_text

ARRIVALS: Final = "arrivals"
_PAGE: Final = 500


class Arrival(NamedTuple):
    """When a revision came (UTC text) and who brought it."""

    at: str
    by: str


def arrivals(grid: str, user: str, revisions: Sequence[tuple[str, str]]) -> Batch:
    """Return what notes that these revisions (document id and revision) of a grid came now."""
    at = now_text()
    body = {
        "grid": grid,
        "by": user,
        "at": at,
        "documents": sorted({doc_id for doc_id, _ in revisions}),
        "revisions": [list(pair) for pair in revisions],
    }
    text = orjson.dumps(body)
    digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
    return Batch(ARRIVALS, [Write(f"push:{at}:{digest}", text)], deferred=True)


async def arrivals_of(store: DocumentStore, database: str, doc_id: str) -> dict[str, Arrival]:
    """Return when each known revision of a document of a database first came, there or where it was
    before it moved; one that was pushed again keeps its first time."""
    await store.deliver(database)
    rows = await store.query(
        ARRIVALS_BY_DOCUMENT, prefix=(doc_id,), limit=_PAGE, descending=True, documents=True
    )
    found: dict[str, Arrival] = {}
    for row in rows:
        document = row.document or {}
        arrival = Arrival(str(document.get("at")), str(document.get("by")))
        found |= {rev: arrival for one, rev in document.get("revisions", ()) if one == doc_id}
    return found


async def forget_arrivals(store: DocumentStore, before: str) -> int:
    """Remove entries older than a time (UTC text); return how many."""
    removed = 0
    while rows := await store.query(ARRIVALS_BY_TIME, end=(before,), limit=_PAGE):
        current = await store.get_many(ARRIVALS, [row.doc_id for row in rows])
        writes = [
            Write(one.doc_id, b"{}", ancestors=(one.rev,), deleted=True)
            for one in current
            if one is not None and not one.deleted
        ]
        await store.write(ARRIVALS, writes)
        removed += len(writes)
    return removed
