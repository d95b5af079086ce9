"""What policies work on: each author's claim on one field, and which claims still stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conflicts.canonical_json import ABSENT, digest, same
from conflicts.model import Body
from grid.policy import Merge


@dataclass(slots=True)
class Claim:
    """One author's value of one field.

    ``stamp`` is the clock of its last change, made up from the document's times where the author
    gave none; ``given`` is the stamp as written, ``stamps`` all those of the author's document. A
    claim is ``live`` unless another author overwrote it knowingly.
    """

    rev: str
    value: Any
    stamp: str
    given: str | None
    device: str
    stamps: Mapping[str, str]
    live: bool = True

    def order(self) -> tuple[str, str, str, str]:
        """Return the key of "last write": stamp, then device, then value, then revision."""
        return self.stamp, self.device, digest(self.value), self.rev


@dataclass(slots=True)
class Bases:
    """The states from which authors parted: one for all, or one for each pair where they differ.

    A body is ``None`` when it is gone or when there never was a common state.
    """

    common: Body | None
    pairs: dict[tuple[int, int], Body | None] | None = None
    one_origin: bool = True
    """Whether all authors' documents were created as one; false when two made the same record."""

    def of(self, left: int, right: int) -> Body | None:
        """Return the state from which the authors at these two places parted."""
        return self.common if self.pairs is None else self.pairs[left, right]


@dataclass(slots=True)
class Field:
    """One field whose claims differ: its name, its declared merge, and where everybody began."""

    name: str
    merge: Merge
    bases: Bases

    def base(self) -> Any:
        """Return the value in the state common to all authors, or ``ABSENT``."""
        return ABSENT if self.bases.common is None else self.bases.common.get(self.name, ABSENT)


@dataclass(slots=True)
class Outcome:
    """What a policy made of the claims on one field."""

    value: Any
    stamp: str | None
    chosen: str | None
    lost: frozenset[str] = frozenset()
    review: str | None = None


Pick = Callable[[Body], tuple[Any, str | None]]
"""Takes a value and its stamp out of a base body."""


def stamps_of(body: Body) -> Mapping[str, str]:
    """Return the stamps written in a body; whatever is no text is passed over."""
    stamps = body.get("stamps")
    if not isinstance(stamps, dict):
        return {}
    if set(map(type, stamps.values())) <= {str}:
        return stamps
    return {name: stamp for name, stamp in stamps.items() if isinstance(stamp, str)}


def standing(
    values: Sequence[Any],
    stamps: Sequence[str | None],
    bases: Bases,
    pick: Pick,
    *,
    by_stamp: bool = True,
) -> list[bool]:
    """Tell which values nobody overwrote knowingly.

    A value is overwritten when it is the same as in the state from which its author and another
    parted, while the other changed it. Where that state is gone, only a value never stamped since
    the document's creation gives way to a stamped one (not even that unless ``by_stamp``):
    everything else may be concurrent, and is treated so.
    """
    if bases.pairs is None and bases.common is not None:
        base, base_stamp = pick(bases.common)
        changed = [
            not same(value, base) or (stamp is not None and stamp != base_stamp)
            for value, stamp in zip(values, stamps, strict=True)
        ]
        return changed if any(changed) else [True] * len(values)
    live = [True] * len(values)
    for left in range(len(values)):
        for right in range(left + 1, len(values)):
            body = bases.of(left, right)
            if body is None and not (by_stamp and bases.one_origin):
                continue
            base, base_stamp = (ABSENT, None) if body is None else pick(body)
            mine, other = (
                (body is not None and not same(values[at], base))
                or (stamps[at] is not None and stamps[at] != base_stamp)
                for at in (left, right)
            )
            if mine != other:
                live[right if mine else left] = False
    return live if any(live) else [True] * len(values)


def latest(claims: Sequence[Claim]) -> Claim:
    """Return the claim with the highest stamp; ties go by device, then by value hash."""
    best = claims[0]
    for claim in claims[1:]:
        if claim.stamp > best.stamp or (claim.stamp == best.stamp and claim.order() > best.order()):
            best = claim
    return best


def newest_stamp(claims: Sequence[Claim]) -> str | None:
    """Return the highest stamp given, or ``None`` if nobody gave one."""
    return max((claim.given for claim in claims if claim.given is not None), default=None)
