"""``_local`` documents: checkpoints, which do not replicate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.store import DocumentStore, WriteResult
from sync.wire.documents_json import stored_body
from sync.wire.errors import WireError, document_error, method_not_allowed
from sync.wire.http import Request
from sync.wire.keeper import Door


async def local(request: Request, store: DocumentStore, door: Door, local_id: str) -> None:
    """Serve ``/db/_local/<id>``."""
    if not local_id:
        raise document_error("illegal_docid", "Illegal document id `_local/`")
    if request.method in ("GET", "HEAD"):
        document = await store.get_local(door.database, local_id)
        if document is None:
            raise WireError(404, "not_found", "missing")
        await request.reply(document, 200, {"etag": f'"{document["_rev"]}"'})
    elif request.method == "PUT":
        document = await request.json()
        if not isinstance(document, dict):
            raise document_error("bad_request", "Document must be a JSON object")
        document["_id"] = f"_local/{local_id}"
        result = await put_local(store, door, document)
        await request.reply({"ok": True, "id": result.doc_id, "rev": result.rev}, 201)
    elif request.method == "DELETE":
        if not await store.delete_local(door.database, local_id):
            raise WireError(404, "not_found", "missing")
        await request.reply({"ok": True, "id": f"_local/{local_id}", "rev": "0-0"})
    else:
        raise method_not_allowed("DELETE", "GET", "HEAD", "PUT")


async def put_local(store: DocumentStore, door: Door, document: Mapping[str, Any]) -> WriteResult:
    """Store (or, with ``_deleted``, remove) a local document, which carries its ``_id``."""
    full_id: str = document["_id"]
    local_id = full_id.removeprefix("_local/")
    if not local_id:
        raise document_error("illegal_docid", "Illegal document id `_local/`")
    stored_body(document)  # or it is refused
    if document.get("_deleted") is True:
        await store.delete_local(door.database, local_id)
        return WriteResult(full_id, "0-0")
    return WriteResult(full_id, await store.put_local(door.database, local_id, document))
