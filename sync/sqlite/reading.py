"""Reading documents, revisions and changes; every function does one look at the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, cast

import orjson

from sync.revtree import DELETED, MISSING, RevTree
from sync.sqlite.documents import DatabaseRow, decode_tree, json_list
from sync.store import Change, LeafInfo, Revision

_DOCUMENT = "SELECT rev, deleted, tree, body FROM documents WHERE database = ? AND id = ?"
_DOCUMENTS = (
    "SELECT id, rev, deleted, body FROM documents"
    " WHERE database = ? AND id IN (SELECT value FROM json_each(?))"
)
_TREE = "SELECT rev, deleted, tree FROM documents WHERE database = ? AND id = ?"
_BODY = "SELECT body FROM bodies WHERE database = ? AND id = ? AND rev = ?"


def winner(
    connection: sqlite3.Connection, database: int, doc_id: str, ancestry: bool
) -> Revision | None:
    """Return the winning revision of a document, or ``None``."""
    row = connection.execute(_DOCUMENT, (database, doc_id)).fetchone()
    if row is None:
        return None
    rev, deleted, tree, body = row
    line: tuple[str, ...] = ()
    if ancestry and tree is not None:
        line = RevTree.decode(tree).ancestors(rev)
    return Revision(doc_id, rev, bool(deleted), body, line)


def winners(
    connection: sqlite3.Connection, database: int, doc_ids: Sequence[str]
) -> dict[str, Revision]:
    """Return the winning revisions of these documents by id; absent ones are left out."""
    cursor = connection.execute(_DOCUMENTS, (database, json_list(doc_ids)))
    return {
        doc_id: Revision(doc_id, rev, deleted == 1, body) for doc_id, rev, deleted, body in cursor
    }


def tree_of(connection: sqlite3.Connection, database: int, doc_id: str) -> RevTree | None:
    """Return a document's revision tree, or ``None``."""
    row = connection.execute(_TREE, (database, doc_id)).fetchone()
    return None if row is None else decode_tree(*row)


def revisions(
    connection: sqlite3.Connection,
    database: int,
    doc_id: str,
    revs: Sequence[str] | Literal["all"],
    *,
    latest: bool,
    ancestry: bool,
) -> list[Revision]:
    """Return these revisions, or all leaves; those unknown or without a body are left out."""
    row = connection.execute(_DOCUMENT, (database, doc_id)).fetchone()
    if row is None:
        return []
    winning, deleted, packed, winning_body = row
    if packed is None and (revs == "all" or list(revs) == [winning]):
        return [Revision(doc_id, winning, bool(deleted), winning_body)]
    tree = decode_tree(winning, deleted, packed)
    if revs == "all":
        wanted: Iterable[str] = [rev for rev, _ in tree.leaves()]
    elif latest:
        wanted = dict.fromkeys(leaf for rev in revs for leaf in tree.latest(rev))
    else:
        wanted = revs
    found = []
    for rev in wanted:
        state = tree.state(rev)
        if state is None or state == MISSING:
            continue
        body = winning_body
        if rev != winning:
            archived = connection.execute(_BODY, (database, doc_id, rev)).fetchone()
            if archived is None:
                continue  # forgotten
            (body,) = archived
        line = tree.ancestors(rev) if ancestry else ()
        found.append(Revision(doc_id, rev, state == DELETED, body, line))
    return found


def bodies(
    connection: sqlite3.Connection, database: int, doc_id: str, revs: Sequence[str]
) -> dict[str, bytes]:
    """Return archived bodies by revision; unknown ones are absent."""
    found: dict[str, bytes] = {}
    row = connection.execute(_DOCUMENT, (database, doc_id)).fetchone()
    for rev in revs:
        if row is not None and row[0] == rev:
            found[rev] = row[3]
            continue
        archived = connection.execute(_BODY, (database, doc_id, rev)).fetchone()
        if archived is not None:
            found[rev] = archived[0]
    return found


