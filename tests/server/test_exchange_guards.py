"""The exchange under pressure: too many at once are turned away, nonsense is refused by name, and a
packed request is judged by its unpacked size."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.runtime import Runtime
from sync.wire.http import MAX_BODY_BYTES
from tests.server.conftest import BUILDING, DEVICE, PASSWORD, Serve, bearer, client_of

SignIn = Callable[..., Awaitable[str]]
GRID = f"grid-{BUILDING}"
PATH = "/sync/_exchange"
JSON = {"Content-Type": "application/json"}
NOTHING = b'{"v":1,"databases":{}}'

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
IDS = st.sampled_from(
    ["household:01J0000000000000000000000A", "task:1", "_design/x", "", "x" * 400]
)
REVS = st.sampled_from(["1-a", "2-" + "b" * 32, "0-0", "x", "", "99999999999999999999-a"])
DOCUMENTS = st.dictionaries(
    st.sampled_from(["type", "schema", "grid", "created", "stamps", "_deleted", "_revisions", "x"]),
    VALUES,
    max_size=6,
)
SENT = st.builds(
    lambda doc_id, rev, body: {**body, "_id": doc_id, "_rev": rev}, IDS, REVS, DOCUMENTS
)
ASKED = st.fixed_dictionaries(
    {"v": st.just(1) | VALUES},
    optional={
        "session": VALUES,
        "budget": VALUES,
        "refused": VALUES,
        "databases": st.dictionaries(
            st.sampled_from([BUILDING, "nowhere", "bulletin/440904004", ""]),
            st.fixed_dictionaries(
                {}, optional={"since": VALUES, "docs": st.lists(SENT, max_size=3), "fresh": VALUES}
            ),
            max_size=3,
        )
        | VALUES,
    },
)
RAW = st.one_of(
    st.binary(max_size=200),
    st.integers(1, 3000).map(lambda deep: b'{"v":' + b"[" * deep + b"]" * deep + b"}"),
    st.just(b'{"v":1,"databases":{"' + b"\\ud800" + b'":{}}}'),
    st.just(b'{"v":1e999999,"databases":{}}'),
    ASKED.map(lambda asked: json.dumps(asked).encode()),
)


async def test_too_many_at_once_are_told_to_come_again(serve: Serve) -> None:
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield NOTHING[:5]
        await go_on.wait()
        yield NOTHING[5:]

    async with serve(exchanges_open=1) as app, client_of(app) as client:
        form = {"username": "worker1", "password": PASSWORD, "device": DEVICE}
        token = (await client.post("/api/v1/session", json=form)).json()["token"]
        headers = bearer(token) | JSON
        turned_away: list[httpx.Response] = []

        async def second() -> None:
            while not turned_away or turned_away[-1].status_code != 503:
                turned_away.append(await client.post(PATH, content=NOTHING, headers=headers))
            go_on.set()

        first, _ = await asyncio.gather(
            client.post(PATH, content=slowly(), headers=headers), second()
        )
        assert first.status_code == 200
        assert turned_away[-1].json()["code"] == "busy"
        assert int(turned_away[-1].headers["retry-after"]) >= 1
        assert (await client.post(PATH, content=NOTHING, headers=headers)).status_code == 200


async def test_what_is_packed_counts_by_what_it_unpacks_to(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    headers = bearer(await sign_in("worker1")) | JSON | {"Content-Encoding": "gzip"}
    bomb = gzip.compress(b" " * (2 * MAX_BODY_BYTES))
    cut = gzip.compress(NOTHING)[:-6]

    assert (await client.post(PATH, content=bomb, headers=headers)).status_code == 413
    assert (await client.post(PATH, content=cut, headers=headers)).status_code == 400
    assert (await client.post(PATH, content=b"no gzip", headers=headers)).status_code == 400


@pytest.fixture
async def token(sign_in: SignIn) -> str:
    return await sign_in("worker1")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=RAW,
    kind=st.sampled_from(["application/json"] * 8 + ["text/plain", ""]),
    packed=st.booleans(),
)
async def test_nothing_that_is_sent_is_a_failure_and_all_that_is_stored_has_a_receipt(
    client: httpx.AsyncClient,
    token: str,
    runtime: Runtime,
    body: bytes,
    kind: str,
    packed: bool,
) -> None:
    headers = bearer(token) | {"Content-Type": kind}
    before = (await runtime.store.database_info(GRID)).update_seq
    if packed:
        body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}

    answer = await client.post(PATH, content=body, headers=headers)

    assert answer.status_code < 500, answer.text
    lines = (
        [orjson.loads(line) for line in answer.content.splitlines()] if answer.is_success else []
    )
    assert not any("failed" in line for line in lines)
    receipts = [each for line in lines for each in line.get("receipts", ())]
    stored = {each["id"] for each in receipts if each.get("stored")}
    page = await runtime.store.changes(GRID, before)
    assert {change.doc_id for change in page.changes} <= stored
