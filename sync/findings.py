"""Findings: what a rule across documents found becomes a review, and ends when it is no longer so.

A review's id comes from its subject, its status from the documents; so whoever looks again finds
the same, and what a person settles by an ordinary edit settles the review.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from conflicts.rules import RULES, Finding, severity_of
from sync.redirects import CANONICAL
from sync.resolving import REVIEWS
from sync.store import DocumentStore, Write
from sync.timing import now_text

OPEN: Final = "open"
SETTLED: Final = "settled"
ACCEPTED: Final = "accepted"
APART: Final = "apart"
UNDONE: Final = "undone"
SUPERSEDED: Final = "superseded"
LEAVE: Final = "leave"
"""The step by which a person leaves things as they are."""
_ATTEMPTS: Final = 5

Document = Mapping[str, Any]


async def file(
    store: DocumentStore, finding: Finding, status: str, facts: Mapping[str, Any]
) -> bool:
    """Keep a finding as a review with this status; return whether it now waits for a person.

    ``facts`` are members of its own. What is there already is changed only where it must be.
    """
    for _ in range(_ATTEMPTS):
        found = await store.get(REVIEWS, finding.id)
        before = None if found is None or found.deleted else orjson.loads(found.body)
        body = _body(finding, status, facts, before)
        if body == before:
            return False
        parent = () if found is None or before is None else (found.rev,)
        write = Write(finding.id, orjson.dumps(body), ancestors=parent)
        (result,) = await store.write(REVIEWS, [write])
        if result.error is None:
            return status == OPEN and (before is None or before["status"] != OPEN)
    return False


def _body(
    finding: Finding, status: str, facts: Mapping[str, Any], before: Document | None
) -> dict[str, Any]:
    rule = RULES[finding.rule]
    fixed = {
        "kind": rule.kind,
        "reviews": [finding.rule],
        "severity": severity_of((finding.rule,)),
        "doc_id": finding.about[0],
        "type": finding.about[0].partition(":")[0],
        "subjects": list(finding.subjects),
        "fields": [],
        "leaves": [],
        "status": status,
        **facts,
    }
    if before is None:
        return {**fixed, "opened": now_text()}
    same = before["reviews"] == [finding.rule] and before["subjects"] == list(finding.subjects)
    if same and (before["status"] == status or _left_so(before)):
        # What was seen when it was opened stays, so that a later change can be told.
        return dict(before)
    reopened = status == OPEN and before["status"] != OPEN
    kept = {"opened": now_text()} if reopened else {}
    return {**before, **fixed, **kept}


def _left_so(review: Document) -> bool:
    """Tell whether a person has decided to leave things as they are."""
    last = (review.get("steps") or [{}])[-1]
    return bool(review["status"] == ACCEPTED and last.get("action") == LEAVE)


async def end(store: DocumentStore, review_id: str) -> None:
    """Let a review that waits (or was left as it is) wait no longer: it is no longer so."""
    for _ in range(_ATTEMPTS):
        found = await store.get(REVIEWS, review_id)
        if found is None or found.deleted:
            return
        body = orjson.loads(found.body)
        if body["status"] != OPEN and not _left_so(body):
            return
        body |= {"status": SUPERSEDED, "ended": now_text()}
        write = Write(review_id, orjson.dumps(body), ancestors=(found.rev,))
        (result,) = await store.write(REVIEWS, [write])
        if result.error is None:
            return


async def step(
    store: DocumentStore, review_id: str, status: str, action: str, by: str, note: str
) -> None:
    """Note in a review what a person did."""
    for _ in range(_ATTEMPTS):
        found = await store.get(REVIEWS, review_id)
        if found is None or found.deleted:
            return
        body = orjson.loads(found.body)
        done = {"action": action, "status": status, "by": by, "at": now_text(), "note": note}
        body |= {"status": status, "by": by, "at": done["at"], "note": note}
        steps = list(body.get("steps", ()))
        if steps and steps[-1]["action"] == action and steps[-1]["by"] in ("", by):
            before = steps.pop()  # whoever came first has noted it
            done["note"] = note or before["note"]
        body["steps"] = [*steps, done]
        write = Write(review_id, orjson.dumps(body), ancestors=(found.rev,))
        (result,) = await store.write(REVIEWS, [write])
        if result.error is None:
            return


def common_path(paths: Sequence[Sequence[str]]) -> list[str]:
    """Return the grids that all these paths share, from the district down: whoever is in charge
    of the last of them is in charge of all the records."""
    shared: list[str] = []
    for codes in zip(*paths, strict=False):
        if len(set(codes)) > 1:
            break
        shared.append(codes[0])
    return shared


def place_facts(records: Sequence[Document]) -> dict[str, Any]:
    """Return what a review says of where its records are, and of their revisions when found."""
    path = common_path([record["path"] for record in records])
    return {
        "path": path,
        "grid": path[-1] if path else "",
        "grids": {record["_id"]: record["path"][-1] for record in records},
        "revs": {record["_id"]: record["source_rev"] for record in records},
    }


async def canonical_records(store: DocumentStore, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return those of these records that are live, as ``canonical`` has them, by id."""
    found = await store.get_many(CANONICAL, list(ids))
    return {one.doc_id: one.document() for one in found if one is not None and not one.deleted}
