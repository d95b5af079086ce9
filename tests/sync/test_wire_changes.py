"""The changes feed on a real server process: normal, long poll, continuous, filtered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest


@pytest.fixture
def db(http: httpx.Client, database: str) -> Iterator[httpx.Client]:
    """Give a client whose paths are below a database with five documents, one of them deleted."""
    with httpx.Client(base_url=f"{http.base_url}{database}/".replace("//db", "/db")) as client:
        docs = [{"_id": f"d{number}", "n": number} for number in range(5)]
        rows = client.post("_bulk_docs", json={"docs": docs}).json()
        client.delete("d3", params={"rev": rows[3]["rev"]})
        yield client


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["results"]]


def test_pages_join_and_pending_counts_down(db: httpx.Client) -> None:
    whole = db.get("_changes").json()
    assert ids(whole) == ["d0", "d1", "d2", "d4", "d3"]
    assert whole["results"][-1]["deleted"] is True
    assert whole["pending"] == 0
    seen, since, pending = [], "0", []
    while True:
        page = db.get("_changes", params={"limit": 2, "since": since}).json()
        if not page["results"]:
            break
        seen += ids(page)
        pending.append(page["pending"])
        since = page["last_seq"]
    assert (seen, pending) == (ids(whole), [3, 1, 0])
    # a cluster writes the same place in several ways; its number is the same
    assert since.partition("-")[0] == whole["last_seq"].partition("-")[0]
    assert ids(db.get("_changes", params={"descending": "true", "limit": 2}).json()) == ["d3", "d4"]
    assert db.get("_changes", params={"since": "now"}).json()["results"] == []


def test_documents_leaves_and_chosen_ids(db: httpx.Client) -> None:
    body = {"docs": [{"_id": "d1", "_rev": "1-zz", "n": 9}], "new_edits": False}
    assert db.post("_bulk_docs", json=body).json() == []
    page = db.get("_changes", params={"style": "all_docs", "include_docs": "true"}).json()
    row = next(row for row in page["results"] if row["id"] == "d1")
    assert row["changes"][0]["rev"] == row["doc"]["_rev"] == "1-zz"
    assert len(row["changes"]) == 2
    params = {"include_docs": "true", "conflicts": "true"}
    with_conflicts = db.get("_changes", params=params).json()["results"][-1]["doc"]
    assert len(with_conflicts["_conflicts"]) == 1
    asked = {"doc_ids": ["d2", "d4", "absent"]}
    assert ids(db.post("_changes?filter=_doc_ids", json=asked).json()) == ["d2", "d4"]
    selector = {"selector": {"n": {"$gte": 2}}}
    assert ids(db.post("_changes?filter=_selector", json=selector).json()) == ["d2", "d4", "d1"]


def test_sequence_numbers_may_be_left_out(db: httpx.Client) -> None:
    rows = db.get("_changes", params={"seq_interval": 2}).json()["results"]
    assert [row["seq"] is None for row in rows] == [False, True, False, True, False]


def write_soon(db: httpx.Client, doc_id: str) -> threading.Thread:
    def write() -> None:
        time.sleep(0.3)
        db.put(doc_id, json={})

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_a_long_poll_ends_with_the_change_or_with_the_time(db: httpx.Client) -> None:
    since = db.get("_changes").json()["last_seq"]
    writer = write_soon(db, "fresh")
    page = db.get("_changes", params={"feed": "longpoll", "since": since}, timeout=20).json()
    writer.join()
    assert ids(page) == ["fresh"]
    params = {"feed": "longpoll", "since": page["last_seq"], "timeout": 200}
    empty = db.get("_changes", params=params).json()
    assert (empty["results"], empty["last_seq"]) == ([], page["last_seq"])


def test_a_continuous_feed_beats_and_goes_on(db: httpx.Client) -> None:
    params = {"feed": "continuous", "since": "0", "heartbeat": "100", "limit": "6"}
    lines: list[str] = []
    with db.stream("GET", "_changes", params=params, timeout=20) as reply:
        writer = write_soon(db, "late")
        lines += reply.iter_lines()
    writer.join()
    assert lines.count("") >= 2  # heartbeats
    rows = [json.loads(line) for line in lines if line]
    assert [row["id"] for row in rows[:-1]] == ["d0", "d1", "d2", "d4", "d3", "late"]
    assert rows[-1]["last_seq"] == rows[-2]["seq"]


def test_a_reader_that_leaves_costs_nothing(db: httpx.Client) -> None:
    params = {"feed": "continuous", "since": "now", "heartbeat": "50"}
    for _ in range(20):
        with db.stream("GET", "_changes", params=params) as reply:
            next(reply.iter_raw())
    assert db.get("d0").status_code == 200


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"feed": "eventsource"}, "feed"),
        ({"limit": "many"}, "limit"),
        ({"heartbeat": "0"}, "heartbeat"),
        ({"filter": "app/mine"}, "design documents"),
        ({"filter": "mine"}, "filter"),
        ({"filter": "_doc_ids"}, "doc_ids"),
        ({"since": "no-sequence"}, "sequence"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_told(db: httpx.Client, params: dict[str, str], words: str) -> None:
    reply = db.get("_changes", params=params)
    assert reply.status_code in (400, 404, 501)
    assert words in reply.json()["reason"]
