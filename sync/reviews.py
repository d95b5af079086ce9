"""Reviews: a person looks at a merge and agrees, chooses otherwise, takes it back, or repeats it.

What a person decides becomes one ordinary edit in the grid's database, by him and stamped now, on
top of whatever the record has become since; the phones get it like any other edit. The edit's
``merge`` note says how the review ended, so that a phone can show it. The decision keeps every
step: who, when, what it set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from conflicts import Decision, FieldDecision
from conflicts.canonical_json import ABSENT, same
from grid.models import upcast, validate_record
from grid.permissions import Actor, may_review
from sync.editing import stamped
from sync.indexes import REVIEWS_BY_NODE
from sync.paths import database_of
from sync.resolving import REVIEWS
from sync.store import DocumentStore, IndexRow, Key, Revision, Write
from sync.timing import now_ms, now_text

OPEN: Final = "open"
SETTLED: Final = "settled"
ACCEPTED: Final = "accepted"
CHANGED: Final = "changed"
UNDONE: Final = "undone"
SUPERSEDED: Final = "superseded"
DELETION: Final = "_deleted"
NOT_FOR_REVIEW: Final = frozenset({"type", "schema", "grid"})
"""What a review does not set: a record's kind, and where it lives (it would have to be moved)."""
_ATTEMPTS: Final = 5

MESSAGES: Final[Mapping[str, str]] = {
    "no-such-decision": "没有找到这条合并记录",
    "out-of-scope": "这条合并记录不在您负责的范围内",
    "already-decided": "这条合并记录已经处理过",
    "superseded": "又收到了更早的修改，这条合并已由新的合并记录代替",
    "record-gone": "这条记录已被删除，无法再修改",
    "not-in-decision": "合并记录里没有这一项或这个版本",
    "nothing-to-undo": "没有可以撤销的内容：合并前没有共同的内容，或之后又有人修改",
    "invalid-value": "填写的内容不符合要求：{message}",
    "busy": "这条记录正被频繁修改，请稍后再试",
}
"""Why a step of a review is not possible: code → sentence for the supervisor."""


class ReviewError(Exception):
    """A step of a review that is not possible; ``code`` is one of ``MESSAGES``."""

    def __init__(self, code: str, **values: str) -> None:
        self.code = code
        self.message = MESSAGES[code].format(**values)
        super().__init__(f"{code}: {self.message}")


@dataclass(frozen=True, slots=True)
class Review:
    """A decision with its document and the record as it is now (``None``: deleted).

    ``changed_since`` names decided fields that somebody changed after the merge and its steps.
    """

    decision: Decision
    document: Mapping[str, Any]
    current: Mapping[str, Any] | None
    changed_since: tuple[str, ...]

    @property
    def status(self) -> str:
        """``open``, ``settled``, ``accepted``, ``changed``, ``undone`` or ``superseded``."""
        return str(self.document["status"])

    @property
    def fields_to_review(self) -> tuple[FieldDecision, ...]:
        """The decided fields a person was asked about."""
        return tuple(one for one in self.decision.fields if one.review is not None)


@dataclass(frozen=True, slots=True)
class _Edit:
    """What a step does to the record: values to set, fields to take away, or to delete it all."""

    values: Mapping[str, Any] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    deletes: bool = False


async def open_reviews(
    store: DocumentStore,
    node: str,
    *,
    status: str = OPEN,
    after: tuple[Key, str] | None = None,
    limit: int = 100,
) -> list[IndexRow]:
    """Return decisions of a status under a node, the oldest first; ``after`` is the last row's
    key and document id of the page before."""
    return await store.query(
        REVIEWS_BY_NODE, prefix=(node, status), after=after, limit=limit, documents=True
    )


async def read_review(store: DocumentStore, decision_id: str) -> Review:
    """Return a decision and its record as it is now; raise ``ReviewError`` (no-such-decision)."""
    found = await store.get(REVIEWS, decision_id)
    if found is None or found.deleted:
        raise ReviewError("no-such-decision")
    document = found.document()
    if "rev" not in document:
        raise ReviewError("no-such-decision")  # one about several records (sync.findings)
    decision = Decision.from_document(document)
    subject = await store.get(database_of(document["grid"]), decision.doc_id)
    if subject is None or subject.deleted:
        return Review(decision, document, None, ())
    current = upcast(subject.document())
    return Review(decision, document, current, _changed_since(decision, document, current))


