"""Kin: which records are, or were once, one household, person or tick, told from either side.

A record says what stands for it, and what it contains; not who says so of it. The rules across
documents have to look at both whenever either of them changes, comes back or arrives: while one
was away (moved half way, deleted), nothing could be done about the other. So what a record says is
noted here at both, by id, and stays: one read tells of a whole batch who has to do with whom.

Made by the follower from the grids, like ``canonical``; wherever it is missing it is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from conflicts.duplicates import ABSORBED, APART, REDIRECT
from conflicts.rules import DUPLICATE
from sync.errors import StoreUnavailable
from sync.findings import ACCEPTED, SETTLED, UNDONE
from sync.findings import APART as KEPT_APART
from sync.indexes import REVIEWS_BY_STATUS_AND_KIND
from sync.store import DocumentStore, Key, Write

KIN: Final = "kin"
_ANSWERED: Final = (SETTLED, ACCEPTED, KEPT_APART, UNDONE)
_REVIEWS_NOTED: Final = "reviews-noted"
_PAGE: Final = 200
_ATTEMPTS: Final = 20

Kin = dict[str, set[str]]
"""The kin of records, by record; those without are left out."""


def told_kin(body: Mapping[str, Any]) -> set[str]:
    """Return the records that one says it is, or was, one with, or that it is not."""
    told = [body.get(REDIRECT), *(body.get(APART) or ())]
    told += [entry.get("key") for entry in body.get(ABSORBED) or ()]
    return {one for one in told if isinstance(one, str)}


async def kin_of(store: DocumentStore, ids: Iterable[str]) -> Kin:
    """Return the kin that was noted of these records."""
    asked = sorted(set(ids))
    found = await store.get_many(KIN, asked) if asked else []
    return {one.doc_id: set(orjson.loads(one.body)["kin"]) for one in found if one is not None}


async def note_kin(store: DocumentStore, told: Mapping[str, set[str]]) -> Kin:
    """Note at both sides what records say of others; return the kin of all these records.

    Costs one read where everything is known. Raises ``StoreUnavailable`` when others note so much
    of the same records that this one does not come to it.
    """
    pairs = [(one, other) for one, others in told.items() for other in others if one != other]
    wanted: Kin = {}
    for one, other in pairs:
        wanted.setdefault(one, set()).add(other)
        wanted.setdefault(other, set()).add(one)
    for _ in range(_ATTEMPTS):
        ids = sorted({*told, *wanted})
        found = dict(zip(ids, await store.get_many(KIN, ids), strict=True))
        known = {one: set(orjson.loads(at.body)["kin"]) for one, at in found.items() if at}
        new = {one: kin for one, kin in wanted.items() if not kin <= known.get(one, set())}
        if not new:
            return {one: known[one] for one in told if one in known}
        writes = [
            Write(
                one,
                orjson.dumps({"kin": sorted(kin | known.get(one, set()))}),
                ancestors=() if (at := found[one]) is None else (at.rev,),
            )
            for one, kin in sorted(new.items())
        ]
        await store.write(KIN, writes)  # a conflict: somebody else noted more, so it is read again
    raise StoreUnavailable("the kin of a record is being noted by too many at once")


async def note_reviewed(store: DocumentStore) -> None:
    """Note, once in a store's life, the pairs that people and rules have answered for.

    A store that was in use before there was ``kin`` knows them from the start by this; others have
    nothing to note yet.
    """
    if await store.get_local(KIN, _REVIEWS_NOTED) is not None:
        return
    for status in _ANSWERED:
        after: tuple[Key, str] | None = None
        while rows := await store.query(
            REVIEWS_BY_STATUS_AND_KIND,
            prefix=(status, DUPLICATE),
            after=after,
            limit=_PAGE,
            documents=True,
        ):
            after = (rows[-1].key, rows[-1].doc_id)
            told: Kin = {}
            for row in rows:
                one, other = (row.document or {})["subjects"]
                told.setdefault(one, set()).add(other)
            await note_kin(store, told)
    await store.put_local(KIN, _REVIEWS_NOTED, {"done": True})
