"""Bad input through the whole server, by replication and by exchange: each document is refused by
name, the rest goes on, and a person finds what was refused, in the API and in the console."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from conflicts.clock import HybridClock
from server.runtime import Runtime
from sync.timing import now_ms
from tests.server.conftest import BUILDING, DEVICE, VILLAGE, bearer
from tests.sync_flow.test_gateway import BAD

SignIn = Callable[..., Awaitable[str]]
Documents = list[dict[str, Any]]
Send = Callable[[httpx.AsyncClient, str, Documents], Awaitable[dict[str, dict[str, Any]]]]
GRID = f"grid-{BUILDING}"


def record(number: int, at: str | None = None) -> dict[str, Any]:
    """Return a household as a phone's replication sends it."""
    digest = f"{number:032x}"
    trace = {
        "at": at or f"2026-11-24T08:00:00.{number:03}Z-0000-{DEVICE}",
        "by": "worker1",
        "device": DEVICE,
    }
    return {
        "_id": f"household:01J0000000000000000000{number:04}",
        "_rev": f"1-{digest}",
        "_revisions": {"start": 1, "ids": [digest]},
        "type": "household",
        "schema": 1,
        "grid": BUILDING,
        "address": f"滨海绿洲4栋 {number} 室",
        "head_name": "𠮷䶮",
        "created": trace,
        "updated": trace,
        "stamps": {},
    }


async def replicate(
    client: httpx.AsyncClient, token: str, documents: Documents
) -> dict[str, dict[str, Any]]:
    """Push by replication; return the refusals by quarantine id."""
    body = {"new_edits": False, "docs": documents}
    answer = await client.post(f"/sync/{BUILDING}/_bulk_docs", json=body, headers=bearer(token))
    assert answer.status_code == 201, answer.text
    return {row["quarantine"]: row for row in answer.json()}


async def exchange(
    client: httpx.AsyncClient, token: str, documents: Documents
) -> dict[str, dict[str, Any]]:
    """Push by an exchange; return the refusals by quarantine id."""
    asked = {"v": 1, "databases": {BUILDING: {"since": None, "docs": documents}}}
    answer = await client.post("/sync/_exchange", json=asked, headers=bearer(token))
    assert answer.status_code == 200, answer.text
    lines = [orjson.loads(line) for line in answer.content.splitlines() if line]
    (receipts,) = [line["receipts"] for line in lines if "receipts" in line]
    assert len(receipts) == len(documents)
    return {
        receipt["refused"]["quarantine"]: receipt["refused"]
        for receipt in receipts
        if "refused" in receipt
    }


@pytest.mark.parametrize("send", [replicate, exchange])
async def test_each_bad_document_is_refused_and_found_and_the_rest_goes_on(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn, send: Send
) -> None:
    worker = await sign_in("worker1")
    documents, expected = [], []
    for number, (spoil, code, field) in enumerate(BAD.values()):
        bad = record(2 * number)
        spoil(bad)
        documents += [bad, record(2 * number + 1)]
        expected.append((code, field))

    refused = await send(client, worker, documents)

    assert [(row["code"], row.get("field")) for row in refused.values()] == expected
    stored = [one.doc_id for one in await runtime.store.documents(GRID)]
    assert stored == [record(2 * number + 1)["_id"] for number in range(len(BAD))]
    assert await send(client, worker, documents) == refused  # and again: the same entries
    # The worker finds each through the API, the supervisor each in the console with its reason.
    path = f"/api/v1/grids/{BUILDING}/refusals"
    listed = (await client.get(path, headers=bearer(worker))).json()["items"]
    assert {item["quarantine"] for item in listed} == set(refused)
    village = bearer(await sign_in("village", None))
    queue = await client.get(f"/console/grids/{VILLAGE}/reviews?kind=refused", headers=village)
    for item in listed:
        entry = await client.get(f"/console/quarantine/{item['quarantine']}", headers=village)
        assert entry.status_code == 200
        for page in (queue.text, entry.text):
            assert item["reason"] in html.unescape(page)
        assert item["code"] in entry.text


async def test_a_grid_lost_meanwhile_and_a_session_over_lose_nothing(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    token, _ = await runtime.sessions.issue(
        "worker1", lifetime=timedelta(seconds=-1), device=DEVICE
    )
    for path in (f"/sync/{BUILDING}/_bulk_docs", "/sync/_exchange"):
        over = await client.post(path, json={"docs": [record(1)]}, headers=bearer(token))
        assert (over.status_code, over.json()["code"]) == (401, "session-expired")
        assert "您的数据仍保存在手机上" in over.json()["reason"]
    worker = await sign_in("worker1")
    await runtime.registry.unassign("worker1", BUILDING)

    for send in (replicate, exchange):
        ((entry, row),) = (await send(client, worker, [record(1)])).items()
        assert row["code"] == "grid-revoked"
    village = bearer(await sign_in("village", None))
    shown = await client.get(f"/console/quarantine/{entry}", headers=village)
    assert row["reason"] in shown.text
    assert "滨海绿洲4栋 1 室" in shown.text


@pytest.mark.parametrize("send", [replicate, exchange])
async def test_a_clock_two_days_off_refuses_nothing(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn, send: Send
) -> None:
    worker, days = await sign_in("worker1"), 2 * 86_400_000 + 60_000
    ahead = record(1, str(HybridClock(DEVICE).now(now_ms() + days)))
    behind = record(2, str(HybridClock(DEVICE).now(now_ms() - days)))

    assert await send(client, worker, [ahead, behind]) == {}

    stored = [one.doc_id for one in await runtime.store.documents(GRID)]
    assert stored == [ahead["_id"], behind["_id"]]
    path = f"/api/v1/grids/{BUILDING}/refusals"
    (told,) = (await client.get(path, headers=bearer(worker))).json()["items"]
    assert (told["code"], told["id"], told["status"]) == ("clock-ahead", ahead["_id"], "accepted")
    village = bearer(await sign_in("village", None))
    queue = await client.get(
        f"/console/grids/{VILLAGE}/reviews?kind=refused&show=done", headers=village
    )
    assert "这台手机的时间快了约 2 天" in queue.text


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        (f"/sync/{BUILDING}/_bulk_docs", b'{"docs": [', 400, "bad_request"),
        (f"/sync/{BUILDING}/_bulk_docs", b'{"docs": 7}', 400, "bad_request"),
        (f"/sync/{BUILDING}/_bulk_docs", b" " * (8 << 20) + b"{}", 413, "too_large"),
        (f"/sync/{BUILDING}/_revs_diff", b"[", 400, "bad_request"),
        (f"/sync/{BUILDING}/_bulk_get", b"{}", 400, "bad_request"),
        ("/sync/_exchange", b'{"v": 1', 400, "bad_request"),
        ("/sync/_exchange", b'{"v": 1, "databases": []}', 400, "bad_request"),
        ("/sync/_exchange", b" " * (8 << 20) + b"{}", 413, "too_large"),
    ],
)
async def test_a_request_that_is_none_is_told_what_is_expected(
    client: httpx.AsyncClient,
    runtime: Runtime,
    sign_in: SignIn,
    path: str,
    body: bytes,
    status: int,
    error: str,
) -> None:
    head = {**bearer(await sign_in("worker1")), "Content-Type": "application/json"}
    answer = await client.post(path, content=body, headers=head)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["reason"]
    assert await runtime.store.documents(GRID) == []