async def accept(store: DocumentStore, decision_id: str, actor: Actor, note: str = "") -> None:
    """Agree with the merge as it stands (and with the choices made before, if there were any)."""
    review = await _begin(store, decision_id, actor)
    if review.status != OPEN:
        raise ReviewError("already-decided")
    status = CHANGED if _answered(review.document) else ACCEPTED
    edit = None if review.current is None else _Edit()
    await _finish(store, review, "accept", status, edit, actor, note)


async def choose(
    store: DocumentStore,
    decision_id: str,
    field: str,
    actor: Actor,
    *,
    rev: str | None = None,
    value: Any = None,
    note: str = "",
) -> str:
    """Give a field the value of the side ``rev``, or ``value``; return the new revision.

    The review stays open until every field it asks about was chosen or the rest is accepted. For
    the clash of deletion and edit (``_deleted``) a true value deletes the record.
    """
    review = await _begin(store, decision_id, actor)
    decided = next((one for one in review.decision.fields if one.field == field), None)
    if decided is None or field in NOT_FOR_REVIEW:
        raise ReviewError("not-in-decision")
    if review.current is None:
        raise ReviewError("record-gone")
    edit = _choice(decided, rev, value)
    answered = {*_answered(review.document), field}
    waiting = {one.field for one in review.fields_to_review} - answered
    status = OPEN if waiting and review.status == OPEN and not edit.deletes else CHANGED
    return await _finish(store, review, "choose", status, edit, actor, note)


async def undo(
    store: DocumentStore,
    decision_id: str,
    actor: Actor,
    *,
    fields: Sequence[str] | None = None,
    note: str = "",
) -> str:
    """Give the contested fields the values they had before all sides; return the new revision.

    Contested are the fields a person was asked about, or else those where somebody's value lost,
    or else all that were decided; ``fields`` names others. What only one side changed stays, what
    was changed again after the merge stays, and every side's value stays in the decision. Raises
    ``ReviewError`` (nothing-to-undo) when no field is left.
    """
    review = await _begin(store, decision_id, actor)
    if review.status == UNDONE:
        raise ReviewError("already-decided")
    if review.current is None:
        raise ReviewError("record-gone")
    base = review.decision.base
    chosen = _contested(review.decision) if fields is None else fields
    kept = {*review.changed_since, DELETION, *NOT_FOR_REVIEW}
    names = [name for name in chosen if name not in kept]
    if base is None or not names:
        raise ReviewError("nothing-to-undo")
    edit = _Edit(
        {name: base[name] for name in names if name in base},
        frozenset(name for name in names if name not in base),
    )
    return await _finish(store, review, "undo", UNDONE, edit, actor, note)


async def redo(store: DocumentStore, decision_id: str, actor: Actor, note: str = "") -> str:
    """Give the fields that ``undo`` took back the merge's values again; return the new revision."""
    review = await _begin(store, decision_id, actor)
    if review.status != UNDONE:
        raise ReviewError("already-decided")
    if review.current is None:
        raise ReviewError("record-gone")
    last = review.document["steps"][-1]
    undone = {*last["values"], *last["gone"]} - {*review.changed_since}
    merged = [one for one in review.decision.fields if one.field in undone]
    edit = _Edit(
        {one.field: one.value for one in merged if _present(one)},
        frozenset(one.field for one in merged if not _present(one)),
    )
    if not merged:
        raise ReviewError("nothing-to-undo")
    return await _finish(store, review, "redo", ACCEPTED, edit, actor, note)


async def _begin(store: DocumentStore, decision_id: str, actor: Actor) -> Review:
    review = await read_review(store, decision_id)
    if not may_review(actor, review.document["path"]):
        raise ReviewError("out-of-scope")
    if review.status == SUPERSEDED:
        raise ReviewError("superseded")
    return review


def _choice(decided: FieldDecision, rev: str | None, value: Any) -> _Edit:
    gone = False
    if rev is not None:
        side = next((one for one in decided.sides if one.rev == rev), None)
        if side is None:
            raise ReviewError("not-in-decision")
        value, gone = side.value, not side.present
    if decided.field == DELETION:
        return _Edit(deletes=bool(value))
    if gone:
        return _Edit(gone=frozenset({decided.field}))
    return _Edit({decided.field: value})


