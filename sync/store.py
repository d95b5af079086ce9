"""The store port: what the rest of the system asks of a document database.

Two stores implement ``DocumentStore``: ``SqliteStore`` (embedded) and ``CouchStore`` (CouchDB 3.x);
one conformance suite in ``tests/sync`` runs on both. Revisions are strings ``<generation>-<hash>``,
sequences are opaque strings, bodies are JSON bytes of an object without underscore members.
What travels by the thousand is a named tuple, which takes a third of the time to make that a frozen
dataclass takes.

Errors are those of ``sync.errors``::

    StoreError
    ├── DatabaseNotFound
    ├── DocumentConflict
    ├── BadDocument        (malformed id, revision, history or body)
    ├── StoreUnavailable   (worth trying again: busy, node gone)
    └── StoreFull          (no room on the disk)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

import orjson

Key = tuple[Any, ...]
"""An index key: JSON scalars, compared member by member (null < false < true < numbers < text)."""


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """Counts and identity of one database; ``epoch`` changes when it was restored or made anew."""

    name: str
    epoch: str
    update_seq: str
    doc_count: int
    deleted_count: int


class Revision(NamedTuple):
    """One revision of a document with its body, as stored.

    ``ancestors`` run from the parent back to the oldest revision known, newest first; empty when
    they were not asked for.
    """

    doc_id: str
    rev: str
    deleted: bool
    body: bytes
    ancestors: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the body as a dictionary with ``_id``, ``_rev`` and, if so, ``_deleted``."""
        document: dict[str, Any] = orjson.loads(self.body)
        document["_id"] = self.doc_id
        document["_rev"] = self.rev
        if self.deleted:
            document["_deleted"] = True
        return document


class LeafInfo(NamedTuple):
    """A leaf of a revision tree without its body."""

    rev: str
    deleted: bool


class Write(NamedTuple):
    """One document to write.

    With ``new_edits`` the store makes the revision: ``ancestors`` is then empty (a new document) or
    holds the parent revision. Without, ``rev`` and ``ancestors`` (newest first) are stored as they
    are. ``body`` is the JSON text of an object without underscore members, and ``document`` that
    object, where it is at hand: a reader may save himself parsing, and never changes it.
    """

    doc_id: str
    body: bytes
    rev: str | None = None
    ancestors: tuple[str, ...] = ()
    deleted: bool = False
    document: Mapping[str, Any] | None = None


class WriteResult(NamedTuple):
    """What became of one write: the revision stored, or CouchDB's error word and a reason."""

    doc_id: str
    rev: str | None
    error: str | None = None
    reason: str | None = None
    info: Mapping[str, Any] = MappingProxyType({})


class Batch(NamedTuple):
    """Writes into one database, for ``write_in_order``.

    ``deferred`` ones are new documents that nobody waits for: durable when what follows them is,
    they may show up only with ``deliver`` of the database that it is written to.
    """

    database: str
    writes: Sequence[Write]
    new_edits: bool = True
    deferred: bool = False


class Change(NamedTuple):
    """One row of a changes feed; ``leaves`` has only the winner unless ``all_docs`` was asked."""

    seq: str
    doc_id: str
    deleted: bool
    leaves: tuple[LeafInfo, ...]
    winner: Revision | None = None

    @property
    def contested(self) -> bool:
        """Whether there are leaves to merge: several live ones, or one beside tombstones."""
        return len(self.leaves) > 1 and any(not leaf.deleted for leaf in self.leaves)


class ChangesPage(NamedTuple):
    """A run of changes; ``last_seq`` is where the next page starts, ``pending`` what is left."""

    changes: Sequence[Change]
    last_seq: str
    pending: int


@dataclass(frozen=True, slots=True)
class Index:
    """An index, declared once and compiled by each store (see ``sync.indexes``).

    ``fields`` are dotted paths into the body; one whose value is a list is spread into the key at
    its place (a path of grid codes). ``where`` keeps only documents with those values. ``each``
    names a list field: one row per element, the element first in the key. ``value`` names the
    field that ``sum`` adds up; without it rows are counted.
    """

    name: str
    database: str
    fields: tuple[str, ...]
    where: Mapping[str, Any] = field(default_factory=dict)
    each: str | None = None
    value: str | None = None


