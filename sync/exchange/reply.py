"""The answer: lines of JSON, sent in pieces as they come, compressed where the client takes it."""

from __future__ import annotations

import zlib
from typing import Any, Final

import orjson

from sync.wire.http import Request

MEDIA_TYPE: Final = b"application/x-ndjson"
_SMALL_BYTES: Final = 1400
"""An answer that fits one packet goes out whole and plain."""
_GZIP_WINDOW: Final = 31
_LEVEL: Final = 6


class Reply:
    """One exchange's answer. ``size`` counts bytes of lines before compression."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._packer: Any = None
        self.size = 0

    def line(self, content: Any) -> None:
        """Add a line."""
        self.raw(orjson.dumps(content))

    def raw(self, text: bytes) -> None:
        """Add a line that is JSON text already."""
        self._pending += (text, b"\n")
        self._pending_bytes += len(text) + 1
        self.size += len(text) + 1

    async def flush(self) -> None:
        """Send what there is, unless it is so little that it can wait.

        Raises ``ConnectionResetError`` when the client went away.
        """
        if self._request.gone().done():
            raise ConnectionResetError
        if self._pending_bytes < _SMALL_BYTES:
            return
        if not self._request.started:
            await self._start()
        await self._send(self._taken(), last=False)

    async def finish(self) -> None:
        """Send the rest and end the answer."""
        if self._request.started:
            await self._send(self._taken(), last=True)
            return
        headers = {"content-type": MEDIA_TYPE.decode(), "cache-control": "no-store"}
        await self._request.reply_bytes(self._taken(), 200, headers)

    async def _start(self) -> None:
        fields = [
            (b"content-type", MEDIA_TYPE),
            (b"cache-control", b"no-store, no-transform"),
            (b"x-accel-buffering", b"no"),
            (b"vary", b"Accept-Encoding"),
        ]
        if b"gzip" in self._request.headers.get(b"accept-encoding", b""):
            self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
            fields.append((b"content-encoding", b"gzip"))
        await self._request.start_stream(fields)

    def _taken(self) -> bytes:
        text = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        return text

    async def _send(self, text: bytes, *, last: bool) -> None:
        if self._packer is not None:
            end = zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH
            text = self._packer.compress(text) + self._packer.flush(end)
        await self._request.stream([text], last=last)
