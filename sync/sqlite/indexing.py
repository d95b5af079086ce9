"""Declared indexes: rows written with the documents, counts and sums kept per key prefix."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import orjson

from sync.errors import BadDocument
from sync.sqlite.index_rows import GroupSums, declaration, row_maker
from sync.sqlite.keys import decode_key, encode_key
from sync.sqlite.writer import Transaction
from sync.store import Group, Index, IndexRow, Key

_BUILD_CHUNK: Final = 500
_AFTER_ANY_MEMBER: Final = b"\xff"


class IndexWriter:
    """Collects what a batch does to a database's indexes and writes it at the end."""

    def __init__(self, connection: sqlite3.Connection, database: str) -> None:
        self._connection = connection
        self._indexes = [
            (number, row_maker(data), built_to)
            for number, data, built_to in connection.execute(
                "SELECT id, declaration, built_to FROM indexes WHERE database = ?", (database,)
            )
        ]
        self._gone: list[tuple[int, bytes, str]] = []
        self._come: list[tuple[int, bytes, str, float]] = []
        self._sums = GroupSums()

    def __bool__(self) -> bool:
        return bool(self._indexes)

    def only(self, number: int) -> None:
        """Leave all indexes but this one alone."""
        self._indexes = [index for index in self._indexes if index[0] == number]

    def change(self, doc_id: str, old: bytes | None, new: bytes | None) -> None:
        """Note that a document's live body changed; ``None`` stands for absent or deleted."""
        before = {} if old is None else orjson.loads(old)
        after = {} if new is None else orjson.loads(new)
        for number, maker, built_to in self._indexes:
            if built_to is not None and doc_id > built_to:
                continue  # the build under way will come to it
            gone = maker.rows(before) if old is not None else {}
            come = maker.rows(after) if new is not None else {}
            if gone == come:
                continue
            for members, value in gone.items():
                self._gone.append((number, b"".join(members), doc_id))
                if maker.grouped:
                    self._sums.add(number, members, -1, -value)
            for members, value in come.items():
                self._come.append((number, b"".join(members), doc_id, value))
                if maker.grouped:
                    self._sums.add(number, members, 1, value)

    def flush(self) -> None:
        """Write all that was noted, in the order of the tables, so that each page is met once."""
        execute = self._connection.executemany
        execute("DELETE FROM index_rows WHERE idx = ? AND key = ? AND id = ?", sorted(self._gone))
        execute("INSERT OR REPLACE INTO index_rows VALUES (?, ?, ?, ?)", sorted(self._come))
        groups = sorted(row for row in self._sums.rows() if row[3] or row[4])
        execute(
            "INSERT INTO index_groups VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET count = count + excluded.count, total = total + excluded.total",
            groups,
        )
        execute(
            "DELETE FROM index_groups WHERE idx = ? AND depth = ? AND key = ? AND count = 0",
            [row[:3] for row in groups if row[3] < 0],
        )


def empty(connection: sqlite3.Connection, database: str) -> None:
    """Drop all index rows of a database that is destroyed; the declarations stay."""
    of_database = "(SELECT id FROM indexes WHERE database = ?)"
    connection.execute(f"DELETE FROM index_rows WHERE idx IN {of_database}", (database,))  # noqa: S608
    connection.execute(f"DELETE FROM index_groups WHERE idx IN {of_database}", (database,))  # noqa: S608
    connection.execute("UPDATE indexes SET built_to = NULL WHERE database = ?", (database,))


Run = Callable[[Callable[[Transaction], Awaitable[bool]]], Awaitable[bool]]


async def ensure(run: Run, indexes: Sequence[Index]) -> None:
    """Declare indexes and build those that are new, a chunk of documents per transaction."""
    for index in indexes:

        async def declare(transaction: Transaction, index: Index = index) -> bool:
            return _declare(transaction.connection, index)

        async def build(transaction: Transaction, index: Index = index) -> bool:
            return _build_chunk(transaction.connection, index)

        await run(declare)
        while await run(build):
            pass


def _declare(connection: sqlite3.Connection, index: Index) -> bool:
    found = connection.execute(
        "SELECT id, declaration FROM indexes WHERE database = ? AND name = ?",
        (index.database, index.name),
    ).fetchone()
    if found is not None and found[1] == declaration(index):
        return False
    if found is not None:
        connection.execute("DELETE FROM index_rows WHERE idx = ?", (found[0],))
        connection.execute("DELETE FROM index_groups WHERE idx = ?", (found[0],))
        connection.execute("DELETE FROM indexes WHERE id = ?", (found[0],))
    connection.execute(
        "INSERT INTO indexes (database, name, declaration, built_to) VALUES (?, ?, ?, '')",
        (index.database, index.name, declaration(index)),
    )
    return True


