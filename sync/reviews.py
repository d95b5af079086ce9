"""Reviews: a person looks at a merge and agrees, chooses otherwise, or takes it back.

What a person decides becomes one ordinary edit in the grid's database, by him and stamped now, on
top of whatever the record has become since; the phones get it like any other edit. The decision
record keeps who did what to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from conflicts import Decision, FieldDecision
from grid.permissions import Actor
from sync.editing import stamped
from sync.errors import DocumentConflict
from sync.paths import database_of
from sync.resolving import REVIEWS
from sync.store import DocumentStore, Revision, Write
from sync.timing import now_ms, now_text

OPEN: Final = "open"
ACCEPTED: Final = "accepted"
CHANGED: Final = "changed"
UNDONE: Final = "undone"
DELETION: Final = "_deleted"
_ATTEMPTS: Final = 5


class NoSuchDecision(KeyError):
    """There is no decision with this id."""


class NotInDecision(ValueError):
    """The field or revision is no part of the decision."""


class SubjectGone(ValueError):
    """The record was deleted since; nothing is left to decide."""


class NothingToUndo(ValueError):
    """The decision does not say what was before, so it cannot be taken back by itself."""


@dataclass(frozen=True, slots=True)
class Review:
    """A decision with the record as it is now.

    ``changed_since`` names the fields of the decision that somebody changed after the merge.
    """

    decision: Decision
    document: Mapping[str, Any]
    current: Mapping[str, Any] | None
    changed_since: tuple[str, ...]

    @property
    def status(self) -> str:
        """``open``, ``settled``, ``accepted``, ``changed``, ``undone`` or ``superseded``."""
        return str(self.document["status"])


async def read_review(store: DocumentStore, decision_id: str) -> Review:
    """Return a decision and its record as it is now; raise ``NoSuchDecision``."""
    found = await _load(store, decision_id)
    document = found.document()
    decision = Decision.from_document(document)
    subject = await store.get(database_of(document["grid"]), decision.doc_id)
    current = None if subject is None or subject.deleted else subject.document()
    later = () if current is None else _changed_since(decision, document, current)
    return Review(decision, document, current, later)


async def accept(store: DocumentStore, decision_id: str, actor: Actor, note: str = "") -> None:
    """Agree with the merge as it stands."""
    found = await _load(store, decision_id)
    await _settle(store, found, ACCEPTED, actor, note)


async def choose_side(
    store: DocumentStore, decision_id: str, field: str, rev: str, actor: Actor, note: str = ""
) -> str:
    """Give a field the value of one side; return the new revision.

    For a clash of deletion and edit, choosing the deleting side deletes the record. Raises
    ``NotInDecision`` and ``SubjectGone``.
    """
    review = await read_review(store, decision_id)
    side = next((s for s in _field(review.decision, field).sides if s.rev == rev), None)
    if side is None:
        raise NotInDecision(rev)
    if field == DELETION:
        return await _decide_deletion(store, review, bool(side.value), actor, note)
    values = {field: side.value} if side.present else {}
    gone = frozenset() if side.present else frozenset({field})
    return await _decide(store, review, values, gone, CHANGED, actor, note)


async def choose_value(
    store: DocumentStore, decision_id: str, field: str, value: Any, actor: Actor, note: str = ""
) -> str:
    """Give a field another value altogether; return the new revision.

    The caller validates the value. Raises ``NotInDecision`` and ``SubjectGone``.
    """
    review = await read_review(store, decision_id)
    _field(review.decision, field)
    if field == DELETION:
        return await _decide_deletion(store, review, bool(value), actor, note)
    return await _decide(store, review, {field: value}, frozenset(), CHANGED, actor, note)


async def undo(store: DocumentStore, decision_id: str, actor: Actor, note: str = "") -> str:
    """Take a decision back: its fields get the values they had before both edits.

    Fields that were changed again since are left alone, and so is everything else in the record.
    Returns the new revision. Raises ``NothingToUndo`` and ``SubjectGone``.
    """
    review = await read_review(store, decision_id)
    base = review.decision.base
    if base is None:
        raise NothingToUndo(decision_id)
    fields = [
        field.field
        for field in review.decision.fields
        if field.field != DELETION and field.field not in review.changed_since
    ]
    values = {name: base[name] for name in fields if name in base}
    gone = frozenset(name for name in fields if name not in base)
    return await _decide(store, review, values, gone, UNDONE, actor, note)


async def _decide(
    store: DocumentStore,
    review: Review,
    values: Mapping[str, Any],
    gone: frozenset[str],
    status: str,
    actor: Actor,
    note: str,
) -> str:
    """Write the edit, then the decision's new status; a lost race is run again."""
    database = database_of(review.document["grid"])
    doc_id = review.decision.doc_id
    for _ in range(_ATTEMPTS):
        subject = await store.get(database, doc_id)
        if subject is None or subject.deleted:
            raise SubjectGone(doc_id)
        before = orjson.loads(subject.body)
        after = {name: value for name, value in before.items() if name not in gone} | dict(values)
        body = orjson.dumps(stamped(before, after, actor, now_ms()))
        (result,) = await store.write(database, [Write(doc_id, body, ancestors=(subject.rev,))])
        if result.rev is not None:
            found = await _load(store, review.document["_id"])
            await _settle(store, found, status, actor, note, result.rev)
            return result.rev
    raise DocumentConflict(doc_id)


