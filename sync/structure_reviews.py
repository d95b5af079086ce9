"""Reviews that changes of the tree of grids open: operations that did not hold, records that
nobody said a grid for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from conflicts.reasons import OPERATION, UNPLACED
from conflicts.rules import STRUCTURE, severity_of
from conflicts.structure import APPLIED, IGNORED, Structure
from grid.operations import GridOperation
from sync.moving import unplaced_id
from sync.paths import grid_path
from sync.registry import Registry
from sync.resolving import REVIEWS
from sync.routing import Routed
from sync.store import DocumentStore, Write
from sync.timing import now_text

_OPEN: Final = "open"
_SETTLED: Final = "settled"


async def keep_unplaced(
    store: DocumentStore, registry: Registry, database: str, routed: Routed
) -> None:
    """Ask a person, once, where the records belong that no rule places; ask no longer about those
    that were deleted, and again when one is back."""
    path = await grid_path(registry, database)
    wanted = {
        unplaced_id(record.doc_id): _review(record.doc_id, record.rev, UNPLACED, path)
        for record in routed.unplaced
    }
    await _add(store, wanted, again=True)
    await _settle(store, [unplaced_id(doc_id) for doc_id in routed.deleted])


async def keep_operation_reviews(
    store: DocumentStore, registry: Registry, structure: Structure
) -> None:
    """Ask a person to look at operations that did not hold, or not as ordered; settle the
    questions about those that came to hold after all."""
    wanted: dict[str, dict[str, Any]] = {}
    for operation in await registry.operations():
        effect = structure.effects.get(operation.id)
        if effect is None:
            continue  # ordered since the structure was read; it comes with the next one
        if effect.finding is not None and effect.status in (APPLIED, IGNORED):
            wanted[operation_review_id(operation.id)] = _of_operation(
                operation, effect.finding, structure
            )
    await _add(store, wanted)
    await _settle_others(store, structure, wanted)


def operation_review_id(operation: str) -> str:
    """Return the id of the review of an operation."""
    return f"decision:{operation}:effect"


def _of_operation(operation: GridOperation, finding: str, structure: Structure) -> dict[str, Any]:
    hierarchy = structure.hierarchy
    code = next((code for code in operation.grids if code in hierarchy), None)
    path = hierarchy.path(code) if code else tuple(node.code for node in hierarchy.roots()[:1])
    return {
        **_review(operation.id, operation.id, OPERATION, path),
        "finding": finding,
        "operation": operation.as_document(),
    }


def _review(doc_id: str, rev: str, reason: str, path: Sequence[str]) -> dict[str, Any]:
    return {
        "kind": STRUCTURE,
        "severity": severity_of((reason,)),
        "doc_id": doc_id,
        "type": doc_id.partition(":")[0],
        "grid": path[-1],
        "rev": rev,
        "base_rev": None,
        "base": None,
        "leaves": [rev],
        "fields": [],
        "reviews": [reason],
        "policy_version": 0,
        "supersedes": [],
        "path": list(path),
        "status": _OPEN,
        "opened": now_text(),
    }


async def _add(
    store: DocumentStore, reviews: Mapping[str, dict[str, Any]], *, again: bool = False
) -> None:
    """Open reviews that are not there yet; ``again``: also those that ended by themselves."""
    ids = list(reviews)
    known = await store.get_many(REVIEWS, ids) if ids else []
    writes = [
        Write(doc_id, orjson.dumps(reviews[doc_id]), ancestors=(found.rev,) if found else ())
        for doc_id, found in zip(ids, known, strict=True)
        if found is None or (again and orjson.loads(found.body).get("status") == _SETTLED)
    ]
    if writes:
        await store.write(REVIEWS, writes)


async def _settle_others(
    store: DocumentStore, structure: Structure, wanted: Mapping[str, object]
) -> None:
    others = [
        review
        for operation in structure.effects
        if (review := operation_review_id(operation)) not in wanted
    ]
    await _settle(store, others)


async def _settle(store: DocumentStore, review_ids: Sequence[str]) -> None:
    """Settle those of these reviews that still wait for a person."""
    writes = []
    for found in await store.get_many(REVIEWS, review_ids) if review_ids else []:
        if found is None or found.deleted:
            continue
        body = orjson.loads(found.body)
        if body["status"] == _OPEN:
            body["status"] = _SETTLED
            writes.append(Write(found.doc_id, orjson.dumps(body), ancestors=(found.rev,)))
    if writes:
        await store.write(REVIEWS, writes)
