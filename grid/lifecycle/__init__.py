"""Life cycles of records: their states, who may take which step, and the join of two states.

One person moves a record along the declared steps, also back (a verification that failed). When two
people moved it at once, ``join`` decides: the further state where one lies on the other's way,
otherwise the explicit state contested, for a person to rule on. The order behind ``join`` is a
tree (each state has one state it comes after), so a join is unique; ``tests/grid`` checks the laws
over every triple of states of every life cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grid.lifecycle.campaign import CAMPAIGN
from grid.lifecycle.cycle import CONTESTED, BrokenLifeCycle, LifeCycle
from grid.lifecycle.dispute import DISPUTE
from grid.lifecycle.event import EVENT, OPEN_STATES
from grid.lifecycle.task import TASK

LATTICES: Final[Mapping[str, LifeCycle]] = {
    cycle.name: cycle for cycle in (EVENT, DISPUTE, TASK, CAMPAIGN)
}
"""Life cycles by the name that ``Merge.lattice`` uses."""

__all__ = [
    "CAMPAIGN",
    "CONTESTED",
    "DISPUTE",
    "EVENT",
    "LATTICES",
    "OPEN_STATES",
    "TASK",
    "BrokenLifeCycle",
    "LifeCycle",
]
