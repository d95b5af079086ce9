"""The wire's routes."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from sync.errors import StoreError
from sync.revtree import DEFAULT_REVS_LIMIT
from sync.store import DocumentStore
from sync.wire import bulk, documents, feed, local
from sync.wire.errors import WireError, method_not_allowed, not_offered, of_store
from sync.wire.http import Request
from sync.wire.keeper import Keeper

COUCHDB_VERSION: Final = "3.5.0"
"""The CouchDB whose replication protocol is spoken."""
_MAX_UUIDS: Final = 1000
_NOT_OFFERED: Final = {
    "_design": "Design documents and views",
    "_find": "Queries by _find",
    "_index": "Indexes for _find",
    "_explain": "Queries by _find",
    "_purge": "Purges",
    "_shards": "Shards",
}
_READING: Final = ("GET", "HEAD")
_OF_SERVER: Final = frozenset(("_all_dbs", "_session", "_up", "_uuids"))
_UPKEEP: Final = {
    "_compact": ("POST",),
    "_ensure_full_commit": ("POST",),
    "_revs_limit": _READING,
    "_security": _READING,
    "_view_cleanup": ("POST",),
}
"""Methods of the routes that stand for CouchDB's upkeep."""
_logger = logging.getLogger(__name__)


Handler = Callable[[Request], Awaitable[None]]
"""Serves one request; may raise ``WireError`` or ``StoreError`` before its reply began."""


def wire_app(
    store: DocumentStore, keeper: Keeper, extras: Mapping[str, Handler] | None = None
) -> ASGIApp:
    """Return the wire as an ASGI application, to be served bare or mounted under a path.

    ``extras`` are handlers of our own beside CouchDB's, by path (`_name`).
    """
    wire = _Wire(store, keeper, extras or {})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the wire does not serve {scope['type']}")
        await _serve(wire, scope, receive, send)

    return app


async def _serve(wire: _Wire, scope: Scope, receive: Receive, send: Send) -> None:
    request: Request | None = None
    try:
        request = Request(scope, receive, send)
        await wire.route(request)
    except ConnectionResetError:
        return  # the client went away
    except WireError as error:
        await _reply_error(request, scope, receive, send, error)
    except StoreError as error:
        await _reply_error(request, scope, receive, send, of_store(error))
    except Exception:
        _logger.exception("%s %s failed", scope["method"], scope["path"])
        fault = WireError(500, "internal_server_error", "The request could not be served.")
        await _reply_error(request, scope, receive, send, fault)
    finally:
        if request is not None:
            request.close()


async def _reply_error(
    request: Request | None, scope: Scope, receive: Receive, send: Send, error: WireError
) -> None:
    if request is None:
        request = Request({**scope, "raw_path": b"/", "root_path": ""}, receive, send)
    if request.started:
        # The reply has begun; break it off, so that the client does not take it for whole.
        raise error
    await request.reply(error.as_json(), error.status, error.headers)


