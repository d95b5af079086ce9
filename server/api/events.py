"""``GET /api/v1/events``: a stream (server-sent events) that tells at once which grids changed.

It carries no records. A client that hears of a grid whose position differs from its own asks the
exchange; one that hears of its session does too, and learns there what it may work on now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from server.auth import require
from server.live import SESSION
from server.runtime import runtime_in

_AGAIN_MS: Final = 5_000
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
)


class Events:
    """The route of the streams, straight on ASGI. A stream waits for nothing but the client's
    leaving: what there is to tell is sent by who tells it, so that an idle one costs little more
    than its connection.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream; raise ``Problem`` (401)."""
        actor = require(HTTPConnection(scope), "sync").actor
        runtime = runtime_in(scope)
        hierarchy = await runtime.registry.hierarchy()

        async def tell(told: Mapping[str, str]) -> None:
            # What one may see is decided when a stream opens: after a change of the session this
            # one ends, and the client opens another.
            more = SESSION not in told
            await send({"type": "http.response.body", "body": _text(told), "more_body": more})

        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        first = b"retry: %d\n\n" % _AGAIN_MS
        await send({"type": "http.response.body", "body": first, "more_body": True})
        with runtime.live.stream(actor, hierarchy, tell):
            while (await receive())["type"] != "http.disconnect":
                pass


def _text(told: Mapping[str, str]) -> bytes:
    """Return events as text; a comment when there is nothing to tell."""
    changed = {name: seq for name, seq in told.items() if name != SESSION}
    text = b"event: changed\ndata: %b\n\n" % orjson.dumps(changed) if changed else b""
    if SESSION in told:
        text += b"event: session\ndata: {}\n\n"
    return text or b":\n\n"
