"""Declared indexes on CouchDB: their design documents, queries and roll-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson

from sync.couch.client import CouchClient, segment
from sync.couch.databases import Databases, check, is_missing_document
from sync.couch.views import (
    AFTER_ANY_MEMBER,
    DESIGN_PREFIX,
    declaration,
    decode_key,
    design,
    encode_key,
    from_declaration,
)
from sync.errors import BadDocument, DatabaseNotFound, StoreUnavailable
from sync.store import Group, Index, IndexRow, Key

_BUILD_PAUSE_SECONDS: Final = 2.0
_PREFIXES_AT_ONCE: Final = 100


class Views:
    """The declared indexes of all databases."""

    def __init__(self, client: CouchClient, databases: Databases) -> None:
        self._client = client
        self._databases = databases
        self._declared: dict[str, dict[str, Index]] = {}
        self._designs: dict[str, str] = {}

    async def ensure(self, indexes: Sequence[Index]) -> None:
        """Declare and build indexes; a database's design document holds these and earlier ones."""
        by_database: dict[str, list[Index]] = {}
        for index in indexes:
            by_database.setdefault(index.database, []).append(index)
        await asyncio.gather(*(self._ensure(name, some) for name, some in by_database.items()))

    async def _ensure(self, database: str, indexes: Sequence[Index]) -> None:
        known = self._declared.get(database)
        if known is None:
            known = await self._read_declared(database)
        self._declared[database] = {**known, **{index.name: index for index in indexes}}
        await self.build(database)

    async def build(self, database: str) -> None:
        """Put the design document of a database's indexes and wait until it is built."""
        indexes = self._declared.get(database)
        if not indexes:
            return
        design_id, body = design(list(indexes.values()))
        path = self._databases.path(database, design_id)
        try:
            answer = await self._client.call("PUT", path, body=orjson.dumps(body))
            check(answer, database, 201, 202, 409)  # 409: it is there
            await self._until_built(database, design_id, next(iter(indexes)))
        except DatabaseNotFound:
            return  # built when the database is made
        self._designs[database] = design_id
        await self._remove_others(database, design_id)

    async def _until_built(self, database: str, design_id: str, view: str) -> None:
        path = self._databases.path(database, design_id, "_view", segment(view))
        while True:
            try:
                answer = await self._client.call("GET", path, {"limit": "0", "reduce": "false"})
            except StoreUnavailable:  # a long build outlives the request
                await asyncio.sleep(_BUILD_PAUSE_SECONDS)
                continue
            check(answer, database, 200)
            return

    async def _remove_others(self, database: str, design_id: str) -> None:
        for row in await self._designs_of(database):
            if row["id"] != design_id:
                path = self._databases.path(database, row["id"])
                await self._client.call("DELETE", path, {"rev": row["value"]["rev"]})

    async def tidy(self, database: str) -> int:
        """Remove what is left of indexes declared otherwise before; return how many there were."""
        declared = self._declared.get(database)
        if not declared:
            return 0
        rows = await self._designs_of(database)
        current = design(list(declared.values()))[0]
        if all(row["id"] != current for row in rows):
            return 0  # the current one is not built yet: the older ones still answer
        await self._remove_others(database, current)
        path = self._databases.path(database, "_view_cleanup")
        check(await self._client.call("POST", path, body=b"{}"), database, 200, 202)
        return len(rows) - 1

    async def _designs_of(self, database: str) -> list[dict[str, Any]]:
        parameters = {
            "start_key": orjson.dumps(DESIGN_PREFIX).decode(),
            "end_key": orjson.dumps(DESIGN_PREFIX + "z").decode(),
            "include_docs": "true",
        }
        path = self._databases.path(database, "_all_docs")
        answer = await self._client.call("GET", path, parameters)
        check(answer, database, 200)
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    async def _read_declared(self, database: str) -> dict[str, Index]:
        try:
            rows = await self._designs_of(database)
        except DatabaseNotFound:
            return {}
        declared = rows[-1]["doc"]["wangge"] if rows else {}
        return {name: from_declaration(fields) for name, fields in declared.items()}

    async def query(
        self,
        index: Index,
        *,
        prefix: Key,
        start: Key | None,
        end: Key | None,
        after: tuple[Key, str] | None,
        limit: int,
        descending: bool,
        documents: bool,
    ) -> list[IndexRow]:
        """Return rows in key order; see ``DocumentStore.query``."""
        low, high = encode_key(prefix), [*encode_key(prefix), AFTER_ANY_MEMBER]
        if start is not None:
            low = max(low, encode_key(start))
        if end is not None:
            high = min(high, encode_key(end))
        first, last = (high, low) if descending else (low, high)
        asked: dict[str, Any] = {
            "reduce": False,
            "descending": descending,
            "limit": limit,
            "include_docs": documents,
            "start_key": first,
            "end_key": last,
            "inclusive_end": descending,
        }
        if after is not None:
            asked |= {"start_key": encode_key(after[0]), "start_key_doc_id": after[1], "skip": 1}
        rows = (await self._ask(index, asked)).get("rows", [])
        if descending and after is None:
            rows = [row for row in rows if row["key"] != high]  # the end itself is left out
        return [_row(row) for row in rows]

    async def query_many(
        self, index: Index, prefixes: Sequence[Key], *, limit: int, documents: bool
    ) -> list[list[IndexRow]]:
        """Return the rows under each of these prefixes, many asked for in one request."""
        found: list[list[IndexRow]] = []
        for first in range(0, len(prefixes), _PREFIXES_AT_ONCE):
            queries = [
                {
                    "reduce": False,
                    "limit": limit,
                    "include_docs": documents,
                    "start_key": encode_key(prefix),
                    "end_key": [*encode_key(prefix), AFTER_ANY_MEMBER],
                }
                for prefix in prefixes[first : first + _PREFIXES_AT_ONCE]
            ]
            answer = await self._ask(index, {"queries": queries}, "queries")
            found += [[_row(row) for row in one["rows"]] for one in answer.get("results", ())]
        return found or [[] for _ in prefixes]

    async def roll_up(self, index: Index, *, prefix: Key, level: int) -> list[Group]:
        """Return counts and sums of rows under ``prefix``; see ``DocumentStore.roll_up``."""
        asked: dict[str, Any] = {
            "start_key": encode_key(prefix),
            "end_key": [*encode_key(prefix), AFTER_ANY_MEMBER],
        }
        if level:
            asked["group_level"] = level
        rows = (await self._ask(index, asked)).get("rows", [])
        return [group for row in rows if (group := _group(row)).count]

    async def _ask(self, index: Index, asked: dict[str, Any], *below: str) -> dict[str, Any]:
        """Ask the index's view, or what is below it; nothing when the database is gone."""
        database = index.database
        declared = self._declared.get(database)
        if declared is None:
            declared = self._declared[database] = await self._read_declared(database)
        known = declared.get(index.name)
        if known is None or declaration(known) != declaration(index):
            raise BadDocument(f"index {index.name!r} of {database!r} was not declared so")
        for _ in range(2):
            design_id = self._designs.get(database) or design(list(declared.values()))[0]
            view = (design_id, "_view", segment(index.name), *below)
            path = self._databases.path(database, *view)
            answer = await self._client.call("POST", path, body=orjson.dumps(asked))
            if answer.status == 200:
                found: dict[str, Any] = answer.json()
                return found
            if answer.status != 404:
                check(answer, database, 200)
            if not is_missing_document(answer):
                return {}  # the database is gone; its indexes hold nothing
            await self.build(database)
        raise StoreUnavailable(f"the index {index.name!r} of {database!r} is not built")


def _row(row: dict[str, Any]) -> IndexRow:
    return IndexRow(decode_key(row["key"]), row["id"], row.get("doc"))


def _group(row: dict[str, Any]) -> Group:
    """Return a row of a reduced view: of ``_stats`` an object, of ``_count`` a number."""
    value = row["value"]
    count, total = (value["count"], value["sum"]) if isinstance(value, dict) else (value, value)
    return Group(decode_key(row["key"] or ()), count, float(total))
