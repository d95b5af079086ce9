"""Resolving: read a document's leaves, merge them, keep the decision, write the merged revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from conflicts import Decision, Leaf, Merged, merge, wanted
from conflicts.canonical_json import canonical
from conflicts.merge import POLICY_VERSION
from conflicts.moving import at_home
from conflicts.reasons import CANNOT_MERGE as CANNOT_MERGE
from conflicts.revision import merged_revision
from conflicts.rules import MERGE, severity_of
from grid.models import field_policies
from grid.policy import Merge
from sync.keepable import MOST_LEVELS, too_deep
from sync.paths import grid_path
from sync.receipts import receipts_of
from sync.registry import Registry
from sync.store import DocumentStore, Revision, Write
from sync.timing import now_text

REVIEWS: Final = "reviews"
_OPEN: Final = "open"


@dataclass(slots=True)
class Resolved:
    """What became of a batch: ``winners`` holds the revision that stands for each document,
    ``leaves`` all leaves of each that was merged, as the merge left them."""

    merged: int = 0
    reviews_opened: int = 0
    set_aside: int = 0
    winners: dict[str, Revision | None] = field(default_factory=dict)
    leaves: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Case:
    merged: Merged
    leaves: dict[str, Revision]


_FAULTS: Final = (ValueError, TypeError, KeyError, AttributeError, IndexError)
"""What a document that nobody can merge (it came past the gateway) may make the rules raise."""


class _History:
    """A document's leaves, and as much of what lies behind them as merging needs."""

    def __init__(self, revisions: Sequence[Revision]) -> None:
        self.revisions = revisions
        self.doc_id = revisions[0].doc_id
        self.leaves: list[Leaf] = []
        self.bodies: dict[str, Any] = {}
        self.fault: Exception | None = None
        self._absent: set[str] = set()
        try:
            self.leaves += (
                Leaf(r.rev, orjson.loads(r.body or b"{}"), r.deleted, r.ancestors)
                for r in revisions
            )
            if any(too_deep(leaf.body) for leaf in self.leaves):
                raise ValueError(f"a leaf is nested deeper than {MOST_LEVELS} levels")
        except _FAULTS as error:
            self.fault = error

    def wanted(self) -> Sequence[str]:
        """Return the revisions whose bodies are needed next, none when there is enough."""
        if self.fault is not None:
            return ()
        try:
            return wanted(self.leaves, self.bodies, frozenset(self._absent))
        except _FAULTS as error:
            self.fault = error
            return ()

    def add(self, asked: Sequence[str], found: Mapping[str, bytes]) -> None:
        """Take in what the archive has of the bodies asked for."""
        self.bodies.update({rev: orjson.loads(body) for rev, body in found.items()})
        self._absent.update(rev for rev in asked if rev not in found)

    def contents(self) -> dict[str, Any]:
        """Return the bodies at hand by revision, those of living leaves included."""
        living = {leaf.rev: leaf.body for leaf in self.leaves if not leaf.deleted}
        return {**self.bodies, **living}


def _policies(record_type: str | None) -> Mapping[str, Merge]:
    return field_policies(record_type or "")


def decision_id(doc_id: str, rev: str) -> str:
    """Return the id of the decision about the merge that made ``rev``."""
    return f"decision:{doc_id}:{rev}"