async def _decide_deletion(
    store: DocumentStore, review: Review, delete: bool, actor: Actor, note: str
) -> str:
    database = database_of(review.document["grid"])
    subject = await store.get(database, review.decision.doc_id)
    if subject is None or subject.deleted:
        raise SubjectGone(review.decision.doc_id)
    found = await _load(store, review.document["_id"])
    if not delete:
        await _settle(store, found, ACCEPTED, actor, note)
        return subject.rev
    before = orjson.loads(subject.body)
    body = orjson.dumps(stamped(before, before, actor, now_ms()))
    (result,) = await store.write(
        database, [Write(subject.doc_id, body, ancestors=(subject.rev,), deleted=True)]
    )
    if result.rev is None:
        raise DocumentConflict(subject.doc_id)
    await _settle(store, found, CHANGED, actor, note, result.rev)
    return result.rev


async def _settle(
    store: DocumentStore,
    found: Revision,
    status: str,
    actor: Actor,
    note: str,
    rev: str | None = None,
) -> None:
    body = orjson.loads(found.body)
    step = {"status": status, "by": actor.user, "at": now_text(), "note": note, "rev": rev}
    body.update(status=status, by=actor.user, at=step["at"], note=note)
    body["steps"] = [*body.get("steps", ()), step]
    (result,) = await store.write(
        REVIEWS, [Write(found.doc_id, orjson.dumps(body), ancestors=(found.rev,))]
    )
    if result.error is not None:
        raise DocumentConflict(found.doc_id)


async def _load(store: DocumentStore, decision_id: str) -> Revision:
    found = await store.get(REVIEWS, decision_id)
    if found is None or found.deleted:
        raise NoSuchDecision(decision_id)
    return found


def _field(decision: Decision, name: str) -> FieldDecision:
    found = next((field for field in decision.fields if field.field == name), None)
    if found is None:
        raise NotInDecision(name)
    return found


def _changed_since(
    decision: Decision, document: Mapping[str, Any], current: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the decided fields whose value is no longer what the merge, or the last step, gave."""
    own = {step["rev"] for step in document.get("steps", ())}
    if current["_rev"] == decision.rev or current["_rev"] in own:
        return ()
    absent = object()
    return tuple(
        field.field
        for field in decision.fields
        if field.field != DELETION and current.get(field.field, absent) != field.value
    )
