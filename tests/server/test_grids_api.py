"""The hierarchy over the API, and refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson

from grid.models import RECORD_TYPES
from server.runtime import Runtime
from sync.store import Write
from tests.server.conftest import BUILDING, DEVICE, ELSEWHERE, GROUP, TOWN, VILLAGE, bearer
from tests.server.test_records_api import put, resident

SignIn = Callable[..., Awaitable[str]]


async def test_the_tree_unfolds_with_counts(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    await put(runtime, resident(0), resident(1), resident(2, ELSEWHERE))
    head = bearer(await sign_in("integrator"))

    top = (await client.get("/api/v1/grids", headers=head)).json()["items"]
    assert [(grid["code"], grid["counts"]["resident"]) for grid in top] == [(TOWN, 3)]
    below = (await client.get("/api/v1/grids", params={"parent": TOWN}, headers=head)).json()
    counts = {grid["code"]: grid["counts"]["resident"] for grid in below["items"]}
    assert counts[VILLAGE] == 2
    assert sum(counts.values()) == 3
    assert top[0]["children"] == len(counts)
    one = (await client.get(f"/api/v1/grids/{BUILDING}", headers=head)).json()
    assert one == {
        "code": BUILDING,
        "parent": GROUP,
        "level": 5,
        "name": "滨海绿洲4栋",
        "path": ["440904", TOWN, VILLAGE, GROUP, BUILDING],
        "path_names": one["path_names"],
        "children": 0,
        "closed": False,
        "valid_from": None,
        "valid_to": None,
        "predecessors": [],
        "successors": [],
        "counts": dict.fromkeys(sorted(RECORD_TYPES), 0) | {"resident": 2},
    }
    leaf = (await client.get("/api/v1/grids", params={"parent": BUILDING}, headers=head)).json()
    assert leaf == {"items": []}


async def test_grids_outside_or_absent(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    head = bearer(await sign_in("integrator"))

    outside = await client.get("/api/v1/grids/440904001", headers=head)
    absent = await client.get("/api/v1/grids/440904999", headers=head)
    malformed = await client.get("/api/v1/grids/abc", headers=head)

    assert (outside.status_code, outside.json()["code"]) == (403, "out-of-scope")
    assert (absent.status_code, absent.json()["code"]) == (404, "not-found")
    assert (malformed.status_code, malformed.json()["code"]) == (422, "invalid-value")


def refused(number: int, user: str, **members: Any) -> Write:
    body = {
        "type": "refused",
        "grid": BUILDING,
        "path": ["440904", TOWN, VILLAGE, GROUP, BUILDING],
        "doc_id": f"household:{number}",
        "rev": f"1-{number}",
        "code": "out-of-scope",
        "reason": "不在您负责的网格内",
        "field": None,
        "user": user,
        "device": DEVICE,
        "at": f"2026-11-24T08:00:{number:02d}.000Z",
        "status": "open",
        **members,
    }
    return Write(f"refused:{BUILDING}:{number}", orjson.dumps(body))


async def test_a_worker_sees_what_became_of_refused_edits(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    closed = {"at": "2026-11-24T09:00:00.000Z", "by": "village", "note": "已核实"}
    writes = [
        refused(1, "worker1", status="closed", closed=closed),
        refused(2, "worker1"),
        refused(3, "worker2"),
        refused(4, "worker3", device="ffffffff"),
    ]
    await runtime.store.write("quarantine", writes)
    path = f"/api/v1/grids/{BUILDING}/refusals"

    async def seen(user: str, **query: str) -> list[dict[str, Any]]:
        head = bearer(await sign_in(user))
        response = await client.get(path, params=query, headers=head)
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    mine = await seen("worker1", device=DEVICE)
    assert [item["id"] for item in mine] == ["household:1", "household:2"]
    assert mine[0] == {
        "quarantine": f"refused:{BUILDING}:1",
        "id": "household:1",
        "rev": "1-1",
        "code": "out-of-scope",
        "reason": "不在您负责的网格内",
        "field": None,
        "at": "2026-11-24T08:00:01.000Z",
        "status": "closed",
        "closed": {"at": "2026-11-24T09:00:00.000Z", "note": "已核实"},
    }
    decided = await seen("worker1", since="2026-11-24T08:30:00Z")
    assert [item["id"] for item in decided] == ["household:1"]
    assert len(await seen("village")) == 4
    assert [item["id"] for item in await seen("worker3")] == ["household:4"]  # lost the grid
    assert await seen("integrator", device="00000000") == []
