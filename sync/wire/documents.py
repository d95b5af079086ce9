"""One document: GET, HEAD, PUT, DELETE, and POST to a database."""

from __future__ import annotations

import uuid
from typing import Any, Final

import orjson

from sync.revtree import parse_rev
from sync.store import DocumentStore, Revision, Write, WriteResult
from sync.wire.documents_json import (
    document_json,
    member,
    parse_document,
    revisions_member,
)
from sync.wire.errors import WireError, document_error, method_not_allowed
from sync.wire.http import Request
from sync.wire.keeper import Door

_BOUNDARY: Final = "wangge-part"


def make_id() -> str:
    """Return a new document id, as CouchDB makes them."""
    return uuid.uuid4().hex


async def document(request: Request, store: DocumentStore, door: Door, doc_id: str) -> None:
    """Serve one document's routes."""
    if request.method in ("GET", "HEAD"):
        await _get(request, store, door, doc_id)
    elif request.method == "PUT":
        body = await request.json()
        await _save(request, door, _named(request, body, doc_id))
    elif request.method == "DELETE":
        await _delete(request, store, door, doc_id)
    else:
        raise method_not_allowed("DELETE", "GET", "HEAD", "PUT")


async def post(request: Request, door: Door) -> None:
    """Serve ``POST /db``: write a document, with an id of our making if it has none."""
    body = await request.json_object()
    await _save(request, door, {"_id": make_id(), **body})


def _named(request: Request, body: Any, doc_id: str) -> Any:
    """Return a PUT's document: the path names it, the revision may stand elsewhere."""
    if isinstance(body, dict):
        if body.get("_id", doc_id) != doc_id:
            raise document_error("bad_request", "Document ID must match the ID in the path")
        body["_id"] = doc_id
        rev = _given_rev(request)
        if rev is not None and body.setdefault("_rev", rev) != rev:
            raise document_error(
                "bad_request",
                "Document rev from request body and query string have different values",
            )
    return body


def _given_rev(request: Request) -> str | None:
    rev = request.parameters.get("rev")
    if rev is not None:
        return rev
    return request.header(b"if-match").strip().strip('"') or None


async def _save(request: Request, door: Door, document: Any) -> None:
    if door.read_only:
        raise WireError(403, "forbidden", "This database is read only.")
    new_edits = request.parameters.get("new_edits") != "false"
    write = await _parse(door, document, new_edits)
    (result,) = await door.write([write], new_edits)
    await _reply_written(request, result, 201)


async def _parse(door: Door, document: Any, new_edits: bool) -> Write:
    """Read a document; what cannot be read the door may keep, and the refusal says where."""
    if not isinstance(document, dict):
        return parse_document(document, new_edits=new_edits)
    try:
        return parse_document(dict(document), new_edits=new_edits)
    except WireError as error:
        (members,) = await door.keep([(document, error)])
        raise document_error(error.error, error.reason, members) from error


async def _reply_written(request: Request, result: WriteResult, status: int) -> None:
    if result.error is not None:
        raise document_error(result.error, result.reason or "", result.info)
    await request.reply(
        {"ok": True, "id": result.doc_id, "rev": result.rev}, status, {"etag": f'"{result.rev}"'}
    )


async def _delete(request: Request, store: DocumentStore, door: Door, doc_id: str) -> None:
    if door.read_only:
        raise WireError(403, "forbidden", "This database is read only.")
    rev = _given_rev(request)
    await request.body()
    winner = await store.get(door.database, doc_id)
    if rev is None and (winner is None or winner.deleted):
        raise WireError(404, "not_found", "missing" if winner is None else "deleted")
    stone: dict[str, Any] = {"_id": doc_id, "_deleted": True}
    if rev is not None:
        stone["_rev"] = rev
    (result,) = await door.write([parse_document(stone, new_edits=True)], True)
    await _reply_written(request, result, 200)


async def _get(request: Request, store: DocumentStore, door: Door, doc_id: str) -> None:
    parameters = request.parameters
    if not parameters:
        revision = await store.get(door.database, doc_id)
        await _reply_document(request, _there(revision), b"")
        return
    if "open_revs" in parameters:
        await _open_revs(request, store, door, doc_id)
        return
    revs = request.flag("revs")
    asked = parameters.get("rev")
    if asked is None:
        revision = _there(await store.get(door.database, doc_id, ancestry=revs))
    else:
        parse_rev(asked)  # or it is told, even of a document that is not there
        found = await store.revisions(
            door.database, doc_id, [asked], latest=request.flag("latest"), ancestry=revs
        )
        if not found:
            raise WireError(404, "not_found", "missing")
        revision = found[0]
    extra = await _members(request, store, door, revision, revs)
    await _reply_document(request, revision, extra)


