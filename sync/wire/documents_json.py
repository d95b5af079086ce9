"""Documents as they travel: JSON with underscore members, to and from the store's bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from sync.errors import BadDocument
from sync.revtree import parse_rev
from sync.store import Revision, Write, WriteResult
from sync.wire.errors import WireError, document_error

MAX_DOCUMENT_BYTES: Final = 256 * 1024
_IGNORED: Final = frozenset(
    ("_conflicts", "_deleted_conflicts", "_local_seq", "_revs_info", "_revisions")
)
_KEPT: Final = frozenset(
    (
        "_replication_id",
        "_replication_state",
        "_replication_state_reason",
        "_replication_state_time",
        "_replication_stats",
    )
)
"""Members of CouchDB's replicator that it keeps like any others."""
_MAX_HISTORY: Final = 10_000


def parse_document(document: Any, *, new_edits: bool, doc_id: str | None = None) -> Write:
    """Return what a client's document asks to write; raise ``WireError`` for its faults.

    ``doc_id`` is the id for a document that does not carry one. The document is used up.
    """
    if not isinstance(document, dict):
        raise document_error("bad_request", "Document must be a JSON object")
    doc_id = document.pop("_id", doc_id)
    if not isinstance(doc_id, str):
        raise document_error("illegal_docid", "Document id must be a string", {"field": "_id"})
    if doc_id.startswith("_design/"):
        raise document_error(
            "forbidden", "Design documents are not offered by this server.", {"field": "_id"}
        )
    if doc_id.startswith("_"):
        raise document_error(
            "illegal_docid",
            "Only reserved document ids may start with underscore.",
            {"field": "_id"},
        )
    if not doc_id:
        raise document_error("illegal_docid", "Document id must not be empty", {"field": "_id"})
    rev = document.pop("_rev", None)
    if rev is not None:
        _check_rev(rev)
    deleted = document.pop("_deleted", False)
    if not isinstance(deleted, bool):
        raise document_error("bad_request", "_deleted must be true or false", {"field": "_deleted"})
    history = document.pop("_revisions", None)
    if "\n_" in "\n" + "\n".join(document):  # half the time that looking at each takes
        _drop_special_members(document)
    body = stored_body(document)
    if new_edits:
        return Write(doc_id, body, None, () if rev is None else (rev,), deleted, document)
    if history is not None:
        rev, ancestors = _ancestry(history, rev)
        return Write(doc_id, body, rev, ancestors, deleted, document)
    return Write(doc_id, body, rev, (), deleted, document)


def _check_rev(rev: Any) -> None:
    if not isinstance(rev, str):
        raise document_error("bad_request", "Invalid rev format: expected text", {"field": "_rev"})
    try:
        parse_rev(rev)
    except BadDocument as error:
        raise document_error("bad_request", str(error), {"field": "_rev"}) from None


def _drop_special_members(document: dict[str, Any]) -> None:
    special = [name for name in document if name[:1] == "_" and name not in _KEPT]
    for name in special:
        value = document.pop(name)
        if name == "_attachments":
            if value:
                raise document_error(
                    "forbidden",
                    "Attachments are not offered by this server; send media apart.",
                    {"field": name},
                )
        elif name not in _IGNORED:
            raise document_error(
                "doc_validation", f"Bad special document member: {name[:64]}", {"field": name[:64]}
            )


def stored_body(document: Mapping[str, Any]) -> bytes:
    """Return a document's JSON; raise ``WireError`` when it is too large or nested too deeply."""
    try:
        body = orjson.dumps(document)
    except TypeError as error:
        raise document_error("bad_request", f"Document cannot be stored: {error}") from None
    if len(body) > MAX_DOCUMENT_BYTES:
        raise document_error(
            "document_too_large",
            f"Document is {len(body)} bytes; at most {MAX_DOCUMENT_BYTES} are taken.",
        )
    return body


