"""Many phones at once, in a process of its own: ``python -m bench.phones`` reads what to do as JSON
and prints what came of it.

Every phone makes its own connection when it arrives, sends one exchange and reads the answer to the
end. One that is told to come again (503) does so after ``Retry-After``, as the app does.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

_LIMIT = 16 * 1024 * 1024
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One exchange to make: when to arrive (seconds from the start) and what to send."""

    at: float
    head: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. ``seconds`` is the last attempt's time, connection and all; ``done`` when
    it ended, from the start; ``answer`` has what is worth keeping of the lines."""

    seconds: float
    done: float
    turned_away: int
    documents: int
    stored: list[tuple[str, str]]
    error: str | None


async def _visit(port: int, visit: Visit, start: float) -> Outcome:
    await asyncio.sleep(start + visit.at - time.monotonic())
    turned_away = 0
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, again, body = await _ask(port, visit)
        except (OSError, EOFError, TimeoutError, zlib.error) as error:
            return _failed(began, start, turned_away, repr(error))
        if status != 503:
            break
        turned_away += 1
        await asyncio.sleep(again)
    if status != 200:
        return _failed(began, start, turned_away, f"{status} {body[:200]!r}")
    return _read(body, began, start, turned_away)


def _failed(began: float, start: float, turned_away: int, error: str) -> Outcome:
    now = time.monotonic()
    return Outcome(now - began, now - start, turned_away, 0, [], error)


def _read(body: bytes, began: float, start: float, turned_away: int) -> Outcome:
    now = time.monotonic()
    lines = [orjson.loads(line) for line in body.splitlines()]
    receipts = [each for line in lines for each in line.get("receipts", ())]
    stored = [(each["id"], each["rev"]) for each in receipts if each.get("stored")]
    refused = [each for each in receipts if not each.get("stored")]
    documents = sum("doc" in line for line in lines)
    last = lines[-1]
    error = None if last == {"bye": {}} and not refused else f"{last} {refused[:1]}"
    return Outcome(now - began, now - start, turned_away, documents, stored, error)


async def _ask(port: int, visit: Visit) -> tuple[int, float, bytes]:
    """Make one exchange; return the status, how long to wait if told to, and the lines."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT)
    try:
        writer.write(visit.head.encode() + visit.body.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        again = 0.0
        if b"\r\nretry-after:" in head:
            again = float(head.partition(b"\r\nretry-after:")[2].partition(b"\r\n")[0])
        if b"transfer-encoding: chunked" in head:
            body = bytearray()
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readline()
        else:
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            body = bytearray(await reader.readexactly(int(length)))
        packed = b"\r\ncontent-encoding: gzip" in head
        return int(head[9:12]), again, zlib.decompress(body, 31) if packed else bytes(body)
    finally:
        writer.close()


async def _run(port: int, visits: Sequence[Visit]) -> list[Outcome]:
    start = time.monotonic()
    return await asyncio.gather(*(_visit(port, visit, start) for visit in visits))


def send(port: int, visits: Sequence[Visit]) -> list[Outcome]:
    """Have a process make these exchanges; return what came of them, in order."""
    asked = {"port": port, "visits": [asdict(visit) for visit in visits]}
    done = subprocess.run(
        [sys.executable, "-m", "bench.phones"],
        input=orjson.dumps(asked),
        stdout=subprocess.PIPE,
        check=True,
    )
    return [Outcome(**each) for each in orjson.loads(done.stdout)]


def main() -> None:
    """Do what standard input says."""
    asked: dict[str, Any] = orjson.loads(sys.stdin.buffer.read())
    visits = [Visit(**each) for each in asked["visits"]]
    outcomes = asyncio.run(_run(asked["port"], visits))
    sys.stdout.buffer.write(orjson.dumps([asdict(one) for one in outcomes]))


if __name__ == "__main__":
    main()
