"""Every record type on a running server: pushed by the wire, listed by the API and the console."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from grid.csv_import import dianbai_csv, read_grids_csv
from grid.demo import demo_records
from grid.hierarchy import Hierarchy
from grid.models import RECORD_TYPES
from server.console.kinds import KINDS, SECTION_OF
from server.runtime import Runtime
from tests.server.conftest import BUILDING, DEVICE, PASSWORD, bearer, client_of
from tests.sync_flow.town import catch_up

SignIn = Callable[..., Awaitable[str]]


def one_of_each() -> dict[str, dict[str, Any]]:
    """Return a demo record of each type as worker1 has it on his phone."""
    hierarchy = Hierarchy(read_grids_csv(dianbai_csv()).nodes)
    found: dict[str, dict[str, Any]] = {}
    trace = {"at": "2026-11-24T08:09:10.000Z-0000-" + DEVICE, "by": "worker1", "device": DEVICE}
    for record in demo_records(hierarchy, 1):
        if record["grid"] == BUILDING and record["type"] not in found:
            sound = {name: value for name, value in record.items() if name != "planned"}
            status = {"status": "10"} if record["type"] in ("event", "dispute", "task") else {}
            found[record["type"]] = {**sound, "created": trace, "updated": trace, **status}
    return found


@pytest.fixture
async def pushed(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> dict[str, dict[str, Any]]:
    """Push a record of each type as worker1 and let the follower project them."""
    records = one_of_each()
    docs = [
        {
            **record,
            "_rev": f"1-{number:032x}",
            "_revisions": {"start": 1, "ids": [f"{number:032x}"]},
        }
        for number, record in enumerate(records.values())
    ]
    token = await sign_in("worker1")
    reply = await client.post(
        f"/sync/{BUILDING}/_bulk_docs",
        json={"new_edits": False, "docs": docs},
        headers=bearer(token),
    )
    assert (reply.status_code, reply.json()) == (201, [])
    await catch_up(runtime.store, runtime.registry)
    return records


async def test_the_api_lists_and_counts_each_type(
    client: httpx.AsyncClient, sign_in: SignIn, pushed: dict[str, dict[str, Any]]
) -> None:
    assert set(pushed) == set(RECORD_TYPES)
    headers = bearer(await sign_in("integrator"))
    for name, record in pushed.items():
        query = {"grid": BUILDING, "type": name}
        page = (await client.get("/api/v1/records", params=query, headers=headers)).json()
        assert [item["id"] for item in page["items"]] == [record["_id"]]
        assert page["items"][0]["masked"] is True
    grid = (await client.get(f"/api/v1/grids/{BUILDING}", headers=headers)).json()
    assert grid["counts"] == dict.fromkeys(sorted(RECORD_TYPES), 1)


async def test_the_console_lists_filters_and_shows_each_type(
    runtime: Runtime, app: Any, pushed: dict[str, dict[str, Any]]
) -> None:
    assert set(SECTION_OF) == set(RECORD_TYPES)
    async with client_of(app) as client:
        form = {"username": "village", "password": PASSWORD, "device": None}
        await client.post("/api/v1/session", json=form)
        for section, kind in KINDS.items():
            record = pushed[kind.type]
            address = f"/console/grids/{BUILDING}/{section}"
            listed = await client.get(address)
            assert listed.status_code == 200
            assert quote(record["_id"]) in listed.text
            page = await client.get(f"/console/records/{record['_id']}")
            assert page.status_code == 200
            if kind.state_field is not None:
                here = {"state": record[kind.state_field]}
                other = min({value for value, _ in kind.states()} - {*here.values(), "open"})
                assert quote(record["_id"]) in (await client.get(address, params=here)).text
                elsewhere = await client.get(address, params={"state": other})
                assert quote(record["_id"]) not in elsewhere.text
            if kind.cycle is not None:
                opened = await client.get(address, params={"state": "open"})
                assert (quote(record["_id"]) in opened.text) == (
                    record["status"] in kind.cycle.open
                )


async def test_a_count_kept_per_device_is_shown_as_a_sum_and_parties_are_masked(
    app: Any, pushed: dict[str, dict[str, Any]]
) -> None:
    async with client_of(app) as client:
        form = {"username": "village", "password": PASSWORD, "device": None}
        await client.post("/api/v1/session", json=form)
        record = pushed["campaign-record"]
        (count,) = record["attempts"].values()
        page = (await client.get(f"/console/records/{record['_id']}")).text
        assert f">{count}<" in page
        assert next(iter(record["attempts"])) not in page
        dispute = (await client.get(f"/console/records/{pushed['dispute']['_id']}")).text
        for party in pushed["dispute"]["parties"]:
            assert party["name"] not in dispute
