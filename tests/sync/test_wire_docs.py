"""``docs/wire.md`` tells of every route, parameter, error and limit that the wire's code has."""

from __future__ import annotations

import re

from sync.document_ids import MAX_ID_LENGTH
from sync.wire.app import _NOT_OFFERED, _OF_SERVER, _UPKEEP
from sync.wire.documents_json import _MAX_HISTORY, MAX_DOCUMENT_BYTES
from sync.wire.errors import STATUS_OF_ERROR
from sync.wire.http import _COMPRESS_FROM_BYTES, _HELD_BYTES, MAX_BODY_BYTES
from sync.wire.selector import _OPERATORS
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "wire.md").read_text("utf-8")
CODE = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "sync" / "wire").glob("*.py")))


def test_every_error_stands_in_the_table_with_its_status() -> None:
    found = {
        (int(status), word) for status, word in re.findall(r'WireError\(\s*(\d+),\s*"(\w+)"', CODE)
    }
    found |= {(status, word) for word, status in STATUS_OF_ERROR.items()}
    assert len(found) > 15
    table = {
        (int(status), word)
        for status, words in re.findall(r"^\| (\d{3}) \| (.+?) \|", PAGE, re.MULTILINE)
        for word in re.findall(r"`(\w+)`", words)
    }
    assert found == table


def test_every_route_is_told() -> None:
    special = set(re.findall(r'what == "(_\w+)"', CODE)) | _OF_SERVER | set(_UPKEEP)
    assert {"_bulk_docs", "_changes", "_local"} <= special
    assert {name for name in special | set(_NOT_OFFERED) - {"_design"} if name not in PAGE} == set()


def test_every_parameter_is_told() -> None:
    calls = r'(?:parameters\.get|flag|whole_number|json_parameter|_count|_value)\(\s*"(\w+)"'
    asked = set(re.findall(calls, CODE)) | {"open_revs", "startkey", "start_key", "endkey", "key"}
    assert {"since", "include_docs", "skip", "revs", "latest", "heartbeat"} <= asked
    assert {name for name in asked if f"`{name}" not in PAGE and f"?{name}=" not in PAGE} == {
        "view"
    }


def test_limits_and_selector_operators_are_those_of_the_code() -> None:
    for words in (
        f"{MAX_BODY_BYTES // 1024**2} MiB",
        f"{MAX_DOCUMENT_BYTES // 1024} KiB",
        f"{MAX_ID_LENGTH:,} characters",
        f"{_MAX_HISTORY:,} ids",
        f"{_COMPRESS_FROM_BYTES:,} bytes",
        f"{_HELD_BYTES // 1024**2} MiB",
        *_OPERATORS,
    ):
        assert words in PAGE
