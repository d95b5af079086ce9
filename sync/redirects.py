"""Following redirects: which record stands today for one that was merged into another.

A merged record is a tombstone of ``canonical`` that says ``merged_into``; so a look-up costs one
read of documents by their ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson

from conflicts.duplicates import REDIRECT
from conflicts.references import final
from sync.store import DocumentStore, Revision

CANONICAL: Final = "canonical"


def redirect_of(found: Revision | None) -> str | None:
    """Return what a canonical document says stands for it, ``None`` if it stands for itself."""
    if found is None or not found.deleted:
        return None
    target = orjson.loads(found.body or b"{}").get(REDIRECT)
    return target if isinstance(target, str) else None


async def redirects_from(store: DocumentStore, ids: Iterable[str]) -> dict[str, str]:
    """Return each redirect that one meets on the way from these records, by record."""
    known: dict[str, str] = {}
    looked: set[str] = set()
    ahead = set(ids)
    while ahead:
        looked |= ahead
        asked = sorted(ahead)
        found = await store.get_many(CANONICAL, asked)
        ahead = set()
        for doc_id, revision in zip(asked, found, strict=True):
            target = redirect_of(revision)
            if target is not None:
                known[doc_id] = target
                ahead |= {target} - looked
    return known


async def leads(store: DocumentStore, ids: Iterable[str]) -> dict[str, str]:
    """Return where references to these records lead, those that lead elsewhere only."""
    asked = set(ids)
    known = await redirects_from(store, asked)
    return {doc_id: end for doc_id in asked if (end := final(doc_id, known)) != doc_id}
