"""Accepting many at once: what is alike and needs no closer look; the rest stays in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from conflicts.rules import DUPLICATE, MERGE, REFUSED
from grid.permissions import Actor
from server.console import queue
from server.console.listing import Document
from sync import duplicates, quarantine, reviews
from sync.resolving import REVIEWS
from sync.reviews import ReviewError
from sync.store import DocumentStore

MOST: Final = 500
"""How many are accepted at once; for more one asks again."""


@dataclass(slots=True)
class Outcome:
    """The ids that were accepted, and how many need to be looked at one by one."""

    accepted: list[str]
    left: int = 0


async def alike(
    store: DocumentStore, question: queue.Question, path: Sequence[str], now: datetime
) -> list[Document]:
    """Return all that the filters show, the oldest ``MOST``."""
    found: list[Document] = []
    asked = question
    while len(found) < MOST:
        page = await queue.read(store, asked, path, now)
        found += page.documents
        if page.mark is None:
            break
        asked = queue.Question(
            asked.base, asked.shown, asked.kind, asked.severity, asked.reason, asked.days, page.mark
        )
    return found[:MOST]


async def chosen(store: DocumentStore, ids: Sequence[str]) -> list[Document]:
    """Return the reviews and refused edits with these ids, those that are there."""
    found: list[Document] = []
    for one in ids[:MOST]:
        refused = one.startswith("refused:")
        database = quarantine.QUARANTINE if refused else REVIEWS
        revision = await store.get(database, one)
        if revision is not None and not revision.deleted:
            found.append(revision.document())
    return found


async def accept_all(
    store: DocumentStore, documents: Sequence[Document], actor: Actor, note: str
) -> Outcome:
    """Accept what can be accepted unseen.

    Left are duplicates that contradict each other, whatever somebody changed after it came into
    the queue, findings of rules that ask for a choice, and what is outside the actor's scope.
    """
    outcome = Outcome([])
    for document in documents:
        try:
            done = await _accept(store, document, actor, note)
        except (ReviewError, quarantine.QuarantineError):
            done = False
        if done:
            outcome.accepted.append(str(document["_id"]))
        else:
            outcome.left += 1
    return outcome


async def _accept(store: DocumentStore, document: Document, actor: Actor, note: str) -> bool:
    kind, one = queue.kind_of(document), str(document["_id"])
    if kind == REFUSED:
        await quarantine.accept(store, one, actor, note)
        return True
    if kind == DUPLICATE:
        pair = await duplicates.read_pair(store, one)
        if pair.status != reviews.OPEN or document["contradicts"] or _changed(pair):
            return False
        await duplicates.merge(store, one, actor, note=note)
        return True
    if kind != MERGE:
        return False
    review = await reviews.read_review(store, one)
    if review.current is None or review.changed_since:
        return False
    await reviews.accept(store, one, actor, note)
    return True


def _changed(pair: duplicates.Pair) -> bool:
    return any(fields for fields in pair.changed_since.values())
