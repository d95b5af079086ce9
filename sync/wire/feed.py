"""``_changes``: normal, longpoll and continuous feeds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sync.store import Change, ChangesPage, DocumentStore
from sync.wire.documents import conflict_members
from sync.wire.documents_json import document_json
from sync.wire.errors import WireError, method_not_allowed, not_offered
from sync.wire.http import Request
from sync.wire.keeper import Door
from sync.wire.selector import check_selector, matches

_PAGE: Final = 1000
"""Rows sent at a time."""
_LONGEST_WAIT_SECONDS: Final = 60.0
_DEFAULT_HEARTBEAT_SECONDS: Final = 60.0
_FEEDS: Final = ("normal", "longpoll", "continuous")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a client asks of the feed."""

    feed: str
    since: str
    limit: int | None
    descending: bool
    all_leaves: bool
    include_docs: bool
    conflicts: bool
    seq_interval: int
    doc_ids: list[str] | None
    selector: dict[str, Any] | None
    heartbeat: float | None
    wait: float


async def changes(request: Request, store: DocumentStore, door: Door) -> None:
    """Serve ``GET`` and ``POST /db/_changes``."""
    if request.method not in ("GET", "HEAD", "POST"):
        raise method_not_allowed("GET", "HEAD", "POST")
    body: dict[str, Any] = {}
    if request.method == "POST" and request.headers.get(b"content-length") != b"0":
        body = await request.json_object()
    asked = _asked(request, body)
    feed = _Feed(request, store, door, asked)
    if asked.feed == "continuous":
        await feed.continuous()
    elif asked.feed == "longpoll":
        await feed.longpoll()
    else:
        await feed.normal()


def _asked(request: Request, body: dict[str, Any]) -> _Asked:
    parameters = request.parameters
    feed = parameters.get("feed", "normal")
    if feed not in _FEEDS:
        raise WireError(400, "bad_request", f"Supported `feed` types: {', '.join(_FEEDS)}")
    since = parameters.get("since") or request.header(b"last-event-id") or "0"
    if since.startswith('"'):
        since = request.json_parameter("since")
    limit = request.whole_number("limit")
    longest = request.whole_number("timeout")
    return _Asked(
        feed=feed,
        since=since,
        limit=None if limit is None else max(limit, 1),
        descending=request.flag("descending"),
        all_leaves=parameters.get("style") == "all_docs",
        include_docs=request.flag("include_docs"),
        conflicts=request.flag("conflicts"),
        seq_interval=max(request.whole_number("seq_interval") or 1, 1),
        doc_ids=_doc_ids(request, body),
        selector=(
            check_selector(body.get("selector"))
            if parameters.get("filter") == "_selector"
            else None
        ),
        heartbeat=_heartbeat(request),
        wait=_LONGEST_WAIT_SECONDS if longest is None else min(longest / 1000, 86_400),
    )


def _doc_ids(request: Request, body: dict[str, Any]) -> list[str] | None:
    name = request.parameters.get("filter")
    if name is None or name == "_selector":
        return None
    if name != "_doc_ids":
        raise _unknown_filter(request, name, body)
    doc_ids = body.get("doc_ids")
    if doc_ids is None:
        doc_ids = request.json_parameter("doc_ids")
    if not isinstance(doc_ids, list) or not all(isinstance(one, str) for one in doc_ids):
        raise WireError(400, "bad_request", "`doc_ids` must be a list of document ids")
    return doc_ids


def _unknown_filter(request: Request, name: str, body: dict[str, Any]) -> WireError:
    """Return the error for a filter that needs design documents, or is none."""
    if name == "_view" and not request.parameters.get("view"):
        return WireError(400, "bad_request", "`view` filter parameter is not provided.")
    if name == "_design":
        return not_offered("Filters by _design")
    if name != "_view" and "/" not in name:
        return WireError(
            400,
            "bad_request",
            "`filter` must be _doc_ids, _selector or of the form `designname/filtername`",
        )
    return WireError(404, "not_found", "missing: design documents are not offered by this server.")


def _heartbeat(request: Request) -> float | None:
    text = request.parameters.get("heartbeat")
    if text is None or text == "false":
        return None
    if text == "true":
        return _DEFAULT_HEARTBEAT_SECONDS
    milliseconds = request.whole_number("heartbeat")
    assert milliseconds is not None
    if milliseconds == 0:
        raise WireError(400, "bad_request", "heartbeat must be true or milliseconds above 0")
    return max(milliseconds / 1000, 0.01)


