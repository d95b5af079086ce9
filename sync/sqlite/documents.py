"""Writing documents: a batch is planned against the revision trees, then stored."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from sync.document_ids import check_doc_id, is_unicode
from sync.errors import BadDocument, DatabaseNotFound
from sync.revtree import MISSING, Outcome, RevTree, parse_rev
from sync.sqlite.indexing import IndexWriter
from sync.sqlite.writer import Transaction
from sync.store import Write, WriteResult

_BREATH: Final = 200
"""Documents written before other tasks of the event loop get a turn."""
CONFLICT: Final = ("conflict", "Document update conflict.")


class DatabaseRow(NamedTuple):
    """A database as its row tells."""

    id: int
    name: str
    epoch: str
    seq: int
    live: int
    deleted: int


def find_database(connection: sqlite3.Connection, name: str) -> DatabaseRow:
    """Return the row of a database; raise ``DatabaseNotFound``."""
    row = connection.execute(
        "SELECT id, name, epoch, seq, live, deleted FROM databases WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        raise DatabaseNotFound(name)
    return DatabaseRow(*row)


def json_list(doc_ids: Sequence[str]) -> str:
    """Return ids as JSON for ``json_each``; text that is not Unicode, which no document has as its
    id, is left out."""
    try:
        return orjson.dumps(doc_ids).decode()
    except TypeError:
        return orjson.dumps([one for one in doc_ids if is_unicode(one)]).decode()


def decode_tree(rev: str, deleted: int, tree: bytes | None) -> RevTree:
    """Return a document's tree from its row."""
    return RevTree.single(rev, bool(deleted)) if tree is None else RevTree.decode(tree)


def make_rev(parent: str | None, deleted: bool, body: bytes) -> str:
    """Return the revision of an edit: the same edit on the same parent makes the same one."""
    generation = 1 if parent is None else parse_rev(parent)[0] + 1
    start = f"{parent or ''}\0{'d' if deleted else 'a'}\0".encode()
    return f"{generation}-{hashlib.md5(start + body, usedforsecurity=False).hexdigest()}"


class _Document:
    """A document on its way through a batch."""

    __slots__ = ("body", "changed", "deleted", "doc_id", "new", "rev", "seq", "tree")

    def __init__(self, doc_id: str, row: Sequence[Any] | None = None) -> None:
        self.doc_id = doc_id
        self.changed = False
        self.new: dict[str, bytes] = {}
        self.seq, self.rev, self.deleted, self.body = 0, "", False, b""
        self.tree = RevTree()
        if row is not None:
            self.seq, self.rev, deleted, tree, self.body = row
            self.deleted = bool(deleted)
            self.tree = decode_tree(self.rev, deleted, tree)

    def edit(self, write: Write) -> WriteResult:
        """Apply an edit made on a leaf (``new_edits``)."""
        parent = write.ancestors[0] if write.ancestors else None
        chains = self.tree.chains
        if parent is None and not chains:
            return self._begin(write)
        if chains and chains[0].deleted:
            if parent is not None or write.deleted:
                return WriteResult(self.doc_id, None, *CONFLICT)
            parent = chains[0].rev  # a deleted document made anew goes on from its tombstone
        elif (parent is None) != (not chains) or (parent and not self.tree.is_leaf(parent)):
            return WriteResult(self.doc_id, None, *CONFLICT)
        rev = make_rev(parent, write.deleted, write.body)
        return self._merge(rev, () if parent is None else (parent,), write)

    def _begin(self, write: Write) -> WriteResult:
        """Store the first revision: most of what is written in a batch is new."""
        rev = make_rev(None, write.deleted, write.body)
        self.tree = RevTree.single(rev, write.deleted)
        self.new[rev] = write.body
        self.changed = True
        return WriteResult(self.doc_id, rev)

    def replicate(self, write: Write) -> WriteResult:
        """Store a revision as it is with its history (``new_edits`` false)."""
        if write.rev is None:
            raise BadDocument("a replicated document needs its _rev")
        return self._merge(write.rev, write.ancestors, write)

    def _merge(self, rev: str, ancestors: Sequence[str], write: Write) -> WriteResult:
        tree, outcome = self.tree.merge(rev, ancestors, deleted=write.deleted)
        if outcome is not Outcome.INTERNAL_NODE:
            self.new[rev] = write.body
            self.changed = True
        elif tree != self.tree:
            self.changed = True
            if self.tree.state(rev) == MISSING:
                self.new[rev] = write.body
        self.tree = tree
        return WriteResult(self.doc_id, rev)


