"""The journal: what has to be durable together with a grid's records, and finds its place later.

Bodies for the archive and notes for other databases (when an edit came) are written as a local
document of the grid's own database, in the same request as the records. Where the database is one
shard, that is one commit: one wait for the disk instead of one for each database. A follower, or
whoever needs them sooner, puts them where they belong and then removes them from the journal. All
this may be done twice: an entry's name is the digest of what it says, and what it says has its
place and revision already.

The journal bridges seconds. It is no archive: CouchDB replicates no local documents, not even to
a node that takes the place of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson

from sync.couch.archive import KEPT_PREFIX, Archive
from sync.couch.bodies import replicated_json
from sync.couch.client import CouchClient
from sync.couch.databases import OWN_LOCALS, Databases, check
from sync.store import Write

_NAME: Final = f"{OWN_LOCALS}-journal-"
_MOST_BYTES: Final = 256 * 1024
"""Of the bodies in one entry, unless a single one is larger: no larger than records may be."""
_PAGE: Final = 50
"""Entries that are held in memory at once."""


class Note(NamedTuple):
    """A new document for another database."""

    database: str
    doc_id: str
    body: bytes


def entries(bodies: Sequence[tuple[str, str, bytes]], notes: Sequence[Note]) -> Iterator[bytes]:
    """Yield documents for ``_bulk_docs`` (``new_edits`` false) that keep these bodies (document id,
    revision, body) and notes."""
    parts = [(b"bodies", *one) for one in bodies] + [(b"notes", *one) for one in notes]
    texts: dict[bytes, list[bytes]] = {b"bodies": [], b"notes": []}
    size = 0
    for kind, place, name, body in parts:
        if size and size + len(body) > _MOST_BYTES:
            yield _entry(texts)
            texts, size = {b"bodies": [], b"notes": []}, 0
        texts[kind].append(b"[%b,%b,%b]" % (orjson.dumps(place), orjson.dumps(name), body))
        size += len(body)
    if size:
        yield _entry(texts)


def _entry(texts: dict[bytes, list[bytes]]) -> bytes:
    text = b",".join(b'"%b":[%b]' % (kind, b",".join(some)) for kind, some in texts.items())
    return b'{"_id":"%b%b","_rev":"0-1",%b}' % (_NAME.encode(), _digest(text).encode(), text)


class Journal:
    """Puts what stands in the grids' journals where it belongs."""

    def __init__(self, client: CouchClient, databases: Databases, archive: Archive) -> None:
        self._client = client
        self._databases = databases
        self._archive = archive

    async def settle(self, database: str) -> bool:
        """Settle a database's journal; return whether there was something in it. Raises
        ``StoreError``; what was not settled stays."""
        if not database.startswith(KEPT_PREFIX):
            return False
        found = False
        start = _NAME
        while rows := await self._page(database, start):
            found = True
            await self._settle(database, [row["doc"] for row in rows if row.get("doc")])
            if len(rows) < _PAGE:
                break
            start = rows[-1]["id"] + "\0"
        return found

    async def _page(self, database: str, start: str) -> list[Any]:
        parameters = {
            "include_docs": "true",
            "limit": str(_PAGE),
            "start_key": orjson.dumps(start).decode(),
            "end_key": orjson.dumps(_NAME + "~").decode(),
        }
        path = self._databases.path(database, "_local_docs")
        answer = await self._client.call("GET", path, parameters)
        check(answer, database, 200)
        rows: list[Any] = answer.json()["rows"]
        return rows

    async def _settle(self, database: str, documents: Sequence[Any]) -> None:
        bodies = {
            (doc_id, rev): orjson.dumps(body)
            for document in documents
            for doc_id, rev, body in document["bodies"]
        }
        notes: dict[str, dict[str, bytes]] = {}
        for document in documents:
            for name, doc_id, body in document["notes"]:
                notes.setdefault(name, {})[doc_id] = orjson.dumps(body)
        kept = [(doc_id, rev, body) for (doc_id, rev), body in bodies.items()]
        everywhere = await self._archive.keep(database, kept)
        for name, some in notes.items():
            everywhere &= await self._place(name, some)
        if everywhere:  # or the journal has it too until all nodes do
            await self._remove(database, [document["_id"] for document in documents])

    async def _place(self, name: str, notes: dict[str, bytes]) -> bool:
        """Write notes; return whether all nodes that should have them do. Their revisions follow
        from their bodies, so one that is there stays as it is."""
        writes = [Write(doc_id, body, f"1-{_digest(body)}") for doc_id, body in notes.items()]
        return await self._databases.keep(name, [replicated_json(write) for write in writes])

    async def _remove(self, database: str, ids: Sequence[str]) -> None:
        gone = [b'{"_id":"%b","_rev":"0-1","_deleted":true}' % one.encode() for one in ids]
        await self._databases.keep(database, gone)


def _digest(text: bytes) -> str:
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
