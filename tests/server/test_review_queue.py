"""The queue: one place for all that waits, filtered by its address, accepted in bulk."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest

from server.runtime import Runtime
from sync.store import Write
from tests.server.conftest import BUILDING, DISTRICT, GROUP, TOWN, VILLAGE, bearer
from tests.server.test_across_pages import ONE, REVIEW, TWO, canonical, follow, put, record

SignIn = Callable[..., Awaitable[str]]
QUEUE = f"/console/grids/{BUILDING}/reviews"
PATH = [DISTRICT, TOWN, VILLAGE, GROUP, BUILDING]
EVENT = "event:01J0000000000000000000000E"


def side(rev: str, by: str, value: Any) -> dict[str, Any]:
    return {"rev": rev, "by": by, "device": "0000000a", "at": None, "value": value,
            "changed": True, "present": True}  # fmt: skip


def decision(number: int, opened: str, reason: str = "field-clash", **more: Any) -> Write:
    """Return a decision about a clash, as the resolver keeps it."""
    sides = [side("2-a", "worker1", "甲"), side("2-b", "worker2", "乙")]
    field = {"field": "phone", "policy": "reviewed", "base": None, "sides": sides, "value": "乙",
             "chosen": "2-b", "lost": ["2-a"], "review": reason}  # fmt: skip
    body = {
        "kind": "merge", "severity": 2, "doc_id": ONE, "type": "household", "grid": BUILDING,
        "rev": f"3-{number}", "base_rev": None, "base": None, "leaves": ["2-a", "2-b"],
        "fields": [field], "reviews": [reason], "policy_version": 1, "supersedes": [],
        "path": PATH, "status": "open", "opened": opened, **more,
    }  # fmt: skip
    return Write(f"decision:{ONE}:3-{number}", orjson.dumps(body))


def refused(number: int, at: str) -> Write:
    body = {
        "grid": BUILDING, "path": PATH, "doc_id": EVENT, "rev": f"1-{number}", "ancestors": [],
        "deleted": False, "document": {"type": "event", "title": f"路灯{number}"},
        "code": "invalid", "reason": "「类别」必须填写", "field": "category", "user": "worker1",
        "device": "0000000a", "at": at, "status": "open", "closed": None,
    }  # fmt: skip
    return Write(f"refused:{BUILDING}:{number}", orjson.dumps(body))


@pytest.fixture
async def waiting(runtime: Runtime) -> None:
    """Let something of each kind wait: two clashes (one old, one grave), a refusal, a duplicate."""
    await put(
        runtime,
        record(ONE, 1, address="滨海绿洲4栋302", phone="12000001111"),
        record(TWO, 2, address="滨海绿洲四幢302室", members=3),
    )
    await runtime.store.write(
        "reviews",
        [
            decision(1, "2026-01-01T00:00:00.000Z"),
            decision(2, "2026-11-24T00:00:00.000Z", "edited-and-deleted", severity=3),
        ],
    )
    await runtime.store.write("quarantine", [refused(1, "2026-06-01T00:00:00.000Z")])


@pytest.mark.usefixtures("waiting")
async def test_everything_waits_in_one_place_the_oldest_first(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    head = bearer(await sign_in("village"))
    page = (await client.get(QUEUE, headers=head)).text
    order = [
        page.index(text) for text in (":3-1", "「类别」必须填写", ":3-2", "同一户重复登记</td")
    ]
    assert order == sorted(order)
    assert "滨海绿洲4栋302 ↔ 滨海绿洲四幢302室" in page
    # The decisions speak of a revision that the record has left behind.
    assert "之后又有人改过" in page


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("kind=merge", {":3-1", ":3-2"}),
        ("kind=duplicate", {"↔"}),
        ("kind=refused", {"路灯1"}),
        ("kind=orphan", set()),
        ("severity=3", {":3-2"}),
        ("severity=2", {":3-1", "↔", "路灯1"}),
        ("kind=merge&severity=3", {":3-2"}),
        ("reason=same-door", {"↔"}),
        ("reason=field-clash&severity=3", set()),
        ("days=30&kind=merge", {":3-1"}),
        ("days=30", {":3-1", "路灯1"}),
        ("reason=edited-and-deleted&days=30", set()),
        ("show=done", set()),
        ("kind=nonsense&severity=x&days=-1&after=!!", {":3-1", ":3-2", "↔", "路灯1"}),
    ],
)
async def test_the_address_filters(
    client: httpx.AsyncClient, sign_in: SignIn, query: str, shown: set[str]
) -> None:
    head = bearer(await sign_in("town"))
    page = await client.get(f"/console/grids/{TOWN}/reviews?{query}", headers=head)
    assert page.status_code == 200
    assert {text for text in (":3-1", ":3-2", "↔", "路灯1") if text in page.text} == shown


@pytest.mark.usefixtures("waiting")
async def test_chosen_ones_are_accepted_and_what_asks_for_a_choice_is_left(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    winner = await runtime.store.get(f"grid-{BUILDING}", ONE)
    assert winner is not None
    await runtime.store.write(
        "reviews", [decision(3, "2026-11-24T00:00:00.000Z", fields=[], rev=winner.rev)]
    )
    ids = [f"decision:{ONE}:3-3", f"decision:{ONE}:3-1", REVIEW.rpartition("/")[2]]
    ids += [f"refused:{BUILDING}:1", "decision:none"]
    head = bearer(await sign_in("village"))
    assert (await client.post(f"{QUEUE}/accept", data={"id": ids})).status_code == 303  # sign in
    done = await client.post(f"{QUEUE}/accept", data={"id": ids, "kind": "merge"}, headers=head)
    assert done.headers["location"] == f"{QUEUE}?kind=merge&accepted=2&left=2"
    page = await client.get(done.headers["location"], headers=head)
    assert "已同意 2 条" in page.text
    await follow(runtime)
    # The duplicate without contradiction is one now; the refused edit is unsound and waits on.
    assert (await canonical(runtime, TWO))["merged_into"] == ONE
    entry = await runtime.store.get("quarantine", f"refused:{BUILDING}:1")
    assert entry is not None
    assert entry.document()["status"] == "open"
    auditor = bearer(await sign_in("auditor"))
    refusal = await client.post(f"{QUEUE}/accept", data={"id": ids}, headers=auditor)
    assert refusal.status_code == 403


async def test_all_alike_are_accepted(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn
) -> None:
    await put(runtime, record(ONE, 1, address="滨海绿洲4栋302"))
    await runtime.store.write(
        "reviews",
        [decision(n, f"2026-11-24T00:00:{n:02}.000Z", fields=[]) for n in range(55)]
        + [decision(99, "2026-11-24T00:00:00.000Z", "text-overlap", fields=[])],
    )
    head = bearer(await sign_in("village"))
    form = {"all": "1", "reason": "field-clash"}
    done = await client.post(f"{QUEUE}/accept", data=form, headers=head)
    assert done.headers["location"] == f"{QUEUE}?reason=field-clash&accepted=55&left=0"
    page = (await client.get(QUEUE, headers=head)).text
    assert ":3-99" in page
    assert ":3-1&" not in page


@pytest.mark.usefixtures("waiting")
async def test_what_waits_is_told_to_prometheus_by_kind(client: httpx.AsyncClient) -> None:
    text = (await client.get("/metrics")).text
    assert 'wangge_reviews_waiting{kind="duplicate",severity="normal"} 1.0' in text
    assert 'wangge_reviews_waiting{kind="merge",severity="high"} 1.0' in text
    assert "wangge_reviews_open 3.0" in text
    oldest = text.split('wangge_reviews_waiting_oldest_seconds{kind="merge",severity="normal"} ')[1]
    assert float(oldest.split()[0]) > 200 * 86400
    (refused_age,) = re.findall(r"^wangge_quarantine_oldest_seconds (\S+)$", text, re.MULTILINE)
    assert float(refused_age) > 100 * 86400


async def test_the_old_address_of_refused_edits_leads_there(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    head = bearer(await sign_in("village"))
    old = await client.get(f"/console/grids/{BUILDING}/quarantine?status=closed", headers=head)
    assert old.headers["location"] == f"{QUEUE}?kind=refused&show=done"
    top = await client.get("/console/quarantine", headers=head)
    assert top.headers["location"] == f"/console/grids/{VILLAGE}/reviews?kind=refused"
