"""Listing and following records: nothing missed, nothing outside, masked unless asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from server.runtime import Runtime
from sync.store import Write
from tests.server.conftest import BUILDING, ELSEWHERE, GROUP, TOWN, VILLAGE, bearer

SignIn = Callable[..., Awaitable[str]]
ULIDS = [f"01KAT3C8Q0Z3W0Y1S6P5H2M4{n:02d}" for n in range(60)]


def resident(number: int, grid: str = BUILDING, **fields: Any) -> dict[str, Any]:
    trace = {"at": f"2026-11-24T08:09:{number:02d}.000Z-0000-0123abcd", "by": "w", "device": "d"}
    return {
        "_id": f"resident:{ULIDS[number]}",
        "type": "resident",
        "grid": grid,
        "path": PATHS[grid],
        "name": "陈水生",
        "phone": "12000001111",
        "updated": trace,
        "created": trace,
        "source_rev": f"1-{number}",
        "search": ["陈水生"],
        **fields,
    }


PATHS = {
    BUILDING: ["440904", TOWN, VILLAGE, GROUP, BUILDING],
    ELSEWHERE: ["440904", TOWN, "440904004205", "440904004205001", ELSEWHERE],
}


async def put(runtime: Runtime, *records: dict[str, Any]) -> None:
    """Write into the canonical database as the follower does, over what is there."""
    known = await runtime.store.get_many("canonical", [record["_id"] for record in records])
    writes = [
        Write(
            record["_id"],
            orjson.dumps({name: value for name, value in record.items() if name != "_id"}),
            ancestors=(found.rev,) if found else (),
            deleted=record.get("gone", False),
        )
        for record, found in zip(records, known, strict=True)
    ]
    for result in await runtime.store.write("canonical", writes):
        assert result.error is None


async def get(client: httpx.AsyncClient, token: str, path: str = "/records", **query: Any) -> Any:
    response = await client.get(f"/api/v1{path}", params=query, headers=bearer(token))
    assert response.status_code == 200, response.text
    return response.json()


async def everything(client: httpx.AsyncClient, token: str, **query: Any) -> list[dict[str, Any]]:
    page = await get(client, token, **query)
    found = list(page["items"])
    while page["more"]:
        page = await get(client, token, cursor=page["next"], **query)
        found += page["items"]
    assert page["next"] is None
    return found


async def test_the_envelope(client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn) -> None:
    await put(runtime, resident(0))
    page = await get(client, await sign_in("integrator"), grid=BUILDING)

    assert set(page) == {"items", "next", "changes_cursor", "more"}
    item = page["items"][0]
    record = item.pop("record")
    assert item == {
        "id": f"resident:{ULIDS[0]}",
        "rev": "1-0",
        "type": "resident",
        "grid": BUILDING,
        "path": PATHS[BUILDING],
        "deleted": False,
        "masked": True,
    }
    assert record["name"] == "陈**"
    assert record["phone"] == "120****1111"
    assert not {"_id", "_rev", "path", "search", "source_rev"} & record.keys()


@pytest.mark.parametrize("limit", [1, 7, 20, 500])
@pytest.mark.parametrize("record_type", [None, "resident"])
async def test_pages_give_each_record_once(
    client: httpx.AsyncClient,
    runtime: Runtime,
    sign_in: SignIn,
    limit: int,
    record_type: str | None,
) -> None:
    records = [resident(n, BUILDING if n % 3 else ELSEWHERE) for n in range(20)]
    await put(runtime, *records)
    token = await sign_in("integrator")
    query = {"type": record_type} if record_type else {}

    in_town = await everything(client, token, grid=TOWN, limit=limit, **query)
    own = await everything(client, token, limit=limit, **query)
    in_building = await everything(client, token, grid=BUILDING, limit=limit, **query)

    everyone = sorted(record["_id"] for record in records)
    assert sorted(item["id"] for item in in_town) == everyone
    assert sorted(item["id"] for item in own) == everyone
    assert sorted(item["id"] for item in in_building) == sorted(
        record["_id"] for record in records if record["grid"] == BUILDING
    )


async def test_following_misses_nothing_that_came_during_the_listing(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    token = await sign_in("integrator")
    await put(runtime, *(resident(n) for n in range(5)))
    first = await get(client, token, grid=BUILDING, limit=2)
    await put(runtime, resident(0, name="陈水生", note="changed meanwhile"), resident(9))
    rest = await get(client, token, grid=BUILDING, limit=100, cursor=first["next"])
    seen = {item["id"] for item in (*first["items"], *rest["items"])}

    page = await get(client, token, grid=BUILDING, changed_since=first["changes_cursor"])

    changed = {item["id"]: item["record"] for item in page["items"]}
    assert changed.keys() == {f"resident:{ULIDS[0]}", f"resident:{ULIDS[9]}"}
    assert changed[f"resident:{ULIDS[0]}"]["note"] == "changed meanwhile"
    assert seen | changed.keys() == {f"resident:{ULIDS[n]}" for n in (0, 1, 2, 3, 4, 9)}
    again = await get(client, token, grid=BUILDING, changed_since=page["next"])
    assert (again["items"], again["more"]) == ([], False)


async def test_what_arrives_late_with_an_old_time_is_followed(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    token = await sign_in("integrator")
    await put(runtime, resident(30))
    start = await get(client, token, grid=BUILDING)
    await put(runtime, resident(1))  # edited before, synced after

    page = await get(client, token, grid=BUILDING, changed_since=start["changes_cursor"])

    assert [item["id"] for item in page["items"]] == [f"resident:{ULIDS[1]}"]


async def test_following_pages_tells_deletions_and_stays_in_the_subtree(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    token = await sign_in("integrator")
    start = await get(client, token, grid=BUILDING)
    await put(runtime, *(resident(n, BUILDING if n % 2 else ELSEWHERE) for n in range(12)))
    await put(runtime, {**resident(3), "gone": True})

    found: list[dict[str, Any]] = []
    cursor, more = start["changes_cursor"], True
    while more:
        page = await get(client, token, grid=BUILDING, limit=2, changed_since=cursor)
        assert len(page["items"]) <= 2
        found += page["items"]
        cursor, more = page["next"], page["more"]

    assert sorted(item["id"] for item in found) == [
        f"resident:{ULIDS[n]}" for n in (1, 3, 5, 7, 9, 11)
    ]
    deleted = next(item for item in found if item["id"] == f"resident:{ULIDS[3]}")
    assert (deleted["deleted"], deleted["record"]) == (True, None)


async def test_a_cursor_belongs_to_its_question(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    token = await sign_in("integrator")
    await put(runtime, *(resident(n) for n in range(3)))
    page = await get(client, token, grid=BUILDING, limit=1)

    wrong: list[dict[str, Any]] = [
        {"grid": TOWN, "cursor": page["next"]},
        {"grid": BUILDING, "type": "resident", "cursor": page["next"]},
        {"grid": BUILDING, "cursor": page["changes_cursor"]},
        {"grid": TOWN, "changed_since": page["changes_cursor"]},
        {"grid": BUILDING, "changed_since": page["next"]},
        {"grid": BUILDING, "cursor": "A" + page["next"]},
        {"grid": BUILDING, "cursor": "nonsense"},
    ]
    for query in wrong:
        response = await client.get("/api/v1/records", params=query, headers=bearer(token))
        assert (response.status_code, response.json()["code"]) == (400, "bad-cursor"), query


async def test_unmasking_needs_scope_and_purpose_and_is_logged(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    await put(runtime, resident(0))
    token = await sign_in("integrator")
    path = f"/api/v1/records/resident:{ULIDS[0]}"

    terse = await client.get(path, params={"unmask_purpose": "x"}, headers=bearer(token))
    assert terse.status_code == 422
    shown = await get(client, token, f"/records/resident:{ULIDS[0]}", unmask_purpose="年度核对")
    assert shown["record"]["name"] == "陈水生"
    assert shown["masked"] is False
    entries = [revision.document() for revision in await runtime.store.documents("audit")]
    logged = next(entry for entry in entries if entry["action"] == "unmask")
    assert (logged["user"], logged["purpose"]) == ("integrator", "年度核对")
    assert logged["records"] == [f"resident:{ULIDS[0]}"]
    assert "陈水生" not in str(entries)

    narrow, _ = await runtime.sessions.issue(
        "integrator", lifetime=timedelta(hours=1), scopes=frozenset({"records"})
    )
    query = {"unmask_purpose": "年度核对"}
    refused = await client.get(path, params=query, headers=bearer(narrow))
    assert (refused.status_code, refused.json()["code"]) == (403, "missing-scope")
    person = await client.get(path, params=query, headers=bearer(await sign_in("town")))
    assert (person.status_code, person.json()["code"]) == (403, "missing-scope")


@pytest.mark.parametrize(
    ("path", "scope"),
    [("/grids", "grids"), (f"/grids/{TOWN}", "grids"), ("/records", "records")],
)
async def test_a_token_without_the_scope_is_refused(
    client: httpx.AsyncClient, runtime: Runtime, path: str, scope: str
) -> None:
    token, _ = await runtime.sessions.issue(
        "integrator", lifetime=timedelta(hours=1), scopes=frozenset({"sync"})
    )

    response = await client.get(f"/api/v1{path}", headers=bearer(token))

    assert (response.status_code, response.json()["code"]) == (403, "missing-scope")
    assert response.json()["scope"] == scope


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"grid": "44"}, "grid"),
        ({"grdi": "440904"}, "grdi"),
        ({"type": "spaceship"}, "type"),
        ({"cursor": "a", "changed_since": "b"}, ""),
    ],
)
async def test_wrong_parameters_are_explained(
    client: httpx.AsyncClient, sign_in: SignIn, query: dict[str, str], field: str
) -> None:
    response = await client.get(
        "/api/v1/records", params=query, headers=bearer(await sign_in("integrator"))
    )

    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field