def _build_chunk(connection: sqlite3.Connection, index: Index) -> bool:
    """Index the next documents; return whether there may be more."""
    number, built_to = connection.execute(
        "SELECT id, built_to FROM indexes WHERE database = ? AND name = ?",
        (index.database, index.name),
    ).fetchone()
    if built_to is None:
        return False
    documents = connection.execute(
        "SELECT id, deleted, body FROM documents"
        " WHERE database = (SELECT id FROM databases WHERE name = ?) AND id > ?"
        " ORDER BY id LIMIT ?",
        (index.database, built_to, _BUILD_CHUNK),
    ).fetchall()
    reached = documents[-1][0] if len(documents) == _BUILD_CHUNK else None
    connection.execute("UPDATE indexes SET built_to = ? WHERE id = ?", (reached, number))
    writer = IndexWriter(connection, index.database)
    writer.only(number)
    for doc_id, deleted, body in documents:
        if not deleted:
            writer.change(doc_id, None, body)
    writer.flush()
    return reached is not None


def _number(connection: sqlite3.Connection, index: Index) -> int:
    row = connection.execute(
        "SELECT id, declaration FROM indexes WHERE database = ? AND name = ?",
        (index.database, index.name),
    ).fetchone()
    if row is None or row[1] != declaration(index):
        raise BadDocument(f"index {index.name!r} of {index.database!r} was not declared so")
    number: int = row[0]
    return number


def query(
    connection: sqlite3.Connection,
    index: Index,
    *,
    prefix: Key,
    start: Key | None,
    end: Key | None,
    after: tuple[Key, str] | None,
    limit: int,
    descending: bool,
    documents: bool,
) -> list[IndexRow]:
    """Return index rows in key order; see ``DocumentStore.query``."""
    first = encode_key(prefix)
    low = max(first, encode_key(start)) if start is not None else first
    high = first + _AFTER_ANY_MEMBER
    if end is not None:
        high = min(high, encode_key(end))
    where, values = (
        "r.idx = ? AND r.key >= ? AND r.key < ?",
        [_number(connection, index), low, high],
    )
    if after is not None:
        where += f" AND (r.key, r.id) {'<' if descending else '>'} (?, ?)"
        values += [encode_key(after[0]), after[1]]
    columns, join = "r.key, r.id, NULL, NULL", ""
    if documents:
        columns = "r.key, r.id, d.rev, d.body"
        join = (
            " JOIN documents d ON d.id = r.id AND d.database ="
            " (SELECT id FROM databases WHERE name = ?)"
        )
        values.insert(0, index.database)
    order = "DESC" if descending else "ASC"
    cursor = connection.execute(
        f"SELECT {columns} FROM index_rows r{join} WHERE {where}"  # noqa: S608 (no input in it)
        f" ORDER BY r.key {order}, r.id {order} LIMIT ?",
        (*values, limit),
    )
    return [_index_row(*row) for row in cursor]


def _index_row(key: bytes, doc_id: str, rev: str | None, body: bytes | None) -> IndexRow:
    if body is None:
        return IndexRow(decode_key(key), doc_id)
    return IndexRow(decode_key(key), doc_id, {**orjson.loads(body), "_id": doc_id, "_rev": rev})


def roll_up(
    connection: sqlite3.Connection, index: Index, *, prefix: Key, level: int
) -> list[Group]:
    """Return counts and sums under a prefix; see ``DocumentStore.roll_up``."""
    number = _number(connection, index)
    low = encode_key(prefix)
    if index.each is not None:
        return _count_rows(connection, number, low, level)
    if level <= len(prefix):
        # All rows under the prefix fall into one group: the prefix's own.
        depth, high = len(prefix), low + b"\0"
    else:
        depth, high = level, low + _AFTER_ANY_MEMBER
    cursor = connection.execute(
        "SELECT key, sum(count), sum(total) FROM index_groups"
        " WHERE idx = ? AND (depth = ? OR depth BETWEEN ? AND -1) AND key >= ? AND key < ?"
        " GROUP BY key ORDER BY key",
        (number, depth, -1 - depth, low, high),
    )
    return [Group(decode_key(key)[:level], count, total) for key, count, total in cursor]


def _count_rows(connection: sqlite3.Connection, number: int, low: bytes, level: int) -> list[Group]:
    """Group rows one by one: an index with a row per element keeps no counts."""
    groups: dict[Key, tuple[int, float]] = {}
    for key, value in connection.execute(
        "SELECT key, value FROM index_rows WHERE idx = ? AND key >= ? AND key < ? ORDER BY key",
        (number, low, low + _AFTER_ANY_MEMBER),
    ):
        group = decode_key(key)[:level]
        count, total = groups.get(group, (0, 0.0))
        groups[group] = (count + 1, total + value)
    return [Group(key, count, total) for key, (count, total) in groups.items()]
