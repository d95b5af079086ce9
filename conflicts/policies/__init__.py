"""One module for each idea of merging, and the table that names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from grid.policy import Policy

from .claim import Bases, Claim, Field, Outcome, stamps_of, standing
from .counter import counter
from .extremum import maximum, minimum
from .keyed_set import keyed_set
from .last_write import last_write, reviewed
from .log import log
from .state import Lattice, register_lattice, state
from .text import text

PolicyFunction = Callable[[Sequence[Claim], Field], Outcome]

POLICIES: Final[Mapping[Policy, PolicyFunction]] = {
    Policy.LAST_WRITE: last_write,
    Policy.REVIEWED: reviewed,
    Policy.SET: keyed_set,
    Policy.LOG: log,
    Policy.STATE: state,
    Policy.MINIMUM: minimum,
    Policy.MAXIMUM: maximum,
    Policy.COUNTER: counter,
    Policy.TEXT: text,
}

__all__ = [
    "POLICIES",
    "Bases",
    "Claim",
    "Field",
    "Lattice",
    "Outcome",
    "register_lattice",
    "stamps_of",
    "standing",
]
