"""The supervisors' pages: overview, records, reviews and quarantine, each within one's scope."""

from __future__ import annotations

from starlette.routing import BaseRoute

from server.console import (
    across,
    export,
    history,
    overview,
    quarantine,
    record,
    records,
    relocate,
    review,
    reviews,
    structure,
    tree,
)

__all__ = ["routes"]


def routes() -> list[BaseRoute]:
    """Return all routes of the console, to be mounted at ``/console``."""
    return [
        *overview.routes(),
        *tree.routes(),
        *reviews.routes(),
        *across.routes(),
        *review.routes(),
        *quarantine.routes(),
        *relocate.routes(),
        *history.routes(),
        *record.routes(),
        *structure.routes(),
        *export.routes(),
        *records.routes(),
    ]
