"""The door to one grid's database: everything pushed through it is judged here.

Judged document by document: one refused never stops the rest, and what is refused is kept in
quarantine before the answer goes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from conflicts.clock import MAX_AHEAD_MS
from grid.permissions import Actor
from sync.arrivals import arrivals
from sync.editing import complete
from sync.judging import (
    Author,
    Refusal,
    clock_ahead_ms,
    foreign_author,
    judge_change,
    judge_key,
    judge_merge_note,
    judge_place,
    judge_shape,
    may_bring,
    refusal,
    unreadable,
)
from sync.keepable import keepable
from sync.paths import database_of
from sync.quarantine import Refused, clock_refusal, note_clock, refuse, revision_of
from sync.receipts import is_plain, keep_receipts
from sync.registry import Registry
from sync.rollover import is_before, left_out_before, may_be_left_out
from sync.store import Batch, DocumentStore, Revision, Write, WriteResult
from sync.timing import now_ms
from sync.wire.errors import WireError

_LOOK_BACK: Final = 1000
"""How many ancestors of an edit are looked for to learn what it was made on."""
_RECENT: Final = 20
"""How many are looked for at first; nearly always one of them is known."""


@dataclass(slots=True)
class _Case:
    """One pushed document under judgement."""

    write: Write
    document: Mapping[str, Any]
    before: dict[str, Any] | None = None
    known: bool = False
    """Whether the document is here, live or deleted."""
    refusal: Refusal | None = None
    result: WriteResult | None = None


class GridDoor:
    """The door to one grid's database for one person."""

    __slots__ = (
        "_actor",
        "_path",
        "_place",
        "_registry",
        "_store",
        "database",
        "read_only",
        "shown_name",
    )

    def __init__(
        self,
        store: DocumentStore,
        registry: Registry,
        actor: Actor,
        path: tuple[str, ...],
        *,
        closed: bool,
    ) -> None:
        self._store = store
        self._registry = registry
        self._actor = actor
        self._path = path
        self._place = judge_place(actor, path, closed)
        self.database = database_of(path[-1])
        self.shown_name = path[-1]
        self.read_only = False

    async def write(self, writes: Sequence[Write], new_edits: bool) -> list[WriteResult]:
        """Judge each document, keep the refused ones in quarantine, write the others.

        Raises ``StoreError`` when something could neither be written nor kept; the whole batch is
        then to be sent again.
        """
        cases = [_case(write) for write in writes]
        if self._place is None:
            await self._judge(cases, new_edits)
        else:
            for case in cases:
                case.refusal = self._place
        await self._keep_refused(cases, new_edits)
        await self._write_rest(cases, new_edits)
        return [case.result for case in cases if case.result is not None]

    async def keep(
        self, refused: Sequence[tuple[Mapping[str, Any], WireError]]
    ) -> list[Mapping[str, Any]]:
        """Keep documents, as sent, that the wire could not take; return members for the reply."""
        items = [_unreadable(document, error) for document, error in refused]
        entries = await refuse(self._store, self._actor, self._path, items)
        return [_members(item.refusal, entry) for item, entry in zip(items, entries, strict=True)]

    async def _judge(self, cases: Sequence[_Case], new_edits: bool) -> None:
        await self._find_before(cases)
        if not new_edits:
            await self._meet_rollover(cases)
        vouched = await self._vouched(cases)
        physical = now_ms()
        for case in cases:
            if new_edits:
                self._complete(case, physical)
            write, document = case.write, case.document
            if case.result is not None:
                continue
            case.refusal = (
                case.refusal
                or judge_merge_note(document, case.before)
                or judge_shape(self._path[-1], write.doc_id, document, write.deleted, write.body)
                or (None if write.deleted else judge_key(write.doc_id, document, case.before))
                or judge_change(self._actor, document, case.before, write.deleted, vouched)
            )
            ahead = clock_ahead_ms(document, physical)
            if case.refusal is None and ahead > MAX_AHEAD_MS:
                await self._note_clock(case, ahead)

    async def _find_before(self, cases: Sequence[_Case]) -> None:
        """Learn of each edit the nearest known state that it was made on."""
        ids = [case.write.doc_id for case in cases]
        winners = await self._store.get_many(self.database, ids)
        for case, winner in zip(cases, winners, strict=True):
            case.known = winner is not None
            if winner is not None:
                body = await self._known(case.write, winner)
                case.before = None if body is None else orjson.loads(body)

    async def _meet_rollover(self, cases: Sequence[_Case]) -> None:
        """Settle what comes from before a rollover of this grid: what was left out then must not
        come back unasked, and its tombstones have nothing left to bury."""
        old = [case for case in cases if may_be_left_out(case.write, case.document, case.known)]
        before = await left_out_before(self._store, self.database) if old else None
        if before is None:
            return
        closing = [case for case in old if case.known]
        asked = {case.write.doc_id: case.write.ancestors[:1] for case in closing}
        missing = await self._store.missing_revisions(self.database, asked) if asked else {}
        for case in old:
            write = case.write
            if case.known:
                settled = write.doc_id in missing
            else:
                settled = write.deleted and is_before(case.document, before)
                if not write.deleted and is_before(case.document, before):
                    case.refusal = refusal("left-out", day=before[:10])
            if settled:
                case.result = WriteResult(write.doc_id, write.rev)

    async def _known(self, write: Write, winner: Revision) -> bytes | None:
        line = write.ancestors
        if line[:1] == (winner.rev,) and not winner.deleted:
            return winner.body
        for some in (line[:_RECENT], line[_RECENT:_LOOK_BACK]):
            bodies = await self._store.bodies(self.database, write.doc_id, some) if some else {}
            known = next((bodies[rev] for rev in some if bodies.get(rev, b"{}") != b"{}"), None)
            if known is not None:
                return known
        return None

    async def _vouched(self, cases: Sequence[_Case]) -> frozenset[Author]:
        """Return the other people whose edits the actor may bring along in this batch."""
        foreign = {foreign_author(self._actor, case.document) for case in cases} - {None}
        vouched = set()
        for author in foreign:
            assert author is not None
            if may_bring(self._actor, author, await self._registry.users_of_device(author[1])):
                vouched.add(author)
        return frozenset(vouched)

    def _complete(self, case: _Case, physical: int) -> None:
        """Add to a plain edit (a ``PUT``) the bookkeeping that a phone would have added."""
        write = case.write
        plain = {"grid": self._path[-1], **case.document}  # the path says it already
        document = complete(plain, case.before, self._actor, physical)
        if write.deleted:
            kept = ("type", "grid", "updated")
            document = {name: document[name] for name in kept if name in document}
        case.document = document
        case.write = Write(
            write.doc_id, orjson.dumps(document), None, write.ancestors, write.deleted
        )

    async def _note_clock(self, case: _Case, ahead: int) -> None:
        await note_clock(
            self._store, self._actor, self._path, _refused(case, clock_refusal(ahead)), ahead
        )

    async def _keep_refused(self, cases: Sequence[_Case], new_edits: bool) -> None:
        refused = [case for case in cases if case.refusal is not None]
        if refused and not new_edits:
            refused = await self._really_new(refused)
        if not refused:
            return
        items = [_refused(case, case.refusal) for case in refused if case.refusal is not None]
        entries = await refuse(self._store, self._actor, self._path, items)
        for case, item, entry in zip(refused, items, entries, strict=True):
            case.result = _refused_result(case.write, item.refusal, entry)

    async def _really_new(self, refused: Sequence[_Case]) -> list[_Case]:
        """Leave out revisions that are here already: what was taken in (or accepted from
        quarantine) once is not refused when it comes again."""
        asked: dict[str, list[str]] = {}
        for case in refused:
            asked.setdefault(case.write.doc_id, []).append(case.write.rev or "")
        missing = await self._store.missing_revisions(self.database, asked)
        new = []
        for case in refused:
            if case.write.rev in missing.get(case.write.doc_id, ((), ()))[0]:
                new.append(case)
            else:
                case.result = WriteResult(case.write.doc_id, case.write.rev)
        return new

    async def _note_receipts(self, taken: Sequence[_Case]) -> None:
        """Note of plain edits when they came, before they are written."""
        plain = [
            (case.write.doc_id, case.write.rev)
            for case in taken
            if case.write.rev is not None
            and not case.write.deleted
            and is_plain(case.document, case.before)
        ]
        await keep_receipts(self._store, self.database, plain, self._actor.user, now_ms())

    async def _write_rest(self, cases: Sequence[_Case], new_edits: bool) -> None:
        taken = [case for case in cases if case.result is None]
        if not taken:
            return
        batches = [Batch(self.database, [case.write for case in taken], new_edits)]
        if not new_edits:
            await self._note_receipts(taken)
            pairs = [(case.write.doc_id, case.write.rev or "") for case in taken]
            batches.insert(0, arrivals(self._path[-1], self._actor.user, pairs))
        stored = (await self._store.write_in_order(batches))[-1]
        broken = []
        for case, result in zip(taken, stored, strict=True):
            case.result = result
            if result.error is not None and not new_edits:
                case.refusal = refusal("bad-history", "_revisions")
                broken.append(case)
        if broken:
            items = [_refused(case, case.refusal) for case in broken if case.refusal is not None]
            entries = await refuse(self._store, self._actor, self._path, items)
            for case, item, entry in zip(broken, items, entries, strict=True):
                case.result = _refused_result(case.write, item.refusal, entry)


def _case(write: Write) -> _Case:
    document = write.document
    return _Case(write, orjson.loads(write.body) if document is None else document)


def _refused(case: _Case, found: Refusal) -> Refused:
    write = case.write
    return Refused(
        write.doc_id, revision_of(write), write.ancestors, write.deleted, case.document, found
    )


def _unreadable(document: Mapping[str, Any], error: WireError) -> Refused:
    body = orjson.dumps(keepable(document))
    doc_id = document.get("_id")
    shown = doc_id[:300] if isinstance(doc_id, str) else ""
    rev = document.get("_rev")
    if not isinstance(rev, str):
        rev = revision_of(Write(shown, body))
    found = unreadable(error.error, error.info.get("field"), error.reason)
    return Refused(shown, rev[:300], (), document.get("_deleted") is True, document, found)


def _refused_result(write: Write, found: Refusal, entry: str) -> WriteResult:
    info = _members(found, entry)
    return WriteResult(write.doc_id, write.rev, "forbidden", found.reason, info)


def _members(found: Refusal, entry: str) -> dict[str, Any]:
    """Return what a reply tells of a refusal beside its error and reason."""
    members = {"code": found.code, "quarantine": entry}
    return members if found.field is None else {**members, "field": found.field}