class BatchWriter:
    """Writes one batch into one database inside a transaction."""

    def __init__(self, transaction: Transaction, database: str) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._database = find_database(self._connection, database)
        self._documents: dict[str, _Document] = {}

    async def write(self, writes: Sequence[Write], new_edits: bool) -> list[WriteResult]:
        """Write all; one document's fault is its own result and does not stop the others."""
        results = []
        for number, write in enumerate(writes):
            if number % _BREATH == 0:
                await asyncio.sleep(0)
                self._load(writes[number : number + _BREATH])
            try:
                document = self._document(write.doc_id)
                apply = document.edit if new_edits else document.replicate
                results.append(apply(write))
            except BadDocument as error:
                results.append(WriteResult(write.doc_id, write.rev, "bad_request", str(error)))
        changed = [document for document in self._documents.values() if document.changed]
        if changed:
            await self._store(changed)
        return results

    def _load(self, writes: Sequence[Write]) -> None:
        """Read the stored documents that these writes are about."""
        wanted = [write.doc_id for write in writes if write.doc_id not in self._documents]
        for doc_id, *row in self._connection.execute(
            "SELECT id, seq, rev, deleted, tree, body FROM documents"
            " WHERE database = ? AND id IN (SELECT value FROM json_each(?))",
            (self._database.id, json_list(wanted)),
        ):
            self._documents[doc_id] = _Document(doc_id, row)

    def _document(self, doc_id: str) -> _Document:
        document = self._documents.get(doc_id)
        if document is None:
            check_doc_id(doc_id)
            document = self._documents[doc_id] = _Document(doc_id)
        return document

    async def _store(self, changed: Sequence[_Document]) -> None:
        database = self._database
        rows, changes, stale, bodies = [], [], [], []
        live, dead, seq = database.live, database.deleted, database.seq
        index = IndexWriter(self._connection, database.name)
        for document in changed:
            seq += 1
            winner = document.tree.winner
            rev, deleted = winner.rev, winner.deleted
            body = self._winning_body(document, rev)
            if document.new:
                bodies += [(database.id, document.doc_id, r, b) for r, b in document.new.items()]
            if document.seq:
                stale.append((database.id, document.seq))
                if document.rev != rev:
                    bodies.append((database.id, document.doc_id, document.rev, document.body))
                live -= not document.deleted
                dead -= document.deleted
            live += not deleted
            dead += deleted
            tree = others = None
            if not document.tree.is_single:
                tree = document.tree.encode()
                leaves = document.tree.leaves()[1:]
                others = orjson.dumps(leaves) if leaves else None
            rows.append((database.id, document.doc_id, seq, rev, deleted, tree, body))
            changes.append((database.id, seq, document.doc_id, rev, deleted, others))
            if index:
                old = None if not document.seq or document.deleted else document.body
                index.change(document.doc_id, old, None if deleted else body)
        execute = self._connection.executemany
        if stale:
            execute("DELETE FROM changes WHERE database = ? AND seq = ?", stale)
        execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        await asyncio.sleep(0)
        execute("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)", changes)
        if bodies:
            execute("INSERT OR IGNORE INTO bodies VALUES (?, ?, ?, ?)", bodies)
        if index:
            index.flush()
        self._connection.execute(
            "UPDATE databases SET seq = ?, live = ?, deleted = ?, updated = ? WHERE id = ?",
            (seq, live, dead, self._transaction.next_update(), database.id),
        )
        self._transaction.changed.add(database.name)

    def _winning_body(self, document: _Document, rev: str) -> bytes:
        if rev == document.rev:
            return document.body
        new = document.new.pop(rev, None)
        if new is not None:
            return new
        row = self._connection.execute(
            "SELECT body FROM bodies WHERE database = ? AND id = ? AND rev = ?",
            (self._database.id, document.doc_id, rev),
        ).fetchone()
        body: bytes = row[0]
        return body
