"""Duplicates as people settle them: merge two records into one, keep them apart, take it back.

Each is one ordinary edit in a grid's database; the follower derives the rest from it. The verdict
stands on the records themselves, so it holds on every server and phone, whatever becomes of the
review.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from conflicts.canonical_json import ABSENT, same
from conflicts.duplicates import APART as APART_FIELD
from conflicts.duplicates import REDIRECT
from conflicts.joining import OWN
from conflicts.rules import DUPLICATE
from grid.permissions import Actor, may_review
from sync import findings
from sync.held import Held, check, edit, held
from sync.resolving import REVIEWS
from sync.reviews import ReviewError
from sync.store import DocumentStore


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records under review, as they stand in their grids; ``None`` for one that is gone.

    ``seen`` are their bodies when the review was opened, as far as the archive has them, and
    ``changed_since`` the fields that somebody changed after that, by record.
    """

    document: Mapping[str, Any]
    keeps: Held | None
    gives_way: Held | None
    changed_since: Mapping[str, tuple[str, ...]]

    @property
    def status(self) -> str:
        """``open``, ``settled``, ``accepted``, ``apart``, ``undone`` or ``superseded``."""
        return str(self.document["status"])

    @property
    def merged(self) -> bool:
        """Whether one of the two says now that the other stands for it."""
        one, other = self.keeps, self.gives_way
        if one is None or other is None:
            return False
        ids = (one.revision.doc_id, other.revision.doc_id)
        return one.body.get(REDIRECT) == ids[1] or other.body.get(REDIRECT) == ids[0]


async def read_pair(store: DocumentStore, review_id: str) -> Pair:
    """Return a review of duplicates with both records; raise ``ReviewError`` (no-such-decision)."""
    found = await store.get(REVIEWS, review_id)
    if found is None or found.deleted:
        raise ReviewError("no-such-decision")
    document = found.document()
    if document.get("kind") != DUPLICATE:
        raise ReviewError("no-such-decision")
    both = [await held(store, document[name]) for name in ("keeps", "gives_way")]
    changed = {at.revision.doc_id: await _changed(store, document, at) for at in both if at}
    return Pair(document, both[0], both[1], changed)


async def _changed(store: DocumentStore, document: Mapping[str, Any], at: Held) -> tuple[str, ...]:
    """Return the fields of a record that differ from what it was when the review was opened."""
    rev = document["revs"].get(at.revision.doc_id)
    if rev is None or rev == at.revision.rev:
        return ()
    bodies = await store.bodies(at.database, at.revision.doc_id, [rev])
    seen = orjson.loads(bodies[rev]) if rev in bodies else {}
    names = (seen.keys() | at.body.keys()) - OWN
    return tuple(
        name
        for name in sorted(names)
        if not same(seen.get(name, ABSENT), at.body.get(name, ABSENT))
    )


async def merge(
    store: DocumentStore,
    review_id: str,
    actor: Actor,
    *,
    keeps: str | None = None,
    values: Mapping[str, Any] | None = None,
    note: str = "",
) -> None:
    """Merge the two records: ``keeps`` is the one that stands (the older one unless said).

    ``values`` are field values chosen for it; every other field is merged by its policy. Raises
    ``ReviewError``: already-decided, out-of-scope, record-gone, invalid-value, busy.
    """
    pair = await _begin(store, review_id, actor)
    if pair.status in (findings.ACCEPTED, findings.SETTLED) and pair.merged:
        raise ReviewError("already-decided")
    stands, duplicate = _sides(pair, keeps)
    chosen = dict(values or {})
    check({**stands.body, **chosen}, frozenset(chosen))
    target = stands.revision.doc_id

    def redirect(body: dict[str, Any]) -> dict[str, Any]:
        others = [other for other in body.get(APART_FIELD) or () if other != target]
        after = {name: value for name, value in body.items() if name != APART_FIELD}
        return {**after, **({APART_FIELD: others} if others else {}), REDIRECT: target}

    # First the merge: two records that agree in everything might be merged by rule, the other way.
    await edit(store, duplicate, actor, redirect)
    if chosen:
        await edit(store, stands, actor, lambda body: {**body, **chosen})
    await findings.step(store, review_id, findings.ACCEPTED, "merge", actor.user, note)


async def keep_apart(store: DocumentStore, review_id: str, actor: Actor, note: str = "") -> None:
    """Say that the two are not the same, for good; also after they were merged (then ``undo``)."""
    pair = await _begin(store, review_id, actor)
    if pair.merged:
        await undo(store, review_id, actor, note)
        return
    one, other = _sides(pair, None)
    await edit(store, other, actor, _apart(one.revision.doc_id))
    await findings.step(store, review_id, findings.APART, "apart", actor.user, note)


async def undo(store: DocumentStore, review_id: str, actor: Actor, note: str = "") -> None:
    """Take a merge back: both stand again, references to either are what they were.

    What was changed after the merge stays, as does what was recorded for the one that stood.
    """
    pair = await _begin(store, review_id, actor)
    if not pair.merged:
        raise ReviewError("nothing-to-undo")
    one, other = _sides(pair, None)
    first = one if one.body.get(REDIRECT) == other.revision.doc_id else other
    second = other if first is one else one
    await edit(store, first, actor, _apart(second.revision.doc_id))
    await findings.step(store, review_id, findings.UNDONE, "undo", actor.user, note)


def _apart(other: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(body: dict[str, Any]) -> dict[str, Any]:
        # What somebody else merged it into is another matter.
        kept = {name: value for name, value in body.items() if name != REDIRECT or value != other}
        return {**kept, APART_FIELD: sorted({*(body.get(APART_FIELD) or ()), other})}

    return change


async def _begin(store: DocumentStore, review_id: str, actor: Actor) -> Pair:
    pair = await read_pair(store, review_id)
    if not may_review(actor, pair.document["path"]):
        raise ReviewError("out-of-scope")
    return pair


def _sides(pair: Pair, keeps: str | None) -> tuple[Held, Held]:
    """Return the record that stands and the one that gives way."""
    if pair.keeps is None or pair.gives_way is None:
        raise ReviewError("record-gone")
    if keeps is None or keeps == pair.keeps.revision.doc_id:
        return pair.keeps, pair.gives_way
    if keeps == pair.gives_way.revision.doc_id:
        return pair.gives_way, pair.keeps
    raise ReviewError("not-in-decision")
