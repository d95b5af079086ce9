"""The end of a history: bodies of revisions that were replaced long ago are forgotten.

Kept are, whatever their age: revisions that still stand (nothing replaced them), revisions replaced
since the cutoff (a phone may have been offline with them, and its edit needs them as merge base),
all of a record whose leaves are not merged yet, and what an open review shows: the state before
the merge, every side of it, and what a side that deleted had deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from conflicts.revision import generation
from sync.arrivals import forget_arrivals
from sync.history import Past, read_past
from sync.indexes import REVIEWS_BY_DOCUMENT
from sync.paths import GRID_PREFIX, code_of
from sync.reviews import OPEN
from sync.store import DocumentStore

_PAGE: Final = 500


class Forgotten(NamedTuple):
    """How much a purge removed: bodies of revisions, and entries of when edits came."""

    bodies: int
    arrivals: int


async def purge_history(store: DocumentStore, before: str) -> Forgotten:
    """Forget what was replaced before a time (UTC text with milliseconds)."""
    bodies = 0
    for database in await store.database_names(GRID_PREFIX):
        earlier, since = bodies, "0"
        while (page := await store.changes(database, since, limit=_PAGE)).changes:
            for change in page.changes:
                if generation(change.leaves[0].rev) > 1 or len(change.leaves) > 1:
                    bodies += await _purge_record(store, database, change.doc_id, before)
            since = page.last_seq
        if bodies > earlier:
            await store.compact(database)
    return Forgotten(bodies, await forget_arrivals(store, before))


async def _purge_record(store: DocumentStore, database: str, doc_id: str, before: str) -> int:
    past = await read_past(store, code_of(database), doc_id)
    if sum(not leaf.deleted for leaf in past.leaves) > 1:
        return 0
    old = _replaced_before(past, before)
    if not old:
        return 0
    old -= _shown_in_reviews(past, await _open_decisions(store, doc_id))
    return await store.forget_bodies(database, doc_id, sorted(old))


def _replaced_before(past: Past, before: str) -> set[str]:
    """Return the revisions all of whose successors were made, and came, before a time."""
    since: dict[str, str] = {}
    for rev, parent in past.parents.items():
        if parent is not None:
            arrival = past.arrivals.get(rev)
            replaced = max(past.times[rev], "" if arrival is None else arrival.at)
            since[parent] = max(since.get(parent, ""), replaced)
    return {rev for rev in past.bodies if rev in since and since[rev] < before}


async def _open_decisions(store: DocumentStore, doc_id: str) -> list[Mapping[str, Any]]:
    rows = await store.query(REVIEWS_BY_DOCUMENT, prefix=(doc_id,), documents=True)
    return [row.document for row in rows if row.document and row.document["status"] == OPEN]


def _shown_in_reviews(past: Past, decisions: list[Mapping[str, Any]]) -> set[str]:
    needed: set[str | None] = set()
    for decision in decisions:
        sides = {decision["rev"], decision["base_rev"], *decision["leaves"]}
        needed |= sides | {past.parents.get(rev) for rev in sides}
    return {rev for rev in needed if rev is not None}
