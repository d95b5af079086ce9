"""A document store in memory: the same port and the same revision trees, without disk or threads.

For the simulation. Nothing in it is random or depends on the time, and it can be copied, so that
thousands of worlds start from one. It passes the store's contract suite like every other store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson

from sync.document_ids import check_doc_id
from sync.errors import BadDocument, DatabaseNotFound
from sync.revtree import DELETED, MISSING, Outcome, RevTree
from sync.sqlite.documents import CONFLICT, make_rev
from sync.sqlite.index_rows import RowMaker
from sync.sqlite.keys import decode_key, encode_key
from sync.sqlite.store import position
from sync.store import (
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

_AFTER_ANY_MEMBER = b"\xff"
_WORDS = {"a": "available", MISSING: "missing", DELETED: "deleted"}
_Rows = list[tuple[bytes, str, float]]


class _Document:
    """One document: its tree, every body that was ever accepted, where it stands in the feed."""

    __slots__ = ("bodies", "doc_id", "seq", "tree")

    def __init__(self, doc_id: str, tree: RevTree, bodies: dict[str, bytes], seq: int) -> None:
        self.doc_id, self.tree, self.bodies, self.seq = doc_id, tree, bodies, seq

    def copy(self) -> _Document:
        return _Document(self.doc_id, self.tree, dict(self.bodies), self.seq)

    def winner(self, *, ancestry: bool = False) -> Revision:
        return self.revision(self.tree.winner.rev, self.tree.winner.deleted, ancestry)

    def revision(self, rev: str, deleted: bool, ancestry: bool) -> Revision:
        line = self.tree.ancestors(rev) if ancestry else ()
        return Revision(self.doc_id, rev, deleted, self.bodies[rev], line)

    def edit(self, write: Write) -> WriteResult:
        """Apply an edit made on a leaf (``new_edits``)."""
        parent = write.ancestors[0] if write.ancestors else None
        chains = self.tree.chains
        if chains and chains[0].deleted:
            if parent is not None or write.deleted:
                return WriteResult(self.doc_id, None, *CONFLICT)
            parent = chains[0].rev
        elif (parent is None) != (not chains) or (parent and not self.tree.is_leaf(parent)):
            return WriteResult(self.doc_id, None, *CONFLICT)
        rev = make_rev(parent, write.deleted, write.body)
        return self.replicate(rev, () if parent is None else (parent,), write)

    def replicate(self, rev: str, ancestors: Sequence[str], write: Write) -> WriteResult:
        """Store a revision as it is with its history."""
        tree, outcome = self.tree.merge(rev, ancestors, deleted=write.deleted)
        if outcome is not Outcome.INTERNAL_NODE or self.tree.state(rev) == MISSING:
            self.bodies.setdefault(rev, write.body)
        self.tree = tree
        return WriteResult(self.doc_id, rev)


class _Database:
    """One database: documents by id, and their ids in the order of their last changes."""

    def __init__(self, name: str, epoch: str, updated: int) -> None:
        self.name, self.epoch, self.updated = name, epoch, updated
        self.seq = 0
        self.documents: dict[str, _Document] = {}
        self.feed: dict[int, _Document] = {}
        self.local: dict[str, tuple[int, bytes]] = {}

    def copy(self) -> _Database:
        twin = _Database(self.name, self.epoch, self.updated)
        twin.seq = self.seq
        twin.documents = {doc_id: one.copy() for doc_id, one in self.documents.items()}
        twin.feed = {seq: twin.documents[one.doc_id] for seq, one in self.feed.items()}
        twin.local = dict(self.local)
        return twin

    def place(self, seq: int) -> str:
        return f"{seq}-{self.epoch}"

    def move_to_end(self, document: _Document) -> None:
        self.feed.pop(document.seq, None)
        self.seq += 1
        document.seq = self.seq
        self.feed[self.seq] = document

    def apply(self, write: Write, new_edits: bool) -> tuple[WriteResult, bool]:
        """Apply one write; tell whether it changed the document."""
        known = self.documents.get(write.doc_id)
        if known is None:
            check_doc_id(write.doc_id)
        document = known or _Document(write.doc_id, RevTree(), {}, 0)
        before = document.tree
        if new_edits:
            result = document.edit(write)
        else:
            if write.rev is None:
                raise BadDocument("a replicated document needs its _rev")
            result = document.replicate(write.rev, write.ancestors, write)
        if document.tree is before or document.tree == before:
            return result, False
        self.documents[write.doc_id] = document
        return result, True


class MemoryStore(DocumentStore):
    """Databases in memory. ``name`` goes into epochs, so that two stores' never agree."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self._databases: dict[str, _Database] = {}
        self._made = 0
        self._updates = 0
        self._indexes: dict[tuple[str, str], Index] = {}
        self._rows: dict[tuple[str, str], tuple[int, str, _Rows]] = {}
        self._waiting: set[asyncio.Event] = set()

    def copy(self, name: str) -> MemoryStore:
        """Return an independent copy under another name."""
        twin = MemoryStore(name)
        twin._databases = {known: one.copy() for known, one in self._databases.items()}
        twin._made, twin._updates = self._made, self._updates
        twin._indexes = dict(self._indexes)
        return twin

    def _find(self, name: str) -> _Database:
        found = self._databases.get(name)
        if found is None:
            raise DatabaseNotFound(name)
        return found

    def _changed(self, database: _Database | None) -> None:
        self._updates += 1
        if database is not None:
            database.updated = self._updates
        for event in self._waiting:
            event.set()

    # --- databases ---

    async def create_database(self, name: str) -> bool:
        """Create a database; return whether it was not there before."""
        if name in self._databases:
            return False
        self._made += 1
        self._databases[name] = _Database(name, f"{self.name}{self._made}", 0)
        self._changed(self._databases[name])
        return True

    async def delete_database(self, name: str) -> bool:
        """Destroy a database and all in it; return whether it was there."""
        found = self._databases.pop(name, None)
        if found is not None:
            self._changed(None)
        return found is not None

    async def database_names(self, prefix: str = "") -> list[str]:
        """Return the names that start with ``prefix``, sorted."""
        return sorted(name for name in self._databases if name.startswith(prefix))

    async def database_info(self, name: str) -> DatabaseInfo:
        """Return counts and epoch; raise ``DatabaseNotFound``."""
        found = self._find(name)
        dead = sum(one.tree.winner.deleted for one in found.documents.values())
        seq = found.place(found.seq)
        return DatabaseInfo(name, found.epoch, seq, len(found.documents) - dead, dead)

    # --- reading ---

    async def get(self, database: str, doc_id: str, *, ancestry: bool = False) -> Revision | None:
        """Return the winning revision, deleted or not, or ``None``."""
        found = self._find(database).documents.get(doc_id)
        return None if found is None else found.winner(ancestry=ancestry)

    async def get_many(self, database: str, doc_ids: Sequence[str]) -> list[Revision | None]:
        """Return the winning revisions of many documents, in order."""
        documents = self._find(database).documents
        return [
            None if (found := documents.get(doc_id)) is None else found.winner()
            for doc_id in doc_ids
        ]

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
        found = self._find(database).documents.get(doc_id)
        if found is None:
            return []
        tree = found.tree
        if revs == "all":
            return [found.revision(rev, deleted, ancestry) for rev, deleted in tree.leaves()]
        if latest:
            revs = list(dict.fromkeys(leaf for rev in revs for leaf in tree.latest(rev)))
        return [
            found.revision(rev, state == DELETED, ancestry)
            for rev in revs
            if (state := tree.state(rev)) is not None and state != MISSING and rev in found.bodies
        ]

    async def revisions_of_many(
        self,
        database: str,
        asked: Sequence[tuple[str, Sequence[str] | Literal["all"]]],
        *,
        latest: bool = False,
        ancestry: bool = True,
    ) -> list[list[Revision]]:
        """Return what ``revisions`` returns for each document and its revisions, in order."""
        return [
            await self.revisions(database, doc_id, revs, latest=latest, ancestry=ancestry)
            for doc_id, revs in asked
        ]

    async def history(self, database: str, doc_id: str, rev: str) -> list[tuple[str, str]]:
        """Return a revision and its ancestors, newest first, each with what is known of it."""
        found = self._find(database).documents.get(doc_id)
        if found is None or found.tree.state(rev) is None:
            return []
        return [(ancestor, _WORDS[flag]) for ancestor, flag in found.tree.history(rev)]

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
        """Return winning revisions that are not deleted in the order of their ids."""
        low, high = (end, start) if descending else (start, end)
        left_out = None if include_end else end
        found = [
            one.winner()
            for doc_id, one in sorted(self._find(database).documents.items())
            if (low is None or doc_id >= low)
            and (high is None or doc_id <= high)
            and doc_id != left_out
            and not one.tree.winner.deleted
        ]
        if descending:
            found.reverse()
        return found[skip:] if limit is None else found[skip : skip + limit]

    async def leaves(self, database: str, doc_id: str) -> list[LeafInfo]:
        """Return all leaves, the winner first; empty if there is no such document."""
        found = self._find(database).documents.get(doc_id)
        return [] if found is None else [LeafInfo(*leaf) for leaf in found.tree.leaves()]

    async def bodies(self, database: str, doc_id: str, revs: Sequence[str]) -> dict[str, bytes]:
        """Return archived bodies by revision, inner revisions included."""
        found = self._find(database).documents.get(doc_id)
        known = {} if found is None else found.bodies
        return {rev: known[rev] for rev in revs if rev in known}

    async def forget_bodies(self, database: str, doc_id: str, revs: Sequence[str]) -> int:
        """Remove archived bodies of inner revisions; return how many. Leaves stay."""
        found = self._find(database).documents.get(doc_id)
        inner = [] if found is None else [r for r in revs if not found.tree.is_leaf(r)]
        return sum(found.bodies.pop(rev, None) is not None for rev in inner if found is not None)

    async def drop_tombstones(self, database: str, stones: Mapping[str, Sequence[str]]) -> int:
        """Remove leaves that are tombstones, with what only they grew from; return how many."""
        dropped = 0
        into = self._find(database)
        for doc_id, revs in stones.items():
            document = into.documents.get(doc_id)
            if document is None:
                continue
            leaves = document.tree.leaves()
            going = {rev for rev, dead in leaves if dead and rev in revs}
            if len(going) < len(leaves):
                going.discard(leaves[0][0])
            dropped += len(going)
            document.tree, gone = document.tree.without(going)
            for rev in gone:
                document.bodies.pop(rev, None)
            if not document.tree.chains:
                del into.documents[doc_id]
                del into.feed[document.seq]
        return dropped

    async def renew_epoch(self, database: str) -> None:
        """Give a database another epoch and forget its local documents."""
        into = self._find(database)
        into.epoch += "x"
        into.local.clear()

    async def missing_revisions(
        self, database: str, revs: Mapping[str, Sequence[str]]
    ) -> dict[str, tuple[list[str], list[str]]]:
        """Return per document the revisions not known here and their possible ancestors."""
        documents = self._find(database).documents
        answer = {}
        for doc_id, wanted in revs.items():
            found = documents.get(doc_id)
            missing = (RevTree() if found is None else found.tree).missing(wanted)
            if missing[0]:
                answer[doc_id] = missing
        return answer

    # --- writing ---

    async def write(
        self, database: str, writes: Sequence[Write], *, new_edits: bool = True
    ) -> list[WriteResult]:
        """Write a batch; results are per document and in order."""
        into = self._find(database)
        results = []
        changed: dict[str, _Document] = {}
        for write in writes:
            try:
                result, new = into.apply(write, new_edits)
            except BadDocument as error:
                result, new = WriteResult(write.doc_id, write.rev, "bad_request", str(error)), False
            results.append(result)
            if new:
                changed[write.doc_id] = into.documents[write.doc_id]
        for document in changed.values():
            into.move_to_end(document)
        if changed:
            self._changed(into)
        return results

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
        of = self._find(database)
        after = position(since, of.epoch, of.seq)
        if descending and doc_ids is None:
            after = 0
        found = [
            one
            for seq, one in of.feed.items()
            if seq > after and (doc_ids is None or one.doc_id in doc_ids)
        ]
        if descending:
            found.reverse()
        kept = found if limit is None else found[:limit]
        rows = [_change(of, one, all_leaves, bodies) for one in kept]
        if len(kept) == len(found) and not (descending and rows and doc_ids is None):
            return ChangesPage(rows, of.place(of.seq), 0)
        last = rows[-1].seq if rows else of.place(after)
        return ChangesPage(rows, last, 0 if descending else len(found) - len(kept))

    async def wait_for_change(
        self,
        database: str | None,
        since: str,
        timeout: float,  # noqa: ASYNC109
    ) -> bool:
        """Wait until something changed after ``since``; ``False`` after ``timeout`` seconds."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(timeout):
                while not self._has_changed(database, since):
                    event.clear()
                    await event.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(event)
        return True

    def _has_changed(self, database: str | None, since: str) -> bool:
        if database is None:
            return self._updates > int(since)
        of = self._find(database)
        return of.seq > position(since, of.epoch, of.seq)

    async def database_updates(
        self, since: str = "0", *, limit: int | None = None
    ) -> tuple[list[str], str]:
        """Return the names of databases changed after ``since`` and the new position."""
        after = int(since)
        rows = sorted((one.updated, name) for name, one in self._databases.items())
        rows = [row for row in rows if row[0] > after][:limit]
        return [name for _, name in rows], str(rows[-1][0]) if rows else since

    # --- local documents ---

    async def get_local(self, database: str, local_id: str) -> dict[str, Any] | None:
        """Return a local document with its ``_id`` and ``_rev``, or ``None``."""
        found = self._find(database).local.get(local_id)
        if found is None:
            return None
        return {**orjson.loads(found[1]), "_id": f"_local/{local_id}", "_rev": f"0-{found[0]}"}

    async def put_local(self, database: str, local_id: str, body: Mapping[str, Any]) -> str:
        """Store a local document, replacing what is there; return its revision ``0-N``."""
        local = self._find(database).local
        number = local[local_id][0] + 1 if local_id in local else 1
        stored = orjson.dumps({key: body[key] for key in body if not key.startswith("_")})
        local[local_id] = (number, stored)
        return f"0-{number}"

    async def delete_local(self, database: str, local_id: str) -> bool:
        """Remove a local document; return whether it was there."""
        return self._find(database).local.pop(local_id, None) is not None

    # --- indexes ---

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Declare indexes; their rows are worked out when they are asked for."""
        for index in indexes:
            self._indexes[index.database, index.name] = index
            self._rows.pop((index.database, index.name), None)

    def _rows_of(self, index: Index) -> _Rows:
        key = (index.database, index.name)
        if self._indexes.get(key) != index:
            raise BadDocument(f"index {index.name!r} of {index.database!r} was not declared so")
        of = self._databases.get(index.database)
        if of is None:
            return []
        known = self._rows.get(key)
        if known is None or known[:2] != (of.seq, of.epoch):
            rows = [
                (b"".join(members), doc_id, value)
                for doc_id, one in of.documents.items()
                if not one.tree.winner.deleted
                for members, value in RowMaker(index).rows(orjson.loads(one.winner().body)).items()
            ]
            known = self._rows[key] = (of.seq, of.epoch, sorted(rows))
        return known[2]

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
        first = encode_key(prefix)
        low = first if start is None else max(first, encode_key(start))
        high = first + _AFTER_ANY_MEMBER if end is None else encode_key(end)
        high = min(high, first + _AFTER_ANY_MEMBER)
        rows = [row for row in self._rows_of(index) if low <= row[0] < high]
        if descending:
            rows.reverse()
        if after is not None:
            place = (encode_key(after[0]), after[1])
            rows = [row for row in rows if (row[:2] < place if descending else row[:2] > place)]
        return [self._row(index, *row[:2], documents) for row in rows[:limit]]

    def _row(self, index: Index, key: bytes, doc_id: str, documents: bool) -> IndexRow:
        if not documents:
            return IndexRow(decode_key(key), doc_id)
        winner = self._databases[index.database].documents[doc_id].winner()
        return IndexRow(decode_key(key), doc_id, winner.document())

    async def roll_up(self, index: Index, *, prefix: Key = (), level: int = 0) -> list[Group]:
        """Return counts and sums of rows under ``prefix``, grouped by ``level`` members."""
        low = encode_key(prefix)
        groups: dict[Key, tuple[int, float]] = {}
        for key, _, value in self._rows_of(index):
            if key.startswith(low):
                group = decode_key(key)[:level]
                count, total = groups.get(group, (0, 0.0))
                groups[group] = (count + 1, total + value)
        return [Group(key, count, total) for key, (count, total) in groups.items()]

    async def close(self) -> None:
        """Nothing to release."""


def _change(of: _Database, one: _Document, all_leaves: bool, bodies: bool) -> Change:
    winner = one.tree.winner
    leaves = one.tree.leaves() if all_leaves else [(winner.rev, winner.deleted)]
    revision = one.winner() if bodies else None
    infos = tuple(LeafInfo(*leaf) for leaf in leaves)
    return Change(of.place(one.seq), one.doc_id, winner.deleted, infos, revision)