def _ancestry(history: Any, rev: str | None) -> tuple[str, tuple[str, ...]]:
    """Return revision and ancestors from ``_revisions``; raise when they do not fit."""
    start = history.get("start") if isinstance(history, dict) else None
    ids = history.get("ids") if isinstance(history, dict) else None
    if type(start) is not int or not isinstance(ids, list) or not ids:
        raise _bad_history("_revisions must be {start: number, ids: [hash, …]}")
    if len(ids) > start or len(ids) > _MAX_HISTORY:
        raise _bad_history(f"_revisions has {len(ids)} ids but starts at generation {start}")
    if not all(isinstance(digest, str) and digest for digest in ids):
        raise _bad_history("_revisions.ids must be texts that are not empty")
    revs = [f"{start - number}-{digest}" for number, digest in enumerate(ids)]
    if rev is not None and rev != revs[0]:
        raise _bad_history(f"_revisions begins at {revs[0]}, but _rev is {rev}")
    return revs[0], tuple(revs[1:])


def _bad_history(reason: str) -> WireError:
    return document_error("bad_request", reason, {"field": "_revisions"})


def document_json(revision: Revision, extra: bytes = b"", doc_id: bytes | None = None) -> bytes:
    """Return a revision as a client reads it; ``extra`` is JSON members after a comma, ``doc_id``
    the id as JSON when it is at hand."""
    body = revision.body
    return b'{"_id":%b,"_rev":"%b"%b%b%b' % (
        orjson.dumps(revision.doc_id) if doc_id is None else doc_id,
        revision.rev.encode(),
        b',"_deleted":true' if revision.deleted else b"",
        extra,
        b"}" if body == b"{}" else b"," + body[1:],
    )


def revisions_member(revision: Revision) -> bytes:
    """Return ``_revisions`` with a comma before it."""
    generation, digest = parse_rev(revision.rev)
    ids = [digest, *(ancestor.partition("-")[2] for ancestor in revision.ancestors)]
    return b',"_revisions":' + orjson.dumps({"start": generation, "ids": ids})


def member(name: str, value: Any) -> bytes:
    """Return a JSON member with a comma before it."""
    return b',"%b":%b' % (name.encode(), orjson.dumps(value))


def parse_batch(
    documents: Sequence[Any], *, new_edits: bool, make_id: Callable[[], str]
) -> tuple[list[Write], list[WireError | None]]:
    """Return the writes of a batch and, per document, its refusal or ``None`` for a write."""
    writes: list[Write] = []
    refused: list[WireError | None] = []
    for document in documents:
        try:
            # Refused ones are kept as they came, so a copy is used up.
            given = dict(document) if isinstance(document, dict) else document
            missing_id = isinstance(document, dict) and "_id" not in document
            default = make_id() if missing_id else None
            writes.append(parse_document(given, new_edits=new_edits, doc_id=default))
            refused.append(None)
        except WireError as error:
            refused.append(error)
    return writes, refused


def refused_result(document: Any, error: WireError, members: Mapping[str, Any]) -> WriteResult:
    """Return what became of a document that could not be taken."""
    shown = document.get("_id") if isinstance(document, dict) else None
    doc_id = shown if isinstance(shown, str) else ""
    return WriteResult(doc_id, None, error.error, error.reason, members)


def result_json(result: WriteResult, *, new_edits: bool) -> Mapping[str, Any]:
    """Return one row of a ``_bulk_docs`` reply.

    PouchDB's replicator goes on past a refused document only when the row's ``name`` is
    ``forbidden``, and otherwise gives up the whole push; so a refusal in a replicated batch, which
    is for good, carries that name beside its own ``error``.
    """
    if result.error is None:
        return {"ok": True, "id": result.doc_id, "rev": result.rev}
    row: dict[str, Any] = {"id": result.doc_id, "error": result.error, "reason": result.reason}
    if result.rev is not None:
        row["rev"] = result.rev
    if not new_edits:
        row["name"] = "forbidden"
    return {**row, **result.info}
