"""A record's history, from the archive of revision bodies: who changed what, when, where.

What is told is what people did. Revisions by which the resolver closed a branch are left out; a
merge stands as one step of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from conflicts import Leaf, merge
from conflicts.ancestry import History
from conflicts.clock import ClockError, parse_clock
from conflicts.revision import generation, tombstone_revision
from grid.models import upcast
from sync.arrivals import Arrival, arrivals_of
from sync.editing import SERVER_DEVICE, changed_fields
from sync.paths import database_of
from sync.receipts import receipts_of
from sync.store import DocumentStore, Revision

_MOST: Final = 200
ONLINE_MS: Final = 5 * 60 * 1000
"""An edit that reached the server later than this after it was made, was made offline."""
_CLOCK_TIME: Final = len("2026-11-24T08:09:10.123Z")

Body = Mapping[str, Any]


class NoSuchRevision(KeyError):
    """A revision that the record never had, or whose body is not kept any more."""


class FieldChange(NamedTuple):
    """A field's value before and after; ``None`` where there was none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One revision: who, on which device, at what clock, and what it changed.

    ``received`` is when it reached the server (UTC text), ``None`` for what the server made itself
    or where that is not kept. ``offline`` follows from both; ``None``: not known. ``losing`` tells
    that it stood on a branch that a merge took in; ``complete`` is false when the state it was made
    on is not in the archive (made offline in several steps, say), so that the changes are against
    an older one. ``kept`` is false for the marker that it once was there and its body is gone.
    """

    rev: str
    by: str | None
    device: str | None
    at: str | None
    received: str | None
    offline: bool | None
    merged: bool
    deleted: bool
    losing: bool
    complete: bool
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class AsOf:
    """A record as it was at a time: ``body`` is ``None`` before it was made and while deleted.

    ``rev`` is the newest revision that counts; ``revisions`` are all those that stood side by side
    then, which are merged here as they would have been.
    """

    at: str
    rev: str | None
    revisions: tuple[str, ...]
    body: Body | None


class Past:
    """All that is known of one record's revisions; made by ``read_past``."""

    def __init__(
        self,
        doc_id: str,
        leaves: Sequence[Revision],
        raw: Mapping[str, Body],
        arrivals: Mapping[str, Arrival],
    ) -> None:
        self.doc_id = doc_id
        self.leaves = leaves
        self.raw = raw
        self.bodies = {rev: upcast(body) for rev, body in raw.items()}
        self.parents = _parents(leaves)
        self.deleted = {leaf.rev for leaf in leaves if leaf.deleted}
        self.times = _times(self.bodies, self.parents)
        self.arrivals = arrivals

    def steps(self, most: int = _MOST) -> list[Step]:
        """Return the revisions with known bodies, newest first."""
        winning = {self.leaves[0].rev, *self.leaves[0].ancestors} if self.leaves else set()
        ordered = sorted(
            (rev for rev in self.bodies if not self._closes_branch(rev)),
            key=lambda rev: (self.times[rev], generation(rev), rev in winning),
            reverse=True,
        )
        return [self._step(rev, rev not in winning) for rev in ordered[:most]]

    def body(self, rev: str) -> Body:
        """Return a revision's body in our schema; raise ``NoSuchRevision``."""
        body = self.bodies.get(rev)
        if body is None or rev in self.deleted:
            raise NoSuchRevision(rev)
        return body

    def compare(self, one: str, other: str) -> list[FieldChange]:
        """Return the fields in which two revisions differ; raise ``NoSuchRevision``."""
        before, after = self.body(one), self.body(other)
        names = changed_fields(before, after)
        return [FieldChange(name, before.get(name), after.get(name)) for name in names]

    def standing(self, at: str) -> list[str]:
        """Return the revisions made until a time (UTC text) that no other of them grew out of."""
        made = {
            rev
            for rev in self.bodies
            if self.times[rev][:_CLOCK_TIME] <= at and not self._closes_branch(rev)
        }
        inner: set[str] = set()
        for rev in made:
            parent = self.parents.get(rev)
            while parent is not None and parent not in inner:
                inner.add(parent)
                parent = self.parents.get(parent)
        return sorted(made - inner)

    def leaf(self, rev: str) -> Leaf:
        """Return a revision as the leaf it once was."""
        ancestors = []
        parent = self.parents.get(rev)
        while parent is not None:
            ancestors.append(parent)
            parent = self.parents.get(parent)
        return Leaf(rev, self.raw[rev], rev in self.deleted, tuple(ancestors))

    def _closes_branch(self, rev: str) -> bool:
        parent = self.parents[rev]
        return parent is not None and rev == tombstone_revision(parent)

    def _step(self, rev: str, losing: bool) -> Step:
        body = self.bodies[rev]
        parent = self.parents[rev]
        complete = parent is None or parent in self.bodies
        while parent is not None and parent not in self.bodies:
            parent = self.parents.get(parent)
        before: Body = self.bodies[parent] if parent is not None else {}
        trace = _trace(body)
        names = [] if rev in self.deleted else changed_fields(before, body)
        merged = _parents_noted(body) != _parents_noted(before)
        arrival = None if merged else self.arrivals.get(rev)
        return Step(
            rev=rev,
            by=trace.get("by"),
            device=trace.get("device"),
            at=trace.get("at"),
            received=None if arrival is None else arrival.at,
            offline=None if merged else was_offline(trace, arrival),
            merged=merged,
            deleted=rev in self.deleted,
            losing=losing,
            complete=complete,
            fields=tuple(FieldChange(name, before.get(name), body.get(name)) for name in names),
        )


