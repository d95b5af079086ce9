"""What a person does about a household that breaks a rule: each is an ordinary edit.

The follower ends the review when the rule holds again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from conflicts.households import HEAD
from conflicts.rules import ORPHANS, TWO_HEADS
from grid.permissions import Actor, may_review
from sync import findings
from sync.editing import stamped
from sync.held import edit, held
from sync.paths import database_of
from sync.resolving import REVIEWS
from sync.reviews import ReviewError
from sync.store import DocumentStore, Write
from sync.timing import now_ms

Body = dict[str, Any]


async def read_finding(store: DocumentStore, review_id: str) -> Mapping[str, Any]:
    """Return a review of a rule across documents; raise ``ReviewError`` (no-such-decision)."""
    found = await store.get(REVIEWS, review_id)
    if found is None or found.deleted:
        raise ReviewError("no-such-decision")
    document = found.document()
    if "subjects" not in document:
        raise ReviewError("no-such-decision")
    return document


async def choose_head(
    store: DocumentStore, review_id: str, actor: Actor, resident: str, note: str = ""
) -> None:
    """Make one of several heads the head; the others lose that relation (unknown from then on)."""
    document = await _begin(store, review_id, actor, TWO_HEADS)
    household_id, *claimants = document["subjects"]
    if resident not in claimants:
        raise ReviewError("not-in-decision")
    household, chosen = await held(store, household_id), await held(store, resident)
    if household is None or chosen is None:
        raise ReviewError("record-gone")
    name = chosen.body.get("name")
    await edit(store, household, actor, lambda b: {**b, "head": resident, "head_name": name})
    for claimant in claimants:
        person = await held(store, claimant)
        if person is not None:
            await edit(store, person, actor, _relation(HEAD if claimant == resident else None))
    await findings.step(store, review_id, findings.ACCEPTED, "head", actor.user, note)


def _relation(relation: str | None) -> Callable[[Body], Body]:
    def change(body: Body) -> Body:
        if relation is None and body.get("relation") != HEAD:
            return body
        rest = {name: value for name, value in body.items() if name != "relation"}
        return rest if relation is None else {**rest, "relation": relation}

    return change


async def restore_household(
    store: DocumentStore, review_id: str, actor: Actor, note: str = ""
) -> None:
    """Bring back a deleted household as it was before, since people still live in it.

    Raises ``ReviewError`` (nothing-to-undo) when it never was here or its content is forgotten.
    """
    document = await _begin(store, review_id, actor, ORPHANS)
    doc_id = document["doc_id"]
    for grid in dict.fromkeys(document["grids"].values()):
        database = database_of(grid)
        winner = await store.get(database, doc_id, ancestry=True)
        if winner is None or not winner.deleted:
            continue
        bodies = await store.bodies(database, doc_id, winner.ancestors)
        last = next(
            (bodies[rev] for rev in winner.ancestors if bodies.get(rev, b"{}") != b"{}"), None
        )
        if last is None:
            continue
        before = orjson.loads(last)
        body = stamped(before, before, actor, now_ms())
        (result,) = await store.write(database, [Write(doc_id, orjson.dumps(body))])
        if result.error is not None:
            raise ReviewError("busy")
        await findings.step(store, review_id, findings.ACCEPTED, "restore", actor.user, note)
        return
    raise ReviewError("nothing-to-undo")


async def move_people_out(
    store: DocumentStore, review_id: str, actor: Actor, note: str = ""
) -> None:
    """Record that the people of a household that is gone have moved out."""
    document = await _begin(store, review_id, actor, ORPHANS)
    for doc_id in document["subjects"][1:]:
        person = await held(store, doc_id)
        if person is not None:
            await edit(store, person, actor, lambda body: {**body, "status": "moved_out"})
    await findings.step(store, review_id, findings.ACCEPTED, "moved-out", actor.user, note)


async def leave_so(store: DocumentStore, review_id: str, actor: Actor, note: str = "") -> None:
    """Leave everything as it is; the review opens again when somebody else comes to be part of
    it."""
    await _begin(store, review_id, actor)
    await findings.step(store, review_id, findings.ACCEPTED, findings.LEAVE, actor.user, note)


async def _begin(
    store: DocumentStore, review_id: str, actor: Actor, rule: str | None = None
) -> Mapping[str, Any]:
    document = await read_finding(store, review_id)
    if not may_review(actor, document["path"]):
        raise ReviewError("out-of-scope")
    if document["status"] != findings.OPEN:
        raise ReviewError("already-decided")
    if rule is not None and document["reviews"] != [rule]:
        raise ReviewError("not-in-decision")
    return document
