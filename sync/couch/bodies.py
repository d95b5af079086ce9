"""Documents as CouchDB's JSON, to and from the store's bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sync.revtree import parse_rev
from sync.store import Revision, Write
from sync.wire.documents_json import document_json, revisions_member


def replicated_json(write: Write) -> bytes:
    """Return a revision with its history, for ``_bulk_docs`` with ``new_edits`` false."""
    revision = _revision(write, write.rev or "")
    return document_json(revision, revisions_member(revision))


def edited_json(write: Write) -> bytes:
    """Return an edit of the revision it was made on, for ``_bulk_docs``."""
    head = b'{"_id":%b' % orjson.dumps(write.doc_id)
    if write.ancestors:
        head += b',"_rev":%b' % orjson.dumps(write.ancestors[0])
    if write.deleted:
        head += b',"_deleted":true'
    return head + (b"}" if write.body == b"{}" else b"," + write.body[1:])


def _revision(write: Write, rev: str) -> Revision:
    return Revision(write.doc_id, rev, write.deleted, write.body, write.ancestors)


def read_revision(document: Mapping[str, Any], *, ancestry: bool) -> Revision:
    """Return the revision that CouchDB gave as a document."""
    body = {name: value for name, value in document.items() if not name.startswith("_")}
    history = document.get("_revisions") if ancestry else None
    ancestors: tuple[str, ...] = ()
    if history is not None:
        start = history["start"]
        ancestors = tuple(
            f"{start - number}-{digest}" for number, digest in enumerate(history["ids"]) if number
        )
    return Revision(
        document["_id"],
        document["_rev"],
        document.get("_deleted", False),
        orjson.dumps(body),
        ancestors,
    )


def winning_order(revision: Revision) -> tuple[bool, int, str]:
    """Return what CouchDB's winner has most of."""
    generation, digest = parse_rev(revision.rev)
    return (not revision.deleted, generation, digest)
