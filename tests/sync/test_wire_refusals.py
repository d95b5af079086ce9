"""What the bare wire does not take: each gets CouchDB's ``{error, reason}``, and nothing of it is
half written."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.stores import in_the_end
from tests.sync.conftest import refused

JSON = {"content-type": "application/json"}
DEEP = b'{"x":' + b"[" * 300 + b"]" * 300 + b"}"
LIMIT_BYTES = 256 * 1024
BODY_LIMIT_BYTES = 8 * 1024 * 1024


def state(db: httpx.Client) -> tuple[str, int]:
    """Return what any write would change."""
    info = db.get("").json()
    # a cluster writes the same place in several ways; its number is the same
    return info["update_seq"].partition("-")[0], info["doc_count"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("", "GET,HEAD"),
        ("_up", "GET,HEAD"),
        ("_all_dbs", "GET,HEAD"),
        ("_session", "GET,HEAD"),
        ("_uuids", "GET,HEAD"),
        ("{db}", "DELETE,GET,HEAD,POST,PUT"),
        ("{db}/doc", "DELETE,GET,HEAD,PUT"),
        ("{db}/_local/x", "DELETE,GET,HEAD,PUT"),
        ("{db}/_changes", "GET,HEAD,POST"),
        ("{db}/_all_docs", "GET,HEAD,POST"),
        ("{db}/_bulk_docs", "POST"),
        ("{db}/_bulk_get", "POST"),
        ("{db}/_revs_diff", "POST"),
        ("{db}/_ensure_full_commit", "POST"),
        ("{db}/_compact", "POST"),
        ("{db}/_view_cleanup", "POST"),
        ("{db}/_security", "GET,HEAD"),
        ("{db}/_revs_limit", "GET,HEAD"),
    ],
)
def test_a_wrong_method_is_told_with_the_right_ones(
    http: httpx.Client, database: str, path: str, allowed: str
) -> None:
    url = "/" + path.replace("{db}", database.strip("/"))
    taken = {*allowed.split(","), "HEAD"}  # a refused HEAD has no body to look at
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "COPY"} - taken:
        reply = http.request(method, url)
        assert allowed in refused(reply, 405, "method_not_allowed")
        assert reply.headers["allow"] == allowed
    assert http.get(database).json()["doc_count"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "_nonsense", "_up/more", "_session/x", "_all_dbs/x", "_replicate", "_utils", "_config/x",
        "{db}/_nonsense", "{db}/_nonsense/more", "{db}/_all_docs/queries", "{db}/_changes/x",
        "{db}/_bulk_docs/x", "{db}/_bulk_get/x", "{db}/_revs_diff/x", "{db}/_security/x",
        "{db}/_design_docs", "{db}/_local_docs", "{db}/_missing_revs", "none", "none/doc",
        "none/_local/x", "none/_bulk_docs", "none/_security",
    ],
)  # fmt: skip
def test_what_is_not_there_is_told(http: httpx.Client, database: str, path: str) -> None:
    url = "/" + path.replace("{db}", database.strip("/"))
    for method, body in (("GET", None), ("POST", {"docs": []})):
        reply = http.request(method, url, json=body)
        if reply.status_code != 405:
            refused(reply, 404, "not_found")
    assert http.head(url).status_code in (404, 405)


@pytest.mark.parametrize("path", ["doc", "_local/x", "_bulk_docs", "_bulk_get", "_revs_diff", ""])
@pytest.mark.parametrize("content", [b"", b'{"a":', b"[1]", b"null", b'"text"', b"12"])
def test_a_body_that_is_no_object_is_told(db: httpx.Client, path: str, content: bytes) -> None:
    before = state(db)
    method = "PUT" if path in ("doc", "_local/x") else "POST"
    refused(db.request(method, path, content=content, headers=JSON), 400, "bad_request")
    assert state(db) == before


@pytest.mark.parametrize("doc_id", [None, 5, 1.5, True, [], {}, ["a"]], ids=str)
def test_an_id_of_another_type_is_one_documents_fault(db: httpx.Client, doc_id: Any) -> None:
    refused(db.post("", json={"_id": doc_id}), 400, "illegal_docid")
    refused(db.put("a", json={"_id": doc_id}), 400, "bad_request")
    documents = [{"_id": doc_id}, {"_id": "good"}]
    rows = db.post("_bulk_docs", json={"docs": documents}).json()
    assert [row.get("error") for row in rows] == ["illegal_docid", None]
    replicated = [{"_id": doc_id, "_rev": "1-a"}, {"_id": "other", "_rev": "1-a"}]
    rows = db.post("_bulk_docs", json={"docs": replicated, "new_edits": False}).json()
    assert [(row["error"], row["name"]) for row in rows] == [("illegal_docid", "forbidden")]
    assert in_the_end(lambda: state(db)[1], lambda count: count == 2) == 2
    row = db.post("_bulk_get", json={"docs": [{"id": doc_id}]}).json()["results"][0]
    assert row["docs"][0]["error"]["error"] == "bad_request"


@pytest.mark.parametrize("rev", [5, True, [], "", "1", "-a", "1-", "0-a", "x-a", "1.5-a", "-1-a"])
def test_a_revision_that_is_none_is_told(db: httpx.Client, rev: Any) -> None:
    refused(db.put("a", json={"_rev": rev}), 400, "bad_request")
    refused(db.post("", json={"_id": "a", "_rev": rev}), 400, "bad_request")
    body = {"docs": [{"_id": "a", "_rev": rev}, {"_id": "good", "_rev": "1-a"}]}
    rows = db.post("_bulk_docs", json={**body, "new_edits": False}).json()
    assert [(row["id"], row["error"]) for row in rows] == [("a", "bad_request")]
    assert in_the_end(lambda: state(db)[1], lambda count: count == 1) == 1


@pytest.mark.parametrize("doc_id", ["%00", "a%00b", "x" * 4097], ids=["NUL", "inner NUL", "long"])
def test_ids_that_cannot_be_kept(db: httpx.Client, doc_id: str) -> None:
    refused(db.put(doc_id, json={}), 400, "bad_request")
    assert db.put("x" * 4096, json={}).status_code == 201


def sized(size: int) -> bytes:
    """Return a document whose JSON has this many bytes."""
    return b'{"x":"%b"}' % (b"y" * (size - len(b'{"x":""}')))


def test_the_document_limit_is_exact(db: httpx.Client) -> None:
    assert db.put("full", content=sized(LIMIT_BYTES)).status_code == 201
    reason = refused(db.put("over", content=sized(LIMIT_BYTES + 1)), 413, "document_too_large")
    assert str(LIMIT_BYTES) in reason
    refused(db.post("", content=sized(LIMIT_BYTES + 1), headers=JSON), 413, "document_too_large")
    assert db.get("_all_docs").json()["total_rows"] == 1


def test_the_body_limit_is_exact(db: httpx.Client) -> None:
    documents = b'{"docs":[{"_id":"a"}],"fill":"%b"}'
    room = BODY_LIMIT_BYTES - len(documents % b"")
    full, over = documents % (b"y" * room), documents % (b"y" * (room + 1))
    refused(db.post("_bulk_docs", content=over, headers=JSON), 413, "too_large")
    assert state(db)[1] == 0
    assert db.post("_bulk_docs", content=full, headers=JSON).status_code == 201
    assert state(db)[1] == 1


def test_a_body_of_unknown_length_is_counted_too(db: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"docs":[{"x":"'
        for _ in range(BODY_LIMIT_BYTES // 65_536):
            yield b"y" * 65_536
        yield b'"}]}'

    for method, path in (("POST", "_bulk_docs"), ("PUT", "doc"), ("PUT", "_local/x")):
        reply = db.request(method, path, content=parts(), headers=JSON)
        refused(reply, 413, "too_large")
    assert state(db)[1] == 0


def test_attachments_are_refused_wherever_they_come(db: httpx.Client) -> None:
    inline = {"photo.jpg": {"content_type": "image/jpeg", "data": "YQ=="}}
    stub = {"photo.jpg": {"stub": True, "revpos": 1, "digest": "md5-a", "length": 1}}
    refused(db.put("a", json={"_attachments": inline}), 403, "forbidden")
    refused(db.post("", json={"_attachments": inline}), 403, "forbidden")
    body: dict[str, Any] = {"docs": [{"_id": "a", "_attachments": inline}, {"_id": "b"}]}
    rows = db.post("_bulk_docs", json=body).json()
    assert [row.get("error") for row in rows] == ["forbidden", None]
    body = {
        "docs": [{"_id": "a", "_rev": "1-a", "_attachments": stub}, {"_id": "c", "_rev": "1-a"}],
        "new_edits": False,
    }
    rows = db.post("_bulk_docs", json=body).json()
    assert [(row["id"], row["error"], row["name"]) for row in rows] == [
        ("a", "forbidden", "forbidden")
    ]
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert db.request(method, "b/photo.jpg").status_code == 501
    refused(db.put("b/photo.jpg", content=b"x"), 501, "not_implemented")
    assert state(db)[1] == 2


def test_one_bad_checkpoint_in_a_batch_is_its_own_fault(db: httpx.Client) -> None:
    documents = [
        {"_id": "_local/"}, {"_id": "_local/big", "x": "y" * LIMIT_BYTES}, {"_id": "a"},
        {"_id": "_local/good", "n": 1},
    ]  # fmt: skip
    rows = db.post("_bulk_docs", json={"docs": documents}).json()
    assert [row.get("error") for row in rows] == ["illegal_docid", "document_too_large", None, None]
    assert db.get("_local/good").json()["n"] == 1
    assert state(db)[1] == 1


def test_a_checkpoint_nested_too_deeply_is_told(db: httpx.Client) -> None:
    refused(db.put("_local/deep", content=DEEP), 400, "bad_request")
    deep = DEEP.replace(b"{", b'{"_id":"_local/deep",', 1)
    body = b'{"docs":[{"_id":"a"},' + deep + b"]}"
    rows = db.post("_bulk_docs", content=body, headers=JSON).json()
    assert [row.get("error") for row in rows] == [None, "bad_request"]
    refused(db.get("_local/deep"), 404, "not_found")


def test_a_checkpoints_slash_may_come_encoded(db: httpx.Client) -> None:
    assert db.put("_local%2Fcp", json={"n": 1}).json()["id"] == "_local/cp"
    assert db.get("_local/cp").json() == db.get("_local%2Fcp").json()
    refused(db.get("_local%2F"), 400, "illegal_docid")
    refused(db.get("_design%2Fx"), 501, "not_implemented")


def test_a_history_of_another_revision_is_told(db: httpx.Client) -> None:
    """PouchDB's LevelDB adapter sends this when two generations have the same hash."""
    document = {"_id": "a", "_rev": "2-a", "_revisions": {"start": 1, "ids": ["a"]}}
    rows = db.post("_bulk_docs", json={"docs": [document], "new_edits": False}).json()
    assert [(row["id"], row["error"]) for row in rows] == [("a", "bad_request")]
    assert rows[0]["reason"] == "_revisions begins at 1-a, but _rev is 2-a"
    refused(db.put("a?new_edits=false", json=document), 400, "bad_request")
    assert state(db)[1] == 0