async def _finish(
    store: DocumentStore,
    review: Review,
    action: str,
    status: str,
    edit: _Edit | None,
    actor: Actor,
    note: str,
) -> str:
    """Write the edit into the grid, then the step into the decision; return the new revision.

    In this order a crash between the two leaves an open decision about a record that has changed
    since, which a person sees; the other way round the decision would claim what never happened.
    """
    rev = "" if edit is None else await _write_edit(store, review, status, edit, actor)
    step = {
        "action": action,
        "status": status,
        "by": actor.user,
        "at": now_text(),
        "note": note,
        "rev": rev or None,
        "values": dict(edit.values) if edit else {},
        "gone": sorted(edit.gone) if edit else [],
    }
    await _add_step(store, review.document["_id"], step)
    return rev


async def _write_edit(
    store: DocumentStore, review: Review, status: str, edit: _Edit, actor: Actor
) -> str:
    database, doc_id = database_of(review.document["grid"]), review.decision.doc_id
    for _ in range(_ATTEMPTS):
        subject = await store.get(database, doc_id)
        if subject is None or subject.deleted:
            raise ReviewError("record-gone")
        write = _write(subject, review.decision, status, edit, actor)
        (result,) = await store.write(database, [write])
        if result.rev is not None:
            return result.rev
    raise ReviewError("busy")


def _write(subject: Revision, decision: Decision, status: str, edit: _Edit, actor: Actor) -> Write:
    before = dict(upcast(orjson.loads(subject.body)))
    if edit.deletes:
        after = stamped(before, before, actor, now_ms())
        kept = {name: after[name] for name in ("type", "grid", "updated") if name in after}
        return Write(subject.doc_id, orjson.dumps(kept), None, (subject.rev,), deleted=True)
    after = {name: value for name, value in before.items() if name not in edit.gone}
    after.update(edit.values)
    _check(after, {*edit.values, *edit.gone})
    after = stamped(before, after, actor, now_ms())
    merge = after.get("merge")
    if isinstance(merge, dict) and set(decision.leaves) <= set(merge.get("parents", ())):
        # What the note says a revision contains stays; only how the review ended is added.
        reviewed = {"status": status, **after["updated"]}
        after["merge"] = {**merge, "review": status == OPEN, "reviewed": reviewed}
    return Write(subject.doc_id, orjson.dumps(after), None, (subject.rev,))


def _check(after: Mapping[str, Any], fields: Iterable[str]) -> None:
    """Raise when a field that this step touches would not be valid."""
    touched = frozenset(fields)
    for problem in validate_record(after):
        if problem.field.partition(".")[0] in touched:
            raise ReviewError("invalid-value", message=problem.message_zh)


async def _add_step(store: DocumentStore, decision_id: str, step: Mapping[str, Any]) -> None:
    for _ in range(_ATTEMPTS):
        found = await store.get(REVIEWS, decision_id)
        if found is None or found.deleted:
            raise ReviewError("no-such-decision")
        body = orjson.loads(found.body)
        if body["status"] != SUPERSEDED:
            body["status"] = step["status"]
        body.update({name: step[name] for name in ("by", "at", "note")})
        body["steps"] = [*body.get("steps", ()), step]
        write = Write(decision_id, orjson.dumps(body), ancestors=(found.rev,))
        (result,) = await store.write(REVIEWS, [write])
        if result.error is None:
            return
    raise ReviewError("busy")


def _contested(decision: Decision) -> list[str]:
    fields = decision.fields
    for some in ([f for f in fields if f.review is not None], [f for f in fields if f.lost]):
        if some:
            return [one.field for one in some]
    return [one.field for one in fields]


def _answered(document: Mapping[str, Any]) -> set[str]:
    """Return the fields chosen since the review was last undone."""
    answered: set[str] = set()
    for step in document.get("steps", ()):
        answered = set() if step["action"] == "undo" else answered
        if step["action"] == "choose":
            answered |= {*step["values"], *step["gone"]}
    return answered


def _present(decided: FieldDecision) -> bool:
    """Tell whether the merge left the field in the record (its value may be ``null``)."""
    if decided.value is not None or decided.chosen is None:
        return decided.value is not None
    return any(side.present for side in decided.sides if side.rev == decided.chosen)


def _changed_since(
    decision: Decision, document: Mapping[str, Any], current: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the decided fields whose value is not what the merge, or the last step, gave."""
    expected: dict[str, Any] = {
        one.field: one.value if _present(one) else ABSENT
        for one in decision.fields
        if one.field != DELETION
    }
    for step in document.get("steps", ()):
        expected.update(step["values"])
        expected.update(dict.fromkeys(step["gone"], ABSENT))
    return tuple(
        name for name, value in expected.items() if not same(current.get(name, ABSENT), value)
    )
