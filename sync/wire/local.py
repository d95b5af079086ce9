"""``_local`` documents: checkpoints, which do not replicate."""

from __future__ import annotations

from sync.store import DocumentStore
from sync.wire.documents_json import MAX_DOCUMENT_BYTES
from sync.wire.errors import WireError, document_error, method_not_allowed
from sync.wire.http import Request
from sync.wire.keeper import Door


async def local(request: Request, store: DocumentStore, door: Door, local_id: str) -> None:
    """Serve ``/db/_local/<id>``."""
    if not local_id:
        raise WireError(400, "illegal_docid", "Document id must not be empty")
    full_id = f"_local/{local_id}"
    if request.method in ("GET", "HEAD"):
        document = await store.get_local(door.database, local_id)
        if document is None:
            raise WireError(404, "not_found", "missing")
        await request.reply(document, 200, {"etag": f'"{document["_rev"]}"'})
    elif request.method == "PUT":
        raw = await request.json()
        if not isinstance(raw, dict):
            raise document_error("bad_request", "Document must be a JSON object")
        if int(request.header(b"content-length") or 0) > MAX_DOCUMENT_BYTES:
            raise document_error("document_too_large", f"at most {MAX_DOCUMENT_BYTES} bytes")
        if raw.get("_deleted") is True:
            await store.delete_local(door.database, local_id)
            await request.reply({"ok": True, "id": full_id, "rev": "0-0"}, 201)
            return
        rev = await store.put_local(door.database, local_id, raw)
        await request.reply({"ok": True, "id": full_id, "rev": rev}, 201)
    elif request.method == "DELETE":
        if not await store.delete_local(door.database, local_id):
            raise WireError(404, "not_found", "missing")
        await request.reply({"ok": True, "id": full_id, "rev": "0-0"})
    else:
        raise method_not_allowed("DELETE", "GET", "HEAD", "PUT")
