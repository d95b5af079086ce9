"""Operations on grids in the console: who may, preview before order, history, undo."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import orjson
import pytest

from grid.operations import Kind
from server.runtime import Runtime
from sync.store import Write
from sync.timing import china_day
from tests.server.conftest import BUILDING, DISTRICT, ELSEWHERE, GROUP, TOWN, VILLAGE, bearer
from tests.sync_flow.town import catch_up

SignIn = Callable[..., Awaitable[str]]
BASE = f"/console/grids/{BUILDING}/structure"
HOUSEHOLD = "household:01J0000000000000000000000A"


async def household(runtime: Runtime) -> None:
    at = {"at": "2026-11-24T08:00:00.000Z-0000-0123abcd", "by": "worker1", "device": "0123abcd"}
    body = {
        "type": "household",
        "schema": 1,
        "grid": BUILDING,
        "created": at,
        "updated": at,
        "address": "滨海绿洲",
        "building": "4栋",
        "room": "302",
        "stamps": {},
    }
    await runtime.store.write(f"grid-{BUILDING}", [Write(HOUSEHOLD, orjson.dumps(body))])
    await catch_up(runtime.store, runtime.registry)


def splitting(**more: str) -> dict[str, str]:
    values = {"parts": "2", "name1": "低层", "to1": "600", "name2": "高层", "main": "2"}
    return {**values, "effective": china_day(), **more}


def order_in(page: str) -> str:
    found = re.search(r'name="order" value="([^"]*)"', page)
    assert found, page
    return html.unescape(found[1])


async def test_a_split_is_previewed_ordered_and_undone(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    await household(runtime)
    head = bearer(await sign_in("town"))
    assert "name1" in (await client.get(f"{BASE}/split", headers=head)).text

    page = await client.post(f"{BASE}/split", headers=head, data=splitting())
    assert page.status_code == 200
    assert "还没有办理" in page.text
    assert "演示worker1、演示worker2" in page.text
    assert await runtime.registry.operations() == []

    confirmed = await client.post(
        f"{BASE}/confirm", headers=head, data={"order": order_in(page.text)}
    )
    assert confirmed.status_code == 303
    await catch_up(runtime.store, runtime.registry)
    (ordered,) = await runtime.registry.operations()
    assert (ordered.kind, ordered.by, ordered.main) == (Kind.SPLIT, "town", ordered.parts[1].code)
    shown = await runtime.store.get("canonical", HOUSEHOLD)
    assert shown is not None
    assert shown.document()["grid"] == ordered.parts[0].code
    page = await client.get(BASE, headers=head)
    assert "拆分为低层、高层" in page.text
    assert "已生效" in page.text
    assert "低层" in (await client.get(f"/console/grids/{GROUP}", headers=head)).text

    api = (await client.get(f"/api/v1/grids/{BUILDING}", headers=head)).json()
    assert (api["closed"], api["successors"]) == (True, [part.code for part in ordered.parts])
    session = await client.get("/api/v1/session", headers=bearer(await sign_in("worker1")))
    assert [grid["name"] for grid in session.json()["grids"]] == ["低层", "高层"]

    page = await client.post(f"{BASE}/undo", headers=head, data={"of": ordered.id})
    undone = await client.post(f"{BASE}/confirm", headers=head, data={"order": order_in(page.text)})
    assert undone.status_code == 303
    await catch_up(runtime.store, runtime.registry)
    shown = await runtime.store.get("canonical", HOUSEHOLD)
    assert shown is not None
    assert shown.document()["grid"] == BUILDING
    assert "已撤销" in (await client.get(BASE, headers=head)).text


async def test_what_fits_no_rule_is_named_beforehand(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    await household(runtime)
    head = bearer(await sign_in("town"))
    page = await client.post(f"{BASE}/split", headers=head, data=splitting(to1="200"))
    assert "有 1 户没有规则可循" in page.text
    chosen = {f"place/{HOUSEHOLD}": "2"}
    page = await client.post(f"{BASE}/split", headers=head, data=splitting(to1="200", **chosen))
    assert "没有规则可循" not in page.text
    parts = orjson.loads(order_in(page.text))["parts"]
    assert parts[1]["households"] == [HOUSEHOLD]


@pytest.mark.parametrize("kind", ["rename", "merge", "move", "close"])
async def test_other_kinds(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn, kind: str
) -> None:
    head = bearer(await sign_in("town"))
    other = BUILDING[:-1] + "1"
    parent = next(
        node.code
        for node in await runtime.registry.hierarchy()
        if node.level == 4 and node.code.startswith(TOWN) and node.code != GROUP
    )
    values = {
        "rename": {"name": "海滨楼"},
        "merge": {f"source/{other}": "1", "into": BUILDING},
        "move": {"parent": parent},
        "close": {"into": other},
    }[kind]
    form = {**values, "effective": china_day()}
    page = await client.post(f"{BASE}/{kind}", headers=head, data=form)
    assert page.status_code == 200
    await client.post(f"{BASE}/confirm", headers=head, data={"order": order_in(page.text)})
    hierarchy = await runtime.registry.hierarchy()
    node = hierarchy.node(BUILDING)
    assert {
        "rename": node.name == "海滨楼",
        "merge": hierarchy.node(other).closed,
        "move": node.parent == parent,
        "close": node.closed,
    }[kind]
    if kind == "close":
        page = await client.get(f"{BASE}/reopen", headers=head)
        assert page.status_code == 200


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        ("rename", {"name": " "}, "请填写名称"),
        ("merge", {"into": BUILDING}, "至少再选一个"),
        ("move", {"parent": VILLAGE}, "层级不符"),
        ("rename", {"name": "甲", "effective": "2020-01-01"}, "生效日期不能早于今天"),
        ("rename", {"name": "甲", "effective": "明天"}, "请填写生效日期"),
        ("close", {"into": ELSEWHERE + "9"}, "没有这个编码的网格"),
    ],
)
async def test_what_cannot_be_done_says_why(
    client: httpx.AsyncClient,
    runtime: Runtime,
    sign_in: SignIn,
    kind: str,
    values: dict[str, str],
    problem: str,
) -> None:
    head = bearer(await sign_in("town"))
    form = {"effective": china_day(), **values}
    page = await client.post(f"{BASE}/{kind}", headers=head, data=form)
    assert page.status_code == 409
    assert problem in page.text
    assert await runtime.registry.operations() == []


@pytest.mark.parametrize("user", ["village", "lead", "dispatcher", "auditor"])
async def test_others_only_look(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn, user: str
) -> None:
    head = bearer(await sign_in("town"))
    page = await client.post(
        f"{BASE}/rename", headers=head, data={"name": "甲", "effective": china_day()}
    )
    order = order_in(page.text)
    head = bearer(await sign_in(user))
    assert (await client.get(BASE, headers=head)).status_code == 200
    assert (await client.get(f"{BASE}/rename", headers=head)).status_code == 403
    refused = await client.post(f"{BASE}/confirm", headers=head, data={"order": order})
    assert refused.status_code == 409
    assert await runtime.registry.operations() == []
    for bad in ("", "[]", '{"kind":"x"}', '{"kind":"rename","stamp":1}'):
        answer = await client.post(f"{BASE}/confirm", headers=head, data={"order": bad})
        assert answer.status_code == 400, bad
    assert (await client.get(f"{BASE}/explode", headers=head)).status_code == 404


async def test_a_household_is_moved_by_hand(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    await household(runtime)
    head = bearer(await sign_in("town"))
    address = f"/console/records/{HOUSEHOLD}/move"
    assert "滨海绿洲1栋" in (await client.get(address, headers=head)).text
    assert (await client.post(address, headers=head, data={"code": GROUP})).status_code == 409
    assert (await client.post(address, headers=head, data={"grid": ELSEWHERE})).status_code == 303
    shown = await runtime.store.get("canonical", HOUSEHOLD)
    assert shown is not None
    assert shown.document()["grid"] == ELSEWHERE
    head = bearer(await sign_in("lead"))
    assert (await client.get(address, headers=head)).status_code == 404
    assert shown.document()["path"][0] == DISTRICT


async def test_reviews_of_structure_can_be_read_and_answered(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    await household(runtime)
    head = bearer(await sign_in("town"))
    page = await client.post(f"{BASE}/split", headers=head, data=splitting(to1="200"))
    await client.post(f"{BASE}/confirm", headers=head, data={"order": order_in(page.text)})
    # Another office had split it too, a little later, before it heard of this.
    (first,) = await runtime.registry.operations()
    again = replace(first, id="operation:02", stamp=f"{first.stamp[:-9]}-ffffffff")
    await runtime.registry.add_operation(again)
    await catch_up(runtime.store, runtime.registry)

    queue = await client.get(f"/console/grids/{BUILDING}/reviews", headers=head)
    assert "去向待定" in queue.text
    assert "网格调整" in queue.text
    unplaced = f"/console/reviews/decision:{HOUSEHOLD}:unplaced"
    page = await client.get(unplaced, headers=head)
    assert f"/console/records/{HOUSEHOLD.replace(':', '%3A')}/move" in page.text
    passed_over = "/console/reviews/decision:operation:02:effect"
    page = await client.get(passed_over, headers=head)
    assert "网格当时已停用" in page.text
    assert "拆分为低层、高层" in page.text
    assert (await client.post(f"{passed_over}/accept", headers=head)).status_code == 303
    moved = await client.post(
        f"/console/records/{HOUSEHOLD}/move", headers=head, data={"grid": first.parts[0].code}
    )
    assert moved.status_code == 303
    review = await runtime.store.get("reviews", f"decision:{HOUSEHOLD}:unplaced")
    assert review is not None
    assert review.document()["status"] == "settled"
    assert review.document()["grid"] == first.parts[0].code
