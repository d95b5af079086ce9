"""The client's unsent revisions: judged, written, merged at once, and a receipt for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sync.errors import BadDocument
from sync.exchange.pulling import SEGMENT
from sync.store import ChangesPage, DocumentStore, Revision, WriteResult
from sync.wire.bulk import has_revision, keep_unreadable
from sync.wire.documents import make_id
from sync.wire.documents_json import parse_batch
from sync.wire.errors import WireError, document_error
from sync.wire.keeper import Door

Resolve = Callable[[str, Sequence[str]], Awaitable[Mapping[str, Revision | None]]]
"""Merges documents of a database that have more than one leaf; returns who stands for each."""
_NO_REVISION: Final = "A document needs _rev or _revisions."


class Pushed(NamedTuple):
    """A receipt per document, in order; and the changes since the client's position, where they
    were read after the last write."""

    receipts: list[dict[str, Any]]
    page: ChangesPage | None


async def push(
    store: DocumentStore, door: Door, documents: list[Any], since: str | None, resolve: Resolve
) -> Pushed:
    """Write what may be written. ``since`` is the client's position, if it has one.

    A receipt has ``id`` and ``rev`` and says ``stored``, or ``refused`` with the reason and where
    the document is kept; ``merged`` names the revision that it became part of. Raises
    ``StoreError`` when something could neither be written nor kept.
    """
    results = await _write(door, documents)
    stored = {result.doc_id for result in results if result.error is None}
    merged: Mapping[str, Revision | None] = {}
    page = None
    if stored:
        page = await _page(store, door.database, since)
        contested = await _contested(store, door.database, stored, page)
        if contested:
            merged, page = await resolve(door.database, contested), None
    return Pushed([_receipt(result, merged.get(result.doc_id)) for result in results], page)


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


async def _page(store: DocumentStore, database: str, since: str | None) -> ChangesPage | None:
    """Return what a pull from the client's position begins with: nearly always that is what the
    client has just sent, and then it tells all there is to know."""
    if since is None:
        return None
    try:
        return await store.changes(database, since, limit=SEGMENT, all_leaves=True)
    except BadDocument:
        return None  # a position that no store gave out; the pull will say so


async def _contested(
    store: DocumentStore, database: str, doc_ids: set[str], page: ChangesPage | None
) -> list[str]:
    """Return those of the documents that have several leaves now."""
    changes = () if page is None else page.changes
    if not doc_ids <= {change.doc_id for change in changes}:
        whole = await store.changes(database, doc_ids=sorted(doc_ids), all_leaves=True)
        changes = whole.changes
    return [change.doc_id for change in changes if change.contested and change.doc_id in doc_ids]


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
