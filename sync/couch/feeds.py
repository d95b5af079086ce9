"""What changed: in one database, and in which databases.

``_db_updates`` tells which databases changed, for the whole cluster, half a second after the fact;
one task listens to it and wakes whoever waits. Where CouchDB does not have it (no
``_global_changes`` database), the databases' sequences are compared now and then.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import orjson

from sync.couch.bodies import read_revision
from sync.couch.client import CouchClient
from sync.couch.databases import Databases, check
from sync.couch.reading import Reader
from sync.errors import StoreError
from sync.store import Change, ChangesPage, LeafInfo

_SWEEP_SECONDS: Final = 5.0
_LISTEN_MS: Final = 5_000
_INFO_CHUNK: Final = 100
_DESIGN: Final = "_design/"
Changed = Callable[[], Awaitable[bool]]


class Changes:
    """Reads changes feeds."""

    def __init__(self, client: CouchClient, databases: Databases, reader: Reader) -> None:
        self._client = client
        self._databases = databases
        self._reader = reader

    async def page(
        self,
        database: str,
        since: str,
        *,
        limit: int | None,
        all_leaves: bool,
        bodies: bool,
        descending: bool,
        doc_ids: Sequence[str] | None,
    ) -> ChangesPage:
        """Return changes after ``since``; see ``DocumentStore.changes``."""
        parameters = {
            "since": await self._databases.since(database, since),
            "style": "all_docs" if all_leaves else "main_only",
            "include_docs": str(bodies).lower(),
            "descending": str(descending).lower(),
        }
        if limit is not None:
            parameters["limit"] = str(max(limit, 1))
        method, body = "GET", None
        if doc_ids is not None:
            parameters["filter"] = "_doc_ids"
            method, body = "POST", orjson.dumps({"doc_ids": list(dict.fromkeys(doc_ids))})
        if descending:
            parameters["since"] = "0"
        answer = await self._client.call(
            method, self._databases.path(database, "_changes"), parameters, body
        )
        check(answer, database, 200)
        found = answer.json()
        rows = [row for row in found["results"] if not row["id"].startswith(_DESIGN)]
        dead = await self._dead_leaves(database, rows) if all_leaves else {}
        epoch = (await self._databases.identity(database)).epoch
        changes = [_change(row, epoch, dead, bodies) for row in rows]
        return ChangesPage(changes, f"{found['last_seq']}.{epoch}", found.get("pending") or 0)

    async def _dead_leaves(
        self, database: str, rows: Sequence[dict[str, Any]]
    ) -> dict[str, list[LeafInfo]]:
        """Return the leaves of documents that have several, as the feed does not tell which of
        them are deleted."""
        several = [row["id"] for row in rows if len(row["changes"]) > 1]
        found = await self._reader.revisions_of_many(
            database, [(doc_id, "all") for doc_id in several], ancestry=False
        )
        return {
            doc_id: [LeafInfo(one.rev, one.deleted) for one in revisions]
            for doc_id, revisions in zip(several, found, strict=True)
        }


def _change(
    row: dict[str, Any], epoch: str, leaves: dict[str, list[LeafInfo]], bodies: bool
) -> Change:
    deleted = row.get("deleted", False)
    winner = LeafInfo(row["changes"][0]["rev"], deleted)
    document = row.get("doc") if bodies else None
    return Change(
        f"{row['seq']}.{epoch}",
        row["id"],
        deleted,
        tuple(leaves.get(row["id"], [winner])),
        None if document is None else read_revision(document, ancestry=False),
    )


class Updates:
    """Which databases changed, and waiting for it."""

    def __init__(self, client: CouchClient, databases: Databases) -> None:
        self._client = client
        self._databases = databases
        self._waiting: dict[str | None, set[asyncio.Event]] = {}
        self._closed = False
        self._listener: asyncio.Task[None] | None = None
        self._seen: dict[str, str] = {}
        self._sweep = 0
        self._life = secrets.token_hex(4)
        self._swept: dict[str, int] = {}

    async def since(self, since: str, limit: int | None) -> tuple[list[str], str]:
        """Return our databases that changed after ``since``, and the new position."""
        if not since.startswith("sweep-"):
            parameters = {"since": since or "0"}
            if limit is not None:
                parameters["limit"] = str(limit)
            answer = await self._client.call("GET", "/_db_updates", parameters, as_admin=True)
            if answer.status == 200:
                found = answer.json()
                names = [self._databases.own_name(row["db_name"]) for row in found["results"]]
                return [name for name in names if name is not None], str(found["last_seq"])
        return await self._compare(since)

    async def _compare(self, since: str) -> tuple[list[str], str]:
        """Find out by the databases' own sequences; what this process has not seen before counts
        as changed."""
        self._sweep += 1
        names = await self._databases.names("")
        for start in range(0, len(names), _INFO_CHUNK):
            chunk = names[start : start + _INFO_CHUNK]
            paths = [self._databases.couch_name(name) for name in chunk]
            answer = await self._client.call(
                "POST", "/_dbs_info", body=orjson.dumps({"keys": paths}), as_admin=True
            )
            check(answer, "_dbs_info", 200)
            for name, row in zip(chunk, answer.json(), strict=True):
                seq = str(row.get("info", {}).get("update_seq"))
                if self._seen.get(name) != seq:
                    self._seen[name] = seq
                    self._swept[name] = self._sweep
        # What another process counted says nothing here: its position is the beginning.
        own = f"sweep-{self._life}-"
        after = int(since.removeprefix(own)) if since.startswith(own) else 0
        changed = sorted((at, name) for name, at in self._swept.items() if at > after)
        reached = max((at for at, _ in changed), default=after)
        return [name for _, name in changed], f"{own}{reached}"

    def wake(self, names: Iterable[str]) -> None:
        """Let those who wait for these databases look again."""
        for name in names:
            for event in self._waiting.get(name, ()):
                event.set()

    async def wait(self, name: str | None, changed: Changed, seconds: float) -> bool:
        """Wait until ``changed`` is true, looking again whenever the database (``None``: any) may
        have changed; return ``False`` after so many seconds."""
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        deadline = time.monotonic() + seconds
        event = asyncio.Event()
        waiting = self._waiting.setdefault(name, set())
        waiting.add(event)
        try:
            while not await changed():
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    return False
                try:
                    await asyncio.wait_for(event.wait(), left)
                except TimeoutError:
                    return False
                event.clear()
            return True
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(name, None)

    def _wake_all(self) -> None:
        for events in self._waiting.values():
            for event in events:
                event.set()

    async def _listen(self) -> None:
        """Wake those concerned whenever the cluster says that a database changed; while it cannot
        say, wake everybody now and then."""
        last = "now"
        while True:
            parameters = {"feed": "longpoll", "since": last, "timeout": str(_LISTEN_MS)}
            try:
                answer = await self._client.call("GET", "/_db_updates", parameters, as_admin=True)
            except StoreError:
                answer = None
            if answer is None or answer.status != 200:
                await asyncio.sleep(_SWEEP_SECONDS)
                self._wake_all()
                continue
            found = answer.json()
            last = str(found["last_seq"])
            names = [self._databases.own_name(row["db_name"]) for row in found["results"]]
            self.wake(name for name in names if name is not None)
            if any(names):
                for event in self._waiting.get(None, ()):
                    event.set()

    async def close(self) -> None:
        """Stop listening and let everybody go."""
        self._closed = True
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        self._wake_all()
