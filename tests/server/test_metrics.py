"""Metrics: documented, and counting what happens."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from server.runtime import Runtime
from sync.store import Write
from tests.conftest import ROOT
from tests.server.conftest import BUILDING, PASSWORD, bearer

SignIn = Callable[..., Awaitable[str]]


async def figures(
    client: httpx.AsyncClient,
) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = (await client.get("/metrics")).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_every_metric_is_documented(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    await sign_in("worker1")
    text = (await client.get("/metrics")).text
    kinds = dict(re.findall(r"^# TYPE (wangge_\w+) (\w+)$", text, re.MULTILINE))
    documentation = (ROOT / "docs" / "operations.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| `(wangge_\w+)` \| (\w+) \|", documentation, re.MULTILINE))

    assert documented == kinds


async def test_sign_ins_and_pushes_are_counted_by_outcome(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    head = bearer(await sign_in("worker1"))
    await client.post("/api/v1/session", json={"username": "worker1", "password": "wrong"})
    await client.post(
        f"/sync/{BUILDING}/_bulk_docs", json={"docs": [{"_id": "bad"}, {"_id": "b"}]}, headers=head
    )

    found = await figures(client)

    assert found["wangge_sign_ins_total", (("outcome", "accepted"),)] == 1
    assert found["wangge_sign_ins_total", (("outcome", "refused"),)] == 1
    assert found["wangge_sync_documents_total", (("outcome", "refused"),)] == 2
    assert found["wangge_quarantine_open", ()] == 2


async def test_waiting_reviews_are_counted_with_the_age_of_the_oldest(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    decisions = [("open", "2026-01-01T00:00:00.000Z"), ("open", "2026-11-01T00:00:00.000Z")]
    decisions.append(("accepted", "2020-01-01T00:00:00.000Z"))
    await runtime.store.write(
        "reviews",
        [
            Write(f"decision:{n}", orjson.dumps({"status": status, "opened": opened, "path": []}))
            for n, (status, opened) in enumerate(decisions)
        ],
    )

    found = await figures(client)

    assert found["wangge_reviews_open", ()] == 2
    assert 200 * 86400 < found["wangge_reviews_oldest_seconds", ()] < 2000 * 86400


async def test_routes_are_counted_by_their_pattern(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/grids/440904004")
    await client.get("/absent/陈水生")
    await client.post("/sign-in", data={"username": "x", "password": PASSWORD})

    text = (await client.get("/metrics")).text

    assert 'route="/api/v1/grids/{code}"' in text
    assert 'route="none",status="404"' in text
    assert "陈水生" not in text