def missing(
    connection: sqlite3.Connection, database: int, revs: Mapping[str, Sequence[str]]
) -> dict[str, tuple[list[str], list[str]]]:
    """Return per document the revisions not known and their possible ancestors."""
    answer = {}
    for doc_id, wanted in revs.items():
        row = connection.execute(_TREE, (database, doc_id)).fetchone()
        if row is not None and len(wanted) == 1 and wanted[0] == row[0]:
            continue
        tree = RevTree() if row is None else decode_tree(*row)
        unknown, possible = tree.missing(wanted)
        if unknown:
            answer[doc_id] = (unknown, possible)
    return answer


def changes(
    connection: sqlite3.Connection,
    database: DatabaseRow,
    after: int,
    limit: int,
    *,
    all_leaves: bool,
    bodies: bool,
    descending: bool,
) -> list[Change]:
    """Return a run of changes: after a position, or backwards from before it."""
    body, join = "NULL", ""
    if bodies:
        body, join = "d.body", " JOIN documents d ON d.database = c.database AND d.id = c.id"
    order, sign = ("DESC", "<") if descending else ("ASC", ">")
    cursor = connection.execute(
        f"SELECT c.seq, c.id, c.rev, c.deleted, c.others, {body} FROM changes c{join}"  # noqa: S608
        f" WHERE c.database = ? AND c.seq {sign} ? ORDER BY c.seq {order} LIMIT ?",
        (database.id, after, limit),
    )
    return [_change(row, database.epoch, all_leaves) for row in cursor]


def changes_of(
    connection: sqlite3.Connection,
    database: DatabaseRow,
    after: int,
    doc_ids: Sequence[str],
    *,
    all_leaves: bool,
    bodies: bool,
) -> list[Change]:
    """Return the changes of some documents after a position, in order."""
    body = "d.body" if bodies else "NULL"
    cursor = connection.execute(
        f"SELECT c.seq, c.id, c.rev, c.deleted, c.others, {body}"  # noqa: S608 (no input in it)
        " FROM json_each(?) asked CROSS JOIN documents d CROSS JOIN changes c"
        " WHERE d.database = ? AND d.id = asked.value AND d.seq > ?"
        " AND c.database = d.database AND c.seq = d.seq ORDER BY c.seq",
        (json_list(list(dict.fromkeys(doc_ids))), database.id, after),
    )
    return [_change(row, database.epoch, all_leaves) for row in cursor]


def _change(
    row: tuple[int, str, str, int, bytes | None, bytes | None], epoch: str, all_leaves: bool
) -> Change:
    number, doc_id, rev, flag, others, body = row
    deleted = flag == 1
    leaves: tuple[LeafInfo, ...] = (LeafInfo(rev, deleted),)
    if all_leaves and others is not None:
        leaves += tuple(LeafInfo(other, dead) for other, dead in orjson.loads(others))
    revision = None if body is None else Revision(doc_id, rev, deleted, body)
    return Change(f"{number}-{epoch}", doc_id, deleted, leaves, revision)


def count_changes(connection: sqlite3.Connection, database: int, after: int) -> int:
    """Return how many changes come after a position."""
    row = connection.execute(
        "SELECT count(*) FROM changes WHERE database = ? AND seq > ?", (database, after)
    ).fetchone()
    count: int = row[0]
    return count


def by_id(
    connection: sqlite3.Connection,
    database: int,
    *,
    start: str | None,
    end: str | None,
    include_end: bool,
    skip: int,
    limit: int,
    descending: bool,
) -> list[Revision]:
    """Return live winners in the order of their ids; descending, from ``start`` down to ``end``."""
    ahead, back, order = ("<=", ">", "DESC") if descending else (">=", "<", "ASC")
    where, values = "database = ? AND NOT deleted", cast(list[int | str], [database])
    if start is not None:
        where += f" AND id {ahead} ?"
        values.append(start)
    if end is not None:
        where += f" AND id {back}{'=' if include_end else ''} ?"
        values.append(end)
    cursor = connection.execute(
        f"SELECT id, rev, body FROM documents WHERE {where}"  # noqa: S608 (no input in it)
        f" ORDER BY id {order} LIMIT ? OFFSET ?",
        (*values, limit, skip),
    )
    return [Revision(doc_id, rev, False, body) for doc_id, rev, body in cursor]