@pytest.mark.parametrize(
    "query",
    [
        "_changes?since=99999999999999999999", "_changes?since=-1", "_changes?limit=-1",
        "_changes?timeout=x", "_changes?limit=99999999999999999999", "_changes?since=%22x",
        "_all_docs?limit=9223372036854775808", "_all_docs?skip=9223372036854775808",
        "_all_docs?skip=-1", "_all_docs?keys=5", "_all_docs?startkey=x",
        "a?rev=", "a?rev=x", "a?open_revs=", "a?open_revs=%5B5%5D", "a?open_revs=%5B%22x%22%5D",
    ],
)  # fmt: skip
def test_a_parameter_that_makes_no_sense_is_told(db: httpx.Client, query: str) -> None:
    reply = db.get(query)
    assert reply.status_code == 400
    refused(reply, 400, reply.json()["error"])
    assert reply.json()["error"] in ("bad_request", "query_parse_error")


def test_a_request_cut_off_in_the_middle_writes_nothing(http: httpx.Client, database: str) -> None:
    parts = urlsplit(str(http.base_url))
    body = json.dumps({"docs": [{"_id": f"d{number}"} for number in range(100)]}).encode()
    head = (
        f"POST {database}/_bulk_docs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    for sent in (body[: len(body) // 2], body[:-1]):
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
            connection.sendall(head.encode() + sent)
            connection.shutdown(socket.SHUT_WR)
            assert b"201" not in connection.recv(65_536)
    info = http.get(database).json()
    assert info["doc_count"] == 0
