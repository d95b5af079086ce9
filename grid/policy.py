"""Merge policies: what happens to a field that two people changed at once.

A policy is declared on the field of a record model as ``Annotated[..., Merge(Policy.REVIEWED)]``,
so the model is the policy table. ``conflicts`` reads it; nothing else decides how fields merge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Policy(StrEnum):
    """How concurrent values of one field become one value."""

    LAST_WRITE = "last-write"
    """The highest stamp wins; ties go by device, then by value hash."""
    REVIEWED = "reviewed"
    """Last write, and a review opens when two sides chose different values since the base."""
    SET = "set"
    """Keyed elements, add wins: a removal counts only if nobody re-added or changed the element."""
    LOG = "log"
    """Append-only keyed entries, ordered by clock."""
    STATE = "state"
    """Join in a declared semilattice (the event life cycle)."""
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    COUNTER = "counter"
    """A mapping of device to amount; the value is the sum, the join is the maximum per device."""
    TEXT = "text"
    """Three-way line merge; an overlap keeps both and opens a review."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A field's policy, put into its type annotation.

    ``key`` names the member that identifies an element of a set or log of objects; ``None`` means
    the element is its own key. ``lattice`` names the life cycle of a ``STATE`` field.
    """

    policy: Policy
    key: str | None = None
    lattice: str | None = None


DEFAULT_MERGE = Merge(Policy.LAST_WRITE)
"""What a field gets that declares nothing, an unknown field included."""
