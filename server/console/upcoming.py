"""Which review comes next, for going through the queue one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.indexes import REVIEWS_BY_NODE
from sync.reviews import OPEN
from sync.store import DocumentStore


async def next_review(
    store: DocumentStore, top: str, grids: frozenset[str], document: Mapping[str, Any]
) -> str | None:
    """Return the next waiting review in the actor's scope after this one, else the first."""
    node = next((code for code in document["path"] if code in grids), top)
    here = ((node, OPEN, document.get("opened")), str(document["_id"]))
    for after in (here, None):
        rows = await store.query(REVIEWS_BY_NODE, prefix=(node, OPEN), after=after, limit=2)
        others = [row.doc_id for row in rows if row.doc_id != document["_id"]]
        if others:
            return others[0]
    return None
