"""Drives ``steady_phone.mjs``: a stock PouchDB that lives as long as the test."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

SCRIPT = Path(__file__).with_name("steady_phone.mjs")
DEVICE = "0123abcd"


class SteadyPhone:
    """A phone in a Node.js process of its own, for one account in one grid."""

    def __init__(self, process: subprocess.Popen[str], user: str, grid: str) -> None:
        self._process = process
        self._user, self._grid = user, grid

    def do(self, step: str, **given: Any) -> Any:
        """Do one step; return what it gave."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"step": step, **given}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the phone's process has ended"
        return json.loads(line)

    def put(self, doc_id: str, at: str, **fields: Any) -> str:
        """Write a record, or change the one that is there; return the revision."""
        trace = {"at": f"{at}-0000-{DEVICE}", "by": self._user, "device": DEVICE}
        known = {doc["_id"] for doc in self.documents()}
        fresh = {"type": doc_id.partition(":")[0], "schema": 1, "grid": self._grid}
        doc = {**fields, "updated": trace}
        if doc_id not in known:
            doc = {**fresh, "created": trace, "stamps": {}, **doc}
        rev: str = self.do("put", doc={"_id": doc_id, **doc})
        return rev

    def sync(self) -> Any:
        """Replicate up and down; return what PouchDB told."""
        return self.do("sync")

    def documents(self) -> list[dict[str, Any]]:
        """Return all live documents with the revisions in conflict, in order of their ids."""
        found: list[dict[str, Any]] = self.do("documents")
        return found


@contextmanager
def steady_phone(url: str, token: str, user: str, grid: str, name: str) -> Iterator[SteadyPhone]:
    """Start a phone, and end it."""
    command = ["node", str(SCRIPT)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        phone = SteadyPhone(process, user, grid)
        phone.do("open", url=url, token=token, grid=grid, name=name)
        try:
            yield phone
        finally:
            assert process.stdin is not None
            process.stdin.close()