class Resolver:
    """Merges what conflicts in one grid's database."""

    def __init__(self, store: DocumentStore, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    async def resolve(self, database: str, doc_ids: Sequence[str]) -> Resolved:
        """Merge the leaves of these documents: decisions first, then revisions, in batches.

        A document that cannot be merged keeps its leaves, and a decision says so to a person.
        """
        outcome = Resolved()
        cases: list[_Case] = []
        decisions: dict[str, dict[str, Any]] = {}
        path = await grid_path(self._registry, database)
        for history in await self._histories(database, doc_ids, path[-1]):
            revisions, doc_id = history.revisions, history.doc_id
            try:
                merged = _in_place(await self._merge(database, history), path[-1])
            except _FAULTS as error:
                outcome.set_aside += 1
                outcome.winners[doc_id] = revisions[0]
                decisions[f"decision:{doc_id}:failed"] = _failure(revisions, path, error)
                continue
            cases.append(_Case(merged, {revision.rev: revision for revision in revisions}))
            if not merged.noop:
                decisions[decision_id(doc_id, merged.rev)] = decision_document(
                    merged.decision, path
                )
        outcome.reviews_opened = await self._keep(decisions)
        await self._supersede(cases)
        await self._store_merged(database, cases)
        for case in cases:
            outcome.merged += not case.merged.noop
            outcome.winners[case.merged.doc_id] = _winner(case)
            outcome.leaves[case.merged.doc_id] = _leaves_after(case)
        return outcome

    async def _histories(self, database: str, doc_ids: Sequence[str], grid: str) -> list[_History]:
        """Return leaves and what merging them needs of the documents that live in this grid; one
        that lives in another by now is sent on there."""
        found = await self._store.revisions_of_many(
            database, [(doc_id, "all") for doc_id in doc_ids], ancestry=True
        )
        histories = [_History(some) for all_ in found if (some := _at_home(all_, grid))]
        while asked := [(one, need) for one in histories if (need := one.wanted())]:
            answers = await self._store.bodies_of_many(
                database, [(one.doc_id, need) for one, need in asked]
            )
            for (one, need), bodies in zip(asked, answers, strict=True):
                one.add(need, bodies)
        return histories

    async def _merge(self, database: str, history: _History) -> Merged:
        if history.fault is not None:
            raise history.fault
        contents = history.contents()
        receipts = await receipts_of(self._store, database, history.doc_id, contents)
        return merge(
            history.doc_id,
            history.leaves,
            history.bodies,
            policies=_policies,
            receipts=receipts,
        )

    async def _keep(self, decisions: Mapping[str, dict[str, Any]]) -> int:
        """Write decisions that are not there yet; return how many of them wait for a person."""
        ids = list(decisions)
        known = await self._store.get_many(REVIEWS, ids)
        new = [doc_id for doc_id, found in zip(ids, known, strict=True) if found is None]
        if new:
            writes = [Write(doc_id, orjson.dumps(decisions[doc_id])) for doc_id in new]
            await self._store.write(REVIEWS, writes)
        return sum(decisions[doc_id]["status"] == _OPEN for doc_id in new)

    async def _supersede(self, cases: Sequence[_Case]) -> None:
        """Mark earlier decisions that a late leaf made void; what a person decided stays said."""
        new_by_old = {
            decision_id(case.merged.doc_id, rev): case.merged.rev
            for case in cases
            if not case.merged.noop
            for rev in case.merged.decision.supersedes
        }
        ids = list(new_by_old)
        writes = []
        for doc_id, found in zip(ids, await self._store.get_many(REVIEWS, ids), strict=True):
            if found is None or found.deleted:
                continue
            body = orjson.loads(found.body)
            if body.get("superseded_by") == new_by_old[doc_id]:
                continue
            body["superseded_by"] = new_by_old[doc_id]
            if body["status"] in (_OPEN, "settled"):
                body["status"] = "superseded"
            writes.append(Write(doc_id, orjson.dumps(body), ancestors=(found.rev,)))
        if writes:
            await self._store.write(REVIEWS, writes)

    async def _store_merged(self, database: str, cases: Sequence[_Case]) -> None:
        writes: list[Write] = []
        for case in cases:
            merged, leaves = case.merged, case.leaves
            if not merged.noop:
                ancestors = (merged.parent, *leaves[merged.parent].ancestors)
                body = canonical(merged.body)
                writes.append(Write(merged.doc_id, body, merged.rev, ancestors, merged.deleted))
            for leaf, tombstone in merged.tombstones:
                ancestors = (leaf, *leaves[leaf].ancestors)
                writes.append(Write(merged.doc_id, b"{}", tombstone, ancestors, True))
        if writes:
            await self._store.write(database, writes, new_edits=False)


def _in_place(merged: Merged, grid: str) -> Merged:
    """Return the merge of a record that lives in ``grid``, and says so.

    An edit made in the old grid that wins over a deletion in the new one still names the old one.
    The outcome depends, like the merge itself, on the leaves alone, and on whose database it is.
    """
    if merged.noop or merged.deleted or merged.body.get("grid", grid) == grid:
        return merged
    body = {**merged.body, "grid": grid}
    parents = merged.body["merge"]["parents"]
    rev = merged_revision(merged.parent, parents, POLICY_VERSION, body)
    decision = replace(merged.decision, rev=rev, grid=grid)
    return replace(merged, rev=rev, body=body, decision=decision)


def _at_home(revisions: Sequence[Revision], grid: str) -> Sequence[Revision]:
    """Return the leaves to merge here, without the tombstones of moves; none of a record that
    lives in another grid."""
    if not any(revision.deleted for revision in revisions):
        return revisions
    leaves = {r.rev: Leaf(r.rev, orjson.loads(r.body or b"{}"), r.deleted, ()) for r in revisions}
    kept = {leaf.rev for leaf in at_home(list(leaves.values()), grid)}
    return [revision for revision in revisions if revision.rev in kept]


def _winner(case: _Case) -> Revision | None:
    merged = case.merged
    if merged.noop:
        return case.leaves.get(merged.rev)
    return Revision(merged.doc_id, merged.rev, merged.deleted, canonical(merged.body))


def _leaves_after(case: _Case) -> frozenset[str]:
    after = {case.merged.parent: case.merged.rev, **dict(case.merged.tombstones)}
    return frozenset(after.get(leaf, leaf) for leaf in case.leaves)


def decision_document(decision: Decision, path: Sequence[str]) -> dict[str, Any]:
    """Return a decision as the body of its document in ``reviews``."""
    return {
        **decision.as_document(),
        "kind": MERGE,
        "severity": severity_of(decision.reviews),
        "path": list(path),
        "grid": path[-1],
        "status": _OPEN if decision.reviews else "settled",
        "opened": now_text(),
    }


def _failure(
    revisions: Sequence[Revision], path: Sequence[str], error: Exception
) -> dict[str, Any]:
    return {
        "kind": MERGE,
        "severity": severity_of((CANNOT_MERGE,)),
        "doc_id": revisions[0].doc_id,
        "type": revisions[0].doc_id.partition(":")[0],
        "grid": path[-1],
        "rev": revisions[0].rev,
        "base_rev": None,
        "base": None,
        "leaves": [revision.rev for revision in revisions],
        "fields": [],
        "reviews": [CANNOT_MERGE],
        "policy_version": 0,
        "supersedes": [],
        "error": f"{type(error).__name__}: {error}"[:500],
        "path": list(path),
        "status": _OPEN,
        "opened": now_text(),
    }