class _Wire:
    """Finds the handler of a request."""

    __slots__ = ("_extras", "_keeper", "_store")

    def __init__(self, store: DocumentStore, keeper: Keeper, extras: Mapping[str, Handler]) -> None:
        self._store = store
        self._keeper = keeper
        self._extras = extras

    async def route(self, request: Request) -> None:
        """Serve one request."""
        segments = request.segments
        if not segments:
            await _welcome(request)
            return
        if segments[0][0] == "_":
            what = "/".join(segments)
            extra = self._extras.get(what)
            await (extra(request) if extra else self._server(request, what))
            return
        taken = 2 if segments[0] in self._keeper.prefixes and len(segments) > 1 else 1
        name = "/".join(segments[:taken])
        rest = segments[taken:]
        if not rest:
            await self._database(request, name)
        elif rest[0][0] == "_":
            await self._special(request, name, rest)
        elif len(rest) > 1:
            raise not_offered("Attachments")
        else:
            writing = request.method not in _READING
            door = await self._keeper.open(request.scope, name, write=writing)
            await documents.document(request, self._store, door, rest[0])

    async def _special(self, request: Request, name: str, rest: list[str]) -> None:
        # A slash may come encoded: CouchDB takes _local%2Fid for _local/id, and so do we.
        what, _, below = "/".join(rest).partition("/")
        if what in _NOT_OFFERED:
            raise not_offered(_NOT_OFFERED[what])
        if below and what != "_local":
            raise _unknown(f"{what}/{below}")
        writing = what == "_bulk_docs"
        door = await self._keeper.open(request.scope, name, write=writing)
        if what == "_changes":
            await feed.changes(request, self._store, door)
        elif what == "_bulk_get":
            await bulk.bulk_get(request, self._store, door)
        elif what == "_bulk_docs":
            await bulk.bulk_docs(request, self._store, door)
        elif what == "_revs_diff":
            await bulk.revs_diff(request, self._store, door)
        elif what == "_local":
            await local.local(request, self._store, door, below)
        elif what == "_all_docs":
            await bulk.all_docs(request, self._store, door)
        else:
            await self._housekeeping(request, door.database, what)

    async def _housekeeping(self, request: Request, database: str, what: str) -> None:
        """Answer what clients ask of CouchDB's upkeep; the store looks after itself."""
        await self._store.database_info(database)  # or it is not there
        allowed = _UPKEEP.get(what)
        if allowed is None:
            raise _unknown(what)
        if request.method not in allowed:
            raise method_not_allowed(*allowed)
        if what == "_security":
            await request.reply({})
        elif what == "_revs_limit":
            await request.reply(DEFAULT_REVS_LIMIT)
        elif what == "_ensure_full_commit":
            await request.body()
            await request.reply({"ok": True, "instance_start_time": "0"}, 201)
        else:
            await request.body()
            await request.reply({"ok": True}, 202)

    async def _database(self, request: Request, name: str) -> None:
        if request.method in _READING:
            await self._info(request, name)
        elif request.method == "PUT":
            await request.body()
            if not await self._keeper.create(request.scope, name):
                raise WireError(
                    412,
                    "file_exists",
                    "The database could not be created, the file already exists.",
                )
            await request.reply({"ok": True}, 201)
        elif request.method == "DELETE":
            if not await self._keeper.destroy(request.scope, name):
                raise WireError(404, "not_found", "Database does not exist.")
            await request.reply({"ok": True})
        elif request.method == "POST":
            door = await self._keeper.open(request.scope, name, write=True)
            await documents.post(request, door)
        else:
            raise method_not_allowed("DELETE", "GET", "HEAD", "POST", "PUT")

    async def _info(self, request: Request, name: str) -> None:
        door = await self._keeper.open(request.scope, name, write=False)
        info = await self._store.database_info(door.database)
        await request.reply(
            {
                "db_name": door.shown_name,
                "doc_count": info.doc_count,
                "doc_del_count": info.deleted_count,
                "update_seq": info.update_seq,
                "purge_seq": "0",
                "instance_start_time": "0",
                "epoch": info.epoch,
                "compact_running": False,
                "disk_format_version": 8,
                "props": {},
            }
        )

    async def _server(self, request: Request, what: str) -> None:
        if what not in _OF_SERVER:
            raise _unknown(what)
        if request.method not in _READING:
            raise method_not_allowed(*_READING)
        if what == "_all_dbs":
            await request.reply(await self._keeper.names(request.scope))
        elif what == "_up":
            await request.reply({"status": "ok", "seeds": {}})
        elif what == "_session":
            name, roles = await self._keeper.who(request.scope)
            await request.reply({"ok": True, "userCtx": {"name": name, "roles": roles}, "info": {}})
        else:
            count = request.whole_number("count")
            count = 1 if count is None else min(count, _MAX_UUIDS)
            await request.reply({"uuids": [uuid.uuid4().hex for _ in range(count)]})


def _unknown(what: str) -> WireError:
    return WireError(404, "not_found", f"{what[:64]} is not offered by this server.")


async def _welcome(request: Request) -> None:
    if request.method not in _READING:
        raise method_not_allowed(*_READING)
    vendor: dict[str, Any] = {"name": "网格通 Wangge", "version": version("wangge")}
    await request.reply(
        {"couchdb": "Welcome", "version": COUCHDB_VERSION, "features": [], "vendor": vendor}
    )
