"""What goes into a merge and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]
"""A record document without its underscore members (``_id``, ``_rev``, ``_deleted`` …)."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a document's revision tree.

    ``ancestors`` are revision ids from the leaf's parent back to the oldest one known, newest
    first, without the leaf's own. A deleted leaf may have an empty body.
    """

    rev: str
    body: Body
    deleted: bool
    ancestors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One leaf's part in a decision: who, where, when (hybrid logical clock), and which value."""

    rev: str
    by: str | None
    device: str | None
    at: str | None
    value: Any
    changed: bool
    """Whether this side changed the field since the base."""


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """What was decided about one field that at least one side changed."""

    field: str
    policy: str
    base: Any
    sides: tuple[Side, ...]
    value: Any
    chosen: str | None
    """Revision whose value stands, or ``None`` when the value was joined from several."""
    lost: tuple[Side, ...]
    """Sides whose own value is not in the result; kept so that nobody's work is lost."""
    review: str | None
    """Why a person should look (a code from ``conflicts.reasons``), or ``None``."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The record of one merge: enough to show, judge and undo it."""

    doc_id: str
    type: str | None
    grid: str | None
    rev: str
    base_rev: str | None
    base: Body | None
    leaves: tuple[str, ...]
    fields: tuple[FieldDecision, ...]
    reviews: tuple[str, ...]
    """Reasons for review of the whole document and its fields; empty when none is needed."""
    policy_version: int

    def as_document(self) -> dict[str, Any]:
        """Return the decision as a JSON object, the body of its document in ``reviews``."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome of ``conflicts.merge``.

    ``rev`` extends ``parent`` (the winning leaf) and has generation ``max + 1``; each of
    ``tombstones`` is ``(losing leaf, revision id of the tombstone that closes it)``. All ids are
    a function of the leaves alone, so that every resolver, retry and replica agrees.
    """

    doc_id: str
    rev: str
    parent: str
    body: Body
    deleted: bool
    tombstones: Sequence[tuple[str, str]]
    decision: Decision
