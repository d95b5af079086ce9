"""The wire on a real server process: databases, single documents, batches."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from sync.wire.http import Request
from tests.conftest import ServerProcess
from tests.stores import in_the_end
from tests.sync.conftest import refused

Json = Any


def test_the_server_says_who_it_is(http: httpx.Client) -> None:
    assert http.get("/").json()["couchdb"] == "Welcome"
    assert http.get("/_up").json()["status"] == "ok"
    assert http.get("/_session").json()["userCtx"] == {"name": None, "roles": ["_admin"]}
    uuids = http.get("/_uuids?count=3").json()["uuids"]
    assert len(set(uuids)) == 3
    refused(http.get("/_nonsense"), 404, "not_found")


def test_databases(http: httpx.Client) -> None:
    assert http.put("/some_db").json() == {"ok": True}
    refused(http.put("/some_db"), 412, "file_exists")
    assert "some_db" in http.get("/_all_dbs").json()
    info = http.get("/some_db").json()
    assert (info["db_name"], info["doc_count"], info["instance_start_time"]) == ("some_db", 0, "0")
    assert info["update_seq"].endswith(info["epoch"])
    assert http.head("/some_db").status_code == 200
    assert http.put("/a%2Fb").status_code == 201
    assert http.get("/a%2Fb/").json()["db_name"] == "a/b"
    assert http.delete("/a%2Fb").json() == http.delete("/some_db").json() == {"ok": True}
    refused(http.delete("/some_db"), 404, "not_found")
    refused(http.get("/some_db"), 404, "not_found")
    refused(http.get("/some_db/doc"), 404, "not_found")
    refused(http.get("/some_db/_changes"), 404, "not_found")
    refused(http.post("/some_db/_bulk_docs", json={"docs": [{}]}), 404, "not_found")
    assert http.head("/some_db").status_code == 404
    for name in ("Upper", "1st", "sp%20ace", "%E4%B8%AD"):
        refused(http.put(f"/{name}"), 400, "illegal_database_name")
    refused(http.patch("/some_db"), 405, "method_not_allowed")


def test_a_document_is_made_read_changed_and_deleted(db: httpx.Client) -> None:
    refused(db.delete("absent?rev=1-a"), 409, "conflict")
    made = db.put("陈·一", json={"n": 1})
    assert made.status_code == 201
    rev = made.json()["rev"]
    assert made.json() == {"ok": True, "id": "陈·一", "rev": rev}
    assert made.headers["etag"] == f'"{rev}"'
    got = db.get("陈·一")
    assert got.json() == {"_id": "陈·一", "_rev": rev, "n": 1}
    assert db.get("陈·一", headers={"if-none-match": f'"{rev}"'}).status_code == 304
    assert db.head("陈·一").headers["etag"] == f'"{rev}"'
    assert db.head("陈·一").content == b""
    refused(db.put("陈·一", json={"n": 2}), 409, "conflict")
    second = db.put("陈·一", json={"n": 2}, headers={"if-match": f'"{rev}"'}).json()["rev"]
    third = db.put(f"陈·一?rev={second}", json={"n": 3}).json()["rev"]
    refused(db.put(f"陈·一?rev={second}", json={"_rev": third}), 400, "bad_request")
    refused(db.put("陈·一", json={"_id": "other"}), 400, "bad_request")
    assert db.get(f"陈·一?rev={second}").json()["n"] == 2
    refused(db.get("陈·一?rev=9-none"), 404, "not_found")
    refused(db.get("陈·一?rev=nonsense"), 400, "bad_request")
    refused(db.delete("陈·一"), 409, "conflict")
    gone = db.delete(f"陈·一?rev={third}")
    assert gone.status_code == 200
    assert refused(db.get("陈·一"), 404, "not_found") == "deleted"
    assert refused(db.get("absent"), 404, "not_found") == "missing"
    assert refused(db.delete("absent"), 404, "not_found") == "missing"
    assert db.get(f"陈·一?rev={gone.json()['rev']}").json()["_deleted"] is True
    assert db.get("").json()["doc_del_count"] == 1


def test_posting_makes_an_id(db: httpx.Client) -> None:
    made = db.post("", json={"n": 1})
    assert made.status_code == 201
    assert db.get(made.json()["id"]).json()["n"] == 1
    assert db.post("", json={"_id": "mine"}).json()["id"] == "mine"
    refused(db.post("", content="{}"), 415, "bad_content_type")


def push(db: httpx.Client, *documents: Json) -> Json:
    reply = db.post("_bulk_docs", json={"docs": documents, "new_edits": False})
    assert reply.status_code == 201
    return reply.json()


def revision(rev: str, *ancestors: str, **more: Any) -> Json:
    start, _, digest = rev.partition("-")
    ids = [digest, *(one.partition("-")[2] for one in ancestors)]
    return {"_id": "a", "_rev": rev, "_revisions": {"start": int(start), "ids": ids}, **more}


@pytest.fixture
def conflicted(db: httpx.Client) -> httpx.Client:
    assert (
        push(
            db,
            revision("2-b", "1-a", side="b"),
            revision("2-c", "1-a", side="c"),
            revision("3-d", "2-x", "1-a", _deleted=True),
        )
        == []
    )
    return db


def test_what_is_told_of_a_document_with_conflicts(conflicted: httpx.Client) -> None:
    got = conflicted.get("a?conflicts=true&deleted_conflicts=true&revs=true&revs_info=true").json()
    assert got == {
        "_id": "a", "_rev": "2-c", "side": "c",
        "_revisions": {"start": 2, "ids": ["c", "a"]},
        "_revs_info": [
            {"rev": "2-c", "status": "available"}, {"rev": "1-a", "status": "missing"},
        ],
        "_conflicts": ["2-b"],
        "_deleted_conflicts": ["3-d"],
    }  # fmt: skip
    assert set(conflicted.get("a?meta=true").json()) == set(got) - {"_revisions"}
    assert "_conflicts" not in conflicted.get("a").json()
    row = conflicted.get("_all_docs?include_docs=true&conflicts=true").json()["rows"][0]
    assert row["doc"]["_conflicts"] == ["2-b"]
    change = conflicted.get("_changes?include_docs=true&conflicts=true&style=all_docs").json()
    assert [one["rev"] for one in change["results"][0]["changes"]] == ["2-c", "2-b", "3-d"]
    assert change["results"][0]["doc"]["_conflicts"] == ["2-b"]


def test_open_revs(conflicted: httpx.Client) -> None:
    found = conflicted.get("a?open_revs=all&revs=true").json()
    assert [one["ok"]["_rev"] for one in found] == ["2-c", "2-b", "3-d"]
    assert found[2]["ok"]["_revisions"] == {"start": 3, "ids": ["d", "x", "a"]}
    found = conflicted.get('a?open_revs=["2-b","9-z","1-a"]').json()
    assert [one.get("missing") or one["ok"]["_rev"] for one in found] == ["2-b", "9-z"]
    found = conflicted.get('a?open_revs=["2-x"]&latest=true').json()
    assert found[0]["ok"]["_rev"] == "3-d"
    refused(conflicted.get("none?open_revs=all"), 404, "not_found")
    assert conflicted.get('none?open_revs=["1-a"]').json() == [{"missing": "1-a"}]
    refused(conflicted.get("a?open_revs=nonsense"), 400, "bad_request")
    refused(conflicted.get("a?open_revs=5"), 400, "bad_request")
    parts = conflicted.get("a?open_revs=all", headers={"accept": "multipart/mixed"})
    assert parts.headers["content-type"].startswith("multipart/mixed; boundary=")
    assert parts.text.count("Content-Type: application/json") == 3


def test_bulk_get(conflicted: httpx.Client) -> None:
    asked = [
        {"id": "a", "rev": "2-b"}, {"id": "a"}, {"id": "a", "rev": "7-q"}, {"id": "none"},
        {"id": "a", "rev": "bad"}, {"rev": "1-a"}, {"id": "a", "rev": 5}, 7,
    ]  # fmt: skip
    reply = conflicted.post("_bulk_get?revs=true", json={"docs": asked})
    results = reply.json()["results"]
    assert [one["id"] for one in results] == ["a", "a", "a", "none", "a", None, "a", None]
    (first,) = results[0]["docs"]
    assert first["ok"] == {
        "_id": "a", "_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}, "side": "b",
    }  # fmt: skip
    assert [one["ok"]["_rev"] for one in results[1]["docs"]] == ["2-c", "2-b", "3-d"]
    assert [one["docs"][0]["error"]["error"] for one in results[2:]] == [
        "not_found", "not_found", "bad_request", "bad_request", "bad_request", "bad_request",
    ]  # fmt: skip
    refused(conflicted.post("_bulk_get", json={}), 400, "bad_request")
    refused(conflicted.get("_bulk_get"), 405, "method_not_allowed")


def test_revs_diff(conflicted: httpx.Client) -> None:
    asked = {"a": ["2-b", "4-z", "2-q"], "n": ["1-a"]}
    answer = in_the_end(
        lambda: conflicted.post("_revs_diff", json=asked).json(),
        lambda found: len(found["a"].get("possible_ancestors", ())) == 3,
    )
    assert set(answer["a"].pop("possible_ancestors")) == {"2-c", "2-b", "3-d"}
    assert answer == {"a": {"missing": ["4-z", "2-q"]}, "n": {"missing": ["1-a"]}}
    assert conflicted.post("_revs_diff", json={"a": ["2-c"]}).json() == {}
    for bad in ({"a": "1-a"}, {"a": [1]}, {"a": ["x"]}):
        refused(conflicted.post("_revs_diff", json=bad), 400, "bad_request")


def test_a_batch_goes_on_past_its_bad_documents(db: httpx.Client) -> None:
    big = {"_id": "big", "x": "y" * 262_144}
    rows = db.post(
        "_bulk_docs",
        json={
            "docs": [
                {"_id": "a", "n": 1}, {"_id": "_x"}, {"_id": 5}, big, 7, {"_id": "b", "_foo": 1},
                {"_id": "c", "_attachments": {"f": {"data": ""}}}, {"_id": "_design/d"},
                {"_id": "d", "_rev": "bad"}, {"_id": "e", "_deleted": "yes"}, {"_id": ""},
                {"_id": "f", "_rev": "1-none"}, {"n": 2}, {"_id": "z", "_attachments": {}},
            ]
        },
    ).json()  # fmt: skip
    assert [row.get("error") for row in rows] == [
        None, "illegal_docid", "illegal_docid", "document_too_large", "bad_request",
        "doc_validation", "forbidden", "forbidden", "bad_request", "bad_request",
        "illegal_docid", "conflict", None, None,
    ]  # fmt: skip
    assert all(row["reason"] for row in rows if "error" in row)
    assert db.get("_all_docs").json()["total_rows"] == 3
    refused(db.put("big", json=big), 413, "document_too_large")
    refused(db.put("c", json={"_attachments": {"f": {}}}), 403, "forbidden")
    # When none is good the whole request is refused, as CouchDB does.
    refused(db.post("_bulk_docs", json={"docs": [{"_foo": 1}]}), 400, "doc_validation")
    assert db.post("_bulk_docs", json={"docs": []}).json() == []


def test_a_replicated_refusal_lets_pouchdb_go_on(db: httpx.Client) -> None:
    rows = push(db, revision("1-a"), revision("1-b", x="y" * 262_144))
    assert [(row["error"], row["name"]) for row in rows] == [("document_too_large", "forbidden")]
    assert [one["_rev"] for one in [db.get("a").json()]] == ["1-a"]


@pytest.mark.parametrize(
    "history",
    [
        {"_rev": "2-b", "_revisions": {"start": 3, "ids": ["b", "a"]}},
        {"_rev": "2-b", "_revisions": {"start": 2, "ids": ["x", "a"]}},
        {"_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a", "z"]}},
        {"_rev": "2-b", "_revisions": {"start": 2, "ids": []}},
        {"_rev": "2-b", "_revisions": {"start": "2", "ids": ["b"]}},
        {"_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", ""]}},
        {"_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", 1]}},
        {"_rev": "2-b", "_revisions": []},
        {"_rev": "2-b", "_revisions": {"start": True, "ids": ["b"]}},
        {"_revisions": {"start": 10**30, "ids": ["b"]}},
    ],
)
def test_a_history_that_does_not_fit_is_told_and_the_rest_goes_on(
    db: httpx.Client, history: Json
) -> None:
    rows = push(db, {"_id": "good", "_rev": "1-a"}, {"_id": "bad", **history})
    assert [(row["id"], row["error"]) for row in rows] == [("bad", "bad_request")]
    assert db.get("_all_docs").json()["total_rows"] == 1


def test_replicating_without_a_revision_is_refused(db: httpx.Client) -> None:
    reply = db.post("_bulk_docs", json={"docs": [{"_id": "a"}], "new_edits": False})
    refused(reply, 400, "bad_request")
    refused(db.post("_bulk_docs", json={"docs": 5}), 400, "bad_request")
    refused(db.post("_bulk_docs", json={"docs": [], "new_edits": 1}), 400, "bad_request")


def test_one_document_can_be_put_as_replicated(db: httpx.Client) -> None:
    made = db.put("a?new_edits=false", json=revision("3-c", "2-b"))
    assert made.json()["rev"] == "3-c"
    assert db.get("a?revs=true").json()["_revisions"] == {"start": 3, "ids": ["c", "b"]}


MALFORMED = (
    b"", b"{", b"nonsense", b"\xff\xfe", b'{"docs": [1e999]}', b'"\\ud800"',
    b"[" * 100_000, b'{"docs":' + b"[" * 2000 + b"]" * 2000 + b"}",
)  # fmt: skip


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_json_is_told(db: httpx.Client, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    for path in ("_bulk_docs", "_bulk_get", "_revs_diff", "", "_all_docs"):
        refused(db.post(path, content=content, headers=headers), 400, "bad_request")
    refused(db.put("a", content=content), 400, "bad_request")
    refused(db.put("_local/a", content=content), 400, "bad_request")


def test_deep_nesting_is_one_documents_fault(db: httpx.Client) -> None:
    deep = b'{"docs":[{"_id":"deep","x":' + b"[" * 300 + b"]" * 300 + b'},{"_id":"b"}]}'
    rows = db.post("_bulk_docs", content=deep, headers={"content-type": "application/json"}).json()
    assert [row.get("error") for row in rows] == ["bad_request", None]


@pytest.mark.parametrize("half", ["\\ud842", "\\uDFB7", "\\ud842\\ud842", "\\udfb7\\ud842"])
def test_half_a_character_does_not_hold_up_a_push(db: httpx.Client, half: str) -> None:
    """A form that cuts 𠮷 in two leaves what PouchDB sends as one escape of a pair."""
    docs = f'[{{"_id":"half","x":"\\\\ud842 陈{half}"}},{{"_id":"whole","x":"\\ud842\\udfb7"}}]'
    rows = db.post(
        "_bulk_docs",
        content=f'{{"docs":{docs}}}'.encode(),
        headers={"content-type": "application/json"},
    ).json()
    assert [row["ok"] for row in rows] == [True, True]
    lost = "\ufffd" * (len(half) // 6)
    assert db.get("half").json()["x"] == f"\\ud842 陈{lost}"
    assert db.get("whole").json()["x"] == "𠮷"


def test_numbers_texts_and_nesting_come_back_as_they_went(db: httpx.Client) -> None:
    body = {
        "big": 2**63, "small": -(2**63), "float": 0.1, "exp": 1e300, "zero": 0, "neg": -0.5,
        "text": "𠮷䶮\u0000\t\"\\ 阿依古丽·买买提", "none": None, "": "",
        "deep": [[{"a": [True, False]}]],
    }  # fmt: skip
    db.put("a", json=body)
    got = db.get("a").json()
    assert {name: got[name] for name in body} == body


def test_bodies_above_the_limit_are_refused(db: httpx.Client) -> None:
    huge = b'{"docs":[{"x":"' + b"y" * (8 * 1024 * 1024) + b'"}]}'
    headers = {"content-type": "application/json"}
    refused(db.post("_bulk_docs", content=huge, headers=headers), 413, "too_large")
    packed = gzip.compress(huge)
    assert len(packed) < 100_000
    gzipped = {**headers, "content-encoding": "gzip"}
    refused(db.post("_bulk_docs", content=packed, headers=gzipped), 413, "too_large")
    assert db.get("_all_docs").json()["total_rows"] == 0


def test_gzipped_requests_and_replies(db: httpx.Client) -> None:
    documents = [{"_id": f"d{n:03}", "x": "y" * 100} for n in range(50)]
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    import json

    packed = gzip.compress(json.dumps({"docs": documents}).encode())
    assert len(db.post("_bulk_docs", content=packed, headers=headers).json()) == 50
    refused(db.post("_bulk_docs", content=b"nope", headers=headers), 400, "bad_request")
    refused(db.post("_bulk_docs", content=packed[:-20], headers=headers), 400, "bad_request")
    odd = {**headers, "content-encoding": "br"}
    refused(db.post("_bulk_docs", content=packed, headers=odd), 415, "bad_content_encoding")

    def everything(coding: str) -> httpx.Response:
        return db.get("_all_docs?include_docs=true", headers={"accept-encoding": coding})

    gzipped, plain = (
        in_the_end(partial(everything, coding), lambda found: len(found.json()["rows"]) == 50)
        for coding in ("gzip", "identity")
    )
    assert gzipped.headers["content-encoding"] == "gzip"
    assert len(gzipped.json()["rows"]) == 50
    assert "content-encoding" not in plain.headers
    assert plain.json() == gzipped.json()
    assert "content-encoding" not in db.get("d001").headers


def test_all_docs(db: httpx.Client) -> None:
    db.post("_bulk_docs", json={"docs": [{"_id": one, "n": one} for one in "abcde"]})
    gone = db.delete(f"c?rev={db.get('c').json()['_rev']}").json()["rev"]

    def ids(query: str) -> str:
        reply = db.get(f"_all_docs?{query}")
        assert reply.json()["total_rows"] == 4
        return "".join(row["id"] for row in reply.json()["rows"])

    assert ids("") == "abde"
    assert ids('startkey="b"&endkey="d"') == ids('start_key="b"&end_key="d"') == "bd"
    assert ids('startkey="b"&endkey="d"&inclusive_end=false') == "b"
    assert ids('descending=true&startkey="d"&endkey="b"') == "db"
    assert ids("skip=1&limit=2") == "bd"
    assert ids("limit=0") == ""
    assert ids('key="b"') == "b"
    assert ids('key="c"') == ""
    assert ids("startkey=5") == "abde"
    assert ids("startkey={}") == ""
    row = db.get('_all_docs?include_docs=true&key="b"').json()["rows"][0]
    assert row["doc"]["n"] == "b"
    assert row["value"]["rev"] == row["doc"]["_rev"]
    found = db.post("_all_docs?include_docs=true", json={"keys": ["d", "c", "x", "d", 5]}).json()
    assert [row.get("id") for row in found["rows"]] == ["d", "c", None, "d", None]
    assert found["rows"][1] == {
        "id": "c", "key": "c", "value": {"rev": gone, "deleted": True}, "doc": None,
    }  # fmt: skip
    assert found["rows"][2] == {"key": "x", "error": "not_found"}
    found = db.get('_all_docs?keys=["a","b"]&descending=true').json()
    assert [row["key"] for row in found["rows"]] == ["b", "a"]
    told = [db.get(path).json()["update_seq"] for path in ("_all_docs?update_seq=true", "")]
    # a cluster writes the same place in several ways; its number is the same
    assert len({sequence.partition("-")[0] for sequence in told}) == 1
    refused(db.get("_all_docs?startkey=a"), 400, "bad_request")
    refused(db.get("_all_docs?limit=-1"), 400, "query_parse_error")
    refused(db.get("_all_docs?limit=x"), 400, "bad_request")
    refused(db.get('_all_docs?keys=["a"]&key="a"'), 400, "query_parse_error")
    refused(db.post("_all_docs", json={"keys": 5}), 400, "bad_request")


def test_local_documents(db: httpx.Client) -> None:
    refused(db.get("_local/cp%2F1"), 404, "not_found")
    assert db.put("_local/cp%2F1", json={"seq": 1}).json()["rev"] == "0-1"
    assert db.put("_local/cp%2F1", json={"_rev": "0-1", "seq": 2}).json()["rev"] == "0-2"
    got = db.get("_local/cp%2F1")
    assert got.json() == {"_id": "_local/cp/1", "_rev": "0-2", "seq": 2}
    rows = db.post("_bulk_docs", json={"docs": [{"_id": "_local/b", "n": 1}, {"_id": "c"}]}).json()
    assert [row["id"] for row in rows] == ["_local/b", "c"]
    assert db.get("_local/b").json()["n"] == 1
    assert db.get("_all_docs").json()["total_rows"] == 1
    assert db.delete("_local/cp%2F1").status_code == 200
    refused(db.delete("_local/cp%2F1"), 404, "not_found")
    refused(db.put("_local/x", json=[1]), 400, "bad_request")
    refused(db.put("_local/x", json={"x": "y" * 300_000}), 413, "document_too_large")
    refused(db.get("_local/"), 400, "illegal_docid")
    refused(db.post("_local/x", json={}), 405, "method_not_allowed")


def test_upkeep_and_what_is_not_offered(db: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    assert db.post("_ensure_full_commit", headers=headers).status_code == 201
    assert db.post("_compact", headers=headers).status_code == 202
    assert db.get("_revs_limit").json() == 1000
    assert db.get("_security").json() == {}
    for path in ("_design/x", "_design/x/_view/y", "_find", "_index", "_purge", "_explain"):
        refused(db.get(path), 501, "not_implemented")
    refused(db.put("doc/attachment", content=b"x"), 501, "not_implemented")
    refused(db.get("_nonsense"), 404, "not_found")
    refused(db.get("%ff"), 400, "bad_request")


def test_the_port_is_loopback_only_and_a_bad_store_is_told(wire_server: ServerProcess) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "server.wire_command", "--store", "couchdb://x"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "wangge wire:" in done.stderr
    listening = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True).stdout
    addresses = [line.split()[3] for line in listening.splitlines()]
    assert [one for one in addresses if one.endswith(f":{wire_server.port}")] == [
        f"127.0.0.1:{wire_server.port}"
    ]


async def test_a_large_reply_is_sent_on_as_it_comes() -> None:
    messages: list[dict[str, Any]] = []
    ahead: list[int] = []

    def sent() -> int:
        return sum(len(message.get("body", b"")) for message in messages)

    async def send(message: Any) -> None:
        messages.append(message)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            ahead.append(
                len(ahead) * 1_000_000 - sum(len(one.get("body", b"")) for one in messages)
            )
            yield b"x" * 1_000_000

    scope = {"method": "GET", "path": "/", "headers": [], "query_string": b""}
    await Request(scope, receive_nothing, send).reply_pieces(pieces())
    assert sent() == 100_000_000
    assert max(ahead) <= 17_000_000
    assert [one.get("more_body") for one in messages[1:]] == [True] * (len(messages) - 2) + [False]


async def receive_nothing() -> Any:
    raise AssertionError("a reply reads nothing")


def test_many_documents_asked_at_once_come_in_order(db: httpx.Client) -> None:
    db.post("_bulk_docs", json={"docs": [{"_id": f"d{n}", "x": "y" * 9000} for n in range(250)]})
    asked = [{"id": f"d{n}"} for n in range(300)] * 10
    results = db.post("_bulk_get", json={"docs": asked}).json()["results"]
    assert [one["id"] for one in results] == [one["id"] for one in asked]
    assert ["ok" in one["docs"][0] for one in results] == ([True] * 250 + [False] * 50) * 10


def test_many_documents_are_listed_in_runs(db: httpx.Client) -> None:
    ids = [f"d{number:03}" for number in range(450)]
    db.post("_bulk_docs", json={"docs": [{"_id": one, "x": one} for one in ids]})

    def listed(query: str) -> list[str]:
        return [row["id"] for row in db.get(f"_all_docs?{query}").json()["rows"]]

    assert listed("") == ids
    assert listed("descending=true") == ids[::-1]
    assert listed("skip=5&limit=401") == ids[5:406]
    assert listed("limit=200") == ids[:200]
    for query in ("skip=250", "skip=50", 'startkey="d250"', 'endkey="d199"', "skip=450"):
        whole = listed(f"{query}&limit=450")
        assert listed(query) == listed(f"{query}&limit={len(whole)}") == whole
    assert listed('startkey="d100"&endkey="d400"&inclusive_end=false') == ids[100:400]
    assert listed('descending=true&startkey="d400"&endkey="d100"&limit=250') == ids[400:150:-1]
    keys: list[Any] = [*ids, ["d001"], {"a": 1}, None, *ids]
    rows = db.post("_all_docs?include_docs=true", json={"keys": keys}).json()["rows"]
    assert [row["key"] for row in rows] == keys
    assert [row["doc"]["x"] for row in rows if "doc" in row] == ids * 2
    assert [row["error"] for row in rows[450:453]] == ["not_found"] * 3
