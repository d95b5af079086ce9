"""A slow mobile network on loopback: a proxy that holds bytes back as the radio would.

What is emulated: bandwidth each way, shared by all connections; the round trip; and loss. A packet
that is lost is sent again one round trip later and takes its air time twice, and what came after it
on the same connection waits, as TCP delivers in order. Not emulated: setting up a connection (TCP
and TLS), slow start and a window that shrinks; bandwidth times delay is about one initial window
here.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

PACKET_BYTES: Final = 1460
_BUFFERED_SECONDS: Final = 0.5
"""What the network's own buffers hold; whoever sends more has to wait."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A kind of network: bits per second each way, seconds there and back, share lost."""

    name: str
    bits: float
    round_trip: float
    loss: float = 0.02

    def seconds(self, size: int) -> float:
        """Return how long so many bytes are on the air."""
        return size * 8 / self.bits


SLOW_3G: Final = Condition("3G slow", 400_000, 0.4)
EDGE: Final = Condition("EDGE", 240_000, 0.84)


class _Direction:
    """One direction of the radio, shared by all connections."""

    def __init__(self, condition: Condition, seed: int) -> None:
        self._condition = condition
        self._chance = random.Random(seed)
        self._free = 0.0

    @property
    def free(self) -> float:
        """When the last packet taken in so far leaves the sender."""
        return self._free

    def arrival(self, now: float, size: int) -> float:
        """Take in a packet; return when it arrives."""
        condition = self._condition
        lost = self._chance.random() < condition.loss
        self._free = max(now, self._free) + condition.seconds(size) * (1 + lost)
        return self._free + condition.round_trip * (0.5 + lost)


class SlowNetwork:
    """The proxy. Each way has its own seeded chance, so that runs are alike."""

    def __init__(self, condition: Condition, address: tuple[str, int]) -> None:
        self._address = address
        self._up, self._down = _Direction(condition, 1), _Direction(condition, 2)

    async def serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection until both ends are done."""
        server, forth = await asyncio.open_connection(*self._address)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(
                self._carry(self._up, client, forth), self._carry(self._down, server, back)
            )
        for end in (back, forth):
            end.close()

    async def _carry(
        self, way: _Direction, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        clock = asyncio.get_running_loop().time
        flying: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        landing = asyncio.create_task(_land(flying, sink))
        try:
            while packet := await source.read(PACKET_BYTES):
                flying.put_nowait((way.arrival(clock(), len(packet)), packet))
                await asyncio.sleep(way.free - clock() - _BUFFERED_SECONDS)
            flying.put_nowait((0.0, b""))
            await landing
        finally:
            landing.cancel()


async def _land(flying: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
    """Hand packets over when they arrive, in the order in which they were sent."""
    clock = asyncio.get_running_loop().time
    while True:
        at, packet = await flying.get()
        await asyncio.sleep(at - clock())
        if not packet:
            sink.write_eof()
            return
        sink.write(packet)
        await sink.drain()


@contextmanager
def slow_network(condition: Condition, address: tuple[str, int]) -> Iterator[int]:
    """Put a network of this kind in front of a server; give the port to connect to."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    network = SlowNetwork(condition, address)
    listening = asyncio.start_server(network.serve, "127.0.0.1", 0, limit=PACKET_BYTES)
    listener = asyncio.run_coroutine_threadsafe(listening, loop).result()
    try:
        port: int = listener.sockets[0].getsockname()[1]
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listener), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(listener: asyncio.Server) -> None:
    listener.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
