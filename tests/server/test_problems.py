"""Problem documents and their catalogue."""

from __future__ import annotations

import re

import orjson
import pytest
from starlette.exceptions import HTTPException

from server import i18n
from server.problems import KINDS, Problem, from_http_exception
from tests.conftest import ROOT


def test_every_code_is_documented_with_its_status() -> None:
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", text, re.MULTILINE))

    assert documented == {code: str(kind.status) for code, kind in KINDS.items()}


def test_a_problem_document_keeps_its_members() -> None:
    response = Problem("too-large", "body", limit=5).response("r-1")

    assert response.media_type == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert orjson.loads(bytes(response.body)) == {
        "type": "urn:wangge:problem:too-large",
        "title": "请求内容过大",
        "status": 413,
        "code": "too-large",
        "detail": "body",
        "request_id": "r-1",
        "limit": 5,
    }


def test_the_title_is_in_the_language_of_the_request() -> None:
    i18n.use_language("en")
    try:
        assert Problem("not-found").document()["title"] == "Not found"
    finally:
        i18n.use_language("zh")


def test_401_says_how_to_authenticate() -> None:
    assert "Bearer" in Problem("session-expired").response().headers["www-authenticate"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 413, 415])
def test_starlettes_errors_keep_their_status(status: int) -> None:
    assert from_http_exception(HTTPException(status)).kind.status == status
