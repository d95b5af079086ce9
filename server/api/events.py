"""``GET /api/v1/events``: a stream (server-sent events) that tells at once which grids changed.

It carries no records. A client that hears of a grid whose position differs from its own asks the
exchange; one that hears of its session does too, and learns there what it may work on now.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse

from grid.hierarchy import Hierarchy
from grid.permissions import Actor
from server.auth import require
from server.live import SESSION, Live
from server.runtime import runtime_of

HEARTBEAT_SECONDS: Final = 25.0
_AGAIN_MS: Final = 5_000
_HEADERS: Final = {
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


async def events(request: Request) -> StreamingResponse:
    """Open a stream for the asker's grids; raise ``Problem`` (401)."""
    identity = require(request, "sync")
    runtime = runtime_of(request)
    hierarchy = await runtime.registry.hierarchy()
    lines = _lines(runtime.live, identity.actor, hierarchy)
    return StreamingResponse(lines, media_type="text/event-stream", headers=_HEADERS)


async def _lines(live: Live, actor: Actor, hierarchy: Hierarchy) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % _AGAIN_MS
    with live.stream(actor, hierarchy) as stream:
        while True:
            told = await stream.next(HEARTBEAT_SECONDS)
            session = told.pop(SESSION, None)
            if told:
                yield b"event: changed\ndata: %b\n\n" % orjson.dumps(told)
            if session is not None:
                # What one may see is decided when a stream opens; the client opens another.
                yield b"event: session\ndata: {}\n\n"
                return
            if not told:
                yield b":\n\n"
