"""The client of CouchDB's HTTP against a server that answers as it is told, cut where one likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.couch.http import BrokenAnswer, Connections

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
Pieces = Sequence[bytes]


class Server:
    """Answers each request with the next of ``answers``, piece by piece; hangs up after one that
    is marked."""

    def __init__(self, answers: Sequence[tuple[Pieces, bool]]) -> None:
        self.answers = list(answers)
        self.opened = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.opened += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                pieces, hang_up = self.answers.pop(0)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if hang_up:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def served(*answers: tuple[Pieces, bool]) -> AsyncIterator[tuple[Connections, Server]]:
    """Give connections to a server with these answers."""
    server = Server(answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    connections = Connections("127.0.0.1", listening.sockets[0].getsockname()[1], None)
    try:
        yield connections, server
    finally:
        await connections.close()
        listening.close()
        await listening.wait_closed()


def plain(body: bytes, more: bytes = b"") -> bytes:
    """Return an answer with its length."""
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (more, len(body), body)


def chunked(body: bytes, sizes: Sequence[int]) -> bytes:
    """Return an answer in chunks of these sizes."""
    text, at = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", 0
    for size in sizes:
        part = body[at : at + size]
        if part:
            text += b"%x\r\n%b\r\n" % (len(part), part)
        at += size
    rest = body[at:]
    return text + (b"%X;note=1\r\n%b\r\n" % (len(rest), rest) if rest else b"") + b"0\r\n\r\n"


def cut(text: bytes, places: Sequence[int]) -> Pieces:
    """Return a text in pieces."""
    at = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(at)]


bodies = st.binary(max_size=60)
places = st.lists(st.integers(0, 200), max_size=4)


@given(bodies, st.lists(st.integers(1, 20), max_size=4), places)
def test_an_answer_is_the_same_however_it_comes(
    body: bytes, sizes: list[int], where: list[int]
) -> None:
    async def run() -> None:
        answers = [(cut(plain(body), where), False), (cut(chunked(body, sizes), where), False)]
        async with served(*answers) as (connections, server):
            assert await connections.ask(REQUEST) == (200, body)
            assert await connections.ask(REQUEST) == (201, body)
            assert server.opened == 1

    asyncio.run(run())


@given(bodies, st.booleans(), st.integers(0, 200))
def test_an_answer_cut_anywhere_is_none(body: bytes, in_chunks: bool, place: int) -> None:
    async def run() -> None:
        whole = chunked(body, [7]) if in_chunks else plain(body)
        part = whole[: place % len(whole)]
        async with served(([part], True), ([plain(b"next")], False)) as (connections, server):
            with pytest.raises(BrokenAnswer):
                await connections.ask(REQUEST)
            assert await connections.ask(REQUEST) == (200, b"next")
            assert server.opened == 2

    asyncio.run(run())


async def test_a_connection_that_is_not_to_stay_is_not_used_again() -> None:
    answers = [([plain(b"", b"Connection: close\r\n")], False), ([plain(b"2")], True)]
    async with served(*answers, ([plain(b"3")], False)) as (connections, server):
        assert await connections.ask(REQUEST) == (200, b"")
        assert await connections.ask(REQUEST) == (200, b"2")
        assert server.opened == 2


async def test_what_is_no_answer_is_told_so() -> None:
    async with served(([b"what?\r\n\r\n"], False), ([b"HTTP/1.1 200 OK\r\n\r\n"], False)) as made:
        for _ in range(2):
            with pytest.raises(BrokenAnswer):
                await made[0].ask(REQUEST)


async def test_nobody_listening_is_no_answer() -> None:
    async with served() as (connections, _):
        pass
    with pytest.raises(BrokenAnswer):
        await connections.ask(REQUEST)


async def test_one_who_gives_up_leaves_no_half_answer_to_the_next() -> None:
    never = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if never.is_set():
            writer.write(plain(b"mine"))
        else:
            never.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listening:
        connections = Connections("127.0.0.1", listening.sockets[0].getsockname()[1], None)
        first = asyncio.create_task(connections.ask(REQUEST))
        await never.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await connections.ask(REQUEST) == (200, b"mine")
        await connections.close()
