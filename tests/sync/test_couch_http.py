"""A node of CouchDB against a server that answers as it is told, cut where one likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sync.couch.address import parse_address
from sync.couch.node import Answer, NoAnswer, Node

SIGNED_IN = (
    b"HTTP/1.1 200 OK\r\nSet-Cookie: AuthSession=abc; Version=1; Path=/; Max-Age=600\r\n"
    b'Content-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'
)


class Server:
    """Answers each request but signing in with the next of ``answers``, and hangs up after one
    that is cut short; with none left it stays silent."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.asked: list[bytes] = []
        self.waiting = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                if b"/_session" in head:
                    writer.write(SIGNED_IN)
                    continue
                self.asked.append(head.partition(b"\r\n")[0] + body)
                if not self.answers:
                    self.waiting.set()
                    await reader.read()
                    break
                answer = self.answers.pop(0)
                writer.write(answer)
                if not answer.endswith((b"whole", b"0\r\n\r\n")):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def node_of(server: Server) -> AsyncIterator[Node]:
    """Give a node that is this server."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    node = Node(f"http://127.0.0.1:{port}", parse_address(f"couchdb://a:b@127.0.0.1:{port}"))
    try:
        yield node
    finally:
        await node.close()
        listening.close()
        await listening.wait_closed()


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12, whole"
IN_CHUNKS = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = IN_CHUNKS + b"4\r\n12, \r\n5\r\nwhole\r\n0\r\n\r\n"


async def test_answers_with_a_length_and_in_chunks() -> None:
    server = Server(LENGTH, CHUNKS)
    async with node_of(server) as node:
        got = await node.send("GET", "/a%2Fb", {"key": '"å"'}, None)
        assert got == Answer(200, b"12, whole")
        assert await node.send("POST", "/a%2Fb", None, b"{}") == Answer(201, b"12, whole")
    assert server.asked == [b"GET /a%2Fb?key=%22%C3%A5%22 HTTP/1.1", b"POST /a%2Fb HTTP/1.1{}"]


@pytest.mark.parametrize("whole", [LENGTH, CHUNKS], ids=["length", "chunks"])
async def test_an_answer_cut_anywhere_is_none(whole: bytes) -> None:
    places = [*range(0, len(whole) - 1, 7), len(whole) - 1]
    server = Server(*(part for place in places for part in (whole[:place], LENGTH)))
    async with node_of(server) as node:
        for _ in places:
            with pytest.raises(NoAnswer):
                await node.send("POST", "/x", None, b"{}")
            assert await node.send("GET", "/x", None, None) == Answer(200, b"12, whole")


async def test_what_is_no_answer_is_told_so() -> None:
    async with node_of(Server(b"what?\r\n\r\n")) as node:
        with pytest.raises(NoAnswer):
            await node.send("GET", "/x", None, None)


async def test_nobody_listening_is_no_answer() -> None:
    async with node_of(Server()) as node:
        pass
    with pytest.raises(NoAnswer):
        await node.send("GET", "/x", None, None)


async def test_one_who_gives_up_leaves_no_half_answer_to_the_next() -> None:
    server = Server()
    async with node_of(server) as node:
        first = asyncio.create_task(node.send("GET", "/x", None, None))
        await server.waiting.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        server.answers.append(LENGTH)
        assert await node.send("GET", "/x", None, None) == Answer(200, b"12, whole")
