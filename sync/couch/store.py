"""``CouchStore``: the document store on CouchDB."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import orjson

from sync.couch.address import CouchAddress
from sync.couch.archive import Archive
from sync.couch.client import CouchClient, segment
from sync.couch.databases import (
    INTERNAL,
    OWN_LOCALS,
    Databases,
    check,
    is_missing_document,
)
from sync.couch.feeds import Changes, Updates
from sync.couch.indexing import Views
from sync.couch.journal import Journal, Note
from sync.couch.passing import keep_leaves
from sync.couch.reading import Reader
from sync.couch.writing import Writer
from sync.errors import BadDocument, StoreUnavailable
from sync.paths import BULLETIN_PREFIX, GRID_PREFIX
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

_LOCAL_ATTEMPTS: Final = 8
_PURGED_AT_ONCE: Final = 100
_LOOK_SECONDS: Final = 0.2
_COUCH_OWN: Final = ("_local/purge-", "_local/shard-sync-")
"""Local documents by which CouchDB's own shards and views keep count."""


class CouchStore(DocumentStore):
    """Databases of one CouchDB, single or clustered, under a prefix."""

    def __init__(self, address: CouchAddress) -> None:
        self.address = address
        self.client = CouchClient(address)
        self.databases = Databases(self.client, address)
        archive = self._archive = Archive(self.client, self.databases)
        clustered = len(address.hosts) > 1
        journal = self._journal = Journal(self.client, self.databases, archive)
        self._reader = Reader(self.client, self.databases, archive, journal, clustered=clustered)
        self._writer = Writer(self.client, self.databases, archive)
        self._changes = Changes(self.client, self.databases, self._reader)
        self._updates = Updates(self.client, self.databases)
        self._views = Views(self.client, self.databases)

    async def close(self) -> None:
        """Stop listening to the cluster and close the connections."""
        await self._updates.close()
        await self.client.close()

    async def create_database(self, name: str) -> bool:
        """Create a database; return whether it was not there before."""
        made = await self.databases.create(name)
        if made:
            await self._views.build(name)
        return made

    async def delete_database(self, name: str) -> bool:
        """Destroy a database and all in it; return whether it was there."""
        gone = await self.databases.delete(name)
        self._updates.wake([name])
        return gone

    async def database_names(self, prefix: str = "") -> list[str]:
        """Return the names that start with ``prefix``, sorted."""
        return await self.databases.names(prefix)

    async def database_info(self, name: str) -> DatabaseInfo:
        """Return counts and epoch; raise ``DatabaseNotFound``."""
        answer = await self.client.call("GET", self.databases.path(name))
        check(answer, name, 200)
        found = answer.json()
        epoch = (await self.databases.identity(name)).epoch
        seq = f"{found['update_seq']}.{epoch}"
        return DatabaseInfo(name, epoch, seq, found["doc_count"], found["doc_del_count"])

    async def epoch(self, name: str) -> str:
        """Return a database's epoch, at most five seconds old."""
        return (await self.databases.identity(name)).epoch

    async def get(self, database: str, doc_id: str, *, ancestry: bool = False) -> Revision | None:
        """Return the winning revision, deleted or not, or ``None``."""
        if ancestry:
            (found,) = await self._reader.revisions_of_many(database, [(doc_id, "all")])
            return found[0] if found else None
        (winner,) = await self._reader.get_many(database, [doc_id])
        return winner

    async def get_many(self, database: str, doc_ids: Sequence[str]) -> list[Revision | None]:
        """Return the winning revisions of many documents, in order."""
        return await self._reader.get_many(database, doc_ids)

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
        (found,) = await self._reader.revisions_of_many(
            database, [(doc_id, revs)], latest=latest, ancestry=ancestry
        )
        return found

    async def revisions_of_many(
        self,
        database: str,
        asked: Sequence[tuple[str, Sequence[str] | Literal["all"]]],
        *,
        latest: bool = False,
        ancestry: bool = True,
    ) -> list[list[Revision]]:
        """Return what ``revisions`` returns for each document and its revisions, in order."""
        return await self._reader.revisions_of_many(
            database, asked, latest=latest, ancestry=ancestry
        )

    async def history(self, database: str, doc_id: str, rev: str) -> list[tuple[str, str]]:
        """Return a revision and its ancestors, newest first, each with what is known of it."""
        return await self._reader.history(database, doc_id, rev)

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
        return await self._reader.documents(
            database,
            start=start,
            end=end,
            include_end=include_end,
            skip=skip,
            limit=limit,
            descending=descending,
        )

    async def leaves(self, database: str, doc_id: str) -> list[LeafInfo]:
        """Return all leaves, the winner first; empty if there is no such document."""
        found = await self.revisions(database, doc_id, "all", ancestry=False)
        return [LeafInfo(one.rev, one.deleted) for one in found]

    async def bodies(self, database: str, doc_id: str, revs: Sequence[str]) -> dict[str, bytes]:
        """Return archived bodies by revision, inner revisions included."""
        return (await self._reader.bodies_of_many(database, [(doc_id, revs)]))[0]

    async def bodies_of_many(
        self, database: str, asked: Sequence[tuple[str, Sequence[str]]]
    ) -> list[dict[str, bytes]]:
        """Return archived bodies of many documents, in order."""
        return await self._reader.bodies_of_many(database, asked)

    async def forget_bodies(self, database: str, doc_id: str, revs: Sequence[str]) -> int:
        """Purge archived bodies of inner revisions; return how many. Leaves stay."""
        await self._journal.settle(database)
        leaves = {leaf.rev for leaf in await self.leaves(database, doc_id)}
        return await self._archive.forget(
            database, doc_id, [rev for rev in revs if rev not in leaves]
        )

    async def compact(self, database: str) -> None:
        """Let CouchDB give up bodies of inner revisions, and wait until it has; the archive is
        compacted meanwhile and later, because it may take hours."""
        await self._journal.settle(database)
        await self.databases.compact(INTERNAL)
        await self.databases.compact(database)
        await asyncio.sleep(_LOOK_SECONDS)  # the nodes are told, and begin
        while await self.databases.is_compacting(database):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)

    async def drop_tombstones(self, database: str, stones: Mapping[str, Sequence[str]]) -> int:
        """Purge leaves that are tombstones, with what only they grew from; return how many."""
        await self._journal.settle(database)
        dropped = 0
        asked = list(stones)
        for start in range(0, len(asked), _PURGED_AT_ONCE):
            some = asked[start : start + _PURGED_AT_ONCE]
            found = await self._reader.revisions_of_many(database, [(one, "all") for one in some])
            for leaves in filter(None, found):
                dropped += await self._drop(database, leaves, stones[leaves[0].doc_id])
        return dropped

    async def _drop(self, database: str, leaves: Sequence[Revision], revs: Sequence[str]) -> int:
        going = {leaf.rev for leaf in leaves if leaf.deleted and leaf.rev in revs}
        if len(going) < len(leaves):
            going.discard(leaves[0].rev)
        if not going:
            return 0
        lines = {leaf.rev: {leaf.rev, *leaf.ancestors} for leaf in leaves}
        kept = {rev for leaf, line in lines.items() if leaf not in going for rev in line}
        gone = {rev for leaf in going for rev in lines[leaf]} - kept
        doc_id = leaves[0].doc_id
        await self._archive.forget(database, doc_id, sorted(gone))
        answer = await self.client.call(
            "POST",
            self.databases.path(database, "_purge"),
            body=orjson.dumps({doc_id: sorted(going)}),
            as_admin=True,
        )
        check(answer, database, 201, 202)
        return len(going)

    async def renew_epoch(self, database: str) -> None:
        """Give a database another epoch and forget its local documents but who it is."""
        answer = await self.client.call("GET", self.databases.path(database, "_local_docs"))
        check(answer, database, 200)
        for row in answer.json()["rows"]:
            local_id = row["id"].removeprefix("_local/")
            if not row["id"].startswith((OWN_LOCALS, *_COUCH_OWN)):
                await self.delete_local(database, local_id)
        await self.databases.renew_epoch(database)

    async def tidy_views(self) -> int:
        """Remove design documents of older declarations and the files of their views; return how
        many design documents were removed."""
        removed = 0
        for database in await self.database_names():
            if not database.startswith((GRID_PREFIX, BULLETIN_PREFIX)):
                removed += await self._views.tidy(database)
        return removed

    async def missing_revisions(
        self, database: str, revs: Mapping[str, Sequence[str]]
    ) -> dict[str, tuple[list[str], list[str]]]:
        """Return per document the revisions not known here and their possible ancestors."""
        return await self._reader.missing_revisions(database, revs)

    async def write(
        self, database: str, writes: Sequence[Write], *, new_edits: bool = True
    ) -> list[WriteResult]:
        """Write a batch durably; results are per document and in order."""
        results = await self._writer.write(database, writes, new_edits)
        self._updates.wake([database])
        return results

    async def write_in_order(self, batches: Sequence[Batch]) -> list[list[WriteResult]]:
        """Write batches one after the other. Deferred ones before revisions of a grid are written
        in one request with them; nothing is said of their documents."""
        *before, last = batches
        together = (
            all(one.deferred for one in before)
            and not last.new_edits
            and await self._writer.has_journal(last.database)
        )
        if not together:
            return await super().write_in_order(batches)
        notes = [Note(one.database, w.doc_id, w.body) for one in before for w in one.writes]
        results = await self._writer.write(last.database, last.writes, False, notes)
        self._updates.wake([last.database])
        said = [[WriteResult(write.doc_id, None) for write in one.writes] for one in before]
        return [*said, results]

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
        return await self._changes.page(
            database,
            since,
            limit=limit,
            all_leaves=all_leaves,
            bodies=bodies,
            descending=descending,
            doc_ids=doc_ids,
        )

    async def keep_leaves(self, database: str, changes: Sequence[Change]) -> int:
        """Archive what another site's replicator wrote past us, and what CouchDB still has of the
        revisions that it grew from; return how many bodies."""
        await self._journal.settle(database)
        return await keep_leaves(self._reader, self._archive, database, changes)

    async def deliver(self, database: str) -> None:
        """Settle the database's journal."""
        await self._journal.settle(database)

    async def wait_for_change(
        self,
        database: str | None,
        since: str,
        timeout: float,  # noqa: ASYNC109
    ) -> bool:
        """Wait until something changed after ``since``; ``False`` after ``timeout`` seconds."""

        async def changed() -> bool:
            if database is None:
                return bool((await self._updates.since(since, None))[0])
            return bool((await self.changes(database, since, limit=1)).changes)

        return await self._updates.wait(database, changed, timeout)

    async def database_updates(
        self, since: str = "0", *, limit: int | None = None
    ) -> tuple[list[str], str]:
        """Return the names of databases changed after ``since`` and the new position."""
        return await self._updates.since(since, limit)

    async def get_local(self, database: str, local_id: str) -> dict[str, Any] | None:
        """Return a local document with its ``_id`` and ``_rev``, or ``None``. The store's own are
        not there for anybody."""
        if _is_own(local_id):
            return None
        answer = await self.client.call("GET", self._local(database, local_id))
        if answer.status == 404 and is_missing_document(answer):
            return None
        check(answer, database, 200)
        document: dict[str, Any] = answer.json()
        return document

    async def put_local(self, database: str, local_id: str, body: Mapping[str, Any]) -> str:
        """Store a local document, replacing what is there; return its revision ``0-N``."""
        if _is_own(local_id):
            raise BadDocument(f"local document {local_id[:60]!r} is the server's own")
        kept = {name: value for name, value in body.items() if not name.startswith("_")}
        for _ in range(_LOCAL_ATTEMPTS):
            known = await self.get_local(database, local_id)
            document = kept if known is None else {**kept, "_rev": known["_rev"]}
            answer = await self.client.call(
                "PUT", self._local(database, local_id), body=orjson.dumps(document)
            )
            if answer.status != 409:
                check(answer, database, 201, 202)
                return str(answer.json()["rev"])
        raise StoreUnavailable(f"local document {local_id!r} keeps changing")

    async def delete_local(self, database: str, local_id: str) -> bool:
        """Remove a local document; return whether it was there."""
        known = await self.get_local(database, local_id)
        if known is None:
            return False
        path = self._local(database, local_id)
        answer = await self.client.call("DELETE", path, {"rev": known["_rev"]})
        if answer.status == 404 and is_missing_document(answer):
            return False
        check(answer, database, 200, 202)
        return True

    def _local(self, database: str, local_id: str) -> str:
        return self.databases.path(database, "_local", segment(local_id))

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Make sure these indexes exist and are built; safe to repeat."""
        await self._views.ensure(indexes)

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
        """Return index rows in key order; see ``DocumentStore.query``."""
        return await self._views.query(
            index,
            prefix=prefix,
            start=start,
            end=end,
            after=after,
            limit=limit,
            descending=descending,
            documents=documents,
        )

    async def query_many(
        self, index: Index, prefixes: Sequence[Key], *, limit: int = 100, documents: bool = False
    ) -> list[list[IndexRow]]:
        """Return what ``query`` returns for each of these prefixes, in order."""
        return await self._views.query_many(index, prefixes, limit=limit, documents=documents)

    async def roll_up(self, index: Index, *, prefix: Key = (), level: int = 0) -> list[Group]:
        """Return counts and sums under a prefix; see ``DocumentStore.roll_up``."""
        return await self._views.roll_up(index, prefix=prefix, level=level)


def _is_own(local_id: str) -> bool:
    return f"_local/{local_id}".startswith(OWN_LOCALS)
