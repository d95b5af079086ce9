"""The event life cycle: states, who may move an event where, and the join of two states.

One person moves an event along ``TRANSITIONS``, also back (a verification that failed). When two
people moved it at once, ``join`` decides: the further state where one lies on the other's way,
otherwise the explicit state contested, for a person to rule on. The order behind ``join`` is a
tree (each state has one state it comes after), so a join is unique; ``tests/grid`` checks the
laws over every triple of states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from grid.dictionaries import EVENT_STATUS
from grid.permissions import SUPERVISORS, Role

CONTESTED: Final = "99"
FINISHED: Final = "60"
"""The state in which the work is done and somebody else verifies it."""


@dataclass(frozen=True)
class LifeCycle:
    """A join-semilattice of states: a tree by ``after`` with ``contested`` above everything."""

    name: str
    after: Mapping[str, str | None]
    contested: str

    @cached_property
    def _ways(self) -> dict[str, tuple[str, ...]]:
        return {state: self._way(state) for state in self.after}

    def _way(self, state: str) -> tuple[str, ...]:
        before = self.after[state]
        return (state,) if before is None else (*self._way(before), state)

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, the contested one last."""
        return (*self.after, self.contested)

    def knows(self, state: str) -> bool:
        """Tell whether ``state`` belongs to the life cycle."""
        return state in self.after or state == self.contested

    def at_or_after(self, late: str, early: str) -> bool:
        """Tell whether ``late`` is ``early`` or lies further on its way."""
        return late == self.contested or (early != self.contested and early in self._ways[late])

    def join(self, left: str, right: str) -> str:
        """Return the least state at or after both: one of them, or contested."""
        if self.at_or_after(left, right):
            return left
        return right if self.at_or_after(right, left) else self.contested


EVENT: Final = LifeCycle(
    "event",
    {
        "10": None,
        "11": "10", "12": "10", "91": "10", "92": "10",
        "20": "10",
        "25": "20", "93": "20", "30": "20",
        "40": "30",
        "41": "40", "50": "40",
        # Joint handling, a pause and an extension happen while it is handled: done is further.
        "55": "50", "52": "55", "51": "52",
        "60": "51",
        "61": "60", "70": "60",
        "80": "70",
        "81": "80", "90": "80",
    },
    CONTESTED,
)  # fmt: skip

LATTICES: Final[Mapping[str, LifeCycle]] = {EVENT.name: EVENT}
"""Life cycles by the name that ``Merge.lattice`` uses."""

OPEN_STATES: Final = frozenset(EVENT.states) - {"12", "80", "90", "91", "92", "93"}
"""States in which something is still to be done."""

_CENTRE: Final = SUPERVISORS | {Role.DISPATCHER}
_OFFICE: Final = _CENTRE | {Role.DEPARTMENT}
_FIELD: Final = _OFFICE | {Role.GRIDWORKER}

TRANSITIONS: Final[Mapping[tuple[str, str], frozenset[Role]]] = {
    **{("10", to): _CENTRE for to in ("11", "12", "20", "91", "93")},
    **{("10", to): _FIELD for to in ("25", "92")},
    ("11", "10"): _FIELD,
    ("11", "92"): _FIELD,
    **{("20", to): _CENTRE for to in ("25", "30", "40", "91", "93")},
    ("25", "60"): _FIELD,
    ("25", "30"): _FIELD,
    ("30", "40"): _CENTRE,
    ("40", "50"): _OFFICE,
    ("40", "41"): _OFFICE,
    ("41", "30"): _CENTRE,
    ("41", "40"): _CENTRE,
    **{("50", to): _OFFICE for to in ("51", "52", "55", "60")},
    **{(state, to): _OFFICE for state in ("51", "52", "55") for to in ("50", "60")},
    ("60", "61"): _FIELD,
    ("60", "70"): _FIELD,
    ("61", "50"): _OFFICE,
    ("61", "25"): _FIELD,
    ("70", "80"): _CENTRE,
    ("80", "81"): _CENTRE,
    ("80", "90"): _CENTRE,
    ("81", "30"): _CENTRE,
    ("81", "25"): _CENTRE,
    **{(CONTESTED, to): _CENTRE for to in EVENT.after},
}
"""Steps of an event and the roles that may take each."""

FIRST_STATES: Final = frozenset({"10", "25", "60"})
"""States a new event may have: reported, being handled on the spot, or already handled there."""


def may_move(role: Role, before: str | None, after: str) -> bool:
    """Tell whether a role may bring an event from ``before`` (``None``: new) to ``after``.

    Offline one takes several steps before the record is sent, so a way of steps that the role may
    all take is as good as one. But nobody finishes an event and verifies it at one go: verifying
    counts only from a state that somebody else can have seen.
    """
    if before == after:
        return True
    if before is None:
        return after in FIRST_STATES or role in _CENTRE
    return after in _reach(role, before)


@cache
def _reach(role: Role, before: str) -> frozenset[str]:
    reached = {before}
    waiting = [before]
    while waiting:
        state = waiting.pop()
        if state == FINISHED and before != FINISHED:
            continue
        steps = {
            to for (start, to), roles in TRANSITIONS.items() if start == state and role in roles
        }
        waiting += steps - reached
        reached |= steps
    return frozenset(reached)


def verifies_own_work(
    user: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> bool:
    """Tell whether ``user`` verifies an event (``FINISHED`` → verified or sent back) that by its
    log he finished himself; the handler cannot be the verifier."""
    if before is None or before.get("status") != FINISHED or after.get("status") == FINISHED:
        return False
    log = before.get("log")
    steps = [step for step in log if isinstance(step, Mapping)] if isinstance(log, list) else []
    last = next((step for step in reversed(steps) if step.get("after") == FINISHED), None)
    return last is not None and last.get("by") == user


def state_label(state: str, language: str = "zh") -> str:
    """Return a state's words."""
    return EVENT_STATUS.label(state, language)
