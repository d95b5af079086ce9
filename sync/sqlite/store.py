"""``SqliteStore``: the document store in one SQLite file (WAL, full synchronisation).

Reads run on a connection of their own and see only what is durable; writes go through a
``GroupWriter``. A sequence is ``<number>-<epoch>``: one of another epoch (a restored or remade
database) counts as the beginning, so a checkpoint of another life is never trusted.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from sync.errors import BadDocument
from sync.sqlite import dropping, indexing, reading, schema
from sync.sqlite.documents import BatchWriter, DatabaseRow, find_database
from sync.sqlite.waiting import Waiters
from sync.sqlite.writer import GroupWriter, Transaction
from sync.store import (
    Batch,
    Change,
    ChangesPage,
    DatabaseInfo,
    DocumentStore,
    Group,
    Index,
    IndexRow,
    Key,
    LeafInfo,
    Revision,
    Write,
    WriteResult,
)

_CHUNK: Final = 500
"""Rows read before other tasks of the event loop get a turn."""
_FAR: Final = 1 << 62
_MAX_SEQ_DIGITS: Final = 18
"""What SQLite's integers hold."""


class SqliteStore(DocumentStore):
    """Databases in one SQLite file; open it with ``SqliteStore.open``."""

    def __init__(
        self,
        path: Path,
        writing: sqlite3.Connection,
        reading_: sqlite3.Connection,
        temporary: tempfile.TemporaryDirectory[str] | None,
    ) -> None:
        self.path = path
        self._read = reading_
        self._temporary = temporary
        self._waiters = Waiters(reading_)
        self._writer = GroupWriter(writing, self._waiters.wake)

    @classmethod
    def open(cls, path: str | Path) -> SqliteStore:
        """Open or create a store's file; ``":memory:"`` is one that is removed on ``close``.

        Raises ``StoreUnavailable`` for a file that is locked, damaged or not a store.
        """
        temporary = None
        if str(path) == ":memory:":
            temporary = tempfile.TemporaryDirectory(prefix="wangge-", ignore_cleanup_errors=True)
            path = Path(temporary.name) / "store.db"
        try:
            writing = schema.connect(str(path), writing=True)
            try:
                schema.prepare(writing)
                if temporary is not None:
                    writing.execute("PRAGMA synchronous = OFF")
                read = schema.connect(str(path), writing=False)
            except BaseException:
                writing.close()
                raise
        except sqlite3.Error as error:
            raise schema.translated(error) from error
        return cls(Path(path), writing, read, temporary)

    async def close(self) -> None:
        """Finish queued writes and close the file."""
        self._waiters.close()
        await self._writer.close()
        self._read.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._read
        except sqlite3.Error as error:
            raise schema.translated(error) from error

    def _find(self, name: str) -> DatabaseRow:
        with self._reading() as connection:
            return find_database(connection, name)

    # --- databases ---

    async def create_database(self, name: str) -> bool:
        """Create a database; return whether it was not there before."""

        async def job(transaction: Transaction) -> bool:
            cursor = transaction.connection.execute(
                "INSERT INTO databases (name, epoch, updated) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (name, schema.new_epoch(), transaction.next_update()),
            )
            made = cursor.rowcount == 1
            if made:
                transaction.changed.add(name)
            return made

        return await self._writer.run(job)

    async def delete_database(self, name: str) -> bool:
        """Destroy a database and all in it; return whether it was there."""

        async def job(transaction: Transaction) -> bool:
            connection = transaction.connection
            row = connection.execute("SELECT id FROM databases WHERE name = ?", (name,)).fetchone()
            if row is None:
                return False
            for table in ("documents", "changes", "bodies", "local"):
                connection.execute(f"DELETE FROM {table} WHERE database = ?", row)  # noqa: S608
                await asyncio.sleep(0)
            indexing.empty(connection, name)
            connection.execute("DELETE FROM databases WHERE id = ?", row)
            transaction.changed.add(name)
            return True

        return await self._writer.run(job)

    async def database_names(self, prefix: str = "") -> list[str]:
        """Return the names that start with ``prefix``, sorted."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT name FROM databases WHERE name >= ? AND substr(name, 1, ?) = ?"
                " ORDER BY name",
                (prefix, len(prefix), prefix),
            ).fetchall()
        return [name for (name,) in rows]

    async def database_info(self, name: str) -> DatabaseInfo:
        """Return counts and epoch; raise ``DatabaseNotFound``."""
        row = self._find(name)
        return DatabaseInfo(name, row.epoch, f"{row.seq}-{row.epoch}", row.live, row.deleted)

    # --- reading ---

    async def get(self, database: str, doc_id: str, *, ancestry: bool = False) -> Revision | None:
        """Return the winning revision, deleted or not, or ``None``."""
        with self._reading() as connection:
            number = find_database(connection, database).id
            return reading.winner(connection, number, doc_id, ancestry)

    async def get_many(self, database: str, doc_ids: Sequence[str]) -> list[Revision | None]:
        """Return the winning revisions of many documents, in order."""
        number = self._find(database).id
        found: list[Revision | None] = []
        for chunk in _chunks(doc_ids):
            if found:
                await asyncio.sleep(0)
            with self._reading() as connection:
                known = reading.winners(connection, number, chunk)
            found += [known.get(doc_id) for doc_id in chunk]
        return found

    async def revisions(
        self,
        database: str,
        doc_id: str,
        revs: Sequence[str] | Literal["all"],
        *,
        latest: bool = False,
        ancestry: bool = True,
    ) -> list[Revision]:
        """Return these revisions, or all leaves; unknown ones are left out."""
        with self._reading() as connection:
            number = find_database(connection, database).id
            return reading.revisions(
                connection, number, doc_id, revs, latest=latest, ancestry=ancestry
            )

    async def revisions_of_many(
        self,
        database: str,
        asked: Sequence[tuple[str, Sequence[str] | Literal["all"]]],
        *,
        latest: bool = False,
        ancestry: bool = True,
    ) -> list[list[Revision]]:
        """Return what ``revisions`` returns for each document and its revisions, in order."""
        number = self._find(database).id
        found: list[list[Revision]] = []
        for start in range(0, len(asked), _CHUNK):
            if start:
                await asyncio.sleep(0)
            with self._reading() as connection:
                found += [
                    reading.revisions(
                        connection, number, doc_id, revs, latest=latest, ancestry=ancestry
                    )
                    for doc_id, revs in asked[start : start + _CHUNK]
                ]
        return found

    async def history(self, database: str, doc_id: str, rev: str) -> list[tuple[str, str]]:
        """Return a revision and its ancestors, newest first, each ``available``, ``missing`` or
        ``deleted``; empty when the revision is not known."""
        words = {"a": "available", "m": "missing", "d": "deleted"}
        with self._reading() as connection:
            tree = reading.tree_of(connection, find_database(connection, database).id, doc_id)
        if tree is None or tree.state(rev) is None:
            return []
        return [(ancestor, words[flag]) for ancestor, flag in tree.history(rev)]

    async def leaves(self, database: str, doc_id: str) -> list[LeafInfo]:
        """Return all leaves, the winner first; empty if there is no such document."""
        with self._reading() as connection:
            tree = reading.tree_of(connection, find_database(connection, database).id, doc_id)
        return [] if tree is None else [LeafInfo(rev, deleted) for rev, deleted in tree.leaves()]

    async def bodies(self, database: str, doc_id: str, revs: Sequence[str]) -> dict[str, bytes]:
        """Return archived bodies by revision, inner revisions included."""
        with self._reading() as connection:
            number = find_database(connection, database).id
            return reading.bodies(connection, number, doc_id, revs)

    async def forget_bodies(self, database: str, doc_id: str, revs: Sequence[str]) -> int:
        """Remove archived bodies of inner revisions for good; return how many. Leaves stay."""

        async def job(transaction: Transaction) -> int:
            connection = transaction.connection
            number = find_database(connection, database).id
            tree = reading.tree_of(connection, number, doc_id)
            inner = [] if tree is None else [rev for rev in revs if not tree.is_leaf(rev)]
            return connection.executemany(
                "DELETE FROM bodies WHERE database = ? AND id = ? AND rev = ?",
                [(number, doc_id, rev) for rev in inner],
            ).rowcount

        return await self._writer.run(job)

    async def missing_revisions(
        self, database: str, revs: Mapping[str, Sequence[str]]
    ) -> dict[str, tuple[list[str], list[str]]]:
        """Return per document the revisions not known here and their possible ancestors."""
        number = self._find(database).id
        answer: dict[str, tuple[list[str], list[str]]] = {}
        for chunk in _chunks(list(revs)):
            with self._reading() as connection:
                wanted = {doc_id: revs[doc_id] for doc_id in chunk}
                answer |= reading.missing(connection, number, wanted)
            if len(revs) > _CHUNK:
                await asyncio.sleep(0)
        return answer

    async def documents(
        self,
        database: str,
        *,
        start: str | None = None,
        end: str | None = None,
        include_end: bool = True,
        skip: int = 0,
        limit: int | None = None,
        descending: bool = False,
    ) -> list[Revision]:
        """Return winning revisions that are not deleted in the order of their ids (by code point).

        With ``descending`` the range runs from ``start`` down to ``end``.
        """
        with self._reading() as connection:
            number = find_database(connection, database).id
            return reading.by_id(
                connection,
                number,
                start=start,
                end=end,
                include_end=include_end,
                skip=skip,
                limit=-1 if limit is None else limit,
                descending=descending,
            )

    # --- writing ---

    async def write(
        self, database: str, writes: Sequence[Write], *, new_edits: bool = True
    ) -> list[WriteResult]:
        """Write a batch in one durable transaction; results are per document and in order."""

        async def job(transaction: Transaction) -> list[WriteResult]:
            return await BatchWriter(transaction, database).write(writes, new_edits)

        return await self._writer.run(job)

    async def write_in_order(self, batches: Sequence[Batch]) -> list[list[WriteResult]]:
        """Write batches one after the other in one durable transaction."""

        async def job(transaction: Transaction) -> list[list[WriteResult]]:
            return [
                await BatchWriter(transaction, one.database).write(one.writes, one.new_edits)
                for one in batches
            ]

        return await self._writer.run(job)

    async def drop_tombstones(self, database: str, stones: Mapping[str, Sequence[str]]) -> int:
        """Remove leaves that are tombstones, with what only they grew from; return how many."""

        async def job(transaction: Transaction) -> int:
            return dropping.drop_tombstones(transaction.connection, database, stones)

        return await self._writer.run(job)

    async def renew_epoch(self, database: str) -> None:
        """Give a database another epoch and forget its local documents."""

        async def job(transaction: Transaction) -> None:
            connection = transaction.connection
            number = find_database(connection, database).id
            connection.execute("DELETE FROM local WHERE database = ?", (number,))
            connection.execute(
                "UPDATE databases SET epoch = ? WHERE id = ?", (schema.new_epoch(), number)
            )
            transaction.changed.add(database)

        await self._writer.run(job)

    # --- changes ---

    async def changes(
        self,
        database: str,
        since: str = "0",
        *,
        limit: int | None = None,
        all_leaves: bool = False,
        bodies: bool = False,
        descending: bool = False,
        doc_ids: Sequence[str] | None = None,
    ) -> ChangesPage:
        """Return changes after ``since`` (``"0"`` the beginning, ``"now"`` the end)."""
        row = self._find(database)
        after = position(since, row.epoch, row.seq)
        end = f"{row.seq}-{row.epoch}"
        if doc_ids is not None:
            with self._reading() as connection:
                some = reading.changes_of(
                    connection, row, after, doc_ids, all_leaves=all_leaves, bodies=bodies
                )
            kept = _cut(some, limit, descending)
            whole = len(kept) == len(some)
            return ChangesPage(kept, end if whole or not kept else kept[-1].seq, 0)
        found = await self._run(row, after, limit, all_leaves, bodies, descending)
        if limit is None or len(found) < limit or descending:
            last = found[-1].seq if descending and found else end
            return ChangesPage(found, last, 0)
        last = found[-1].seq if found else f"{after}-{row.epoch}"
        with self._reading() as connection:
            pending = reading.count_changes(connection, row.id, _number(last))
        return ChangesPage(found, last, pending)

    async def _run(
        self,
        row: DatabaseRow,
        after: int,
        limit: int | None,
        all_leaves: bool,
        bodies: bool,
        descending: bool,
    ) -> list[Change]:
        found: list[Change] = []
        if descending:
            after = _FAR
        while limit is None or len(found) < limit:
            size = _CHUNK if limit is None else min(_CHUNK, limit - len(found))
            with self._reading() as connection:
                chunk = reading.changes(
                    connection,
                    row,
                    after,
                    size,
                    all_leaves=all_leaves,
                    bodies=bodies,
                    descending=descending,
                )
            found += chunk
            if len(chunk) < size:
                break
            after = _number(chunk[-1].seq)
            await asyncio.sleep(0)
        return found

    async def wait_for_change(
        self,
        database: str | None,
        since: str,
        timeout: float,  # noqa: ASYNC109
    ) -> bool:
        """Wait until something changed after ``since``; ``False`` after ``timeout`` seconds."""

        def changed() -> bool:
            if database is None:
                with self._reading() as connection:
                    return _updated_after(connection, _number(since))
            row = self._find(database)
            return row.seq > position(since, row.epoch, row.seq)

        return await self._waiters.wait(database, changed, timeout)

    async def database_updates(
        self, since: str = "0", *, limit: int | None = None
    ) -> tuple[list[str], str]:
        """Return the names of databases changed after ``since`` and the new position."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT name, updated FROM databases WHERE updated > ? ORDER BY updated LIMIT ?",
                (_number(since), -1 if limit is None else limit),
            ).fetchall()
        return [name for name, _ in rows], str(rows[-1][1]) if rows else since

    # --- local documents ---

    async def get_local(self, database: str, local_id: str) -> dict[str, Any] | None:
        """Return a local document with its ``_id`` and ``_rev``, or ``None``."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT number, body FROM local WHERE database = ? AND id = ?",
                (find_database(connection, database).id, local_id),
            ).fetchone()
        if row is None:
            return None
        document: dict[str, Any] = orjson.loads(row[1])
        return {**document, "_id": f"_local/{local_id}", "_rev": f"0-{row[0]}"}

    async def put_local(self, database: str, local_id: str, body: Mapping[str, Any]) -> str:
        """Store a local document, replacing what is there; return its revision ``0-N``."""
        stored = orjson.dumps({key: body[key] for key in body if not key.startswith("_")})

        async def job(transaction: Transaction) -> str:
            number = find_database(transaction.connection, database).id
            row = transaction.connection.execute(
                "INSERT INTO local VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE"
                " SET number = number + 1, body = excluded.body RETURNING number",
                (number, local_id, stored),
            ).fetchone()
            return f"0-{row[0]}"

        return await self._writer.run(job)

    async def delete_local(self, database: str, local_id: str) -> bool:
        """Remove a local document; return whether it was there."""

        async def job(transaction: Transaction) -> bool:
            number = find_database(transaction.connection, database).id
            cursor = transaction.connection.execute(
                "DELETE FROM local WHERE database = ? AND id = ?", (number, local_id)
            )
            return cursor.rowcount == 1

        return await self._writer.run(job)

    # --- indexes ---

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Declare indexes and build those that are new."""
        await indexing.ensure(self._writer.run, indexes)

    async def query(
        self,
        index: Index,
        *,
        prefix: Key = (),
        start: Key | None = None,
        end: Key | None = None,
        after: tuple[Key, str] | None = None,
        limit: int = 100,
        descending: bool = False,
        documents: bool = False,
    ) -> list[IndexRow]:
        """Return rows of an index in key order."""
        with self._reading() as connection:
            return indexing.query(
                connection,
                index,
                prefix=prefix,
                start=start,
                end=end,
                after=after,
                limit=limit,
                descending=descending,
                documents=documents,
            )

    async def roll_up(self, index: Index, *, prefix: Key = (), level: int = 0) -> list[Group]:
        """Return counts and sums of rows under ``prefix``, grouped by ``level`` members."""
        with self._reading() as connection:
            return indexing.roll_up(connection, index, prefix=prefix, level=level)


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _cut(changes: list[Change], limit: int | None, descending: bool) -> list[Change]:
    if descending:
        changes = changes[::-1]
    return changes if limit is None else changes[:limit]


def _number(seq: str) -> int:
    """Return the number in a sequence; raise ``BadDocument`` when there is none."""
    number = seq.partition("-")[0]
    if not (number.isascii() and number.isdigit() and len(number) <= _MAX_SEQ_DIGITS):
        raise BadDocument(f"malformed sequence {seq[:64]!r}")
    return int(number)


def position(since: str, epoch: str, newest: int) -> int:
    """Return where a feed starts: another epoch's sequence means the beginning."""
    if since == "now":
        return newest
    _, dash, of_epoch = since.partition("-")
    number = _number(since)
    return 0 if dash and of_epoch != epoch else number


def _updated_after(connection: sqlite3.Connection, position: int) -> bool:
    """Tell whether ``database_updates`` has something to tell after a position. The number of the
    last update does not say so: the database may be destroyed, or the update came to nothing."""
    row = connection.execute("SELECT 1 FROM databases WHERE updated > ? LIMIT 1", (position,))
    return row.fetchone() is not None