class _Feed:
    """One client's reading of a database's changes."""

    def __init__(self, request: Request, store: DocumentStore, door: Door, asked: _Asked) -> None:
        self._request = request
        self._store = store
        self._database = door.database
        self._asked = asked
        self._sent = 0

    async def _page(self, since: str, limit: int | None) -> ChangesPage:
        """Read a run of changes that fit the filter, and how far it went."""
        selector = self._asked.selector
        if selector is None:
            return await self._read(since, limit)
        fitting: list[Change] = []
        while True:
            page = await self._read(since, None if self._asked.descending else _PAGE)
            since = page.last_seq
            for left, change in enumerate(page.changes, 1 - len(page.changes)):
                if change.winner is not None and matches(selector, change.winner.document()):
                    fitting.append(change)
                    if limit is not None and len(fitting) == limit:
                        return ChangesPage(fitting, change.seq, page.pending - left)
            if not page.pending:
                return ChangesPage(fitting, since, 0)

    async def _read(self, since: str, limit: int | None) -> ChangesPage:
        asked = self._asked
        return await self._store.changes(
            self._database,
            since,
            limit=limit,
            all_leaves=asked.all_leaves,
            bodies=asked.include_docs or asked.selector is not None,
            descending=asked.descending,
            doc_ids=asked.doc_ids,
        )

    def _size(self) -> int:
        """Return how many rows to read next."""
        if self._asked.limit is None:
            return _PAGE
        return min(_PAGE, self._asked.limit - self._sent)

    async def _rows(self, changes: Sequence[Change]) -> list[bytes]:
        if not self._asked.conflicts:
            return [self._row(change) for change in changes]
        rows = []
        for change in changes:
            extra = b""
            if change.winner is not None:
                extra = await conflict_members(
                    self._store, self._database, change.winner, conflicts=True
                )
            rows.append(self._row(change, extra))
        return rows

    def _row(self, change: Change, extra: bytes = b"") -> bytes:
        seq, doc_id, deleted, leaves, winner = change
        number, self._sent = self._sent, self._sent + 1
        name = orjson.dumps(doc_id)
        document = None
        if winner is not None and self._asked.include_docs:
            document = document_json(winner, extra, name)
        return b'{"seq":%b,"id":%b,"changes":[{"rev":"%b"}]%b%b' % (
            # the first row always tells
            b"null" if number % self._asked.seq_interval else b'"%b"' % seq.encode(),
            name,
            '"},{"rev":"'.join([leaf.rev for leaf in leaves]).encode(),
            b',"deleted":true' if deleted else b"",
            b"}" if document is None else b',"doc":%b}' % document,
        )

    async def normal(self) -> None:
        """Reply with what there is: in one piece, or in pages when it is much."""
        asked = self._asked
        whole = asked.descending or asked.doc_ids is not None
        page = await self._page(asked.since, asked.limit if whole else self._size())
        rows = await self._rows(page.changes)
        if whole or not page.pending or self._sent == asked.limit:
            tail = orjson.dumps({"last_seq": page.last_seq, "pending": page.pending})
            await self._request.reply_bytes(
                b'{"results":[' + b",\n".join(rows) + b"],\n" + tail[1:]
            )
            return
        await self._request.start_stream()
        await self._request.stream([b'{"results":[\n', b",\n".join(rows)])
        while page.pending and self._sent != asked.limit:
            page = await self._page(page.last_seq, self._size())
            rows = await self._rows(page.changes)
            if rows:
                await self._request.stream([b",\n", b",\n".join(rows)])
        await self._finish(page)

    async def _finish(self, page: ChangesPage) -> None:
        tail = orjson.dumps({"last_seq": page.last_seq, "pending": page.pending})
        await self._request.stream([b"],\n", tail[1:], b"\n"], last=True)

    async def longpoll(self) -> None:
        """Reply as soon as there is a change, or empty when the time is up."""
        asked = self._asked
        page = await self._page(asked.since, asked.limit)
        if page.changes or asked.wait == 0:
            rows = await self._rows(page.changes)
            tail = orjson.dumps({"last_seq": page.last_seq, "pending": page.pending})
            await self._request.reply_bytes(
                b'{"results":[' + b",\n".join(rows) + b"],\n" + tail[1:]
            )
            return
        await self._request.start_stream()
        await self._request.stream([b'{"results":[\n'])
        deadline = time.monotonic() + asked.wait
        while not page.changes and await self._wait(page.last_seq, deadline):
            page = await self._page(page.last_seq, asked.limit)
        await self._request.stream([b",\n".join(await self._rows(page.changes))])
        await self._finish(page)

    async def continuous(self) -> None:
        """Send a line per change until the limit, the time or the client's patience is out."""
        asked = self._asked
        await self._request.start_stream()
        since = asked.since
        while True:
            page = await self._page(since, self._size())
            since = page.last_seq
            if page.changes:
                rows = await self._rows(page.changes)
                await self._request.stream([b"\n".join(rows), b"\n"])
            if asked.limit is not None and self._sent >= asked.limit:
                break
            if not page.pending and not await self._wait(since, time.monotonic() + asked.wait):
                break
        tail = orjson.dumps({"last_seq": since, "pending": page.pending})
        await self._request.stream([tail, b"\n"], last=True)

    async def _wait(self, since: str, deadline: float) -> bool:
        """Wait for a change with heartbeats; ``False`` when the time is up.

        With a heartbeat there is no end but the client's. Raises ``ConnectionResetError`` when the
        client went away.
        """
        beat = self._asked.heartbeat
        gone = self._request.gone()
        while True:
            pause = beat if beat is not None else deadline - time.monotonic()
            if pause <= 0:
                return False
            change = asyncio.create_task(self._store.wait_for_change(self._database, since, pause))
            try:
                await asyncio.wait((change, gone), return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    raise ConnectionResetError
            finally:
                change.cancel()
            if change.result():
                return True
            if beat is not None:
                await self._request.stream([b"\n"])
