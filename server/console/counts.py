"""Counts that roll up the levels, read from the store's kept counts: no document is touched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from grid.lifecycle import OPEN_STATES
from server.console.display import CHINA
from sync.indexes import (
    EVENTS_BY_STATUS,
    PATROLS_BY_WEEK,
    QUARANTINE_BY_STATUS,
    RECORDS_BY_TYPE,
    REVIEWS_BY_STATUS,
    VISITS_BY_WEEK,
)
from sync.store import DocumentStore, Index, Key

Query = tuple[Index, Key]
"""An index and the members of its key that stand before the path of grids."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of one grid and all below it."""

    households: int = 0
    residents: int = 0
    open_events: int = 0
    patrols: int = 0
    visits: int = 0
    reviews: int = 0
    refused: int = 0


def week_of(moment: datetime) -> str:
    """Return the ISO week of a moment in China, as the projection writes it: ``2026-W48``."""
    year, week, _day = moment.astimezone(CHINA).isocalendar()
    return f"{year}-W{week:02d}"


def queries(now: datetime) -> Mapping[str, Sequence[Query]]:
    """Return where each figure of ``Counts`` is counted; several places are added up."""
    week = (week_of(now),)
    return {
        "households": [(RECORDS_BY_TYPE, ("household",))],
        "residents": [(RECORDS_BY_TYPE, ("resident",))],
        "open_events": [(EVENTS_BY_STATUS, (state,)) for state in sorted(OPEN_STATES)],
        "patrols": [(PATROLS_BY_WEEK, week)],
        "visits": [(VISITS_BY_WEEK, week)],
        "reviews": [(REVIEWS_BY_STATUS, ("open",))],
        "refused": [(QUARANTINE_BY_STATUS, ("open",))],
    }


TREE_FIGURES: Final = ("households", "reviews", "refused")


async def counts_of(store: DocumentStore, path: Sequence[str], now: datetime) -> Counts:
    """Return the figures of the grid at ``path``."""
    found = await _counted(store, path, queries(now), deeper=0)
    return found.get(path[-1], Counts())


async def counts_of_children(
    store: DocumentStore,
    path: Sequence[str],
    now: datetime,
    figures: Iterable[str] | None = None,
) -> dict[str, Counts]:
    """Return the figures of each grid right below ``path`` that has any, by code.

    ``figures`` limits what is counted; the rest stays 0.
    """
    wanted = queries(now)
    if figures is not None:
        wanted = {figure: wanted[figure] for figure in figures}
    return await _counted(store, path, wanted, deeper=1)


async def _counted(
    store: DocumentStore,
    path: Sequence[str],
    wanted: Mapping[str, Sequence[Query]],
    deeper: int,
) -> dict[str, Counts]:
    flat = [(figure, index, first) for figure, all_ in wanted.items() for index, first in all_]
    rolled = await asyncio.gather(
        *(
            store.roll_up(index, prefix=(*first, *path), level=len(first) + len(path) + deeper)
            for _figure, index, first in flat
        )
    )
    sums: dict[str, dict[str, int]] = {}
    for (figure, _index, first), groups in zip(flat, rolled, strict=True):
        place = len(first) + len(path) + deeper - 1
        for group in groups:
            if len(group.key) > place:
                of_grid = sums.setdefault(str(group.key[place]), {})
                of_grid[figure] = of_grid.get(figure, 0) + group.count
    return {code: Counts(**figures) for code, figures in sums.items()}
