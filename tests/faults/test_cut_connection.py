"""A connection cut in the middle: replication comes through on the next tries, nothing doubled."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, ServerProcess
from tests.faults.conftest import Client
from tests.proxy import Cut, FaultyProxy

GRID = "44090400420500101"
VISITS, BAD = 90, 7
"""How many visits are recorded, and which of them is refused."""

pytestmark = pytest.mark.server


def cuts(earlier: int) -> list[Cut]:
    """Return cuts from before the first byte to the middle of a batch, either way; replies are cut
    some bytes ``earlier``, so that other requests meet the next cuts."""
    replies = tuple(max(0, at - earlier) for at in (0, 90, 250, 420, 700, 1_300, 2_500))
    requests = (40, 500, 2_000, 5_000, 9_000, 14_000, 19_000)
    both = zip(replies * 4, requests * 4, strict=True)
    return [cut for reply, request in both for cut in (Cut(reply=reply), Cut(request=request))]


def replicate(given: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("pouchdb_cut.mjs"))],
        input=json.dumps(given),
        capture_output=True,
        cwd=ROOT,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.node
@pytest.mark.parametrize("earlier", [0, 2, 18])
def test_replication_comes_through_cut_connections(
    demo: ServerProcess, client_of: Client, earlier: int
) -> None:
    api = client_of(demo, "integrator")
    token = api.headers["authorization"].removeprefix("Bearer ")
    broken = cuts(earlier)
    with FaultyProxy(demo.port, broken) as pull, FaultyProxy(demo.port, broken) as push:
        given = {"pull": pull.url, "push": push.url, "direct": demo.url, "token": token}
        seen = replicate({**given, "grid": GRID, "visits": VISITS, "bad": BAD})
    failures = seen["failures"]
    assert min(pull.broken, push.broken, failures["pull"], failures["push"]) > 10

    # The pull brought everything once, the push too, but for the one that is refused every time.
    assert seen["pulled"] == seen["before"]
    assert len(seen["pulled"]) > 100
    refused = seen["made"][BAD]
    there = dict(seen["there"])
    assert there[seen["household"]] == seen["changed"]
    assert set(there) == {doc_id for doc_id, _ in seen["before"]} | set(seen["made"]) - {refused}
    # A push that was sent again made no second leaf, and nothing is left to push.
    assert {leaves for _, leaves in seen["leaves"]} == {1}
    assert seen["again"] == 0
    (kept,) = api.get(f"/api/v1/grids/{GRID}/refusals").json()["items"]
    assert (kept["id"], kept["field"], kept["status"]) == (refused, "visited", "open")
