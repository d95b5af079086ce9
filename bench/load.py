"""A lean HTTP/1.1 load generator: one thread, keep-alive connections, requests built beforehand.

Each connection has one request under way and takes the next from a common queue when the answer is
whole; requests that follow from each other are taken together. Answers are kept as they came and
read only after the clock has stopped, so that the generator costs the machine as little as
possible.
"""

from __future__ import annotations

import gc
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

RECEIVE_BYTES = 262_144
PATIENCE_SECONDS = 60.0
END_OF_CHUNKS = b"\r\n0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status and its body without transfer coding."""

    status: int
    body: bytes

    def json(self) -> object:
        """Return the body as JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run took and gave; ``busy`` is the generator's own share of a processor, 0 to 1."""

    seconds: float
    busy: float
    answers: Sequence[Answer]


class _Connection:
    """One keep-alive connection with at most one request under way."""

    __slots__ = ("chain", "expected", "inbox", "outbox", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.inbox = bytearray()
        self.outbox = memoryview(b"")
        self.expected = 0
        self.chain: Iterator[bytes] = iter(())

    def next(self, chains: Iterator[Sequence[bytes]]) -> bytes | None:
        """Return the next request of the chain under way, or the first of the next one."""
        request = next(self.chain, None)
        if request is None and (chain := next(chains, None)) is not None:
            self.chain = iter(chain)
            request = next(self.chain)
        return request

    def ask(self, request: bytes) -> bool:
        """Start a request; return whether something is left to be sent."""
        self.inbox = bytearray()
        self.expected = 0
        self.outbox = memoryview(request)
        return self.flush()

    def flush(self) -> bool:
        """Send what can be sent; return whether something is left."""
        try:
            self.outbox = self.outbox[self.socket.send(self.outbox) :]
        except BlockingIOError:
            return True
        return len(self.outbox) > 0

    def complete(self) -> bool:
        """Take what arrived; return whether the answer is whole."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError(f"closed after {bytes(self.inbox[:200])!r}")
        self.inbox += data
        if not self.expected:
            self.expected = _length(self.inbox)
        if self.expected > 0:
            return len(self.inbox) >= self.expected
        return self.expected < 0 and self.inbox.endswith(END_OF_CHUNKS)


def _length(inbox: bytearray) -> int:
    """Return the whole length of an answer, 0 while its head is not whole, -1 when chunked."""
    head_end = inbox.find(b"\r\n\r\n")
    if head_end < 0:
        return 0
    head = bytes(inbox[:head_end]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        if b"\r\ntransfer-encoding: chunked" not in head:
            raise ConnectionError(f"an answer without a length: {head!r}")
        return -1
    line_end = head.find(b"\r\n", at + 2)
    text = head[at + 17 : line_end if line_end >= 0 else None]
    return head_end + 4 + int(text)


def _answer(raw: bytearray) -> Answer:
    """Split a whole answer into its status and its body."""
    head, _, body = bytes(raw).partition(b"\r\n\r\n")
    status = int(head[9:12])
    if b"content-length:" not in head.lower():
        body = b"".join(_chunks(body))
    return Answer(status, body)


def _chunks(body: bytes) -> Iterator[bytes]:
    """Yield the data of a chunked body."""
    at = 0
    while True:
        line_end = body.index(b"\r\n", at)
        size = int(body[at:line_end].partition(b";")[0], 16)
        if not size:
            return
        yield body[line_end + 2 : line_end + 2 + size]
        at = line_end + 2 + size + 2


def drive(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> Outcome:
    """Send all requests over so many connections and return the answers, in no set order.

    Raises ``ConnectionError`` when the server hangs up and ``TimeoutError`` when it is silent.
    """
    return drive_chains(address, [(request,) for request in requests], connections)


def drive_chains(
    address: tuple[str, int], chains: Sequence[Sequence[bytes]], connections: int
) -> Outcome:
    """As ``drive``, but the requests of a chain go over one connection, one after the other."""
    pool = [_Connection(address) for _ in range(min(connections, len(chains)))]
    gc.collect()
    gc.disable()
    try:
        with selectors.DefaultSelector() as selector:
            raw, seconds, busy = _run(selector, pool, chains)
    finally:
        gc.enable()
        for connection in pool:
            connection.socket.close()
    return Outcome(seconds, busy, [_answer(answer) for answer in raw])


def _run(
    selector: selectors.BaseSelector, pool: Sequence[_Connection], chains: Sequence[Sequence[bytes]]
) -> tuple[list[bytearray], float, float]:
    """Run the event loop; return raw answers, seconds and the generator's processor share."""
    read, both = selectors.EVENT_READ, selectors.EVENT_READ | selectors.EVENT_WRITE
    waiting, requests = iter(chains), sum(len(chain) for chain in chains)
    raw: list[bytearray] = []
    started, started_cpu = time.perf_counter(), time.process_time()
    for connection in pool:
        first = connection.next(waiting)
        assert first is not None
        left = connection.ask(first)
        selector.register(connection.socket, both if left else read, connection)
    while len(raw) < requests:
        events = selector.select(PATIENCE_SECONDS)
        if not events:
            raise TimeoutError(f"no answer within {PATIENCE_SECONDS:.0f} s")
        for key, mask in events:
            connection = key.data
            if mask & selectors.EVENT_WRITE and not connection.flush():
                selector.modify(connection.socket, read, connection)
            if not mask & read or not connection.complete():
                continue
            raw.append(connection.inbox)
            request = connection.next(waiting)
            if request is not None and connection.ask(request):
                selector.modify(connection.socket, both, connection)
    seconds = time.perf_counter() - started
    return raw, seconds, (time.process_time() - started_cpu) / seconds


def expect(answers: Sequence[Answer], check: Callable[[Answer], bool], what: str) -> None:
    """Raise ``AssertionError`` with the first answer that is not as it should be."""
    for answer in answers:
        if not check(answer):
            raise AssertionError(f"{what}: status {answer.status}, {answer.body[:300]!r}")
