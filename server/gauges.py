"""Gauges counted when Prometheus asks: what waits for a person, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from server.clock import utc_now
from server.metrics import Metrics
from sync.indexes import QUARANTINE_BY_STATUS
from sync.store import DocumentStore, Index

REVIEWS_BY_AGE: Final = Index("by-age", "reviews", ("status", "opened"))
"""Key ``(status, opened)``: which merge has waited longest."""


async def refresh(store: DocumentStore, metrics: Metrics) -> None:
    """Bring the gauges up to date; costs a few index queries."""
    metrics.open_reviews.set(await _open(store, REVIEWS_BY_AGE))
    metrics.quarantine_open.set(await _open(store, QUARANTINE_BY_STATUS))
    metrics.oldest_review.set(await _oldest_age(store))


async def _open(store: DocumentStore, index: Index) -> int:
    groups = await store.roll_up(index, prefix=("open",))
    return groups[0].count if groups else 0


async def _oldest_age(store: DocumentStore) -> float:
    """Return how many seconds the oldest open review has waited; 0 when none waits."""
    rows = await store.query(REVIEWS_BY_AGE, prefix=("open",), limit=1)
    if not rows or not isinstance(rows[0].key[1], str):
        return 0.0
    opened = datetime.fromisoformat(rows[0].key[1])
    return max(0.0, (utc_now() - opened).total_seconds())
