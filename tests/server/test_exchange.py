"""One exchange does everything: push, receipts, merge, pull, in one round trip."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from server.runtime import Runtime
from sync.store import Write
from tests.exchange.client import Client, Database
from tests.server.conftest import BUILDING, ELSEWHERE, TOWN, bearer

SignIn = Callable[..., Awaitable[str]]
BULLETIN = f"bulletin/{TOWN}"
ONE = "household:01J0000000000000000000000A"


def record(
    doc_id: str = ONE, user: str = "worker1", device: str = "0123abcd", **fields: Any
) -> Any:
    trace = {"at": f"2026-11-24T08:00:00.000Z-0000-{device}", "by": user, "device": device}
    plain = {"type": doc_id.partition(":")[0], "schema": 1, "grid": BUILDING}
    common = {"created": trace, "updated": trace, "stamps": {}}
    return {"_id": doc_id, **plain, **common, "address": "滨海绿洲4栋", **fields}


async def exchange(
    client: httpx.AsyncClient, device: Client, token: str, budget: int | None = None
) -> httpx.Response:
    answer = await client.post("/sync/_exchange", json=device.asking(budget), headers=bearer(token))
    assert answer.status_code == 200, answer.text
    assert device.take(answer.content)
    return answer


@pytest.fixture
def phone() -> Client:
    return Client({BUILDING: Database(), BULLETIN: Database()})


async def test_the_first_exchange_tells_who_one_is_and_brings_all_there_is(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client
) -> None:
    kinds = ["visit:1", "patrol:1", "event:1", "household:1", "resident:1", "task:1"]
    writes = [Write(doc_id, b'{"n":1}') for doc_id in kinds]
    await runtime.store.write(f"grid-{BUILDING}", writes)
    await runtime.store.write(f"bulletin-{TOWN}", [Write("notice:1", b'{"title":"a"}')])

    await exchange(client, phone, await sign_in("worker1"))

    assert phone.account is not None
    assert phone.account["user"]["username"] == "worker1"
    assert [grid["code"] for grid in phone.account["grids"]] == [BUILDING]
    # what one works with first comes first
    of_grid = [doc_id for doc_id in phone.order if doc_id != "notice:1"]
    assert of_grid[:4] == ["task:1", "household:1", "resident:1", "event:1"]
    assert sorted(of_grid) == sorted(kinds)
    assert set(phone.databases[BULLETIN].live()) == {"notice:1"}


async def test_nothing_new_costs_one_small_request(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime
) -> None:
    codes = [f"4409040040010010{number}" for number in (2, 3)]
    for code in codes:
        await runtime.registry.assign("worker1", code)
    phone = Client({code: Database() for code in (BUILDING, *codes)})
    token = await sign_in("worker1")
    await exchange(client, phone, token)

    answer = await exchange(client, phone, token)

    assert len(answer.request.content) + len(answer.content) <= 700
    assert b"account" not in answer.content


@pytest.mark.parametrize("behind", [0, 150], ids=["one-page", "pages-behind"])
async def test_edits_of_two_phones_meet_in_the_same_request(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client, behind: int
) -> None:
    other = Client({BUILDING: Database()})
    token1, token2 = await sign_in("worker1"), await sign_in("worker2", "89abcdef")
    first = phone.edit(BUILDING, record(phone="12000001111"), None)
    await exchange(client, phone, token1)
    await exchange(client, other, token2)
    base = other.databases[BUILDING].leaves[ONE][first]

    def changed(user: str, device: str, second: int, **fields: Any) -> Any:
        at = f"2026-11-24T09:00:0{second}.000Z-0000-{device}"
        trace = {"at": at, "by": user, "device": device}
        return {**base, "updated": trace, "stamps": dict.fromkeys(fields, at), **fields}

    mine = changed("worker1", "0123abcd", 1, members=3, phone="12000002222")
    theirs = changed("worker2", "89abcdef", 2, note="有犬", phone="12000003333")
    sent1 = phone.edit(BUILDING, mine, base)
    sent2 = other.edit(BUILDING, theirs, base)
    await exchange(client, phone, token1)
    more = [Write(f"visit:{n}", b'{"n":1}') for n in range(behind)]
    await runtime.store.write(f"grid-{BUILDING}", more)
    await exchange(client, other, token2)

    assert phone.receipts[ONE, sent1] == {"id": ONE, "rev": sent1, "stored": True}
    merged = other.receipts[ONE, sent2]["merged"]
    ((rev, document),) = other.databases[BUILDING].live()[ONE].items()
    assert rev == merged
    assert (document["members"], document["note"]) == (3, "有犬")
    assert document["phone"] == "12000003333"
    assert document["merge"]["review"] is True
    await exchange(client, phone, token1)
    assert set(phone.databases[BUILDING].live()[ONE]) == {merged}


async def test_one_refused_stops_nobody_and_is_kept(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client
) -> None:
    token = await sign_in("worker1")
    good = phone.edit(BUILDING, record(), None)
    bad = phone.edit(BUILDING, record("household:01J0000000000000000000000B", address=7), None)
    unreadable = {
        "_id": "household:01J0000000000000000000000C",
        "_rev": "1-a",
        "_attachments": {"a": 1},
    }
    asking = phone.asking()
    asking["databases"][BUILDING]["docs"] += [unreadable, {"_id": "visit:1", "type": "visit"}, 7]

    answer = await client.post("/sync/_exchange", json=asking, headers=bearer(token))

    (line,) = [line for line in answer.content.splitlines() if b"receipts" in line]
    receipts = orjson.loads(line)["receipts"]
    assert [("stored" in one) for one in receipts] == [True, False, False, False, False]
    assert receipts[0]["rev"] == good
    assert receipts[1]["rev"] == bad
    assert receipts[1]["refused"]["field"] == "address"
    kept = [one["refused"]["quarantine"] for one in receipts[1:4]]
    found = await runtime.store.get_many("quarantine", kept)
    assert all(found)
    assert "quarantine" not in receipts[4]["refused"]  # a number is nobody's record


async def test_the_outcome_of_a_refusal_comes_along(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client
) -> None:
    from sync.quarantine import close

    token = await sign_in("worker1")
    rev = phone.edit(BUILDING, record(address=7), None)
    await exchange(client, phone, token)
    entry = phone.receipts[ONE, rev]["refused"]["quarantine"]
    asked = {**phone.asking(), "refused": [entry, "refused:unknown"]}
    still_open = await client.post("/sync/_exchange", json=asked, headers=bearer(token))
    await close(runtime.store, entry, await runtime.registry.actor("village", None), "门牌写错了")
    settled = await client.post("/sync/_exchange", json=asked, headers=bearer(token))
    of_others = await client.post(
        "/sync/_exchange", json=asked, headers=bearer(await sign_in("worker2", "89abcdef"))
    )

    assert b"outcome" not in still_open.content
    assert b"outcome" not in of_others.content
    phone.take(settled.content)
    (outcome,) = phone.outcomes
    assert (outcome["quarantine"], outcome["status"]) == (entry, "closed")
    assert outcome["closed"]["note"] == "门牌写错了"


async def test_a_lost_grid_takes_what_is_unsent_and_gives_nothing(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client
) -> None:
    token = await sign_in("worker1")
    await exchange(client, phone, token)
    session = phone.session
    rev = phone.edit(BUILDING, record(), None)
    await runtime.registry.unassign("worker1", BUILDING)

    await exchange(client, phone, token)

    assert phone.receipts[ONE, rev]["refused"]["code"] == "grid-revoked"
    assert phone.closed[BUILDING]["code"] == "grid-revoked"
    assert phone.session != session
    assert phone.account is not None
    assert phone.account["grids"] == []


async def test_a_grid_that_is_given_or_renamed_is_told(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client
) -> None:
    token = await sign_in("worker1")
    await exchange(client, phone, token)
    known = [phone.session]

    await runtime.registry.assign("worker1", ELSEWHERE)
    await exchange(client, phone, token)
    known.append(phone.session)
    node = (await runtime.registry.hierarchy()).node(ELSEWHERE)
    await runtime.registry.import_grids([replace(node, name="新楼栋")])
    await exchange(client, phone, token)
    known.append(phone.session)

    assert phone.account is not None
    assert {one["code"]: one["name"] for one in phone.account["grids"]}[ELSEWHERE] == "新楼栋"
    assert len(set(known)) == 3


async def test_another_grid_is_closed_and_the_rest_goes_on(
    client: httpx.AsyncClient, sign_in: SignIn, phone: Client
) -> None:
    phone.databases = {
        ELSEWHERE: Database(),
        "999999": Database(),
        BULLETIN: Database(),
        BUILDING: Database(since="nonsense"),
    }
    await exchange(client, phone, await sign_in("worker1"))

    assert (phone.closed[ELSEWHERE]["status"], phone.closed["999999"]["status"]) == (403, 404)
    assert phone.closed[BUILDING]["status"] == 400
    assert phone.databases[BULLETIN].since is not None


async def test_a_bulletin_takes_nothing(
    client: httpx.AsyncClient, sign_in: SignIn, phone: Client
) -> None:
    phone.edit(BULLETIN, {"_id": "notice:1", "title": "x"}, None)
    await exchange(client, phone, await sign_in("worker1"))

    assert phone.closed[BULLETIN]["status"] == 403


async def test_a_budget_is_kept_and_the_rest_comes_next(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client
) -> None:
    body = orjson.dumps({"note": "甲" * 300})
    writes = [Write(f"household:{number:04}", body) for number in range(450)]
    await runtime.store.write(f"grid-{BUILDING}", writes)
    token = await sign_in("worker1")
    requests, done = 0, False
    while not done:
        head = {**bearer(token), "accept-encoding": "identity"}
        answer = await client.post("/sync/_exchange", json=phone.asking(120_000), headers=head)
        assert len(answer.content) < 120_000 + 100 * 1200
        done = phone.take(answer.content)
        requests += 1

    assert requests > 2
    assert phone.left == [350, 250, 150, 50]
    assert len(phone.databases[BUILDING].live()) == 450


async def test_a_long_answer_is_packed(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client
) -> None:
    writes = [Write(f"household:{number:04}", b'{"note":"a"}') for number in range(250)]
    await runtime.store.write(f"grid-{BUILDING}", writes)
    token = await sign_in("worker1")

    packed = gzip.compress(orjson.dumps(phone.asking()))
    head = {**bearer(token), "content-type": "application/json", "content-encoding": "gzip"}
    answer = await client.post("/sync/_exchange", content=packed, headers=head)

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert phone.take(answer.content)
    assert len(phone.databases[BUILDING].live()) == 250


@pytest.mark.parametrize(
    "asking",
    [
        {},
        {"v": 2, "databases": {}},
        {"v": 1, "databases": []},
        {"v": 1, "databases": {}, "more": 1},
        {"v": 1, "databases": {BUILDING: 7}},
        {"v": 1, "databases": {BUILDING: {"docs": {}}}},
        {"v": 1, "databases": {BUILDING: {"since": 7}}},
        {"v": 1, "databases": {BUILDING: {"fresh": "yes"}}},
        {"v": 1, "databases": {BUILDING: {"fresh": True, "docs": [{}]}}},
        {"v": 1, "databases": {BUILDING: {"since": "~AAAA"}}},
        {"v": 1, "databases": {BUILDING: {"since": "~WzAsbnVsbCwwLCIiXQ"}}},
        {"v": 1, "databases": {}, "budget": "much"},
        {"v": 1, "databases": {}, "refused": [7]},
        {"v": 1, "databases": {}, "session": 7},
        {"v": 1, "databases": {BUILDING: {"docs": [{}] * 2001}}},
    ],
)
async def test_what_is_no_exchange_is_told_so(
    client: httpx.AsyncClient, sign_in: SignIn, asking: Any
) -> None:
    answer = await client.post(
        "/sync/_exchange", json=asking, headers=bearer(await sign_in("worker1"))
    )

    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"


async def test_somebody_elses_work_is_not_taken_in(
    client: httpx.AsyncClient, sign_in: SignIn, runtime: Runtime, phone: Client
) -> None:
    phone.databases[BUILDING].fresh = False
    phone.edit(BUILDING, record(), None)
    token = await sign_in("worker1")
    asking = {**phone.asking(), "user": "worker2"}

    answer = await client.post("/sync/_exchange", json=asking, headers=bearer(token))

    assert (answer.status_code, answer.json()["code"]) == (403, "other-account")
    assert (await runtime.store.database_info(f"grid-{BUILDING}")).doc_count == 0
    asking["user"] = "worker1"
    answer = await client.post("/sync/_exchange", json=asking, headers=bearer(token))
    assert b'"stored":true' in answer.content


async def test_nobody_gets_nothing(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    asking = {"v": 1, "databases": {}}
    answer = await client.post("/sync/_exchange", json=asking)
    wrong = await client.get("/sync/_exchange", headers=bearer(await sign_in("worker1")))

    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
    assert wrong.status_code == 405
