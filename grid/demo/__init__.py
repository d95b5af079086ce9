"""The demo: accounts and records of people who do not exist.

Everything is made from a seed: the same seed gives the same documents. Id numbers have the region
990000, which is issued to nobody, phones the prefix 1200000, and every record is marked
``fictitious`` (虚构数据).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from grid.demo.accounts import DemoAccount, author_of, demo_accounts
from grid.demo.ground import make_ground
from grid.demo.households import Home, make_homes
from grid.demo.maker import Maker
from grid.demo.special import ALONE_GRID, HAMLET, HIGHRISE, special_homes
from grid.demo.work import make_work
from grid.hierarchy import GridNode, Hierarchy

DEMO_DAY: Final = date(2026, 11, 24)
"""The day on which demo records end when no other is asked for."""

__all__ = [
    "ALONE_GRID",
    "DEMO_DAY",
    "HAMLET",
    "HIGHRISE",
    "DemoAccount",
    "demo_accounts",
    "demo_records",
]

_HOUSEHOLDS: Final = {HIGHRISE: 55, HAMLET: 12}


def demo_records(
    hierarchy: Hierarchy, seed: int, today: date = DEMO_DAY
) -> Iterator[dict[str, Any]]:
    """Yield documents for every household group, ordered by grid, each with ``_id``.

    Patrols, visits and events lie in the weeks before ``today``; ids depend on the seed alone, so
    a load that is repeated on another day meets the same documents.
    """
    nodes = sorted(hierarchy, key=lambda node: node.code)
    grids = [node for node in nodes if node.holds_records and not node.closed]
    for position, node in enumerate(grids):
        maker = Maker(seed, node.code, position, author_of(node.code), today)
        yield from _grid_records(hierarchy, node, maker)


def _grid_records(hierarchy: Hierarchy, node: GridNode, maker: Maker) -> Iterator[dict[str, Any]]:
    group = hierarchy.node(node.parent).name if node.parent else node.name
    wanted = _HOUSEHOLDS.get(node.code) or maker.rng.randint(30, 50)
    homes: list[Home] = make_homes(maker, node, group, wanted)
    special_homes(maker, homes)
    # Visits leave their day on the households, so they are made first.
    work = list(make_work(maker, homes))
    for home in homes:
        yield home.household
        yield from home.residents
    yield from work
    yield from make_ground(maker, homes)
