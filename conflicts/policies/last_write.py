"""Last write and reviewed: one value stands, the latest."""

from __future__ import annotations

from collections.abc import Sequence

from conflicts import reasons
from conflicts.canonical_json import same

from .claim import Claim, Field, Outcome, latest


def last_write(claims: Sequence[Claim], field: Field) -> Outcome:
    """Let the highest stamp among the standing claims win."""
    live = [claim for claim in claims if claim.live]
    best = latest(live)
    return Outcome(
        value=best.value,
        stamp=best.given,
        chosen=best.rev,
        lost=frozenset(claim.rev for claim in live if not same(claim.value, best.value)),
    )


def reviewed(claims: Sequence[Claim], field: Field) -> Outcome:
    """Let the last write win for now, and ask for review when standing claims differ."""
    outcome = last_write(claims, field)
    if outcome.lost:
        outcome.review = reasons.FIELD_CLASH
    return outcome
