"""What goes into a merge and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class Receipt(NamedTuple):
    """When (hybrid logical clock) and from whom a server took in a revision that does not say so
    itself: an edit without stamps whose ``updated`` is that of the state it was made on."""

    at: str
    by: str | None


class Side(NamedTuple):
    """One author's part in a decision: who, where, when (hybrid logical clock), which value."""

    rev: str
    by: str | None
    device: str | None
    at: str | None
    value: Any
    changed: bool
    """Whether the value is this side's own, made since the base and not overwritten since."""
    present: bool = True
    """Whether the side has the field at all; ``value`` is ``None`` when it has not."""

    def as_document(self) -> dict[str, Any]:
        """Return the side as a JSON object."""
        return self._asdict()


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

    def as_document(self) -> dict[str, Any]:
        """Return the decision as a JSON object; ``lost`` names revisions among ``sides``."""
        return {
            "field": self.field,
            "policy": self.policy,
            "base": self.base,
            "sides": [side.as_document() for side in self.sides],
            "value": self.value,
            "chosen": self.chosen,
            "lost": [side.rev for side in self.lost],
            "review": self.review,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> FieldDecision:
        """Return what ``as_document`` was made of."""
        sides = tuple(Side(**side) for side in document["sides"])
        lost = frozenset(document["lost"])
        return cls(
            **{name: document[name] for name in ("field", "policy", "base", "value")},
            chosen=document["chosen"],
            sides=sides,
            lost=tuple(side for side in sides if side.rev in lost),
            review=document["review"],
        )


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
    supersedes: tuple[str, ...] = ()
    """Earlier merged revisions whose leaves were merged anew here, together with later ones; what
    was open in their decisions is decided again in this one."""

    def as_document(self) -> dict[str, Any]:
        """Return the decision as a JSON object, the body of its document in ``reviews``."""
        return {
            "doc_id": self.doc_id,
            "type": self.type,
            "grid": self.grid,
            "rev": self.rev,
            "base_rev": self.base_rev,
            "base": None if self.base is None else dict(self.base),
            "leaves": list(self.leaves),
            "fields": [field.as_document() for field in self.fields],
            "reviews": list(self.reviews),
            "policy_version": self.policy_version,
            "supersedes": list(self.supersedes),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Decision:
        """Return what ``as_document`` was made of; members added by others are passed over."""
        return cls(
            doc_id=document["doc_id"],
            type=document["type"],
            grid=document["grid"],
            rev=document["rev"],
            base_rev=document["base_rev"],
            base=document["base"],
            leaves=tuple(document["leaves"]),
            fields=tuple(FieldDecision.from_document(field) for field in document["fields"]),
            reviews=tuple(document["reviews"]),
            policy_version=document["policy_version"],
            supersedes=tuple(document["supersedes"]),
        )


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome of ``conflicts.merge``.

    ``rev`` is a child of ``parent``, the winning live leaf; each of ``tombstones`` is ``(losing
    leaf, revision id of the tombstone that closes it)``. All ids are a function of the leaves
    alone, so that every resolver, retry and replica agrees.

    When ``noop`` there is no revision to write: one leaf already contains all the others, or all
    are deleted. ``rev`` and ``parent`` are then that leaf; ``tombstones`` may still name live
    leaves that it contains and that nobody closed yet.
    """

    doc_id: str
    rev: str
    parent: str
    body: dict[str, Any]
    deleted: bool
    tombstones: tuple[tuple[str, str], ...]
    decision: Decision
    noop: bool = False
