"""Two ways through the records of some subtrees, a page at a time.

Listing goes through an index. Following goes through the server's own sequence of changes, because
the clocks of phones cannot order what arrives late: a record edited offline on Monday and synced
on Friday comes after one of Wednesday. A listing hands out the position from which to follow,
taken before its first page, so between listing and following nothing is missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from server.api.cursor import Cursors
from server.problems import Problem
from sync.indexes import RECORDS_BY_PATH, RECORDS_BY_TYPE
from sync.store import DocumentStore, IndexRow

CANONICAL: Final = "canonical"
_SCANNED: Final = 5_000
"""Changes looked at for one page, so that a page of a small subtree ends soon."""


@dataclass(frozen=True, slots=True)
class Page:
    """Documents of one page and how to go on."""

    documents: list[Mapping[str, Any]]
    next: str | None
    changes_cursor: str | None
    more: bool


class Walk:
    """A way through records of one type (or all) in these subtrees, ``limit`` a page.

    A cursor holds only for the subtrees and the type it was made for.
    """

    def __init__(
        self,
        store: DocumentStore,
        key: str,
        subtrees: Sequence[tuple[str, ...]],
        record_type: str | None,
        limit: int,
    ) -> None:
        self._store = store
        self._subtrees = subtrees
        self._type = record_type
        self._limit = limit
        self._listing = Cursors(key, "listing")
        self._following = Cursors(key, "following")
        self._asked = [record_type, [path[-1] for path in subtrees]]

    async def listing(self, cursor: str | None) -> Page:
        """Return a page in the order of the index: subtree by subtree, by grid, by last change."""
        if cursor is None:
            number, after = 0, None
            start = (await self._store.changes(CANONICAL, "now")).last_seq
        else:
            asked, number, after, start = self._listing.read(cursor)
            self._check(asked)
        rows = await self._rows(number, after)
        page, more = rows[: self._limit], len(rows) > self._limit
        following = self._listing.make([*self._last(page), start]) if more else None
        return Page(
            [{**(row.document or {}), "_id": row.doc_id} for _, row in page],
            following,
            self._following.make([self._asked, start]),
            more,
        )

    async def follow(self, cursor: str) -> Page:
        """Return what changed after the cursor, each record once in its newest state."""
        asked, since = self._following.read(cursor)
        self._check(asked)
        documents: list[Mapping[str, Any]] = []
        scanned = 0
        pending = 1
        while pending and scanned < _SCANNED and len(documents) < self._limit:
            # Never more than the page still has room for, so that no change is read and dropped.
            room = self._limit - len(documents)
            changes = await self._store.changes(CANONICAL, since, limit=room, bodies=True)
            since, pending = changes.last_seq, changes.pending
            scanned += len(changes.changes)
            winners = [change.winner for change in changes.changes if change.winner]
            found = [winner.document() for winner in winners]
            documents += [document for document in found if self._wanted(document)]
        return Page(documents, self._following.make([self._asked, since]), None, pending > 0)

    async def _rows(self, number: int, after: Sequence[Any] | None) -> list[tuple[int, IndexRow]]:
        """Return one row more than the page holds, to see whether there is more."""
        index = RECORDS_BY_TYPE if self._type else RECORDS_BY_PATH
        rows: list[tuple[int, IndexRow]] = []
        while number < len(self._subtrees) and len(rows) <= self._limit:
            path = self._subtrees[number]
            found = await self._store.query(
                index,
                prefix=(self._type, *path) if self._type else path,
                after=(tuple(after[0]), after[1]) if after else None,
                limit=self._limit + 1 - len(rows),
                documents=True,
            )
            rows += [(number, row) for row in found]
            number, after = number + 1, None
        return rows

    def _last(self, page: Sequence[tuple[int, IndexRow]]) -> list[Any]:
        number, row = page[-1]
        return [self._asked, number, [row.key, row.doc_id]]

    def _wanted(self, document: Mapping[str, Any]) -> bool:
        """Whether a document, perhaps a tombstone, belongs to what was asked for."""
        path = tuple(document.get("path", ()))
        return (self._type is None or document["_id"].startswith(f"{self._type}:")) and any(
            path[: len(subtree)] == subtree for subtree in self._subtrees
        )

    def _check(self, asked: object) -> None:
        if asked != self._asked:
            raise Problem("bad-cursor")
