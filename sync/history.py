"""A record's history, from the archive of revision bodies: who changed what, when, where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sync.editing import changed_fields
from sync.store import DocumentStore, Revision

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value before and after; ``None`` where there was none."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One revision: who, on which device, at what clock, and what it changed.

    ``losing`` tells that it stood on a branch that a merge took in; ``complete`` is false when the
    state it was made on is not in the archive (made offline in several steps, say), so that the
    changes are against an older one.
    """

    rev: str
    by: str | None
    device: str | None
    at: str | None
    changes: tuple[FieldChange, ...]
    merged: bool
    deleted: bool
    losing: bool
    complete: bool


async def record_history(
    store: DocumentStore, database: str, doc_id: str, most: int = _MOST
) -> list[HistoryEntry]:
    """Return a record's revisions with known bodies, newest first, at most ``most``."""
    leaves = await store.revisions(database, doc_id, "all", ancestry=True)
    if not leaves:
        return []
    parents = _parents(leaves)
    bodies = await store.bodies(database, doc_id, list(parents))
    bodies.update({leaf.rev: leaf.body for leaf in leaves})
    known = {rev: orjson.loads(body or b"{}") for rev, body in bodies.items()}
    deleted = {leaf.rev for leaf in leaves if leaf.deleted}
    winning = {leaves[0].rev, *leaves[0].ancestors}
    entries = [
        _entry(rev, known, parents, deleted, rev not in winning)
        for rev in known
        if not (rev in deleted and not known[rev])  # the resolver's own tombstones say nothing
    ]
    entries.sort(key=lambda entry: (_generation(entry.rev), not entry.losing), reverse=True)
    return entries[:most]


def _parents(leaves: Sequence[Revision]) -> dict[str, str | None]:
    parents: dict[str, str | None] = {}
    for leaf in leaves:
        line = (leaf.rev, *leaf.ancestors)
        for index, rev in enumerate(line):
            parents.setdefault(rev, line[index + 1] if index + 1 < len(line) else None)
    return parents


def _entry(
    rev: str,
    known: Mapping[str, Mapping[str, Any]],
    parents: Mapping[str, str | None],
    deleted: set[str],
    losing: bool,
) -> HistoryEntry:
    body = known[rev]
    parent = parents.get(rev)
    complete = parent is None or parent in known
    while parent is not None and parent not in known:
        parent = parents.get(parent)
    before: Mapping[str, Any] = known[parent] if parent is not None else {}
    trace = body.get("updated") or {}
    names = [] if rev in deleted else changed_fields(before, body)
    merge = body.get("merge")
    merged = merge is not None and merge != before.get("merge")
    return HistoryEntry(
        rev=rev,
        by=trace.get("by"),
        device=trace.get("device"),
        at=trace.get("at"),
        changes=tuple(FieldChange(name, before.get(name), body.get(name)) for name in names),
        merged=merged,
        deleted=rev in deleted,
        losing=losing,
        complete=complete,
    )


def _generation(rev: str) -> int:
    return int(rev.partition("-")[0])
