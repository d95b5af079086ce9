"""One exchange from request to answer: who asks, what he sends, what changed, in one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.types import Scope

from sync.errors import BadDocument, StoreError
from sync.exchange.asking import Asking, Wanted, parse_asking
from sync.exchange.cursor import FirstSync
from sync.exchange.pulling import Pull
from sync.exchange.pushing import Resolve, push, refused_whole
from sync.exchange.reply import Reply
from sync.exchange.turns import Turns
from sync.store import ChangesPage, DocumentStore
from sync.timing import now_text
from sync.wire.errors import WireError, method_not_allowed, of_store
from sync.wire.http import Request
from sync.wire.keeper import Door, Keeper


class Host(Protocol):
    """What the exchange asks of the application that it is part of."""

    async def session(self, scope: Scope) -> tuple[str, str]:
        """Return who asks, by user name, and a short text that changes whenever what he may work
        on does. Raises ``WireError`` 401 for nobody."""

    async def account(self, scope: Scope) -> Mapping[str, Any]:
        """Return the asker's name and what he may work on."""

    async def outcomes(self, scope: Scope, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return what became of the asker's refused edits, by quarantine id, unknown ones and
        those still open left out."""

    def exchanged(self, documents: int) -> None:
        """Count one exchange that was served whole and the documents that it sent."""


class Exchange:
    """Serves ``POST /sync/_exchange``."""

    def __init__(
        self, store: DocumentStore, keeper: Keeper, resolve: Resolve, host: Host, turns: Turns
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._resolve = resolve
        self._host = host
        self._turns = turns

    async def serve(self, request: Request) -> None:
        """Serve one exchange; raise ``WireError`` before the answer began."""
        if request.method != "POST":
            raise method_not_allowed("POST")
        async with self._turns.admitted():
            user, session = await self._host.session(request.scope)
            asking = parse_asking(await request.json_object())
            if asking.user not in (None, user):
                raise _somebody_else()
            reply = Reply(request)
            hello: dict[str, Any] = {"time": now_text(), "session": session}
            if asking.session != session:
                hello["account"] = await self._host.account(request.scope)
            reply.line({"hello": hello})
            try:
                sent = await self._serve(request, asking, reply)
            except StoreError as error:
                # What went out before stands; the client comes again for the rest.
                failure = of_store(error)
                reply.line({"failed": refused_whole(failure)})
                await reply.finish()
                return
            await reply.finish()
            self._host.exchanged(sent)

    async def _serve(self, request: Request, asking: Asking, reply: Reply) -> int:
        """Push everything first, then pull; return how many documents were sent."""
        runs = [_Run(wanted) for wanted in asking.databases]
        for run in runs:
            if run.wanted.docs:
                await self._push(request.scope, run, reply)
        if asking.refused:
            for outcome in await self._host.outcomes(request.scope, asking.refused):
                reply.line({"outcome": outcome})
        await reply.flush()
        sent, more = 0, False
        for run in runs:
            if more or reply.size >= asking.budget:
                more = True
                break
            count, more = await self._pull(request.scope, run, asking.budget, reply)
            sent += count
        reply.line({"bye": {"more": True} if more else {}})
        return sent

    async def _push(self, scope: Scope, run: _Run, reply: Reply) -> None:
        name = run.wanted.name
        try:
            door = await self._open(scope, name, write=True)
        except WireError as error:
            reply.line({"closed": name, **refused_whole(error)})
            return
        async with self._turns.turn(name, first=False):
            since = None if isinstance(run.wanted.since, FirstSync) else run.wanted.since
            receipts, run.page = await push(
                self._store, door, run.wanted.docs, since, self._resolve
            )
        run.sent = frozenset(f"{one['id']} {one['rev']}" for one in receipts if "stored" in one)
        reply.line({"receipts": receipts, "of": name})

    async def _pull(self, scope: Scope, run: _Run, budget: int, reply: Reply) -> tuple[int, bool]:
        """Send what changed in one database; return how many documents, and whether some are left
        because the budget is spent."""
        wanted, count = run.wanted, 0
        try:
            door = await self._open(scope, wanted.name, write=False)
        except WireError as error:
            reply.line({"closed": wanted.name, **refused_whole(error)})
            return 0, False
        pull = Pull(self._store, door.database, wanted, run.sent, run.page)
        while True:
            try:
                async with self._turns.turn(wanted.name, first=wanted.first):
                    segment = await pull.segment()
            except BadDocument as error:  # a position that no store gave out
                reply.line({"closed": wanted.name, **refused_whole(of_store(error))})
                return count, False
            for document in segment.documents:
                reply.raw(b'{"doc":%b}' % document)
            count += len(segment.documents)
            if segment.last:
                _end(reply, wanted, segment.text())
                await reply.flush()
                return count, False
            reply.line({"mark": wanted.name, "since": segment.text(), "left": segment.left})
            await reply.flush()
            if reply.size >= budget:
                return count, True
            await asyncio.sleep(0)  # others come in between, whether or not anything waited

    async def _open(self, scope: Scope, name: str, *, write: bool) -> Door:
        """Open a database as if it were asked for by itself."""
        path = f"/{name}/{'_bulk_docs' if write else '_changes'}"
        door = await self._keeper.open({**scope, "path": path}, name, write=write)
        if write and door.read_only:
            raise WireError(403, "forbidden", "This database is read only.")
        return door


class _Run:
    """One database's part in an exchange."""

    __slots__ = ("page", "sent", "wanted")

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.sent: frozenset[str] = frozenset()
        self.page: ChangesPage | None = None


def _somebody_else() -> WireError:
    """Return the error for a phone whose browser is signed in as another person."""
    reason = "浏览器里登录的是别的账号；您的数据已保存在本机，请重新登录"
    return WireError(403, "forbidden", reason, {"code": "other-account"})


def _end(reply: Reply, wanted: Wanted, since: str) -> None:
    """Add a database's end line; a position that did not move is not told again."""
    line = {"end": wanted.name}
    if since != wanted.since:
        line["since"] = since
    reply.line(line)
