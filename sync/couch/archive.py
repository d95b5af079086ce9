"""The archive of revision bodies: CouchDB's compaction destroys ancestors, merging needs them.

One database holds the bodies of all grids' revisions. Each is durable before the push that brought
it is acknowledged: here, or in the grid's journal until it comes here. A key is
``<birth of the database>/<document id>/<revision>``; the same body under the same key is the same
revision, so writing it again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import orjson

from sync.couch.client import CouchClient
from sync.couch.databases import INTERNAL, Databases, check
from sync.errors import DatabaseNotFound

KEPT_PREFIX: Final = "grid-"
"""Databases whose bodies are archived: those that people edit at the same time."""


class Archive:
    """Keeps and gives back bodies by database, document and revision."""

    def __init__(self, client: CouchClient, databases: Databases) -> None:
        self._client = client
        self._databases = databases

    async def keep(self, database: str, revisions: Sequence[tuple[str, str, bytes]]) -> bool:
        """Keep bodies (document id, revision, body) durably; return whether all nodes that should
        have them do. Raises ``StoreError``."""
        if not revisions or not database.startswith(KEPT_PREFIX):
            return True
        birth = (await self._databases.identity(database)).birth
        documents = [_document(birth, *revision) for revision in revisions]
        try:
            return await self._databases.keep(INTERNAL, documents)
        except DatabaseNotFound:
            await self._databases.create(INTERNAL)
            return await self._databases.keep(INTERNAL, documents)

    async def lacking(
        self, database: str, revisions: Sequence[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        """Return those of these revisions (document id, revision) whose bodies are not kept."""
        if not revisions or not database.startswith(KEPT_PREFIX):
            return []
        birth = (await self._databases.identity(database)).birth
        keys = [_key(birth, *revision) for revision in revisions]
        answer = await self._client.call(
            "POST", self._databases.path(INTERNAL, "_all_docs"), body=orjson.dumps({"keys": keys})
        )
        try:
            check(answer, INTERNAL, 200)
        except DatabaseNotFound:
            return list(revisions)
        rows = answer.json()["rows"]
        return [one for one, row in zip(revisions, rows, strict=True) if "error" in row]

    async def bodies(
        self, database: str, wanted: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], bytes]:
        """Return what is kept of these documents' revisions."""
        if not wanted or not database.startswith(KEPT_PREFIX):
            return {}
        birth = (await self._databases.identity(database)).birth
        keys = {_key(birth, doc_id, rev): (doc_id, rev) for doc_id, rev in wanted}
        answer = await self._client.call(
            "POST",
            self._databases.path(INTERNAL, "_all_docs"),
            {"include_docs": "true"},
            orjson.dumps({"keys": list(keys)}),
        )
        try:
            check(answer, INTERNAL, 200)
        except DatabaseNotFound:
            return {}
        return {
            keys[row["id"]]: orjson.dumps(row["doc"]["body"])
            for row in answer.json()["rows"]
            if row.get("doc")
        }

    async def forget(self, database: str, doc_id: str, revs: Sequence[str]) -> int:
        """Purge what is kept of these revisions, so that nothing of them is left; return how
        many were there."""
        if not revs or not database.startswith(KEPT_PREFIX):
            return 0
        birth = (await self._databases.identity(database)).birth
        keys = orjson.dumps({"keys": [_key(birth, doc_id, rev) for rev in revs]})
        listed = await self._client.call(
            "POST", self._databases.path(INTERNAL, "_all_docs"), body=keys
        )
        try:
            check(listed, INTERNAL, 200)
        except DatabaseNotFound:
            return 0
        found = {
            row["id"]: [row["value"]["rev"]]
            for row in listed.json()["rows"]
            if "id" in row and not row["value"].get("deleted")
        }
        if found:
            path = self._databases.path(INTERNAL, "_purge")
            answer = await self._client.call("POST", path, body=orjson.dumps(found), as_admin=True)
            check(answer, INTERNAL, 201, 202)
        return len(found)


def _key(birth: str, doc_id: str, rev: str) -> str:
    return f"{birth}/{doc_id}/{rev}"


def _document(birth: str, doc_id: str, rev: str, body: bytes) -> bytes:
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    key = orjson.dumps(_key(birth, doc_id, rev))
    return b'{"_id":%b,"_rev":"1-%b","body":%b}' % (key, digest.encode(), body)
