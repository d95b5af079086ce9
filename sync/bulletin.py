"""Bulletins: what a town tells its gridworkers' phones (notices, checklists); pull only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sync.errors import DocumentConflict
from sync.paths import BULLETIN_PREFIX
from sync.store import DocumentStore, Write


async def publish(store: DocumentStore, town: str, doc_id: str, body: Mapping[str, Any]) -> str:
    """Put a document into a town's bulletin, replacing the one of this id; return its revision.

    Publishing the same again changes nothing.
    """
    database = BULLETIN_PREFIX + town
    await store.create_database(database)
    found = await store.get(database, doc_id)
    if found is not None and not found.deleted and orjson.loads(found.body) == dict(body):
        return found.rev
    parent = () if found is None or found.deleted else (found.rev,)
    (result,) = await store.write(database, [Write(doc_id, orjson.dumps(body), ancestors=parent)])
    if result.rev is None:
        raise DocumentConflict(doc_id)
    return result.rev
