"""A request taken apart and a reply put together, straight on ASGI.

The wire's routes are few and hot; a thin request of our own costs a third of a general one.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson
from starlette.types import Receive, Scope, Send

from sync.wire.errors import WireError

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
_DRAINED_BYTES: Final = 64 * 1024 * 1024
_COMPRESS_FROM_BYTES: Final = 1400
"""Smaller replies fit one packet anyway."""
_HELD_BYTES: Final = 16 * 1024 * 1024
"""As much of a reply as is put together before it is sent."""
_GZIP_WINDOW: Final = 31
_JSON: Final = (b"content-type", b"application/json")
_CACHE: Final = (b"cache-control", b"must-revalidate")
_STREAM: Final = (
    _JSON,
    (b"cache-control", b"must-revalidate, no-transform"),
    (b"x-accel-buffering", b"no"),
)


class Request:
    """One HTTP request. ``segments`` are the decoded parts of the path below the mount."""

    __slots__ = (
        "_gone",
        "_parameters",
        "_query",
        "_receive",
        "_send",
        "headers",
        "method",
        "scope",
        "segments",
        "started",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        raw = raw[len(scope.get("root_path", "").encode()) :]
        try:
            self.segments = [_decoded(part) for part in raw.split(b"/")[1:] if part]
        except UnicodeDecodeError:
            raise WireError(400, "bad_request", "the path is not valid UTF-8") from None
        self.started = False
        self._query: bytes = scope["query_string"]
        self._parameters: dict[str, str] | None = None
        self._receive = receive
        self._send = send
        self._gone: asyncio.Task[None] | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters; of a repeated one the last."""
        if self._parameters is None:
            self._parameters = (
                dict(parse_qsl(self._query.decode("latin-1"), keep_blank_values=True))
                if self._query
                else {}
            )
        return self._parameters

    def flag(self, name: str) -> bool:
        """Tell whether a parameter is ``true``."""
        return self.parameters.get(name) == "true"

    def json_parameter(self, *names: str) -> Any:
        """Return a parameter that is JSON text under the first name present, or ``None``."""
        for name in names:
            text = self.parameters.get(name)
            if text is not None:
                try:
                    return orjson.loads(text)
                except orjson.JSONDecodeError:
                    raise WireError(
                        400, "bad_request", f"query parameter {name} is not valid JSON"
                    ) from None
        return None

    def whole_number(self, name: str) -> int | None:
        """Return a parameter that is a whole number from 0 on, or ``None``."""
        text = self.parameters.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 18):
            raise WireError(
                400, "query_parse_error", f"query parameter {name} is not a whole number from 0 on"
            )
        return int(text)

    def header(self, name: bytes) -> str:
        """Return a header's value, or an empty text; names are lower case."""
        return self.headers.get(name, b"").decode("latin-1")

    async def body(self) -> bytes:
        """Return the request's body, unpacked; raise 413 above the limit."""
        body = await self._raw_body()
        encoding = self.header(b"content-encoding").strip().lower()
        if encoding in ("", "identity"):
            return body
        if encoding != "gzip":
            raise WireError(
                415, "bad_content_encoding", f"Content-Encoding {encoding} is not known; use gzip"
            )
        try:
            unpacker = zlib.decompressobj(_GZIP_WINDOW)
            unpacked = unpacker.decompress(body, MAX_BODY_BYTES + 1)
        except zlib.error:
            raise WireError(400, "bad_request", "the request body is not valid gzip") from None
        if len(unpacked) > MAX_BODY_BYTES:
            raise _too_large()
        if not unpacker.eof:
            raise WireError(400, "bad_request", "the gzip request body is cut off")
        return unpacked

    async def _raw_body(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            part = message.get("body", b"")
            size += len(part)
            if size <= MAX_BODY_BYTES:
                parts.append(part)
            elif size > _DRAINED_BYTES:
                raise _too_large()
            if not message.get("more_body", False):
                break
        if size > MAX_BODY_BYTES:  # read to the end, so that the client sees the reply
            raise _too_large()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def json(self) -> Any:
        """Return the request's body as JSON; raise 400 when it is not."""
        body = await self.body()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            mended = _mended(body)
            if mended is not None:
                return mended
            raise WireError(400, "bad_request", f"invalid UTF-8 JSON: {error}") from None

    async def json_object(self) -> dict[str, Any]:
        """Return the body of a POST, a JSON object; raise 415 or 400 when it is none."""
        content_type = self.header(b"content-type").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise WireError(415, "bad_content_type", "Content-Type must be application/json")
        body = await self.json()
        if not isinstance(body, dict):
            raise WireError(400, "bad_request", "Request body must be a JSON object")
        return body

    def gone(self) -> asyncio.Task[None]:
        """Return a task that ends when the client goes away; the body must have been read."""
        if self._gone is None:
            self._gone = asyncio.get_running_loop().create_task(self._until_gone())
        return self._gone

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def reply(
        self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Reply with JSON."""
        await self.reply_bytes(orjson.dumps(content), status, headers)

    async def reply_bytes(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Reply with JSON text, compressed where that pays and the client takes it."""
        fields = [_JSON, _CACHE]
        if headers is not None:
            named = [(name.encode(), value.encode()) for name, value in headers.items()]
            fields = named if "content-type" in headers else fields + named
        if len(body) >= _COMPRESS_FROM_BYTES:
            fields.append((b"vary", b"Accept-Encoding"))
            if b"gzip" in self.headers.get(b"accept-encoding", b""):
                body = zlib.compress(body, 1, _GZIP_WINDOW)
                fields.append((b"content-encoding", b"gzip"))
        fields.append((b"content-length", b"%d" % len(body)))
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": fields})
        await self._send(
            {"type": "http.response.body", "body": b"" if self.method == "HEAD" else body}
        )

    async def start_stream(self, fields: Sequence[tuple[bytes, bytes]] = _STREAM) -> None:
        """Begin a reply of unknown length; nothing between may hold it back or pack it."""
        self.started = True
        await self._send({"type": "http.response.start", "status": 200, "headers": [*fields]})

    async def stream(self, parts: Iterable[bytes], *, last: bool = False) -> None:
        """Send a piece of the reply begun with ``start_stream``."""
        body = b"".join(parts)
        await self._send({"type": "http.response.body", "body": body, "more_body": not last})

    async def reply_pieces(self, pieces: AsyncIterator[bytes]) -> None:
        """Reply with JSON text that comes in pieces: whole, and packed, while it is small; sent
        on as it comes once it is more than memory should hold."""
        held: list[bytes] = []
        size = 0
        async for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size > _HELD_BYTES:
                if not self.started:
                    await self.start_stream()
                await self.stream(held)
                held, size = [], 0
        if self.started:
            await self.stream(held, last=True)
        else:
            await self.reply_bytes(b"".join(held))

    def close(self) -> None:
        """Let go of what still listens to the client."""
        if self._gone is not None:
            self._gone.cancel()


def _decoded(part: bytes) -> str:
    if b"%" not in part:
        return part.decode()
    return unquote(part.decode(), errors="strict")


def _mended(body: bytes) -> Any:
    """Return JSON in which halves of characters became U+FFFD; ``None`` if that is not its fault.

    A form that cuts a text at so many UTF-16 units leaves half of a rare character; PouchDB sends
    it as an escape of its own, and one such document must not hold up the whole push for ever.
    """
    if b"\\ud" not in body.lower():
        return None
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False, allow_nan=False)
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return orjson.loads(whole)
    except (ValueError, RecursionError):
        return None


def _too_large() -> WireError:
    return WireError(
        413, "too_large", f"the request body is larger than {MAX_BODY_BYTES // 1024 // 1024} MiB"
    )
