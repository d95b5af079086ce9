"""Many documents at once: ``_bulk_docs``, ``_bulk_get``, ``_revs_diff``, ``_all_docs``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import orjson

from sync.errors import BadDocument
from sync.revtree import parse_rev
from sync.store import DatabaseInfo, DocumentStore, Revision, WriteResult
from sync.wire.documents import conflict_members, make_id
from sync.wire.documents_json import (
    document_json,
    parse_batch,
    refused_result,
    result_json,
    revisions_member,
)
from sync.wire.errors import WireError, document_error, method_not_allowed
from sync.wire.http import Request
from sync.wire.keeper import Door
from sync.wire.local import put_local

_RUN: Final = 200
"""Documents read at once for ``_all_docs``."""
_PIECE: Final = 100
"""Documents read at once for ``_bulk_get``: what PouchDB asks for at a time."""
_LARGEST: Final = (1 << 53) - 1
"""The largest whole number that every JSON reader takes as it is."""


async def bulk_docs(request: Request, store: DocumentStore, door: Door) -> None:
    """Serve ``POST /db/_bulk_docs``; refused documents do not stop the others."""
    if request.method != "POST":
        raise method_not_allowed("POST")
    body = await request.json_object()
    documents = body.get("docs")
    if not isinstance(documents, list):
        raise WireError(400, "bad_request", "POST body must include `docs` parameter, a list.")
    if door.read_only:
        raise WireError(403, "forbidden", "This database is read only.")
    new_edits = body.get("new_edits", True)
    if not isinstance(new_edits, bool):
        raise WireError(400, "bad_request", "new_edits must be true or false")
    if not new_edits and not all(has_revision(document) for document in documents):
        raise WireError(
            400, "bad_request", "When new_edits is false, a document needs _rev or _revisions."
        )
    results = await _write_all(store, door, documents, new_edits)
    rows = [
        result_json(result, new_edits=new_edits)
        for result in results
        if new_edits or result.error is not None
    ]
    await request.reply(rows, 201)


def has_revision(document: Any) -> bool:
    """Tell whether a replicated document names its revision (what is no object fails later)."""
    return not isinstance(document, dict) or "_rev" in document or "_revisions" in document


async def _write_all(
    store: DocumentStore, door: Door, documents: list[Any], new_edits: bool
) -> list[WriteResult]:
    local = [document for document in documents if _is_local(document)]
    others = [document for document in documents if not _is_local(document)] if local else documents
    writes, refused = parse_batch(others, new_edits=new_edits, make_id=make_id)
    if not writes:
        await store.database_info(door.database)  # or it is not there
    unreadable = await keep_unreadable(door, others, refused)
    if new_edits and others and not writes:
        # As CouchDB does; with one good document among them, the faults are told one by one.
        first = unreadable[0]
        raise document_error(first.error or "", first.reason or "", first.info)
    written = iter(await door.write(writes, new_edits) if writes else ())
    faults = iter(unreadable)
    results = [next(written) if error is None else next(faults) for error in refused]
    if not local:
        return results
    rest = iter(results)
    return [
        await _put_local(store, door, document) if _is_local(document) else next(rest)
        for document in documents
    ]


async def _put_local(store: DocumentStore, door: Door, document: dict[str, Any]) -> WriteResult:
    try:
        return await put_local(store, door, document)
    except WireError as error:
        return refused_result(document, error, {})


async def keep_unreadable(
    door: Door, documents: list[Any], refused: list[WireError | None]
) -> list[WriteResult]:
    """Hand what could not be read to the door to keep; return what became of each."""
    faults = [
        (document, error)
        for document, error in zip(documents, refused, strict=True)
        if error is not None
    ]
    to_keep = [(document, error) for document, error in faults if isinstance(document, dict)]
    kept = iter(await door.keep(to_keep) if to_keep else ())
    return [
        refused_result(document, error, next(kept) if isinstance(document, dict) else {})
        for document, error in faults
    ]


def _is_local(document: Any) -> bool:
    return isinstance(document, dict) and str(document.get("_id", "")).startswith("_local/")


async def bulk_get(request: Request, store: DocumentStore, door: Door) -> None:
    """Serve ``POST /db/_bulk_get``: revisions (or all leaves) of many documents."""
    if request.method != "POST":
        raise method_not_allowed("POST")
    body = await request.json_object()
    asked = body.get("docs")
    if not isinstance(asked, list):
        raise WireError(400, "bad_request", "Missing JSON list of 'docs'.")
    await request.reply_pieces(_bulk_get_pieces(request, store, door, asked))


async def _bulk_get_pieces(
    request: Request, store: DocumentStore, door: Door, asked: list[Any]
) -> AsyncIterator[bytes]:
    revs, latest = request.flag("revs"), request.flag("latest")
    yield b'{"results":['
    for start in range(0, max(len(asked), 1), _PIECE):
        piece = asked[start : start + _PIECE]
        faults = [_bulk_get_fault(row) for row in piece]
        wanted: list[tuple[str, Any]] = [
            (row["id"], [row["rev"]] if row.get("rev") is not None else "all")
            for row, fault in zip(piece, faults, strict=True)
            if fault is None
        ]
        found = iter(
            await store.revisions_of_many(door.database, wanted, latest=latest, ancestry=revs)
        )
        rows = [
            fault or _bulk_get_row(row, next(found), revs)
            for row, fault in zip(piece, faults, strict=True)
        ]
        yield (b"," if start else b"") + b",".join(rows)
        await asyncio.sleep(0)
    yield b"]}"


def _bulk_get_fault(row: Any) -> bytes | None:
    """Return the reply to a row that asks for nothing that could be, or ``None``."""
    doc_id = row.get("id") if isinstance(row, dict) else None
    if not isinstance(doc_id, str):
        return _bulk_get_error(None, None, "bad_request", "Each of docs must have an id, a text.")
    rev = row.get("rev")
    if rev is None:
        return None
    try:
        parse_rev(rev if isinstance(rev, str) else "")
    except BadDocument as error:
        shown = rev if isinstance(rev, str) else None
        return _bulk_get_error(doc_id, shown, "bad_request", str(error))
    return None


def _bulk_get_row(row: dict[str, Any], found: list[Revision], revs: bool) -> bytes:
    if not found:
        return _bulk_get_error(row["id"], row.get("rev") or "undefined", "not_found", "missing")
    documents = b",".join(
        [b'{"ok":%b}' % document_json(one, revisions_member(one) if revs else b"") for one in found]
    )
    return b'{"id":%b,"docs":[%b]}' % (orjson.dumps(row["id"]), documents)


def _bulk_get_error(doc_id: str | None, rev: str | None, error: str, reason: str) -> bytes:
    fault = {"id": doc_id, "rev": rev, "error": error, "reason": reason}
    return orjson.dumps({"id": doc_id, "docs": [{"error": fault}]})


async def revs_diff(request: Request, store: DocumentStore, door: Door) -> None:
    """Serve ``POST /db/_revs_diff``: which revisions are not known here."""
    if request.method != "POST":
        raise method_not_allowed("POST")
    asked = await request.json_object()
    for revs in asked.values():
        if not isinstance(revs, list) or not all(isinstance(rev, str) for rev in revs):
            raise WireError(400, "bad_request", "expected {document id: [revision, …], …}")
    answer: dict[str, dict[str, list[str]]] = {}
    for doc_id, (missing, possible) in (
        await store.missing_revisions(door.database, asked)
    ).items():
        answer[doc_id] = {"missing": missing}
        if possible:
            answer[doc_id]["possible_ancestors"] = possible
    await request.reply(answer)


async def all_docs(request: Request, store: DocumentStore, door: Door) -> None:
    """Serve ``GET`` and ``POST /db/_all_docs``."""
    if request.method not in ("GET", "HEAD", "POST"):
        raise method_not_allowed("GET", "HEAD", "POST")
    asked = _Asked(request, await request.json_object() if request.method == "POST" else {})
    info = await store.database_info(door.database)
    await request.reply_pieces(_all_docs_pieces(store, door, asked, info))


async def _all_docs_pieces(
    store: DocumentStore, door: Door, asked: _Asked, info: DatabaseInfo
) -> AsyncIterator[bytes]:
    include, conflicts = asked.flag("include_docs"), asked.flag("conflicts")
    offset = asked.skip if asked.keys is None else None
    head = orjson.dumps({"total_rows": info.doc_count, "offset": offset})[:-1]
    if asked.flag("update_seq"):
        head += b',"update_seq":' + orjson.dumps(info.update_seq)
    yield head + b',"rows":['
    comma = b""
    async for entries in asked.runs(store, door.database):
        rows = []
        for key, revision in entries:
            extra = b""
            if revision is not None and include and conflicts:
                extra = await conflict_members(store, door.database, revision, conflicts=True)
            rows.append(_all_docs_row(key, revision, include, extra))
        if rows:  # the last run may be empty
            yield comma + b",".join(rows)
            comma = b","
        await asyncio.sleep(0)
    yield b"]}"


def _all_docs_row(key: Any, revision: Revision | None, include: bool, extra: bytes) -> bytes:
    if revision is None:
        return orjson.dumps({"key": key, "error": "not_found"})
    value: dict[str, Any] = {"rev": revision.rev}
    if revision.deleted:
        value["deleted"] = True
    row = orjson.dumps({"id": revision.doc_id, "key": key, "value": value})
    if not include:
        return row
    text = b"null" if revision.deleted else document_json(revision, extra)
    return row[:-1] + b',"doc":' + text + b"}"


_Entry = tuple[Any, Revision | None]
"""A key asked for and the winner found under it."""
_KEY: Final = ("key",)
_START: Final = ("startkey", "start_key")
_END: Final = ("endkey", "end_key")


class _Asked:
    """The parameters of ``_all_docs``, from the query or from a POST's body."""

    def __init__(self, request: Request, body: dict[str, Any]) -> None:
        self._request = request
        self._body = body
        self.skip = self._count("skip") or 0
        self.limit = self._count("limit")
        self.keys = self._keys()

    def _value(self, *names: str) -> Any:
        for name in names:
            if name in self._body:
                return self._body[name]
        return self._request.json_parameter(*names)

    def _count(self, name: str) -> int | None:
        value = self._value(name)
        if value is not None and (type(value) is not int or not 0 <= value <= _LARGEST):
            raise WireError(400, "query_parse_error", f"{name} must be a whole number from 0 on")
        return value

    def flag(self, name: str) -> bool:
        """Tell whether a parameter is true."""
        return self._body.get(name) is True or self._request.flag(name)

    def _keys(self) -> list[Any] | None:
        """Return the keys asked for, or ``None`` for a range."""
        keys = self._value("keys")
        if keys is None:
            return None
        if not isinstance(keys, list):
            raise WireError(400, "bad_request", "`keys` parameter must be an array.")
        if any(self._value(*names) is not None for names in (_KEY, _START, _END)):
            raise WireError(
                400,
                "query_parse_error",
                "`keys` is incompatible with `key`, `start_key` and `end_key`",
            )
        return keys[::-1] if self.flag("descending") else keys

    async def runs(self, store: DocumentStore, database: str) -> AsyncIterator[list[_Entry]]:
        """Read what is asked for, a run of documents at a time."""
        if self.keys is None:
            async for run in self._range(store, database):
                yield [(one.doc_id, one) for one in run]
            return
        keys = self.keys[self.skip :][: self.limit]
        for start in range(0, len(keys), _RUN):
            some = keys[start : start + _RUN]
            ids = [key for key in some if isinstance(key, str)]
            found = dict(zip(ids, await store.get_many(database, ids), strict=True))
            yield [(key, found[key] if isinstance(key, str) else None) for key in some]

    async def _range(self, store: DocumentStore, database: str) -> AsyncIterator[list[Revision]]:
        key = self._bound(_KEY)
        start = self._bound(_START) if key is None else key
        end = self._bound(_END) if key is None else key
        descending = self.flag("descending")
        include_end = self._value("inclusive_end") is not False
        skip, left, last = self.skip, self.limit, None
        while left is None or left > 0:
            size = _RUN if left is None else min(_RUN, left)
            # The next run begins at the last document of this one, if that is still there.
            wanted = size if last is None else size + 1
            found = await store.documents(
                database,
                start=start,
                end=end,
                include_end=include_end,
                skip=skip,
                limit=wanted,
                descending=descending,
            )
            run = [one for one in found if one.doc_id != last][:size]
            yield run
            if len(found) < wanted:
                return
            skip, start, last = 0, run[-1].doc_id, run[-1].doc_id
            left = None if left is None else left - len(run)

    def _bound(self, names: Sequence[str]) -> str | None:
        value = self._value(*names)
        if value is not None and not isinstance(value, str):
            # Ids are texts: numbers, booleans sort before all of them, lists and objects after.
            return "" if isinstance(value, (bool, int, float)) else "\U0010ffff"
        return value
