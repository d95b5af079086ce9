"""A grid with many first syncs does not starve a small exchange of another grid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.clients.conftest import GRID, Service

BUILDING = "44090400400100104"
PATROLS = 1_000
FIRST_SYNCS = 40
"""More than may work at once, each of many turns."""


def body(grid: str, **wanted: Any) -> bytes:
    return json.dumps({"v": 1, "databases": {grid: wanted}}).encode()


async def post(service: Service, path: str, content: bytes, began: asyncio.Event) -> bytes:
    """Post to the server; return the answer. ``began`` is set when the answer begins."""
    place = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {service.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        "Connection: close\r\n\r\n"
    )
    writer.write(head.encode() + content)
    start = await reader.readline()
    began.set()
    rest = await reader.read()
    writer.close()
    assert start.split()[1] in (b"200", b"201"), start + rest
    return rest


async def fill(service: Service) -> None:
    patrol = {"type": "patrol", "schema": 1, "started": "2026-11-24T08:00:00Z", "note": "巡查" * 60}
    ids = [f"patrol:01J0000000000000000000{number:04}" for number in range(PATROLS)]
    docs = json.dumps({"docs": [{"_id": doc_id, **patrol} for doc_id in ids]})
    answer = await post(service, f"/sync/{GRID}/_bulk_docs", docs.encode(), asyncio.Event())
    assert answer.count(b'"ok":true') == PATROLS


async def run(service: Service) -> tuple[int, bytes, Sequence[bytes]]:
    """Return how many first syncs were over when the small exchange was, and all answers."""
    began, exchange = asyncio.Event(), "/sync/_exchange"
    first = body(GRID, since=None, fresh=True)
    firsts = [
        asyncio.create_task(post(service, exchange, first, began)) for _ in range(FIRST_SYNCS)
    ]
    await began.wait()
    small = await post(service, exchange, body(BUILDING, since="now"), asyncio.Event())
    over = sum(task.done() for task in firsts)
    return over, small, await asyncio.gather(*firsts)


async def test_first_syncs_of_one_grid_do_not_starve_another(service: Service) -> None:
    await fill(service)

    over, small, firsts = await run(service)

    assert over < FIRST_SYNCS
    assert b'"bye"' in small
    assert BUILDING.encode() in small
    assert all(answer.count(b'{"doc":') > PATROLS for answer in firsts)
