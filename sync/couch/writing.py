"""Writing documents to CouchDB: each is checked here first, so that one fault stops no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sync.couch.archive import KEPT_PREFIX, Archive
from sync.couch.bodies import edited_json, replicated_json
from sync.couch.client import CouchClient
from sync.couch.databases import Databases, check
from sync.couch.journal import Note, entries
from sync.document_ids import check_doc_id
from sync.errors import BadDocument, StoreUnavailable
from sync.revtree import check_ancestors
from sync.store import Write, WriteResult

CONFLICT: Final = ("conflict", "Document update conflict.")
_CHUNK: Final = 500
_ATTEMPTS: Final = 3


class Writer:
    """Writes batches; a result is given out only when the batch and its bodies are durable."""

    def __init__(self, client: CouchClient, databases: Databases, archive: Archive) -> None:
        self._client = client
        self._databases = databases
        self._archive = archive

    async def has_journal(self, database: str) -> bool:
        """Tell whether replicated revisions of a database and what comes with them are durable in
        one commit."""
        return database.startswith(KEPT_PREFIX) and await self._databases.has_one_shard(database)

    async def write(
        self,
        database: str,
        writes: Sequence[Write],
        new_edits: bool,
        notes: Sequence[Note] = (),
    ) -> list[WriteResult]:
        """Write a batch; results are per document and in order. ``notes`` go into the journal of
        a database that has one, durable with the first of these revisions."""
        results: dict[int, WriteResult] = {}
        sound: list[tuple[int, Write]] = []
        for number, write in enumerate(writes):
            try:
                _check(write, new_edits)
                sound.append((number, write))
            except BadDocument as error:
                results[number] = WriteResult(write.doc_id, write.rev, "bad_request", str(error))
        if not sound:
            check(await self._client.call("GET", self._databases.path(database)), database, 200)
        for start in range(0, len(sound), _CHUNK):
            chunk = sound[start : start + _CHUNK]
            some = [write for _, write in chunk]
            if new_edits:
                done = await self._edit(database, some)
            else:
                done = await self._replicate(database, some, () if start else notes)
            results.update(zip((number for number, _ in chunk), done, strict=True))
        return [results[number] for number in range(len(writes))]

    async def _replicate(
        self, database: str, writes: Sequence[Write], notes: Sequence[Note]
    ) -> list[WriteResult]:
        """Store revisions as they are, bodies in the journal with them or in the archive before.
        An answer of 202 means that fewer nodes have them than should; sending them again is
        harmless."""
        kept = [(write.doc_id, write.rev or "", write.body) for write in writes]
        documents = list(map(replicated_json, writes))
        if notes or await self.has_journal(database):  # whoever gives notes has asked
            documents += entries(kept, notes)
        else:
            await self._archive.keep(database, kept)
        for _ in range(_ATTEMPTS):
            everywhere, rows = await self._databases.replicate(database, documents)
            if everywhere:
                break
        else:
            raise StoreUnavailable("too few of CouchDB's nodes took the batch; send it again")
        faults = {(row.get("id"), row.get("rev")): row for row in rows}
        return [
            _refused(
                write, faults.get((write.doc_id, write.rev)) or faults.get((write.doc_id, None))
            )
            or WriteResult(write.doc_id, write.rev)
            for write in writes
        ]

    async def _edit(self, database: str, writes: Sequence[Write]) -> list[WriteResult]:
        """Make new revisions. 202 is taken: the nodes that missed it get it from the others."""
        answer = await self._client.call(
            "POST",
            self._databases.path(database, "_bulk_docs"),
            body=b'{"docs":[%b]}' % b",".join(map(edited_json, writes)),
            repeatable=False,
        )
        check(answer, database, 201, 202)
        rows = answer.json()
        results = []
        for write, row in zip(writes, rows, strict=True):
            results.append(_refused(write, row) or WriteResult(write.doc_id, row["rev"]))
        kept = [
            (write.doc_id, result.rev, write.body)
            for write, result in zip(writes, results, strict=True)
            if result.rev is not None and result.error is None
        ]
        await self._archive.keep(database, kept)
        return results


def _check(write: Write, new_edits: bool) -> None:
    check_doc_id(write.doc_id)
    if not new_edits:
        if write.rev is None:
            raise BadDocument("a replicated document needs its _rev")
        check_ancestors(write.rev, write.ancestors)


def _refused(write: Write, row: Mapping[str, Any] | None) -> WriteResult | None:
    if row is None or "error" not in row:
        return None
    if row["error"] == "conflict":
        return WriteResult(write.doc_id, None, *CONFLICT)
    return WriteResult(write.doc_id, write.rev, row["error"], row.get("reason"))
