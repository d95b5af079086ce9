"""State: join in a semilattice over a life cycle, such as an event's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, Protocol

from conflicts import reasons
from grid.lifecycle import LATTICES

from .claim import Claim, Field, Outcome, newest_stamp
from .last_write import reviewed


class Lattice(Protocol):
    """A join-semilattice of states: ``join`` is commutative, associative and idempotent."""

    @property
    def contested(self) -> str:
        """The state that stands for two states without a common successor."""

    def knows(self, state: str) -> bool:
        """Tell whether ``state`` belongs to the life cycle."""

    def join(self, left: str, right: str) -> str:
        """Return the least state that is at or after both."""


_LATTICES: dict[str, Lattice] = dict(LATTICES)


def register_lattice(name: str, lattice: Lattice) -> None:
    """Make a further life cycle known under the name that ``Merge.lattice`` uses."""
    _LATTICES[name] = lattice


def lattice_named(name: str | None) -> Lattice | None:
    """Return the life cycle of that name, or ``None`` if nobody declared it."""
    return _LATTICES.get(name) if name is not None else None


def state(claims: Sequence[Claim], field: Field) -> Outcome:
    """Join the standing states. Without a common successor they join to the contested state.

    That opens a review, and so does a step back that lost to somebody's step forward. A state the
    life cycle does not know (a newer client's), or a life cycle nobody declared, is decided by
    last write, and reviewed.
    """
    lattice = lattice_named(field.merge.lattice)
    live = [claim for claim in claims if claim.live]
    if lattice is None or not all(
        isinstance(claim.value, str) and lattice.knows(claim.value) for claim in live
    ):
        return reviewed(claims, field)
    value: str = reduce(lattice.join, sorted(claim.value for claim in live))
    holders = [claim.rev for claim in live if claim.value == value]
    others = [claim for claim in live if claim.value != value]
    review = None
    if value == lattice.contested and not holders:
        review = reasons.STATE_CONTESTED
    elif any(_is_return(claim.value, field.base(), lattice) for claim in others):
        review = reasons.STATE_RETURNED
    return Outcome(
        value=value,
        stamp=newest_stamp(live),
        chosen=max(holders, default=None),
        lost=frozenset(claim.rev for claim in others),
        review=review,
    )


def _is_return(state: str, base: Any, lattice: Lattice) -> bool:
    """Tell whether somebody moved from ``base`` back to ``state``, say after a failed check."""
    if not isinstance(base, str) or not lattice.knows(base):
        return False
    return state != base and lattice.join(base, state) == base
