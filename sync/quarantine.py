"""Quarantine: what was refused is kept, with who, when, which device and why.

A supervisor accepts an entry (the document then goes into the grid like any replicated edit, and
so through the resolver) or closes it with a reason that the worker sees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from grid.permissions import Actor
from sync.errors import DocumentConflict
from sync.judging import Refusal
from sync.paths import database_of
from sync.store import DocumentStore, Revision, Write
from sync.timing import now_text

QUARANTINE: Final = "quarantine"
OPEN: Final = "open"
ACCEPTED: Final = "accepted"
CLOSED: Final = "closed"


class NoSuchEntry(KeyError):
    """There is no quarantine entry with this id."""


class AlreadySettled(ValueError):
    """The entry was accepted or closed before."""


class CannotAccept(ValueError):
    """The entry cannot go into the grid; the message says why."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused write."""

    write: Write
    document: Mapping[str, Any]
    refusal: Refusal


def entry_id(grid: str, write: Write) -> str:
    """Return the id of the entry for a refused write: the same write gives the same entry."""
    mark = write.rev or hashlib.md5(write.body, usedforsecurity=False).hexdigest()
    parent = "" if write.rev else "".join(write.ancestors[:1])
    text = f"{write.doc_id}\0{parent}\0{mark}"
    return f"refused:{grid}:{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}"


async def refuse(
    store: DocumentStore, actor: Actor, path: Sequence[str], refused: Sequence[Refused]
) -> list[str]:
    """Keep refused writes durably and return their entries' ids, in order.

    What is there already stays as it is: a repeated push changes nothing.
    """
    grid = path[-1]
    ids = [entry_id(grid, item.write) for item in refused]
    known = await store.get_many(QUARANTINE, ids)
    fresh = {
        doc_id: _entry(actor, path, item)
        for doc_id, item, found in zip(ids, refused, known, strict=True)
        if found is None
    }
    if fresh:
        writes = [Write(doc_id, orjson.dumps(entry)) for doc_id, entry in fresh.items()]
        await store.write(QUARANTINE, writes)
    return ids


def _entry(actor: Actor, path: Sequence[str], item: Refused) -> dict[str, Any]:
    return {
        "grid": path[-1],
        "path": list(path),
        "doc_id": item.write.doc_id,
        "rev": item.write.rev,
        "ancestors": list(item.write.ancestors),
        "deleted": item.write.deleted,
        "document": item.document,
        "code": item.refusal.code,
        "reason": item.refusal.reason,
        "field": item.refusal.field,
        "user": actor.user,
        "device": actor.device or "",
        "at": now_text(),
        "status": OPEN,
        "closed": None,
    }


async def read_entry(store: DocumentStore, entry: str) -> dict[str, Any]:
    """Return an entry with its ``_id`` and ``_rev``; raise ``NoSuchEntry``."""
    return (await _load(store, entry)).document()


async def accept(store: DocumentStore, entry: str, actor: Actor, note: str = "") -> str:
    """Put the refused document into its grid and settle the entry; return the revision stored.

    The grid's own check of form still holds for what the wire could not take (``CannotAccept``
    tells). Raises ``NoSuchEntry`` and ``AlreadySettled``.
    """
    found = await _load(store, entry)
    body = orjson.loads(found.body)
    if body["status"] != OPEN:
        raise AlreadySettled(entry)
    write = Write(
        body["doc_id"],
        orjson.dumps(body["document"]),
        body["rev"],
        tuple(body["ancestors"]),
        body.get("deleted", False),
    )
    (result,) = await store.write(database_of(body["grid"]), [write], new_edits=body["rev"] is None)
    if result.error is not None or result.rev is None:
        raise CannotAccept(result.reason or result.error or "")
    await _settle(store, found, body, ACCEPTED, actor, note)
    return result.rev


async def close(store: DocumentStore, entry: str, actor: Actor, note: str) -> None:
    """Close an entry with a reason that the worker sees; the document stays in it."""
    found = await _load(store, entry)
    body = orjson.loads(found.body)
    if body["status"] != OPEN:
        raise AlreadySettled(entry)
    await _settle(store, found, body, CLOSED, actor, note)


async def _load(store: DocumentStore, entry: str) -> Revision:
    found = await store.get(QUARANTINE, entry)
    if found is None or found.deleted:
        raise NoSuchEntry(entry)
    return found


async def _settle(
    store: DocumentStore,
    found: Revision,
    body: dict[str, Any],
    status: str,
    actor: Actor,
    note: str,
) -> None:
    body["status"] = status
    body["closed"] = {"by": actor.user, "at": now_text(), "note": note}
    (result,) = await store.write(
        QUARANTINE, [Write(found.doc_id, orjson.dumps(body), ancestors=(found.rev,))]
    )
    if result.error is not None:
        raise DocumentConflict(found.doc_id)
