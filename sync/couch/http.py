"""HTTP to one node of a CouchDB: connections that stay open, requests written and answers read
straight on the event loop.

Only what CouchDB's answers need: a status, a length or chunks, and whether the connection stays.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from typing import Final

_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 120.0
"""For the head of an answer, and for each part of its body."""
_IDLE_SECONDS: Final = 60.0
"""A connection unused for longer may be gone on the other side."""
_BUFFER_BYTES: Final = 1024 * 1024
_STATUS: Final = re.compile(rb"http/1\.[01] ([0-9]{3})[ \r]")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)")
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked")
_CLOSE: Final = re.compile(rb"\r\nconnection: *close")


class BrokenAnswer(Exception):
    """No whole answer came: whether the request was done is not known."""


class Connections:
    """Connections to one host and port."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._place = host, port
        self._tls = tls
        self._idle: list[_Connection] = []

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request, which is whole, and return the answer's status and body. Raises
        ``BrokenAnswer``."""
        try:
            connection = self._take() or await self._open()
            try:
                status, body = await connection.ask(request)
            except BaseException:
                connection.close()
                raise
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise BrokenAnswer(type(error).__name__) from None
        if connection.stays:
            self._idle.append(connection)
        else:
            connection.close()
        return status, body

    def _take(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
        return None

    async def _open(self) -> _Connection:
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(
                *self._place, ssl=self._tls, limit=_BUFFER_BYTES
            )
        return _Connection(reader, writer)

    async def close(self) -> None:
        """Close the connections that nobody uses."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        await asyncio.gather(*(one.closed() for one in idle), return_exceptions=True)


class _Connection:
    """One connection; ``stays`` tells, after an answer, whether there may be another request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._used = time.monotonic()
        self.stays = True

    @property
    def usable(self) -> bool:
        """Whether the other side, as far as is known here, still listens."""
        fresh = time.monotonic() - self._used < _IDLE_SECONDS
        return fresh and not self._reader.at_eof() and not self._writer.is_closing()

    def close(self) -> None:
        """Close it, now."""
        self._writer.close()

    async def closed(self) -> None:
        """Wait until it is closed."""
        await self._writer.wait_closed()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return the answer's status and body."""
        self._writer.write(request)
        async with asyncio.timeout(_READ_SECONDS):
            await self._writer.drain()
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = _STATUS.match(head)
        if status is None:
            raise ValueError(head[:100])
        length = _LENGTH.search(head)
        if _CHUNKED.search(head):
            body = await self._chunks()
        elif length is not None:
            body = await self._exactly(int(length[1]))
        else:
            raise ValueError("an answer without a length")
        self.stays = _CLOSE.search(head) is None
        self._used = time.monotonic()
        return int(status[1]), body

    async def _exactly(self, size: int) -> bytes:
        async with asyncio.timeout(_READ_SECONDS):
            return await self._reader.readexactly(size)

    async def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            async with asyncio.timeout(_READ_SECONDS):
                line = await self._reader.readuntil(b"\r\n")
                size = int(line.partition(b";")[0], 16)
                part = await self._reader.readexactly(size + 2)
            if not size:
                return b"".join(parts)
            parts.append(part[:-2])