def _there(revision: Revision | None) -> Revision:
    if revision is None or revision.deleted:
        raise WireError(404, "not_found", "missing" if revision is None else "deleted")
    return revision


async def _members(
    request: Request, store: DocumentStore, door: Door, revision: Revision, revs: bool
) -> bytes:
    extra = revisions_member(revision) if revs else b""
    if request.flag("revs_info") or request.flag("meta"):
        history = await store.history(door.database, revision.doc_id, revision.rev)
        extra += member("_revs_info", [{"rev": rev, "status": word} for rev, word in history])
    return extra + await conflict_members(
        store,
        door.database,
        revision,
        conflicts=request.flag("conflicts") or request.flag("meta"),
        deleted=request.flag("deleted_conflicts") or request.flag("meta"),
    )


async def conflict_members(
    store: DocumentStore,
    database: str,
    revision: Revision,
    *,
    conflicts: bool,
    deleted: bool = False,
) -> bytes:
    """Return ``_conflicts`` and ``_deleted_conflicts``, as far as there are any."""
    if not (conflicts or deleted):
        return b""
    others = (await store.leaves(database, revision.doc_id))[1:]
    alive = [leaf.rev for leaf in others if not leaf.deleted]
    dead = [leaf.rev for leaf in others if leaf.deleted]
    extra = member("_conflicts", alive) if conflicts and alive else b""
    return extra + (member("_deleted_conflicts", dead) if deleted and dead else b"")


async def _reply_document(request: Request, revision: Revision, extra: bytes) -> None:
    etag = f'"{revision.rev}"'
    headers = {"etag": etag}
    if request.headers.get(b"if-none-match") == etag.encode():
        await request.reply_bytes(b"", 304, headers)
        return
    await request.reply_bytes(document_json(revision, extra), 200, headers)


async def _open_revs(request: Request, store: DocumentStore, door: Door, doc_id: str) -> None:
    asked = request.parameters["open_revs"]
    wanted: Any = "all" if asked == "all" else request.json_parameter("open_revs")
    if wanted != "all" and not (
        isinstance(wanted, list) and all(isinstance(rev, str) for rev in wanted)
    ):
        raise WireError(400, "bad_request", "open_revs must be all or a JSON list of revisions")
    found = await store.revisions(
        door.database, doc_id, wanted, latest=request.flag("latest"), ancestry=request.flag("revs")
    )
    if wanted == "all" and not found:
        raise WireError(404, "not_found", "missing")
    extra = revisions_member if request.flag("revs") else (lambda _: b"")
    documents = [document_json(revision, extra(revision)) for revision in found]
    missing = [] if wanted == "all" else await _missing(store, door, doc_id, wanted, found)
    if "multipart/mixed" in request.header(b"accept"):
        await _reply_parts(request, documents, missing)
        return
    rows = [b'{"ok":' + text + b"}" for text in documents]
    rows += [orjson.dumps({"missing": rev}) for rev in missing]
    await request.reply_bytes(b"[" + b",".join(rows) + b"]")


async def _missing(
    store: DocumentStore, door: Door, doc_id: str, wanted: list[str], found: list[Revision]
) -> list[str]:
    """Return which of the wanted revisions are not known, or known without a body."""
    got = {revision.rev for revision in found}
    absent = [rev for rev in dict.fromkeys(wanted) if rev not in got]
    if not absent:
        return []
    unknown = await store.missing_revisions(door.database, {doc_id: absent})
    return unknown[doc_id][0] if doc_id in unknown else []


async def _reply_parts(request: Request, documents: list[bytes], missing: list[str]) -> None:
    """Reply as ``multipart/mixed``, which CouchDB's replicator before 3.3 asks for."""
    parts = [b"Content-Type: application/json\r\n\r\n" + text for text in documents]
    parts += [
        b'Content-Type: application/json; error="true"\r\n\r\n' + orjson.dumps({"missing": rev})
        for rev in missing
    ]
    line = f"--{_BOUNDARY}".encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--"
    await request.reply_bytes(
        body, 200, {"content-type": f'multipart/mixed; boundary="{_BOUNDARY}"'}
    )
