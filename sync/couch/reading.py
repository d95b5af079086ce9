"""Reading documents and revisions from CouchDB, and from the archive what compaction took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import orjson

from sync.couch.archive import Archive
from sync.couch.bodies import read_revision, winning_order
from sync.couch.client import CouchClient
from sync.couch.databases import IDENTITY, Databases, check
from sync.couch.journal import Journal
from sync.revtree import parse_rev
from sync.store import Revision

Asked = tuple[str, Sequence[str] | Literal["all"]]
Lacking = tuple[int, tuple[str, list[str]]]
"""A place in a list of documents, the document there, and revisions whose bodies it lacks."""
_CHUNK: Final = 500
"""Documents asked for in one request."""


class Reader:
    """Reads one cluster's documents."""

    def __init__(
        self,
        client: CouchClient,
        databases: Databases,
        archive: Archive,
        journal: Journal,
        *,
        clustered: bool,
    ) -> None:
        self._client = client
        self._databases = databases
        self._archive = archive
        self._journal = journal
        self._clustered = clustered

    async def get_many(self, database: str, doc_ids: Sequence[str]) -> list[Revision | None]:
        """Return the winning revisions of many documents, in order."""
        found: list[Revision | None] = []
        for start in range(0, len(doc_ids), _CHUNK):
            found += await self._winners(database, doc_ids[start : start + _CHUNK])
        return found

    async def _winners(self, database: str, doc_ids: Sequence[str]) -> list[Revision | None]:
        if self._clustered:
            # ``_all_docs`` is answered by one copy, which may be behind what was just written;
            # ``_bulk_get`` asks so many that one of them has it.
            asked: list[Asked] = [(doc_id, "all") for doc_id in doc_ids]
            found = await self.revisions_of_many(database, asked, ancestry=False)
            return [leaves[0] if leaves else None for leaves in found]
        return await self._winners_of_rows(database, doc_ids)

    async def _winners_of_rows(
        self, database: str, doc_ids: Sequence[str]
    ) -> list[Revision | None]:
        beside = [IDENTITY] if self._databases.wants_identity(database) else []
        answer = await self._client.call(
            "POST",
            self._databases.path(database, "_all_docs"),
            {"include_docs": "true"},
            orjson.dumps({"keys": [*doc_ids, *beside]}),
        )
        check(answer, database, 200)
        rows = answer.json()["rows"]
        if beside:
            self._databases.saw_identity(database, rows.pop().get("doc"))
        found = [_of_row(row) for row in rows]
        # A tombstone's body does not come with its row.
        dead = [(row["id"], [row["value"]["rev"]]) for row in rows if _is_dead(row)]
        if dead:
            bodies = await self.revisions_of_many(database, dead, ancestry=False)
            stones = {one.doc_id: one for some in bodies for one in some}
            found = [one or stones.get(doc_id) for one, doc_id in zip(found, doc_ids, strict=True)]
        return found

    async def revisions_of_many(
        self,
        database: str,
        asked: Sequence[Asked],
        *,
        latest: bool = False,
        ancestry: bool = True,
    ) -> list[list[Revision]]:
        """Return, for each document, these revisions or all its leaves (the winner first)."""
        for _, revs in asked:
            for rev in revs if revs != "all" else ():
                parse_rev(rev)
        found: list[list[Revision]] = []
        for start in range(0, len(asked), _CHUNK):
            chunk = asked[start : start + _CHUNK]
            found += await self._bulk_get(database, chunk, latest=latest, ancestry=ancestry)
        return found

    async def _bulk_get(
        self, database: str, asked: Sequence[Asked], *, latest: bool, ancestry: bool
    ) -> list[list[Revision]]:
        wanted = [
            {"id": doc_id} if rev is None else {"id": doc_id, "rev": rev}
            for doc_id, revs in asked
            for rev in ([None] if revs == "all" else revs)
        ]
        answer = await self._client.call(
            "POST",
            self._databases.path(database, "_bulk_get"),
            {"revs": str(ancestry).lower(), "latest": str(latest).lower()},
            orjson.dumps({"docs": wanted}),
        )
        check(answer, database, 200)
        results = iter(answer.json()["results"])
        found: list[list[Revision]] = []
        gone: list[tuple[int, str, str]] = []
        for place, (doc_id, revs) in enumerate(asked):
            by_rev: dict[str, Revision] = {}
            for rev in [None] if revs == "all" else revs:
                given = [one["ok"] for one in next(results)["docs"] if "ok" in one]
                some = [read_revision(document, ancestry=ancestry) for document in given]
                some.sort(key=winning_order, reverse=True)
                by_rev.update({one.rev: one for one in some if one.rev not in by_rev})
                if rev is not None and not some and not latest:
                    gone.append((place, doc_id, rev))
            found.append(list(by_rev.values()))
        if gone:
            await self._from_archive(database, gone, found, ancestry=ancestry)
        return found

    async def _from_archive(
        self,
        database: str,
        gone: Sequence[tuple[int, str, str]],
        found: list[list[Revision]],
        *,
        ancestry: bool,
    ) -> None:
        """Add revisions whose bodies compaction took, if their trees still know them."""
        wanted = [(doc_id, rev) for _, doc_id, rev in gone]
        bodies = await self._archive.bodies(database, wanted)
        if len(bodies) < len(wanted) and await self._journal.settle(database):
            bodies = await self._archive.bodies(database, wanted)
        for place, doc_id, rev in gone:
            body = bodies.get((doc_id, rev))
            line = await self._line(database, doc_id, rev) if body is not None else []
            if body is not None and line:
                ancestors = tuple(line[1:]) if ancestry else ()
                found[place].append(Revision(doc_id, rev, False, body, ancestors))

    async def _line(self, database: str, doc_id: str, rev: str) -> list[str]:
        """Return a revision and its ancestors as the leaves' histories tell, or nothing."""
        (leaves,) = await self._bulk_get(database, [(doc_id, "all")], latest=False, ancestry=True)
        for leaf in leaves:
            line = [leaf.rev, *leaf.ancestors]
            if rev in line:
                return line[line.index(rev) :]
        return []

    async def history(self, database: str, doc_id: str, rev: str) -> list[tuple[str, str]]:
        """Return a revision and its ancestors with what is known of each."""
        line = await self._line(database, doc_id, rev)
        if not line:
            return []
        (known,) = await self.revisions_of_many(database, [(doc_id, line)], ancestry=False)
        states = {one.rev: "deleted" if one.deleted else "available" for one in known}
        return [(ancestor, states.get(ancestor, "missing")) for ancestor in line]

    async def bodies_of_many(
        self, database: str, asked: Sequence[tuple[str, Sequence[str]]]
    ) -> list[dict[str, bytes]]:
        """Return bodies by revision for each document: from the archive, else from CouchDB while it
        has them (revisions that another site's replicator wrote past us)."""
        found: list[dict[str, bytes]] = []
        for start in range(0, len(asked), _CHUNK):
            found += await self._bodies(database, asked[start : start + _CHUNK])
        return found

    async def _bodies(
        self, database: str, asked: Sequence[tuple[str, Sequence[str]]]
    ) -> list[dict[str, bytes]]:
        found: list[dict[str, bytes]] = [{} for _ in asked]
        await self._add_archived(database, _lacking(asked, found), found)
        rest = _lacking(asked, found)
        if rest:
            some = await self._bulk_get(
                database, [each for _, each in rest], latest=False, ancestry=False
            )
            for (place, _), revisions in zip(rest, some, strict=True):
                found[place].update({one.rev: one.body for one in revisions})
        rest = _lacking(asked, found)
        if rest and await self._journal.settle(database):
            await self._add_archived(database, rest, found)
        return found

    async def _add_archived(
        self, database: str, lacking: Sequence[Lacking], found: Sequence[dict[str, bytes]]
    ) -> None:
        pairs = [(doc_id, rev) for _, (doc_id, revs) in lacking for rev in revs]
        kept = await self._archive.bodies(database, pairs)
        for place, (doc_id, revs) in lacking:
            found[place].update({r: kept[doc_id, r] for r in revs if (doc_id, r) in kept})

    async def missing_revisions(
        self, database: str, revs: Mapping[str, Sequence[str]]
    ) -> dict[str, tuple[list[str], list[str]]]:
        """Return per document the revisions not known and their possible ancestors."""
        for some in revs.values():
            for rev in some:
                parse_rev(rev)  # or CouchDB refuses the whole request
        answer = await self._client.call(
            "POST",
            self._databases.path(database, "_revs_diff"),
            body=orjson.dumps({doc_id: list(some) for doc_id, some in revs.items()}),
        )
        check(answer, database, 200)
        return {
            doc_id: (
                [rev for rev in revs[doc_id] if rev in set(row["missing"])],
                sorted(row.get("possible_ancestors", ()), key=parse_rev, reverse=True),
            )
            for doc_id, row in answer.json().items()
        }

    async def documents(
        self,
        database: str,
        *,
        start: str | None,
        end: str | None,
        include_end: bool,
        skip: int,
        limit: int | None,
        descending: bool,
    ) -> list[Revision]:
        """Return live winners in the order of their ids, design documents left out."""
        found: list[Revision] = []
        while True:
            rows = await self._by_id(database, start, end, include_end, limit, descending, skip)
            found += [one for row in rows if (one := _of_row(row)) and one.doc_id[0] != "_"]
            if limit is None or len(found) >= limit or len(rows) < limit:
                return found if limit is None else found[:limit]
            start, skip = rows[-1]["id"], 1

    async def _by_id(
        self,
        database: str,
        start: str | None,
        end: str | None,
        include_end: bool,
        limit: int | None,
        descending: bool,
        skip: int,
    ) -> list[Any]:
        parameters = {
            "include_docs": "true",
            "inclusive_end": str(include_end).lower(),
            "descending": str(descending).lower(),
            "skip": str(skip),
        }
        for name, value in (("start_key", start), ("end_key", end), ("limit", limit)):
            if value is not None:
                parameters[name] = orjson.dumps(value).decode()
        answer = await self._client.call(
            "GET", self._databases.path(database, "_all_docs"), parameters
        )
        check(answer, database, 200)
        rows: list[Any] = answer.json()["rows"]
        return rows


def _of_row(row: Mapping[str, Any]) -> Revision | None:
    document = row.get("doc")
    return read_revision(document, ancestry=False) if document else None


def _is_dead(row: Mapping[str, Any]) -> bool:
    return row.get("value", {}).get("deleted") is True


def _lacking(
    asked: Sequence[tuple[str, Sequence[str]]], found: Sequence[Mapping[str, bytes]]
) -> list[Lacking]:
    return [
        (place, (doc_id, rest))
        for place, (doc_id, revs) in enumerate(asked)
        if (rest := [rev for rev in revs if rev not in found[place]])
    ]
