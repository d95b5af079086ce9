"""Rules across documents, after each batch: duplicates, redirects, households and their people.

Looks only at what the batch touched and, by index, at what has to do with it; never at everything.
All it does follows from the documents, so a batch may be looked at again, by anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from conflicts.duplicates import REDIRECT, Match, judge, kept_apart
from conflicts.households import check_household
from conflicts.joining import redirected
from conflicts.rules import DUPLICATE, HOUSEHOLD, ORPHAN, STRUCTURE, Finding, finding_id
from sync import findings
from sync.campaigns import CAMPAIGN_RECORD, Campaigns
from sync.editing import SYSTEM
from sync.held import held, write_derived
from sync.indexes import RECORDS_BY_HOUSEHOLD, RECORDS_BY_IDENTITY, REVIEWS_BY_SUBJECT
from sync.joining import Joining
from sync.kin import note_kin, told_kin
from sync.paths import database_of
from sync.projection import Projection
from sync.redirects import CANONICAL, redirect_of, redirects_from
from sync.registry import Registry
from sync.resolving import REVIEWS
from sync.store import DocumentStore, Revision

_TYPES: Final = ("household:", "resident:")
_CAMPAIGN: Final = f"{CAMPAIGN_RECORD}:"
_OF_HOUSEHOLD: Final = (HOUSEHOLD, ORPHAN, STRUCTURE)
_MOST_ALIKE: Final = 20
"""Records sharing a key beyond which the key tells nothing (an address that means a village)."""
_MOST_PEOPLE: Final = 200

Document = dict[str, Any]
Pair = tuple[str, str]


@dataclass(slots=True)
class Outcome:
    """How many reviews were opened, and how many repairs were written."""

    opened: int = 0
    repaired: int = 0


class Across:
    """Applies the rules across documents to what a batch touched."""

    def __init__(self, store: DocumentStore, registry: Registry, projection: Projection) -> None:
        self._store = store
        self._registry = registry
        self._joining = Joining(store, registry, projection)
        self._campaigns = Campaigns(store, self._joining)

    async def check(self, winners: Iterable[Revision]) -> Outcome:
        """Look at the households and residents among these projected winners."""
        outcome = Outcome()
        looked_at = {w.doc_id: w for w in winners if w.doc_id.startswith((*_TYPES, _CAMPAIGN))}
        if not looked_at:
            return outcome
        bodies = {
            doc_id: orjson.loads(winner.body)
            for doc_id, winner in looked_at.items()
            if not winner.deleted
        }
        told = {doc_id: told_kin(bodies.get(doc_id, {})) for doc_id in looked_at}
        kin = await note_kin(self._store, told)
        for doc_id in looked_at:
            of_it = kin.get(doc_id, ())
            outcome.repaired += await self._joining.settle(doc_id, bodies.get(doc_id), of_it)
        outcome.repaired += await self._campaigns.settle(bodies, kin)
        touched = [doc_id for doc_id in looked_at if doc_id.startswith(_TYPES)]
        live = await findings.canonical_records(self._store, touched)
        waiting = await self._waiting(touched)
        for pair in await self._pairs(touched, live, waiting, kin):
            await self._judge(pair, outcome)
        await self._check_households(_households(touched, live, waiting), outcome)
        return outcome

    async def _waiting(self, touched: Iterable[str]) -> list[Mapping[str, Any]]:
        """Return the open reviews that these records are subjects of."""
        found = await self._store.query_many(
            REVIEWS_BY_SUBJECT, [(doc_id, findings.OPEN) for doc_id in touched], documents=True
        )
        return [row.document for rows in found for row in rows if row.document is not None]

    async def _pairs(
        self,
        touched: Iterable[str],
        live: Mapping[str, Document],
        waiting: Sequence[Mapping[str, Any]],
        kin: Mapping[str, set[str]],
    ) -> list[Pair]:
        """Return the pairs to judge: by kin, by shared keys, by open reviews."""
        pairs = {_pair(doc_id, other) for doc_id in touched for other in kin.get(doc_id, ())}
        pairs |= await self._alike(
            [(key, one) for one in touched for key in (live.get(one) or {}).get("identity", ())]
        )
        pairs |= {
            _pair(*review["subjects"]) for review in waiting if review.get("kind") == DUPLICATE
        }
        return sorted(pair for pair in pairs if pair[0] != pair[1])

    async def _alike(self, keys: Sequence[tuple[str, str]]) -> set[Pair]:
        """Return the pairs of records of one kind that share one of these keys (key, record)."""
        found = await self._store.query_many(
            RECORDS_BY_IDENTITY,
            [(key, doc_id.partition(":")[0]) for key, doc_id in keys],
            limit=_MOST_ALIKE + 1,
        )
        return {
            _pair(doc_id, row.doc_id)
            for (_, doc_id), rows in zip(keys, found, strict=True)
            if len(rows) <= _MOST_ALIKE
            for row in rows
            if row.doc_id != doc_id
        }

    async def _judge(self, pair: Pair, outcome: Outcome) -> None:
        """Bring the review of a pair after what the two records say of each other."""
        review_id = finding_id(DUPLICATE, *pair)
        live = await findings.canonical_records(self._store, pair)
        merged = await self._merged_by(pair)
        if merged is not None:
            await self._note_merged(review_id, merged)
            return
        if len(live) < len(pair):
            await findings.end(self._store, review_id)
            return
        one, other = (live[doc_id] for doc_id in pair)
        match = judge(one, other)
        if match is not None:
            await self._propose(match, (one, other), outcome)
        elif kept_apart(one, other):
            await self._note_apart(review_id)
        else:
            await findings.end(self._store, review_id)

    async def _propose(self, match: Match, records: Sequence[Document], outcome: Outcome) -> None:
        subjects = (match.keeps, match.gives_way)
        finding = Finding(match.reason, subjects, tuple(sorted(subjects)))
        facts = {
            **findings.place_facts(records),
            "keeps": match.keeps,
            "gives_way": match.gives_way,
            "contradicts": list(match.contradicts),
            "safe": match.safe,
        }
        if not match.safe:
            outcome.opened += await findings.file(self._store, finding, findings.OPEN, facts)
            return
        await findings.file(self._store, finding, findings.SETTLED, facts)
        keeps, gives_way = [await held(self._store, doc_id) for doc_id in subjects]
        if keeps is not None and gives_way is not None and REDIRECT not in gives_way.body:
            joined = redirected(gives_way.body, keeps.body, match.keeps, SYSTEM)
            await write_derived(self._store, gives_way, joined)
            outcome.repaired += 1

    async def _merged_by(self, pair: Pair) -> str | None:
        """Return who merged these two into one, ``None`` when they are two."""
        known = await self._store.get_many(CANONICAL, list(pair))
        for revision, other in zip(known, reversed(pair), strict=True):
            if redirect_of(revision) == other and revision is not None:
                at = await held(self._store, revision.doc_id)
                return SYSTEM if at is None else str((at.body.get("updated") or {}).get("by"))
        return None

    async def _note_merged(self, review_id: str, by: str) -> None:
        found = await self._store.get(REVIEWS, review_id)
        if found is None or found.deleted:
            return
        status = orjson.loads(found.body)["status"]
        if status not in (findings.ACCEPTED, findings.SETTLED):
            now = findings.SETTLED if by == SYSTEM else findings.ACCEPTED
            await findings.step(self._store, review_id, now, "merge", by, "")

    async def _note_apart(self, review_id: str) -> None:
        found = await self._store.get(REVIEWS, review_id)
        if found is None or found.deleted:
            return
        status = orjson.loads(found.body)["status"]
        if status in (findings.ACCEPTED, findings.SETTLED):
            await findings.step(self._store, review_id, findings.UNDONE, "undo", "", "")
        elif status in (findings.OPEN, findings.SUPERSEDED):
            await findings.step(self._store, review_id, findings.APART, "apart", "", "")

    async def _check_households(self, ids: Sequence[str], outcome: Outcome) -> None:
        """Apply the rules to households and the people in them, all read at once."""
        if not ids:
            return
        live = await findings.canonical_records(self._store, ids)
        inside = await self._store.query_many(
            RECORDS_BY_HOUSEHOLD,
            [(household_id, "resident") for household_id in ids],
            limit=_MOST_PEOPLE,
            documents=True,
        )
        reviews = [finding_id(kind, household_id) for household_id in ids for kind in _OF_HOUSEHOLD]
        known = {one.doc_id for one in await self._store.get_many(REVIEWS, reviews) if one}
        for household_id, rows in zip(ids, inside, strict=True):
            people = [dict(row.document) for row in rows if row.document is not None]
            household = live.get(household_id)
            await self._check_household(household_id, household, people, known, outcome)

    async def _check_household(
        self,
        household_id: str,
        household: Document | None,
        people: Sequence[Document],
        known: Collection[str],
        outcome: Outcome,
    ) -> None:
        """Open and end the reviews of one household; ``known`` are those that there are."""
        found: list[Finding] = []
        if household is not None or not await self._on_its_way(household_id, people):
            in_a_grid = household is None or await self._in_a_grid(household["path"][-1])
            found = check_household(household_id, household, people, in_a_grid=in_a_grid)
        records = [household] if household is not None else people
        for finding in found:
            facts = findings.place_facts(records)
            outcome.opened += await findings.file(self._store, finding, findings.OPEN, facts)
        told = {finding.id for finding in found}
        for kind in _OF_HOUSEHOLD:
            review_id = finding_id(kind, household_id)
            if review_id in known and review_id not in told:
                await findings.end(self._store, review_id)

    async def _in_a_grid(self, code: str) -> bool:
        """Tell whether a grid is in the hierarchy and open, or leads to another (sync.routing)."""
        structure = await self._registry.structure()
        node = structure.hierarchy.get(code)
        return node is not None and (not node.closed or code in structure.routes)

    async def _on_its_way(self, household_id: str, people: Sequence[Document]) -> bool:
        """Tell whether a household that is not in ``canonical`` is merged, or not projected yet."""
        if await redirects_from(self._store, [household_id]):
            return True
        for grid in sorted({str(person["grid"]) for person in people}):
            winner = await self._store.get(database_of(grid), household_id)
            if winner is not None and not winner.deleted:
                return True
        return False


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _households(
    touched: Iterable[str],
    live: Mapping[str, Document],
    waiting: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return the households whose rules the batch may have changed."""
    found = {doc_id for doc_id in touched if doc_id.startswith("household:")}
    for record in live.values():
        home = record.get("household")
        if isinstance(home, str) and home.startswith("household:"):
            found.add(home)
    found |= {str(review["doc_id"]) for review in waiting if review.get("kind") != DUPLICATE}
    return sorted(found)
