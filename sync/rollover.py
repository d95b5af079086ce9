"""Rolling a grid's database over to a fresh generation, in which old tombstones are left out.

Left out are documents that were deleted before a time, and branches that a merge closed before a
time. What lives keeps its whole line and the bodies of its archive, so a late edit finds its base.
The database gets another epoch: phones compare what they have instead of trusting checkpoints.

A phone that was away for longer may still hold a document that was left out. Nothing here knows it
any more, so it would come back as if it were new. Therefore the registry remembers the time for
each grid (``rollover:<code>``), and the gateway looks at records that it does not know: one made
before that time goes to review, a tombstone of that time has nothing left to bury.

Order: the note in the registry, the leaving out, the epoch, the note again. Broken off anywhere,
it is begun again with the same result.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from conflicts.moving import moved_away
from conflicts.revision import tombstone_revision
from sync.history import Past, read_past
from sync.indexes import REVIEWS_BY_DOCUMENT
from sync.paths import code_of
from sync.reviews import OPEN
from sync.store import DocumentStore, Revision, Write
from sync.timing import ms_text, now_ms, now_text

REGISTRY: Final = "registry"
_PAGE: Final = 200
_YOUNG_MS: Final = 30 * 86_400_000
"""Younger records are in no rollover: tombstones are kept longer than this."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Before which times (UTC text) documents were deleted and branches were closed that go, and
    how many of them there must be, because every rollover costs each phone a comparison."""

    documents: str
    branches: str
    least: int = 1


@dataclass(slots=True)
class Due:
    """What a grid would leave out, by document; ``undated`` are tombstones of unknown age, which
    stay."""

    documents: dict[str, list[str]] = field(default_factory=dict)
    branches: dict[str, list[str]] = field(default_factory=dict)
    undated: int = 0

    @property
    def count(self) -> int:
        """How many tombstones these are."""
        return sum(map(len, self.documents.values())) + sum(map(len, self.branches.values()))


def note_id(database: str) -> str:
    """Return the id of the registry's note about a grid's rollovers."""
    return f"rollover:{code_of(database)}"


def may_be_left_out(write: Write, document: Mapping[str, Any], known: bool) -> bool:
    """Tell whether a pushed revision is worth asking when the grid was rolled over: an old record
    or a deletion that is not known here, or the closing of a branch."""
    if known:
        closes = write.deleted and write.ancestors
        return bool(closes) and write.rev == tombstone_revision(write.ancestors[0])
    return write.deleted or is_before(document, ms_text(now_ms() - _YOUNG_MS))


def is_before(document: Mapping[str, Any], time: str) -> bool:
    """Tell whether a record was made, or deleted, before a time. A bare tombstone was: a younger
    one would be known."""
    trace = document.get("created") or document.get("updated")
    at = trace.get("at") if isinstance(trace, Mapping) else None
    return at < time if isinstance(at, str) else True


async def left_out_before(store: DocumentStore, database: str) -> str | None:
    """Return before which time deleted documents of a grid were left out; ``None`` if never."""
    note = await _read(store, database)
    return None if note is None else str(note["before"])


async def find_due(store: DocumentStore, database: str, limits: Limits) -> Due:
    """Return what a rollover of a grid would leave out."""
    due = Due()
    async for leaves in _with_tombstones(store, database):
        doc_id = leaves[0].doc_id
        live = sum(not leaf.deleted for leaf in leaves)
        if live > 1 or await _under_review(store, doc_id):
            continue
        past = await read_past(store, code_of(database), doc_id)
        stones = [leaf for leaf in leaves if leaf.deleted]
        if not live:
            if all(_before(past, stone, limits.documents) for stone in stones):
                due.documents[doc_id] = [stone.rev for stone in stones]
        else:
            stones = [one for one in stones if not moved_away(past.raw.get(one.rev, {}), True)]
            old = [stone.rev for stone in stones if _before(past, stone, limits.branches)]
            if old:
                due.branches[doc_id] = old
        due.undated += any(_age(past, stone) is None for stone in stones)
    return due


async def _with_tombstones(
    store: DocumentStore, database: str
) -> AsyncIterator[Sequence[Revision]]:
    """Yield the leaves of each document that has a tombstone among them."""
    since = "0"
    while (page := await store.changes(database, since, limit=_PAGE, all_leaves=True)).changes:
        asked = [one.doc_id for one in page.changes if any(leaf.deleted for leaf in one.leaves)]
        for leaves in await store.revisions_of_many(database, [(one, "all") for one in asked]):
            if leaves:
                yield leaves
        since = page.last_seq


async def _under_review(store: DocumentStore, doc_id: str) -> bool:
    rows = await store.query(REVIEWS_BY_DOCUMENT, prefix=(doc_id,), documents=True)
    return any(row.document and row.document["status"] == OPEN for row in rows)


def _before(past: Past, stone: Revision, time: str) -> bool:
    age = _age(past, stone)
    return age is not None and age < time


def _age(past: Past, stone: Revision) -> str | None:
    """Return since when a tombstone stands: its own clock or its arrival, the later. The resolver's
    have neither, and count from the edit that they closed; ``None`` when nothing tells."""
    counted = [stone.rev]
    if stone.ancestors and stone.rev == tombstone_revision(stone.ancestors[0]):
        counted.append(stone.ancestors[0])
    times = [past.arrivals[rev].at for rev in counted if rev in past.arrivals]
    for rev in counted:
        trace = past.raw.get(rev, {}).get("updated")
        if isinstance(trace, Mapping) and isinstance(trace.get("at"), str):
            times.append(trace["at"])
    return max(times, default=None)


async def unfinished(store: DocumentStore, database: str) -> bool:
    """Tell whether a rollover of a grid was begun and broken off."""
    note = await _read(store, database)
    return note is not None and "done" not in note


async def roll_over(store: DocumentStore, database: str, due: Due, before: str) -> None:
    """Leave out what is due and give the grid another epoch; ``before`` is the time up to which
    deleted documents are left out."""
    await _note(store, database, before, None)
    for stones in (due.documents, due.branches):
        ids = list(stones)
        for start in range(0, len(ids), _PAGE):
            some = {doc_id: stones[doc_id] for doc_id in ids[start : start + _PAGE]}
            await store.drop_tombstones(database, some)
    await store.renew_epoch(database)
    await _note(store, database, before, now_text())


async def _read(store: DocumentStore, database: str) -> dict[str, Any] | None:
    found = await store.get(REGISTRY, note_id(database))
    return None if found is None or found.deleted else orjson.loads(found.body)


async def _note(store: DocumentStore, database: str, before: str, done: str | None) -> None:
    found = await store.get(REGISTRY, note_id(database))
    known = {} if found is None else orjson.loads(found.body)
    body = {"type": "rollover", "before": max(before, str(known.get("before", "")))}
    if done is not None:
        body["done"] = done
    line = () if found is None else (found.rev,)
    await store.write(REGISTRY, [Write(note_id(database), orjson.dumps(body), ancestors=line)])
