"""What follows from a redirect: content taken in or given back, references led anew, cycles undone.

A merge of duplicates is one ordinary edit, which makes one of them say ``merged_into``; all the
rest is derived here from documents alone, with revision ids that depend on them alone. So it may
be broken off anywhere and repeated, and two followers write the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from conflicts import POLICY_VERSION, Decision
from conflicts.duplicates import REDIRECT
from conflicts.joining import Joined, absorb, absorbed, redirected, release
from conflicts.references import final
from grid.models import natural_key
from sync.editing import SYSTEM
from sync.held import Held, held, write_derived
from sync.indexes import RECORDS_BY_REFERENCE
from sync.paths import database_of, grid_path
from sync.projection import Projection
from sync.registry import Registry
from sync.resolving import REVIEWS, decision_document, decision_id
from sync.store import DocumentStore, Revision, Write

_PAGE: Final = 200

Body = dict[str, Any]


class Joining:
    """Derives what follows from redirects."""

    def __init__(self, store: DocumentStore, registry: Registry, projection: Projection) -> None:
        self._store = store
        self._registry = registry
        self._projection = projection

    async def settle(self, doc_id: str, body: Mapping[str, Any] | None, kin: Iterable[str]) -> int:
        """Bring everything after one record that changed (``None``: that is gone from where it
        was), and after its kin; return how many revisions were written.

        Costs nothing for a record that has nothing to do with duplicates.
        """
        written = 0
        if body is not None and isinstance(body.get(REDIRECT), str):
            freed = await self._break_cycle(doc_id)
            if freed == doc_id:
                return 1  # it comes back as a change of its own
            written += freed is not None
        for other in sorted(kin):
            written += await self.compare(doc_id, other)
        if body is None or REDIRECT in body or REDIRECT in (body.get("stamps") or {}):
            await self.lead_anew(doc_id)
        return written

    async def compare(self, one_id: str, other_id: str) -> int:
        """See that each of two records contains the other's content exactly if that says so."""
        one, other = await held(self._store, one_id), await held(self._store, other_id)
        if one is None or other is None:
            return 0  # looked at again when it can be found
        if one.body.get(REDIRECT) == other_id and other.body.get(REDIRECT) == one_id:
            return 0  # a circle: looked at again when it is broken
        # One after the other: what was written comes back as a change.
        return await self._bring(one, other) or await self._bring(other, one)

    async def _bring(self, keeper: Held, duplicate: Held) -> int:
        """See that a record contains a duplicate's content exactly if that says so."""
        keeper_id, duplicate_id = keeper.revision.doc_id, duplicate.revision.doc_id
        note = absorbed(keeper.body, duplicate_id)
        if duplicate.body.get(REDIRECT) == keeper_id:
            return await self._take_in(keeper, duplicate, note)
        return 0 if note is None else await self._give_back(keeper, duplicate, note)

    async def _give_back(self, keeper: Held, duplicate: Held, note: Mapping[str, Any]) -> int:
        duplicate_id = duplicate.revision.doc_id
        before = await self._archived(keeper, note["from"])
        taken = await self._archived(duplicate, note["rev"])
        after = keeper.body
        if before is None or taken is None:
            before = after  # the archive forgot what it was like: only the note goes
        else:
            after = absorb(before, note["from"], taken, duplicate_id, note["rev"], None).body
        released = release(keeper.body, duplicate.body, duplicate_id, before, after)
        await write_derived(self._store, keeper, released)
        return 1

    async def _take_in(self, keeper: Held, duplicate: Held, note: Mapping[str, Any] | None) -> int:
        if note is not None and note["rev"] == duplicate.revision.rev:
            return 0
        base = None if note is None else await self._archived(duplicate, note["rev"])
        joined = absorb(
            keeper.body,
            keeper.revision.rev,
            duplicate.body,
            duplicate.revision.doc_id,
            duplicate.revision.rev,
            base,
        )
        # Whoever merges two households has seen both, but not what follows from it.
        unseen = base is not None or natural_key(str(keeper.body.get("type")))
        if unseen and any(field.review for field in joined.fields):
            await self._ask(keeper, duplicate, joined)
        await write_derived(self._store, keeper, joined)
        return 1

    async def _ask(self, keeper: Held, duplicate: Held, joined: Joined) -> None:
        """Put to a person what a late edit of a duplicate says against the record that stands."""
        parent = keeper.revision.rev
        rev = joined.revision(parent)
        decision = Decision(
            doc_id=keeper.revision.doc_id,
            type=keeper.body.get("type"),
            grid=keeper.body.get("grid"),
            rev=rev,
            base_rev=parent,
            base=keeper.body,
            leaves=(parent, duplicate.revision.rev),
            fields=joined.fields,
            reviews=tuple(sorted({f.review for f in joined.fields if f.review is not None})),
            policy_version=POLICY_VERSION,
        )
        path = await grid_path(self._registry, keeper.database)
        document = decision_document(decision, path)
        write = Write(decision_id(decision.doc_id, rev), orjson.dumps(document))
        if await self._store.get(REVIEWS, write.doc_id) is None:
            await self._store.write(REVIEWS, [write])

    async def _break_cycle(self, doc_id: str) -> str | None:
        """Where redirects run in a circle, let the one stand that they all lead to; return it."""
        met: dict[str, Held] = {}
        current = doc_id
        # The records themselves: ``canonical`` may not have heard yet of a redirect in another
        # grid, and meanwhile each side would take in what the other took in from it, for ever.
        while current not in met:
            at = await held(self._store, current)
            if at is None or not isinstance(at.body.get(REDIRECT), str):
                return None
            met[current] = at
            current = str(at.body[REDIRECT])
        stands = met[final(doc_id, {one: str(at.body[REDIRECT]) for one, at in met.items()})]
        points_at = met[str(stands.body[REDIRECT])]
        freed = redirected(stands.body, points_at.body, None, SYSTEM)
        await write_derived(self._store, stands, freed)
        return stands.revision.doc_id

    async def lead_anew(self, doc_id: str) -> None:
        """Project anew what names a record that now leads elsewhere, or stands again itself."""
        after = None
        while True:
            rows = await self._store.query(
                RECORDS_BY_REFERENCE, prefix=(doc_id,), after=after, limit=_PAGE, documents=True
            )
            grids: dict[str, list[Revision]] = {}
            for row in rows:
                grid = str((row.document or {})["grid"])
                winner = await self._store.get(database_of(grid), row.doc_id)
                if winner is not None:
                    grids.setdefault(grid, []).append(winner)
            for grid, winners in grids.items():
                await self._projection.project(database_of(grid), winners)
            if len(rows) < _PAGE:
                return
            after = (rows[-1].key, rows[-1].doc_id)

    async def _archived(self, at: Held, rev: str) -> Body | None:
        if rev == at.revision.rev:
            return at.body
        bodies = await self._store.bodies(at.database, at.revision.doc_id, [rev])
        return orjson.loads(bodies[rev]) if rev in bodies else None
