"""Dropping tombstones for good: rows, tree and bodies, inside one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import orjson

from sync.revtree import RevTree
from sync.sqlite.documents import DatabaseRow, decode_tree, find_database


def drop_tombstones(
    connection: sqlite3.Connection, database: str, stones: Mapping[str, Sequence[str]]
) -> int:
    """Drop these leaves where they are tombstones; return how many were dropped."""
    row = find_database(connection, database)
    return sum(_drop(connection, row, doc_id, revs) for doc_id, revs in stones.items())


def _drop(
    connection: sqlite3.Connection, database: DatabaseRow, doc_id: str, revs: Sequence[str]
) -> int:
    key = (database.id, doc_id)
    found = connection.execute(
        "SELECT seq, rev, deleted, tree FROM documents WHERE database = ? AND id = ?", key
    ).fetchone()
    if found is None:
        return 0
    seq, rev, deleted, packed = found
    tree = decode_tree(rev, deleted, packed)
    leaves = tree.leaves()
    going = {leaf for leaf, dead in leaves if dead and leaf in revs}
    if len(going) < len(leaves):
        going.discard(rev)
    if not going:
        return 0
    rest, gone = tree.without(going)
    connection.executemany(
        "DELETE FROM bodies WHERE database = ? AND id = ? AND rev = ?",
        [(*key, one) for one in gone],
    )
    if rest.chains:
        _keep(connection, key, seq, rest)
    else:
        connection.execute("DELETE FROM documents WHERE database = ? AND id = ?", key)
        connection.execute("DELETE FROM changes WHERE database = ? AND seq = ?", (key[0], seq))
        connection.execute("UPDATE databases SET deleted = deleted - 1 WHERE id = ?", key[:1])
    return len(going)


def _keep(connection: sqlite3.Connection, key: tuple[int, str], seq: int, rest: RevTree) -> None:
    connection.execute(
        "UPDATE documents SET tree = ? WHERE database = ? AND id = ?",
        (None if rest.is_single else rest.encode(), *key),
    )
    others = rest.leaves()[1:]
    connection.execute(
        "UPDATE changes SET others = ? WHERE database = ? AND seq = ?",
        (orjson.dumps(others) if others else None, key[0], seq),
    )
