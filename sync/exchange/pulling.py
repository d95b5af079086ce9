"""What changed since the client's position, in segments that each end in a new position."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sync.exchange.asking import Wanted
from sync.exchange.cursor import RANGES, FirstSync
from sync.store import ChangesPage, DocumentStore, Revision
from sync.wire.documents_json import document_json, revisions_member

SEGMENT: Final = 100
"""Documents read in one turn; a cut answer loses no more than these."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of documents as JSON text, the position after them, and how many are left."""

    documents: list[bytes]
    position: str | FirstSync
    left: int

    @property
    def last(self) -> bool:
        """Whether nothing is left."""
        return not self.left and not isinstance(self.position, FirstSync)

    def text(self) -> str:
        """Return the position as the client gets it."""
        return self.position.text() if isinstance(self.position, FirstSync) else self.position


class Pull:
    """Reads one database for one client; ``sent`` are revisions that the client has just sent,
    ``page`` the first page of changes, if it has been read already."""

    def __init__(
        self,
        store: DocumentStore,
        database: str,
        wanted: Wanted,
        sent: Collection[str],
        page: ChangesPage | None,
    ) -> None:
        self._store = store
        self._database = database
        self._position = wanted.since
        self._fresh = wanted.fresh
        self._sent = sent
        self._page = page

    async def segment(self) -> Segment:
        """Read the next segment."""
        if isinstance(self._position, FirstSync):
            segment = await self._first(self._position)
        else:
            segment = await self._changes(self._position)
        self._position = segment.position
        return segment

    async def _first(self, place: FirstSync) -> Segment:
        """Read live documents by id. What changes meanwhile comes again from ``place.seq`` on."""
        info = await self._store.database_info(self._database)
        if not place.seq:
            place = FirstSync(seq=info.update_seq)
        found: list[Revision] = []
        number, last = place.range, place.last
        while number < len(RANGES) and len(found) < SEGMENT:
            start, end = RANGES[number]
            wanted = SEGMENT - len(found)
            run = await self._store.documents(
                self._database,
                start=start if last is None else f"{last}\0",
                end=end,
                include_end=False,
                limit=wanted,
            )
            found += run
            if len(run) < wanted:
                number, last = number + 1, None
            else:
                last = run[-1].doc_id
        if self._fresh:
            documents = [document_json(one) for one in found]
        else:
            documents = await self._with_history([one.doc_id for one in found])
        if number == len(RANGES):
            return Segment(documents, place.seq, int(info.update_seq != place.seq))
        done = place.done + len(found)
        position = FirstSync(number, last, done, place.seq)
        return Segment(documents, position, max(info.doc_count - done, 0))

    async def _changes(self, since: str) -> Segment:
        page, self._page = self._page, None
        if page is None:
            page = await self._store.changes(self._database, since, limit=SEGMENT, all_leaves=True)
        news = [
            change.doc_id
            for change in page.changes
            if not all(f"{change.doc_id} {leaf.rev}" in self._sent for leaf in change.leaves)
        ]
        documents = await self._with_history(news)
        return Segment(documents, page.last_seq, page.pending)

    async def _with_history(self, doc_ids: list[str]) -> list[bytes]:
        """Return all leaves of these documents with their ancestors, but what the client sent."""
        if not doc_ids:
            return []
        found = await self._store.revisions_of_many(
            self._database, [(doc_id, "all") for doc_id in doc_ids]
        )
        return [
            document_json(one, revisions_member(one))
            for revisions in found
            for one in revisions
            if f"{one.doc_id} {one.rev}" not in self._sent
        ]
