"""Records that a test pushes over HTTP, as a phone's replication sends them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.server.conftest import BUILDING, DEVICE

HOUSEHOLD = "household:01J0000000000000000000000H"
Row = dict[str, Any]


def record(number: int, user: str, *, device: str = DEVICE, **fields: Any) -> Row:
    """Return a household that somebody records, with the revision that its content gives."""
    minute, second = divmod(number, 60)
    at = f"2026-11-24T08:{minute % 60:02}:{second:02}.000Z-0000-{device}"
    trace = {"at": at, "by": user, "device": device}
    body = {
        "type": "household",
        "schema": 1,
        "grid": BUILDING,
        "address": f"滨海绿洲4栋 {number} 室",
        "created": trace,
        "updated": trace,
        **fields,
    }
    digest = hashlib.md5(repr(body).encode(), usedforsecurity=False).hexdigest()
    return {"_id": f"household:01J00000000000000000{number:06}", "_rev": f"1-{digest}", **body}


def push(client: httpx.Client, *documents: Row) -> httpx.Response:
    """Push documents with their revisions into the building's grid."""
    body = {"new_edits": False, "docs": list(documents)}
    return client.post(f"/sync/{BUILDING}/_bulk_docs", json=body)


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask again and again until the condition holds; fail after three minutes: on a machine with
    much else to do a follower may for a while be taken for gone."""
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def canonical(client: httpx.Client) -> dict[str, str]:
    """Return what the API lists in the building: id and revision of each record, each once."""
    found: list[tuple[str, str]] = []
    query: dict[str, str] = {"grid": BUILDING, "limit": "500"}
    while True:
        page = client.get("/api/v1/records", params=query).raise_for_status().json()
        found += [(item["id"], item["rev"]) for item in page["items"]]
        if not page["more"]:
            break
        query["cursor"] = page["next"]
    assert len(dict(found)) == len(found)
    return dict(found)
