"""The client's unsent revisions: judged, written, merged at once, and a receipt for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sync.store import DocumentStore, Revision, WriteResult
from sync.wire.bulk import has_revision, keep_unreadable
from sync.wire.documents import make_id
from sync.wire.documents_json import parse_batch
from sync.wire.errors import WireError, document_error
from sync.wire.keeper import Door

Resolve = Callable[[str, Sequence[str]], Awaitable[Mapping[str, Revision | None]]]
"""Merges documents of a database that have more than one leaf; returns who stands for each."""
_NO_REVISION: Final = "A document needs _rev or _revisions."


async def push(
    store: DocumentStore, door: Door, documents: list[Any], resolve: Resolve
) -> list[dict[str, Any]]:
    """Write what may be written and return a receipt per document, in order.

    A receipt has ``id`` and ``rev`` and says ``stored``, or ``refused`` with the reason and where
    the document is kept; ``merged`` names the revision that it became part of. Raises
    ``StoreError`` when something could neither be written nor kept.
    """
    results = await _write(door, documents)
    stored = [result for result in results if result.error is None]
    merged = await _merge(store, door.database, {result.doc_id for result in stored}, resolve)
    return [_receipt(result, merged.get(result.doc_id)) for result in results]


async def _write(door: Door, documents: list[Any]) -> list[WriteResult]:
    writes, faults = parse_batch(documents, new_edits=False, make_id=make_id)
    readable = iter(writes)
    kept = []
    for number, document in enumerate(documents):
        if faults[number] is not None:
            continue
        write = next(readable)
        if has_revision(document):
            kept.append(write)
        else:
            faults[number] = document_error("bad_request", _NO_REVISION)
    refused = iter(await keep_unreadable(door, documents, faults))
    written = iter(await door.write(kept, False) if kept else ())
    return [next(written) if fault is None else next(refused) for fault in faults]


async def _merge(
    store: DocumentStore, database: str, doc_ids: set[str], resolve: Resolve
) -> Mapping[str, Revision | None]:
    """Merge those of the documents that have several leaves now."""
    if not doc_ids:
        return {}
    page = await store.changes(database, doc_ids=sorted(doc_ids), all_leaves=True)
    contested = [change.doc_id for change in page.changes if change.contested]
    return await resolve(database, contested) if contested else {}


def _receipt(result: WriteResult, merged: Revision | None) -> dict[str, Any]:
    receipt: dict[str, Any] = {"id": result.doc_id, "rev": result.rev}
    if result.error is not None:
        refused = {"error": result.error, "reason": result.reason, **result.info}
        return {**receipt, "refused": refused}
    receipt["stored"] = True
    if merged is not None and merged.rev != result.rev:
        receipt["merged"] = merged.rev
    return receipt


def refused_whole(error: WireError) -> dict[str, Any]:
    """Return the line for a database that is not open to the client at all."""
    return {"status": error.status, "error": error.error, "reason": error.reason, **error.info}
