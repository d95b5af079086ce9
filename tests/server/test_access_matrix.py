"""Who gets in where: every role against grids of its own and of others, on every kind of route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import orjson
import pytest

from server.runtime import Runtime
from sync.store import Write
from tests.server.conftest import BUILDING, ELSEWHERE, GROUP, OTHER_TOWN, PEOPLE, TOWN, bearer
from tests.server.test_records_api import put, resident

SignIn = Callable[..., Awaitable[str]]

IN_SCOPE: dict[str, set[str]] = {
    "worker1": {BUILDING},
    "worker2": {BUILDING},
    "worker3": {ELSEWHERE},
    "lead": {BUILDING, GROUP},
    "dispatcher": {BUILDING, ELSEWHERE, GROUP, TOWN},
    "department": {BUILDING, ELSEWHERE, GROUP, TOWN},
    "auditor": {BUILDING, ELSEWHERE, GROUP, TOWN, OTHER_TOWN},
    "village": {BUILDING, GROUP},
    "town": {BUILDING, ELSEWHERE, GROUP, TOWN},
    "district": {BUILDING, ELSEWHERE, GROUP, TOWN, OTHER_TOWN},
    "integrator": {BUILDING, ELSEWHERE, GROUP, TOWN},
}
"""Written out by hand, not computed from the rules under test."""
MAY_PUSH = {"worker1", "worker2", "worker3", "lead", "dispatcher", "village", "town", "district"}
MAY_PUSH |= {"integrator"}
GRIDS = (BUILDING, ELSEWHERE, GROUP, TOWN, OTHER_TOWN)
SYNCED = (BUILDING, ELSEWHERE)


def test_the_matrix_names_every_account() -> None:
    assert IN_SCOPE.keys() == PEOPLE.keys()


@pytest.mark.parametrize("user", sorted(PEOPLE))
async def test_grids_and_records_over_the_api(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn, user: str
) -> None:
    await put(runtime, resident(0, BUILDING), resident(1, ELSEWHERE))
    head = bearer(await sign_in(user))
    by_grid = {BUILDING: resident(0)["_id"], ELSEWHERE: resident(1, ELSEWHERE)["_id"]}

    for code in GRIDS:
        expected = 200 if code in IN_SCOPE[user] else 403
        for path in (f"/grids/{code}", f"/grids?parent={code}", f"/records?grid={code}"):
            response = await client.get(f"/api/v1{path}", headers=head)
            assert response.status_code == expected, (user, path)
    for code, record in by_grid.items():
        expected = 200 if code in IN_SCOPE[user] else 403
        response = await client.get(f"/api/v1/records/{record}", headers=head)
        assert response.status_code == expected, (user, record)
    listed = (await client.get("/api/v1/records", headers=head)).json()["items"]
    assert {item["id"] for item in listed} == {
        record for code, record in by_grid.items() if code in IN_SCOPE[user]
    }


@pytest.mark.parametrize("user", sorted(PEOPLE))
async def test_replication(client: httpx.AsyncClient, sign_in: SignIn, user: str) -> None:
    head = bearer(await sign_in(user))

    for code in SYNCED:
        inside = code in IN_SCOPE[user]
        pull = await client.get(f"/sync/{code}/_changes", headers=head)
        assert pull.status_code == (200 if inside else 403), (user, code)
        document = {"_id": f"patrol:01KAT3C8Q0Z3W0Y1S6P5H2M4{len(user):02d}", "note": "x"}
        push = await client.post(
            f"/sync/{code}/_bulk_docs", json={"docs": [document]}, headers=head
        )
        if not inside:  # and never was: whoever lost a grid may still hand in, see below
            assert (push.status_code, push.json()["error"]) == (403, "forbidden")
            continue
        assert push.status_code == 201, push.text
        result = push.json()[0]
        assert result["error"] == "forbidden"
        allowed = user in MAY_PUSH
        # Who may push here is told that the record is incomplete; who may not, that he may not.
        assert (result["code"] in {"out-of-scope", "role-may-not-write"}) is not allowed, result
        assert result["quarantine"]
        assert result["reason"]


async def test_an_integrators_scopes_bound_replication(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    from datetime import timedelta

    async def token(*scopes: str) -> dict[str, str]:
        made, _ = await runtime.sessions.issue(
            "integrator", lifetime=timedelta(hours=1), scopes=frozenset(scopes)
        )
        return bearer(made)

    reads, writes = f"/sync/{BUILDING}/_changes", f"/sync/{BUILDING}/_bulk_docs"
    none, reader, writer = await token("records"), await token("sync"), await token("sync:write")

    assert (await client.get(reads, headers=none)).status_code == 403
    assert (await client.get(reads, headers=reader)).status_code == 200
    assert (await client.get(reads, headers=writer)).status_code == 403
    docs: dict[str, list[object]] = {"docs": []}
    assert (await client.post(writes, json=docs, headers=reader)).status_code == 403
    assert (await client.post(writes, json=docs, headers=writer)).status_code == 201
    entries = [revision.document() for revision in await runtime.store.documents("audit")]
    assert [e["database"] for e in entries if e["action"] == "replicate"] == [BUILDING] * 2


async def test_a_grid_taken_away_is_closed_at_once(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    head = bearer(await sign_in("worker1"))
    path = f"/sync/{BUILDING}/_changes"
    assert (await client.get(path, headers=head)).status_code == 200

    await runtime.registry.unassign("worker1", BUILDING)

    closed = await client.get(path, headers=head)
    assert (closed.status_code, closed.json()["code"]) == (403, "grid-revoked")
    assert (await client.get("/api/v1/session", headers=head)).json()["grids"] == []


async def test_nobody_destroys_a_grid_over_the_wire(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    await runtime.store.write(f"grid-{BUILDING}", [Write("x:1", orjson.dumps({}))])
    for user in PEOPLE:
        response = await client.delete(f"/sync/{BUILDING}", headers=bearer(await sign_in(user)))
        assert response.status_code == 403
    assert (await runtime.store.database_info(f"grid-{BUILDING}")).doc_count == 1


@pytest.mark.parametrize("path", ["registry", "audit", "canonical", "quarantine", "reviews"])
async def test_the_servers_own_databases_are_out_of_reach(
    client: httpx.AsyncClient, sign_in: SignIn, path: str
) -> None:
    for user in ("district", "integrator"):
        head = bearer(await sign_in(user))
        for tail in ("", "/_all_docs", "/account:worker1"):
            response = await client.get(f"/sync/{path}{tail}", headers=head)
            assert response.status_code == 404, (user, path, tail)
