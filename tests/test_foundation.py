"""What a fresh clone stands on: lock files that name no host, the commands, and what CI calls."""

from __future__ import annotations

import re
import stat
import tomllib

import orjson

from tests.conftest import ROOT

COMMANDS = {"setup", "demo", "test", "lint", "bench", "simulate", "gallery"}
"""Commands of ``make`` that others call; they do not change."""


def test_the_python_lock_has_hashes_and_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    pinned = re.findall(r"^([a-z0-9._-]+)==\S+(?: ;.*)? \\\n    --hash=sha256:", text, re.MULTILINE)
    named = re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)
    assert len(pinned) == len(named) > 50
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.split(r"[^a-z0-9_-]", one)[0] for one in wanted} <= set(pinned)


def test_the_node_lock_has_hashes_and_names_no_host() -> None:
    lock = orjson.loads((ROOT / "package-lock.json").read_bytes())
    packages = {name: one for name, one in lock["packages"].items() if name and "link" not in one}
    assert len(packages) > 100
    assert [name for name, one in packages.items() if "resolved" in one] == []
    # What only other systems install was locked where it could not be fetched.
    unhashed = [one for one in packages.values() if "integrity" not in one]
    assert all(one.get("optional") and "os" in one for one in unhashed)
    assert "://" not in (ROOT / ".npmrc").read_text("utf-8")


def test_make_has_the_commands() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    there = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert there >= COMMANDS
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(phony.split()) >= there


def test_ci_lints_and_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    lines = script.read_text("utf-8").splitlines()
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make lint", "make test"]
