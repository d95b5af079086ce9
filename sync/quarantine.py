"""Quarantine: what was refused is kept, with who, when, which device and why.

A supervisor accepts an entry (the document then goes into the grid like any replicated edit, and
so through the resolver) or closes it with a reason that the worker sees. Nothing here is deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from conflicts.canonical_json import canonical
from conflicts.joining import derived_revision
from grid.permissions import Actor, may_review
from sync.indexes import QUARANTINE_BY_NODE
from sync.judging import Refusal, judge_shape
from sync.keepable import keepable
from sync.paths import database_of
from sync.store import DocumentStore, IndexRow, Key, Revision, Write
from sync.timing import now_text

QUARANTINE: Final = "quarantine"
OPEN: Final = "open"
ACCEPTED: Final = "accepted"
CLOSED: Final = "closed"
CLOCK_AHEAD: Final = "clock-ahead"
MERGE_NOTE: Final = "merge-note-changed"
_UNHOLDABLE: Final = ("unreadable", "too-deep")
"""Codes of documents that no store could hold."""
_MINUTE_MS: Final = 60_000


class QuarantineError(Exception):
    """Something that cannot be done with an entry; the text is for the supervisor."""


class NoSuchEntry(QuarantineError):
    """There is no quarantine entry with this id."""


class OutOfScope(QuarantineError):
    """The entry's grid is not one whose quarantine this person decides."""


class AlreadySettled(QuarantineError):
    """The entry was accepted or closed before."""


class CannotAccept(QuarantineError):
    """The entry cannot go into the grid; the text says why."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused document: its id, revision, history (newest first) and content as sent."""

    doc_id: str
    rev: str
    ancestors: tuple[str, ...]
    deleted: bool
    document: Mapping[str, Any]
    refusal: Refusal


def revision_of(write: Write) -> str:
    """Return a write's revision, or a lasting one for an edit that never got its own."""
    if write.rev is not None:
        return write.rev
    parent = "".join(write.ancestors[:1])
    generation = int(parent.partition("-")[0] or 0) + 1
    seed = f"{parent}\0{write.deleted}\0".encode() + write.body
    return f"{generation}-{hashlib.md5(seed, usedforsecurity=False).hexdigest()}"


def entry_id(grid: str, doc_id: str, rev: str) -> str:
    """Return the id of the entry for a refused revision: a repeated push gives the same one."""
    digest = hashlib.md5(f"{doc_id}\0{rev}".encode(), usedforsecurity=False).hexdigest()
    return f"refused:{grid}:{digest}"


async def refuse(
    store: DocumentStore, actor: Actor, path: Sequence[str], refused: Sequence[Refused]
) -> list[str]:
    """Keep refused documents durably and return their entries' ids, in order.

    What is there already stays as it is. Raises ``StoreError`` when they could not be kept.
    """
    entries = {
        entry_id(path[-1], item.doc_id, item.rev): _entry(actor, path, item) for item in refused
    }
    await _add(store, entries)
    return [entry_id(path[-1], item.doc_id, item.rev) for item in refused]


async def note_clock(
    store: DocumentStore, actor: Actor, path: Sequence[str], item: Refused, ahead_ms: int
) -> None:
    """Note, once a day, that a device's clock runs ahead; its documents were accepted.

    The note is an entry that is settled from the start, so the worker reads it among the outcomes
    of his pushes and a supervisor finds it under the accepted ones.
    """
    today = now_text()[:10]
    note_id = entry_id(path[-1], f"clock:{actor.user}:{actor.device}", today)
    entry = _entry(actor, path, item)
    note = "记录已经收下。请把手机的日期和时间设为自动，以免修改的先后弄错。"
    entry |= {
        "status": ACCEPTED,
        "ahead_ms": ahead_ms,
        "closed": {"by": "", "at": entry["at"], "note": note},
    }
    await _add(store, {note_id: entry})


