"""What a life cycle is: a join-semilattice of states with the steps that people may take."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from grid.permissions import Role

CONTESTED: Final = "99"
"""The state 待裁定 of every life cycle: two people brought the record to states that exclude each
other."""

Steps = Mapping[tuple[str, str], frozenset[Role]]
"""Steps from a state to another, and the roles that may take each."""


class BrokenLifeCycle(ValueError):
    """A declared life cycle that is not one; the text names the state at fault."""


@dataclass(frozen=True)
class LifeCycle:
    """States ordered as a tree by ``after``, with ``contested`` above everything.

    ``first`` are the states a new record may have. ``finished`` is the state in which the work is
    done and somebody else verifies it; ``closed`` are those in which nothing is left to do.
    ``centre`` are the roles that may also enter what is past: a new record in any state.
    Raises ``BrokenLifeCycle`` when the table is no tree or a step names an unknown state.
    """

    name: str
    after: Mapping[str, str | None]
    steps: Steps = field(default_factory=dict)
    first: frozenset[str] = frozenset()
    centre: Collection[Role] = frozenset()
    finished: str | None = None
    closed: frozenset[str] = frozenset()
    contested: str = CONTESTED
    _reached: dict[tuple[Role, str], frozenset[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.contested in self.after:
            raise BrokenLifeCycle(f"{self.name}: {self.contested} comes after everything")
        for state in self.after:
            self._check(state)
        named = {*self.first, *self.closed, *(state for step in self.steps for state in step)}
        if self.finished is not None:
            named.add(self.finished)
        for state in sorted(named):
            if not self.knows(state):
                raise BrokenLifeCycle(f"{self.name}: {state} is not among the states")

    def _check(self, state: str) -> None:
        seen = {state}
        before = self.after[state]
        while before is not None:
            if before not in self.after:
                raise BrokenLifeCycle(f"{self.name}: {before} is not among the states")
            if before in seen:
                raise BrokenLifeCycle(f"{self.name}: {state} comes after itself")
            seen.add(before)
            before = self.after[before]

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

    @property
    def open(self) -> frozenset[str]:
        """States in which something is still to be done."""
        return frozenset(self.states) - self.closed

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

    def may_move(self, role: Role, before: str | None, after: str) -> bool:
        """Tell whether a role may bring a record from ``before`` (``None``: new) to ``after``.

        Offline one takes several steps before the record is sent, so a way of steps that the role
        may all take is as good as one, for a new record too. But nobody finishes and verifies at
        one go: verifying counts only from a state that somebody else can have seen.
        """
        if before == after:
            return True
        if before is not None:
            return after in self._reach(role, before)
        if role in self.centre:
            return self.knows(after)
        return any(
            after == first or (first != self.finished and after in self._reach(role, first))
            for first in self.first
        )

    def _reach(self, role: Role, before: str) -> frozenset[str]:
        known = self._reached.get((role, before))
        if known is None:
            known = self._reached[role, before] = self._walk(role, before)
        return known

    def _walk(self, role: Role, before: str) -> frozenset[str]:
        reached = {before}
        waiting = [before]
        while waiting:
            state = waiting.pop()
            if state == self.finished and before != self.finished:
                continue
            steps = {
                to for (start, to), roles in self.steps.items() if start == state and role in roles
            }
            waiting += steps - reached
            reached |= steps
        return frozenset(reached)

    def verifies_own_work(
        self, user: str, before: Mapping[str, Any] | None, status: object
    ) -> bool:
        """Tell whether ``user`` brings a record from ``finished`` to another ``status`` (verified,
        or sent back) that by its log he finished himself; the handler cannot be the verifier."""
        finished = self.finished
        if before is None or finished is None:
            return False
        if before.get("status") != finished or status == finished:
            return False
        log = before.get("log")
        steps = [step for step in log if isinstance(step, Mapping)] if isinstance(log, list) else []
        last = next((step for step in reversed(steps) if step.get("after") == finished), None)
        return last is not None and last.get("by") == user
