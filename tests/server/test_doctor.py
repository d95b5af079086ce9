"""``wangge doctor`` finds what is wrong and says how to mend it."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from server.commands import doctor, doctor_couchdb
from server.commands.finding import Finding, Grade
from server.settings import Settings
from sync.couch import parse_address
from tests.server.test_commands import Wangge

Answers = dict[str, object]


@pytest.fixture
def wangge(tmp_path: Path) -> Wangge:
    return Wangge(tmp_path / "data")


def test_a_sound_installation_is_told_so(wangge: Wangge) -> None:
    assert wangge("init")[0] == 0

    status, output = wangge("doctor")

    assert status == 0
    assert "BAD" not in output
    for word in ("sound", "import-grids", "built", "secret.key"):
        assert word in output


def test_what_is_missing_is_named(wangge: Wangge) -> None:
    status, output = wangge("doctor")

    assert status == 1
    assert "wangge init" in output


def test_a_damaged_file_and_an_open_key_are_bad(wangge: Wangge) -> None:
    wangge("init")
    (wangge.data / "secret.key").chmod(0o644)
    assert "chmod 600" in wangge("doctor")[1]
    (wangge.data / "wangge.db").write_bytes(b"not a store")

    status, output = wangge("doctor")

    assert status == 1
    assert "cannot be read as a store" in output.replace("\n", " ")


def test_an_unprotected_address_is_bad(wangge: Wangge) -> None:
    wangge("init")
    status, output = wangge("doctor", WANGGE_HOST="0.0.0.0")
    assert status == 1
    assert "TLS" in output
    https = {"WANGGE_PUBLIC_URL": "https://wangge.example.cn", "WANGGE_HOST": "0.0.0.0"}
    assert wangge("doctor", **https)[0] == 0


def test_a_couchdb_that_does_not_answer_is_named(wangge: Wangge) -> None:
    url = "couchdb://name:password@127.0.0.1:9/"
    status, output = wangge("doctor", WANGGE_STORE=url)
    assert status == 1
    assert "127.0.0.1:9" in output
    assert "password" not in output


def grades(findings: list[Finding]) -> dict[str, Grade]:
    return {finding.what: finding.grade for finding in findings}


def sound() -> Answers:
    return {
        "membership": {"all_nodes": ["a", "b"], "cluster_nodes": ["a", "b"]},
        "config": {"couchdb": {"max_dbs_open": "5000"}, "cluster": {"n": "2"}},
        "system": {"_users": {}, "_replicator": {}, "_global_changes": {}},
        "session": {"userCtx": {"name": "a", "roles": ["wangge"]}},
        "security": {"grid-1": {"members": {"names": ["a"], "roles": []}}},
        "names": ["grid-1"],
        "address": parse_address("couchdb://a:b@h"),
    }


def without_node(answers: Answers) -> None:
    answers["membership"] = {"all_nodes": ["a"], "cluster_nodes": ["a", "b"]}


def without_updates(answers: Answers) -> None:
    answers["system"] = {"_users": {}, "_replicator": {}, "_global_changes": None}


def with_few_open(answers: Answers) -> None:
    answers["config"] = {"couchdb": {"max_dbs_open": "500"}}


def as_administrator(answers: Answers) -> None:
    answers["session"] = {"userCtx": {"name": "a", "roles": ["_admin"]}}


def with_an_open_database(answers: Answers) -> None:
    answers["security"] = {"grid-1": {}, "audit": {"members": {"names": [], "roles": ["wangge"]}}}


def with_small_documents(answers: Answers) -> None:
    answers["config"] = {"couchdb": {"max_dbs_open": "5000", "max_document_size": "1000"}}


def without_rights(answers: Answers) -> None:
    answers["config"] = None


@pytest.mark.parametrize(
    ("change", "what", "grade"),
    [
        (without_node, "cluster", Grade.WARNING),
        (without_updates, "system databases", Grade.WARNING),
        (with_few_open, "max_dbs_open", Grade.WARNING),
        (with_small_documents, "max_document_size", Grade.BAD),
        (without_rights, "settings", Grade.WARNING),
        (as_administrator, "account", Grade.WARNING),
        (with_an_open_database, "security objects", Grade.BAD),
    ],
)
def test_what_matters_in_a_couchdb(
    change: Callable[[Answers], None], what: str, grade: Grade
) -> None:
    good = list(doctor_couchdb.read(sound()))
    assert set(grades(good).values()) == {Grade.GOOD}
    answers = sound()
    change(answers)

    found = list(doctor_couchdb.read(answers))

    assert grades(found)[what] is grade
    assert all(finding.mend for finding in found if finding.grade is not Grade.GOOD)


def test_few_open_files_are_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (256, 1024))
    found = {one.what: one for one in doctor.of_process(Settings.load({}, data=tmp_path))}
    assert found["open files"].grade is Grade.WARNING
    assert "ulimit" in (found["open files"].mend or "")