def clock_refusal(ahead_ms: int) -> Refusal:
    """Return the note's wording for a clock so many milliseconds ahead."""
    minutes = max(1, ahead_ms // _MINUTE_MS)
    days, hours = minutes // 1440, minutes // 60
    much = f"{days} 天" if days else f"{hours} 小时" if hours else f"{minutes} 分钟"
    return Refusal(CLOCK_AHEAD, f"这台手机的时间快了约 {much}", "updated.at")


async def _add(store: DocumentStore, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Write entries that are not there yet."""
    ids = list(entries)
    known = await store.get_many(QUARANTINE, ids)
    writes = [
        Write(doc_id, orjson.dumps(entries[doc_id]))
        for doc_id, found in zip(ids, known, strict=True)
        if found is None
    ]
    if writes:
        await store.write(QUARANTINE, writes)  # a conflict: another one wrote the same just now


def _entry(actor: Actor, path: Sequence[str], item: Refused) -> dict[str, Any]:
    return {
        "grid": path[-1],
        "path": list(path),
        "doc_id": item.doc_id,
        "rev": item.rev,
        "ancestors": list(item.ancestors),
        "deleted": item.deleted,
        "document": keepable(item.document),
        "code": item.refusal.code,
        "reason": item.refusal.reason,
        "field": item.refusal.field,
        "user": actor.user,
        "device": actor.device or "",
        "at": now_text(),
        "status": OPEN,
        "closed": None,
    }


async def entries_of(
    store: DocumentStore,
    node: str,
    *,
    status: str = OPEN,
    after: tuple[Key, str] | None = None,
    limit: int = 100,
) -> list[IndexRow]:
    """Return entries of a status under a node, the oldest first; ``after`` is the last row's key
    and document id of the page before."""
    return await store.query(
        QUARANTINE_BY_NODE, prefix=(node, status), after=after, limit=limit, documents=True
    )


async def read_entry(store: DocumentStore, entry: str) -> dict[str, Any]:
    """Return an entry with its ``_id`` and ``_rev``; raise ``NoSuchEntry``."""
    return (await _load(store, entry)).document()


async def read_entries(store: DocumentStore, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return those of the entries that are there, by id."""
    found = await store.get_many(QUARANTINE, ids)
    return {
        entry.doc_id: orjson.loads(entry.body)
        for entry in found
        if entry is not None and not entry.deleted
    }


async def accept(store: DocumentStore, entry: str, actor: Actor, note: str = "") -> str:
    """Put the refused document into its grid and settle the entry; return its revision.

    Whose it is and which fields it changes no longer matters then, the supervisor vouches for it;
    that it is a sound record of this grid does. A merge note that is not the resolver's stays
    outside: the edit comes in as a revision of its own on top of the refused one. Raises
    ``NoSuchEntry``, ``OutOfScope``, ``AlreadySettled`` and ``CannotAccept``.
    """
    body = await _open_entry(store, entry, actor)
    if body["code"] in _UNHOLDABLE:
        raise CannotAccept(body["reason"])
    document = {k: v for k, v in body["document"].items() if not k.startswith("_")}
    fault = judge_shape(body["grid"], body["doc_id"], document, body["deleted"])
    if fault is not None:
        raise CannotAccept(fault.reason)
    write = Write(
        body["doc_id"],
        orjson.dumps(document),
        body["rev"],
        tuple(body["ancestors"]),
        body["deleted"],
    )
    database = database_of(body["grid"])
    if body["code"] == MERGE_NOTE:
        write = await _with_sound_note(store, database, write, document)
    (result,) = await store.write(database, [write], new_edits=False)
    if result.error is not None:
        raise CannotAccept(result.reason or result.error)
    await _settle(store, entry, ACCEPTED, actor, note)
    return write.rev or ""


async def _with_sound_note(
    store: DocumentStore, database: str, refused: Write, document: Mapping[str, Any]
) -> Write:
    """Return a child of a refused revision with its content, but with the merge note of the state
    that it was made on; the refused revision itself when the store has it after all."""
    rev = refused.rev or ""
    known = await store.bodies(database, refused.doc_id, [rev, *refused.ancestors])
    if rev in known:
        return refused
    line = [known[one] for one in refused.ancestors if known.get(one, b"{}") != b"{}"]
    made_on: Mapping[str, Any] = orjson.loads(line[0]) if line else {}
    body = {name: value for name, value in document.items() if name != "merge"}
    if "merge" in made_on:
        body["merge"] = made_on["merge"]
    new = derived_revision(rev, body)
    return Write(refused.doc_id, canonical(body), new, (rev, *refused.ancestors), refused.deleted)


async def close(store: DocumentStore, entry: str, actor: Actor, note: str) -> None:
    """Close an entry with a reason that the worker sees; the document stays in it.

    Raises ``NoSuchEntry``, ``OutOfScope`` and ``AlreadySettled``, and ``ValueError`` without a
    reason.
    """
    if not note.strip():
        raise ValueError("closing an entry needs a reason that the worker can read")
    await _open_entry(store, entry, actor)
    await _settle(store, entry, CLOSED, actor, note)


async def _open_entry(store: DocumentStore, entry: str, actor: Actor) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads((await _load(store, entry)).body)
    if not may_review(actor, body["path"]):
        raise OutOfScope("这条退回不在您负责的范围内")
    if body["status"] != OPEN:
        raise AlreadySettled("这条退回已经处理过")
    return body


async def _load(store: DocumentStore, entry: str) -> Revision:
    found = await store.get(QUARANTINE, entry)
    if found is None or found.deleted:
        raise NoSuchEntry("没有找到这条退回")
    return found


async def _settle(store: DocumentStore, entry: str, status: str, actor: Actor, note: str) -> None:
    found = await _load(store, entry)
    body = orjson.loads(found.body)
    if body["status"] != OPEN:
        raise AlreadySettled("这条退回已经处理过")
    body["status"] = status
    body["closed"] = {"by": actor.user, "at": now_text(), "note": note}
    write = Write(entry, orjson.dumps(body), ancestors=(found.rev,))
    (result,) = await store.write(QUARANTINE, [write])
    if result.error is not None:
        raise AlreadySettled("这条退回刚刚已由他人处理")