class IndexRow(NamedTuple):
    """One row of an index; ``document`` is there when documents were asked for."""

    key: Key
    doc_id: str
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a roll-up: the first members of the key, how many rows, the sum of ``value``."""

    key: Key
    count: int
    total: float


class DocumentStore(Protocol):
    """A set of named document databases with CouchDB's revision semantics."""

    async def create_database(self, name: str) -> bool:
        """Create a database; return whether it was not there before."""

    async def delete_database(self, name: str) -> bool:
        """Destroy a database and all in it; return whether it was there."""

    async def database_names(self, prefix: str = "") -> list[str]:
        """Return the names that start with ``prefix``, sorted."""

    async def database_info(self, name: str) -> DatabaseInfo:
        """Return counts and epoch; raise ``DatabaseNotFound``."""

    async def epoch(self, name: str) -> str:
        """Return a database's epoch, which may be some seconds old; raise ``DatabaseNotFound``."""
        return (await self.database_info(name)).epoch

    async def get(self, database: str, doc_id: str, *, ancestry: bool = False) -> Revision | None:
        """Return the winning revision, or ``None`` if there never was one. It may be deleted."""

    async def get_many(self, database: str, doc_ids: Sequence[str]) -> list[Revision | None]:
        """Return the winning revisions of many documents, in order, without ancestry."""

    async def revisions(
        self,
        database: str,
        doc_id: str,
        revs: Sequence[str] | Literal["all"],
        *,
        latest: bool = False,
        ancestry: bool = True,
    ) -> list[Revision]:
        """Return these revisions, or all leaves; ``latest`` gives the leaves they grew into.
        Revisions that are not known, or whose body is gone, are left out."""

    async def revisions_of_many(
        self,
        database: str,
        asked: Sequence[tuple[str, Sequence[str] | Literal["all"]]],
        *,
        latest: bool = False,
        ancestry: bool = True,
    ) -> list[list[Revision]]:
        """Return what ``revisions`` returns for each document and its revisions, in order."""

    async def history(self, database: str, doc_id: str, rev: str) -> list[tuple[str, str]]:
        """Return a revision and its ancestors, newest first, each ``available``, ``missing`` or
        ``deleted``; empty when the revision is not known."""

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
        """Return winning revisions that are not deleted in the order of their ids (by code point);
        ``descending`` runs from ``start`` down to ``end``."""

    async def leaves(self, database: str, doc_id: str) -> list[LeafInfo]:
        """Return all leaves, the winner first; empty if there is no such document."""

    async def bodies(self, database: str, doc_id: str, revs: Sequence[str]) -> dict[str, bytes]:
        """Return archived bodies by revision, inner revisions included; unknown ones are absent."""

    async def bodies_of_many(
        self, database: str, asked: Sequence[tuple[str, Sequence[str]]]
    ) -> list[dict[str, bytes]]:
        """Return what ``bodies`` returns for each document and its revisions, in order."""
        return [await self.bodies(database, doc_id, revs) for doc_id, revs in asked]

    async def forget_bodies(self, database: str, doc_id: str, revs: Sequence[str]) -> int:
        """Remove archived bodies of inner revisions for good; return how many. Leaves stay, and so
        does the ancestry: the revisions are known without their bodies."""

    async def compact(self, database: str) -> None:
        """End what the engine itself still has of bodies that were forgotten, and wait for it."""
        return  # where nothing is left of them

    async def missing_revisions(
        self, database: str, revs: Mapping[str, Sequence[str]]
    ) -> dict[str, tuple[list[str], list[str]]]:
        """Return per document the revisions not known here and their possible ancestors."""

    async def write(
        self, database: str, writes: Sequence[Write], *, new_edits: bool = True
    ) -> list[WriteResult]:
        """Write a batch in one durable transaction; results are per document and in order.
        An acknowledged write survives a crash."""

    async def write_in_order(self, batches: Sequence[Batch]) -> list[list[WriteResult]]:
        """Write batches one after the other, each as ``write`` does: nothing of a later one is
        ever there without the earlier ones. A store that can makes them durable together."""
        return [
            await self.write(one.database, one.writes, new_edits=one.new_edits) for one in batches
        ]

    async def deliver(self, database: str) -> None:
        """Let deferred batches that were written along with this database's documents show up.
        Whoever follows its changes does so with ``keep_leaves``."""
        return  # where they have shown up at once

    async def drop_tombstones(self, database: str, stones: Mapping[str, Sequence[str]]) -> int:
        """Remove leaves that are tombstones, by document, with what only they grew from and the
        bodies of that, and tell nobody; return how many. A document without other leaves is gone as
        if it had never been. The winner of one that has others stays, whatever was asked."""

    async def renew_epoch(self, database: str) -> None:
        """Give a database another epoch and forget its local documents: everybody who replicates
        with it compares what he has, instead of trusting a checkpoint."""

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

    async def keep_leaves(self, database: str, changes: Sequence[Change]) -> int:
        """Archive those bodies of these changes' leaves that came past this store (another
        engine's replicator wrote them), before compaction takes them; return how many."""
        return 0  # where nothing can come past, everything is archived already

    async def wait_for_change(
        self,
        database: str | None,
        since: str,
        timeout: float,  # noqa: ASYNC109
    ) -> bool:
        """Wait until something changed after ``since`` (in any database when ``None``, then
        ``since`` is of ``database_updates``); return ``False`` after ``timeout`` seconds."""

    async def database_updates(
        self, since: str = "0", *, limit: int | None = None
    ) -> tuple[list[str], str]:
        """Return the names of databases changed after ``since`` and the new position; a name may
        come again."""

    async def get_local(self, database: str, local_id: str) -> dict[str, Any] | None:
        """Return a local (not replicated) document by its id without ``_local/``."""

    async def put_local(self, database: str, local_id: str, body: Mapping[str, Any]) -> str:
        """Store a local document, replacing what is there; return its revision ``0-N``."""

    async def delete_local(self, database: str, local_id: str) -> bool:
        """Remove a local document; return whether it was there."""

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Make sure these indexes exist and are built; safe to repeat."""

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
        """Return rows whose key begins with ``prefix`` and lies in ``[start, end)`` (full keys),
        after the row ``after`` (its key and document id), in key order."""

    async def query_many(
        self, index: Index, prefixes: Sequence[Key], *, limit: int = 100, documents: bool = False
    ) -> list[list[IndexRow]]:
        """Return what ``query`` returns for each of these prefixes, in order."""
        return [
            await self.query(index, prefix=prefix, limit=limit, documents=documents)
            for prefix in prefixes
        ]

    async def roll_up(self, index: Index, *, prefix: Key = (), level: int = 0) -> list[Group]:
        """Return counts and sums of rows under ``prefix``, grouped by the first ``level`` members
        of the key (0: one group)."""

    async def close(self) -> None:
        """Release files, threads and connections."""
