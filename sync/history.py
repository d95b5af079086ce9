"""A record's history, from the archive of revision bodies: who changed what, when, where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from conflicts.revision import generation, tombstone_revision
from grid.models import upcast
from sync.editing import changed_fields
from sync.paths import database_of
from sync.store import DocumentStore, Revision

_MOST: Final = 200


class FieldChange(NamedTuple):
    """A field's value before and after; ``None`` where there was none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One revision: who, on which device, at what clock, and what it changed.

    ``losing`` tells that it stood on a branch that a merge took in; ``complete`` is false when the
    state it was made on is not in the archive (made offline in several steps, say), so that the
    changes are against an older one.
    """

    rev: str
    by: str | None
    device: str | None
    at: str | None
    merged: bool
    deleted: bool
    losing: bool
    complete: bool
    fields: tuple[FieldChange, ...]


async def history_of(store: DocumentStore, grid: str, doc_id: str, most: int = _MOST) -> list[Step]:
    """Return a record's revisions with known bodies, newest first, at most ``most``.

    Tombstones by which the resolver closed a branch are left out; a person's deletion is there.
    """
    database = database_of(grid)
    leaves = await store.revisions(database, doc_id, "all", ancestry=True)
    if not leaves:
        return []
    parents = _parents(leaves)
    bodies = await store.bodies(database, doc_id, list(parents))
    known = {rev: upcast(orjson.loads(body or b"{}")) for rev, body in bodies.items()}
    deleted = {leaf.rev for leaf in leaves if leaf.deleted}
    winning = {leaves[0].rev, *leaves[0].ancestors}
    times = _times(known, parents)
    ordered = sorted(
        (rev for rev in known if not _closes_branch(rev, parents)),
        key=lambda rev: (times[rev], generation(rev), rev in winning),
        reverse=True,
    )
    return [_step(rev, known, parents, deleted, rev not in winning) for rev in ordered[:most]]


def _parents(leaves: Sequence[Revision]) -> dict[str, str | None]:
    parents: dict[str, str | None] = {}
    for leaf in leaves:
        line = (leaf.rev, *leaf.ancestors)
        for index, rev in enumerate(line):
            parents.setdefault(rev, line[index + 1] if index + 1 < len(line) else None)
    return parents


def _closes_branch(rev: str, parents: Mapping[str, str | None]) -> bool:
    parent = parents[rev]
    return parent is not None and rev == tombstone_revision(parent)


def _times(
    known: Mapping[str, Mapping[str, Any]], parents: Mapping[str, str | None]
) -> dict[str, str]:
    """Return each revision's clock, never earlier than that of what it was made on."""
    times: dict[str, str] = {}
    for rev in sorted(parents, key=generation):
        before = times.get(parents[rev] or "", "")
        times[rev] = max(before, _trace(known.get(rev, {})).get("at") or "")
    return times


def _trace(body: Mapping[str, Any]) -> Mapping[str, Any]:
    trace = body.get("updated") or body.get("created")
    return trace if isinstance(trace, Mapping) else {}


def _step(
    rev: str,
    known: Mapping[str, Mapping[str, Any]],
    parents: Mapping[str, str | None],
    deleted: set[str],
    losing: bool,
) -> Step:
    body = known[rev]
    parent = parents[rev]
    complete = parent is None or parent in known
    while parent is not None and parent not in known:
        parent = parents.get(parent)
    before: Mapping[str, Any] = known[parent] if parent is not None else {}
    trace = _trace(body)
    names = [] if rev in deleted else changed_fields(before, body)
    return Step(
        rev=rev,
        by=trace.get("by"),
        device=trace.get("device"),
        at=trace.get("at"),
        merged=_parents_noted(body) != _parents_noted(before),
        deleted=rev in deleted,
        losing=losing,
        complete=complete,
        fields=tuple(FieldChange(name, before.get(name), body.get(name)) for name in names),
    )


def _parents_noted(body: Mapping[str, Any]) -> Any:
    merge = body.get("merge")
    return merge.get("parents") if isinstance(merge, Mapping) else None
