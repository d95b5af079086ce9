"""Random edits, deletions and pushes of one document: our store beside PouchDB and CouchDB.

The other engine goes first and names the revisions; ours makes the same edits under those names, so
that winners can be compared even where only a hash decides.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
import orjson
import pytest

from sync import revtree
from sync.revtree import RevTree, parse_rev
from sync.sqlite import SqliteStore, documents
from sync.store import DocumentStore, Write

SCRIPTS = 300
FEW_REVS = 4
"""As the limit that half of the scripts stem to."""
MERGE = RevTree.merge
Step = dict[str, Any]


@dataclass(frozen=True)
class EditScript:
    """Steps on one document, and how many revisions of a line are kept."""

    limit: int
    steps: list[Step]


def draw(random: Random) -> EditScript:
    """Return edits on earlier steps' revisions, stale ones too, and pushes of longer histories."""
    steps: list[Step] = []
    for number in range(random.randint(2, 14)):
        on = random.choice([None, *range(number)]) if random.random() < 0.4 else number - 1
        on = None if on is not None and on < 0 else on
        deleted = random.random() < 0.25
        if random.random() < 0.55:
            steps.append({"edit": True, "on": on, "deleted": deleted})
        else:
            # 32 hexadecimal digits, as real ones are: CouchDB orders others in a way of its own.
            *above, rev = (f"{random.getrandbits(128):032x}" for _ in range(random.randint(1, 4)))
            steps.append({"push": rev, "on": on, "above": above, "deleted": deleted})
    return EditScript(random.choice((FEW_REVS, 1000)), steps)


def scripts(seed: int) -> list[EditScript]:
    random = Random(seed)
    return [draw(random) for _ in range(SCRIPTS)]


@pytest.fixture
async def ours() -> AsyncIterator[SqliteStore]:
    store = SqliteStore.open(":memory:")
    await store.create_database("grid-test")
    yield store
    await store.close()


