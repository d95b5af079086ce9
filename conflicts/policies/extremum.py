"""Minimum and maximum: the smallest or the largest of all values stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conflicts.canonical_json import ABSENT, canonical, same

from .claim import Claim, Field, Outcome, newest_stamp
from .last_write import last_write


def minimum(claims: Sequence[Claim], field: Field) -> Outcome:
    """Let the smallest number or text stand; absent and null values do not count."""
    return _extremum(claims, field, min)


def maximum(claims: Sequence[Claim], field: Field) -> Outcome:
    """Let the largest number or text stand; absent and null values do not count."""
    return _extremum(claims, field, max)


def rank(value: Any) -> tuple[int, Any, bytes]:
    """Return a key that orders numbers before texts before anything else, the same everywhere."""
    if isinstance(value, int | float):
        return 0, value, canonical(value)
    if isinstance(value, str):
        return 1, value, b""
    return 2, canonical(value), b""


def _extremum(
    claims: Sequence[Claim], field: Field, pick: Callable[..., tuple[Any, ...]]
) -> Outcome:
    given = [claim for claim in claims if claim.value is not ABSENT and claim.value is not None]
    if not given:
        return last_write(claims, field)
    _, rev = pick((rank(claim.value), claim.rev) for claim in given)
    value = next(claim.value for claim in given if claim.rev == rev)
    lost = frozenset(claim.rev for claim in claims if claim.live and not same(claim.value, value))
    return Outcome(value, newest_stamp(claims), rev, lost)
