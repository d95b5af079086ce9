"""Counter: every device counts for itself, the amounts join by maximum, their sum is the count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conflicts.canonical_json import ABSENT, same

from .claim import Claim, Field, Outcome, newest_stamp
from .last_write import last_write


def counter(claims: Sequence[Claim], field: Field) -> Outcome:
    """Take each device's largest amount. Falls back to last write when a value is no mapping."""
    given = [claim for claim in claims if claim.value is not ABSENT and claim.value is not None]
    if not given or not all(_is_counter(claim.value) for claim in given):
        return last_write(claims, field)
    amounts: dict[str, int | float] = {}
    for claim in given:
        for device, amount in claim.value.items():
            known = amounts.get(device)
            if known is None or (amount, repr(amount)) > (known, repr(known)):
                amounts[device] = amount
    value = dict(sorted(amounts.items()))
    base = field.base()
    known_before = base if _is_counter(base) else {}
    lost = frozenset(
        claim.rev
        for claim in claims
        if claim.live and (claim not in given or _overtaken(claim.value, value, known_before))
    )
    chosen = [claim.rev for claim in given if claim.live and same(claim.value, value)]
    return Outcome(value, newest_stamp(claims), max(chosen, default=None), lost)


def _is_counter(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(amount, int | float) and not isinstance(amount, bool)
        for amount in value.values()
    )


def _overtaken(
    mine: Mapping[str, object], joined: Mapping[str, object], base: Mapping[str, object]
) -> bool:
    """Tell whether an amount counted here since the base is not in the joined counter."""
    return any(
        not same(amount, joined[device]) and not same(amount, base.get(device, ABSENT))
        for device, amount in mine.items()
    )