async def replay(
    store: DocumentStore,
    doc_id: str,
    script: EditScript,
    answer: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Make the same edits; raise unless each came to the same and all ended in the same tree."""
    names = {number: step.get("rev") for number, step in enumerate(answer["steps"])}

    def named(parent: str | None, deleted: bool, body: bytes) -> str:
        return names[orjson.loads(body)["n"]] or "1-refused"

    monkeypatch.setattr(documents, "make_rev", named)

    def limited(tree: RevTree, *arguments: Any, **named_arguments: Any) -> Any:
        return MERGE(tree, *arguments, **{**named_arguments, "limit": script.limit})

    monkeypatch.setattr(revtree.RevTree, "merge", limited)
    for number, (step, done) in enumerate(zip(script.steps, answer["steps"], strict=True)):
        if done.get("error") == "skipped":
            continue
        body = b'{"n":%d}' % number
        if "push" in step:
            write = Write(doc_id, body, done["rev"], tuple(done["ancestors"]), step["deleted"])
            (result,) = await store.write("grid-test", [write], new_edits=False)
        else:
            on = () if step["on"] is None else (answer["steps"][step["on"]]["rev"],)
            write = Write(doc_id, body, ancestors=on, deleted=step["deleted"])
            (result,) = await store.write("grid-test", [write])
        expected = (done.get("rev"), done.get("error"))
        assert (result.rev, result.error) == expected, (number, script, answer)
    found = await store.revisions("grid-test", doc_id, "all")
    ours = {
        "winner": found[0].rev,
        "leaves": sorted([one.rev, one.deleted] for one in found),
        "histories": sorted([one.rev, *one.ancestors][: script.limit] for one in found),
    }
    # What another leaf keeps below the limit, CouchDB keeps too, but does not tell.
    told = sorted(line[: script.limit] for line in answer["histories"])
    assert ours == {**{name: answer[name] for name in ours}, "histories": told}, script


def _outcomes(answers: Sequence[dict[str, Any]]) -> set[str]:
    return {step.get("error", "done") for answer in answers for step in answer["steps"]}


@pytest.mark.node
async def test_edits_come_to_the_same_as_in_pouchdb(
    ours: SqliteStore, run_node: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = scripts(20261125)
    given = [{"limit": one.limit, "steps": one.steps} for one in drawn]
    answers = run_node("edit_scripts.mjs", given=given)
    assert _outcomes(answers) == {"done", "conflict", "skipped"}
    for number, (script, answer) in enumerate(zip(drawn, answers, strict=True)):
        await replay(ours, f"doc{number}", script, answer, monkeypatch)
    assert sum(len(answer["leaves"]) > 1 for answer in answers) > SCRIPTS // 3


class Couch:
    """One document after the other in a real CouchDB."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def play(self, script: EditScript, number: int) -> dict[str, Any]:
        database = f"/wangge-edit-scripts-{number}"
        self._http.delete(database)
        assert self._http.put(database).status_code in (201, 202)
        self._http.put(f"{database}/_revs_limit", content=str(script.limit))
        done: list[dict[str, Any]] = []
        for index, step in enumerate(script.steps):
            on = None if step["on"] is None else done[step["on"]]
            if on is not None and "error" in on:
                done.append({"error": "skipped"})
            elif "push" in step:
                done.append(self._push(database, on, step, index))
            else:
                done.append(self._edit(database, on, step, index))
        answer = _without_copies({"steps": done, **self._tree(database)})
        self._http.delete(database)
        return answer

    def _edit(
        self, database: str, on: dict[str, Any] | None, step: Step, number: int
    ) -> dict[str, Any]:
        document = {"_id": "doc", "n": number, "_deleted": step["deleted"]}
        if on is not None:
            document["_rev"] = on["rev"]
        (row,) = self._http.post(f"{database}/_bulk_docs", json={"docs": [document]}).json()
        if "error" in row:
            return {"error": row["error"]}
        above = [] if on is None else [on["rev"], *on["ancestors"]]
        if parse_rev(row["rev"])[0] != len(above) + 1:
            found = self._http.get(f"{database}/doc", params={"rev": row["rev"], "revs": "true"})
            above = _line(found.json())[1:]
        return {"rev": row["rev"], "ancestors": above}

    def _push(
        self, database: str, on: dict[str, Any] | None, step: Step, number: int
    ) -> dict[str, Any]:
        line = [] if on is None else [on["rev"], *on["ancestors"]]
        for name in (*step["above"], step["push"]):
            line = [f"{parse_rev(line[0])[0] + 1 if line else 1}-{name}", *line]
        ids = [parse_rev(rev)[1] for rev in line]
        document = {
            "_id": "doc",
            "n": number,
            "_rev": line[0],
            "_deleted": step["deleted"],
            "_revisions": {"start": parse_rev(line[0])[0], "ids": ids},
        }
        body = {"docs": [document], "new_edits": False}
        assert self._http.post(f"{database}/_bulk_docs", json=body).json() == []
        return {"rev": line[0], "ancestors": line[1:]}

    def _tree(self, database: str) -> dict[str, Any]:
        (change,) = self._http.get(f"{database}/_changes").json()["results"]
        found = self._http.get(
            f"{database}/doc",
            params={"open_revs": "all", "revs": "true"},
            headers={"accept": "application/json"},
        ).json()
        leaves = [row["ok"] for row in found]
        return {
            "winner": change["changes"][0]["rev"],
            "leaves": sorted([one["_rev"], one.get("_deleted", False)] for one in leaves),
            "histories": sorted(map(_line, leaves)),
        }


def _without_copies(answer: dict[str, Any]) -> dict[str, Any]:
    """Leave out leaves that others grew from.

    Where stemming has torn a tree apart, CouchDB hangs a pushed line under the first piece it fits
    and keeps the other piece's leaf, which is an ancestor now, as a leaf too: a conflict that
    nobody made. Ours knows a revision by its name and has it once.
    """
    grown = {rev for step in answer["steps"] for rev in step.get("ancestors", ())}
    leaves = [leaf for leaf in answer["leaves"] if leaf[0] not in grown]
    if leaves == answer["leaves"]:
        return answer
    winner = max(leaves, key=lambda leaf: (not leaf[1], parse_rev(leaf[0])))
    histories = [line for line in answer["histories"] if line[0] not in grown]
    return {**answer, "leaves": leaves, "winner": winner[0], "histories": histories, "copies": True}


def _line(document: dict[str, Any]) -> list[str]:
    revisions = document["_revisions"]
    return [f"{revisions['start'] - index}-{one}" for index, one in enumerate(revisions["ids"])]


async def test_edits_come_to_the_same_as_in_couchdb(
    ours: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = os.environ.get("WANGGE_TEST_STORE", "")
    if not url.startswith("couchdb"):
        pytest.skip("WANGGE_TEST_STORE=couchdb://user:password@host:5984 names no CouchDB")
    with httpx.Client(base_url=re.sub("^couchdb", "http", url), timeout=30) as http:
        couch = Couch(http)
        drawn = scripts(20261126)
        answers = [couch.play(script, number) for number, script in enumerate(drawn)]
    assert _outcomes(answers) == {"done", "conflict", "skipped"}
    copies = [one for one, answer in zip(drawn, answers, strict=True) if "copies" in answer]
    assert all(script.limit == FEW_REVS for script in copies)
    assert len(copies) < SCRIPTS // 30
    for number, (script, answer) in enumerate(zip(drawn, answers, strict=True)):
        await replay(ours, f"doc{number}", script, answer, monkeypatch)
    assert sum(len(answer["leaves"]) > 1 for answer in answers) > SCRIPTS // 3
