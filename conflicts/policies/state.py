"""State: join in a semilattice over a life cycle, such as an event's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Protocol

from conflicts import reasons

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


_LATTICES: dict[str, Lattice] = {}


def register_lattice(name: str, lattice: Lattice) -> None:
    """Make a life cycle known under the name that ``Merge.lattice`` uses."""
    _LATTICES[name] = lattice


def state(claims: Sequence[Claim], field: Field) -> Outcome:
    """Join the standing states; a contested result keeps all in the decision and opens a review.

    A state the life cycle does not know (a newer client's), or a life cycle nobody declared, is
    decided by last write, and reviewed.
    """
    lattice = _LATTICES.get(field.merge.lattice or "")
    live = [claim for claim in claims if claim.live]
    if lattice is None or not all(
        isinstance(claim.value, str) and lattice.knows(claim.value) for claim in live
    ):
        return reviewed(claims, field)
    value: str = reduce(lattice.join, sorted(claim.value for claim in live))
    holders = [claim.rev for claim in live if claim.value == value]
    contested = value == lattice.contested and not holders
    return Outcome(
        value=value,
        stamp=newest_stamp(live),
        chosen=max(holders, default=None),
        lost=frozenset(claim.rev for claim in live if claim.value != value),
        review=reasons.STATE_CONTESTED if contested else None,
    )
