"""Gauges counted when Prometheus asks: what waits for a person, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from server.clock import utc_now
from server.metrics import Metrics
from sync.indexes import QUARANTINE_BY_STATUS
from sync.store import DocumentStore, Index, Key

REVIEWS_BY_AGE: Final = Index("by-age", "reviews", ("status", "opened"))
"""Key ``(status, opened)``: which review has waited longest."""

REVIEWS_BY_KIND_AND_AGE: Final = Index(
    "by-kind-and-age", "reviews", ("status", "kind", "severity", "opened")
)
"""Key ``(status, kind, severity, opened)``: how many of each kind wait, and since when."""

QUARANTINE_BY_AGE: Final = Index("by-age", "quarantine", ("status", "at"))
"""Key ``(status, at)``: which refused edit has waited longest."""

INDEXES: Final = (REVIEWS_BY_AGE, REVIEWS_BY_KIND_AND_AGE, QUARANTINE_BY_AGE)
_OPEN: Final = "open"
_SEVERITY: Final = {1: "low", 2: "normal", 3: "high"}


async def refresh(store: DocumentStore, metrics: Metrics) -> None:
    """Bring the gauges up to date; costs a few index queries."""
    metrics.open_reviews.set(await _open(store, REVIEWS_BY_AGE))
    metrics.quarantine_open.set(await _open(store, QUARANTINE_BY_STATUS))
    metrics.oldest_review.set(await _oldest_age(store, REVIEWS_BY_AGE, (_OPEN,)))
    metrics.oldest_refused.set(await _oldest_age(store, QUARANTINE_BY_AGE, (_OPEN,)))
    metrics.reviews_by_kind.clear()
    metrics.oldest_by_kind.clear()
    for group in await store.roll_up(REVIEWS_BY_KIND_AND_AGE, prefix=(_OPEN,), level=3):
        _status, kind, severity = group.key
        labels = (str(kind or "merge"), _SEVERITY.get(severity, "normal"))
        metrics.reviews_by_kind.labels(*labels).set(group.count)
        age = await _oldest_age(store, REVIEWS_BY_KIND_AND_AGE, group.key)
        metrics.oldest_by_kind.labels(*labels).set(age)


async def _open(store: DocumentStore, index: Index) -> int:
    groups = await store.roll_up(index, prefix=(_OPEN,))
    return groups[0].count if groups else 0


async def _oldest_age(store: DocumentStore, index: Index, prefix: Key) -> float:
    """Return how many seconds the oldest under a prefix has waited; 0 when none waits."""
    rows = await store.query(index, prefix=prefix, limit=1)
    if not rows or not isinstance(rows[0].key[-1], str):
        return 0.0
    opened = datetime.fromisoformat(rows[0].key[-1])
    return max(0.0, (utc_now() - opened).total_seconds())