def was_offline(trace: Body, arrival: Arrival | None) -> bool | None:
    """Tell whether an edit was made without a connection, by when it was made and when it came;
    ``None`` when that is not known. The phone's own clock says when it was made."""
    if trace.get("device") == SERVER_DEVICE:
        return False
    at = trace.get("at")
    if arrival is None or not isinstance(at, str):
        return None
    try:
        made = parse_clock(at).milliseconds
        came = parse_clock(f"{arrival.at}-0000-{SERVER_DEVICE}").milliseconds
    except ClockError:
        return None
    return came - made > ONLINE_MS


async def read_past(store: DocumentStore, grid: str, doc_id: str) -> Past:
    """Return a record's past as far as its grid's database keeps it; empty for an unknown one."""
    database = database_of(grid)
    leaves = await store.revisions(database, doc_id, "all", ancestry=True)
    if not leaves:
        return Past(doc_id, (), {}, {})
    bodies = await store.bodies(database, doc_id, list(_parents(leaves)))
    raw = {rev: orjson.loads(body or b"{}") for rev, body in bodies.items()}
    return Past(doc_id, leaves, raw, await arrivals_of(store, database, doc_id))


async def history_of(store: DocumentStore, grid: str, doc_id: str, most: int = _MOST) -> list[Step]:
    """Return a record's revisions with known bodies, newest first, at most ``most``."""
    return (await read_past(store, grid, doc_id)).steps(most)


async def as_of(store: DocumentStore, grid: str, past: Past, at: str) -> AsOf:
    """Return a record as it was at a time (UTC text with milliseconds).

    Times are those at which people made their edits, so an edit made offline counts from when it
    was made, not from when it came. Edits that stood side by side then are merged as the resolver
    would have merged them.
    """
    revisions = past.standing(at)
    if not revisions:
        return AsOf(at, None, (), None)
    leaves = [past.leaf(rev) for rev in revisions]
    receipts = await receipts_of(store, database_of(grid), past.doc_id, past.raw)
    merged = merge(past.doc_id, leaves, past.raw, receipts=receipts)
    heads = History(leaves, past.raw).maximal(revisions)
    newest = max(sorted(heads), key=lambda rev: past.times[rev])
    body = None if merged.deleted else upcast(merged.body)
    return AsOf(at, newest, tuple(sorted(heads)), body)


def _parents(leaves: Sequence[Revision]) -> dict[str, str | None]:
    parents: dict[str, str | None] = {}
    for leaf in leaves:
        line = (leaf.rev, *leaf.ancestors)
        for index, rev in enumerate(line):
            parents.setdefault(rev, line[index + 1] if index + 1 < len(line) else None)
    return parents


def _times(known: Mapping[str, Body], parents: Mapping[str, str | None]) -> dict[str, str]:
    """Return each revision's clock, never earlier than that of what it was made on."""
    times: dict[str, str] = {}
    for rev in sorted(parents, key=generation):
        before = times.get(parents[rev] or "", "")
        times[rev] = max(before, _trace(known.get(rev, {})).get("at") or "")
    return times


def _trace(body: Body) -> Body:
    trace = body.get("updated") or body.get("created")
    return trace if isinstance(trace, Mapping) else {}


def _parents_noted(body: Body) -> Any:
    merge_note = body.get("merge")
    return merge_note.get("parents") if isinstance(merge_note, Mapping) else None
