"""Text: line by line against the common state; where two changed the same lines, both are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from merge3 import Merge3

from conflicts import reasons
from conflicts.canonical_json import ABSENT

from .claim import Claim, Field, Outcome, latest, newest_stamp
from .last_write import last_write

Lines = list[str]


def text(claims: Sequence[Claim], field: Field) -> Outcome:
    """Merge the standing texts in the order of their stamps.

    Merging line by line is not associative, hence one fixed order. Lines that overlap are kept one
    after the other and reviewed; so nobody's line is lost. Falls back to last write when a value
    is no text.
    """
    live = sorted((claim for claim in claims if claim.live), key=Claim.order)
    if not all(_is_text(claim.value) for claim in live):
        return last_write(claims, field)
    base = _lines(field.base())
    distinct = list(dict.fromkeys(_content(claim.value) for claim in live))
    merged, overlap = _lines(distinct[0]), False
    for other in distinct[1:]:
        merged, clash = _merge(base, merged, _lines(other))
        overlap = overlap or clash
    content = "\n".join(merged)
    holders = [claim for claim in live if _content(claim.value) == content]
    value: Any = latest(holders).value if holders else content
    return Outcome(
        value=value,
        stamp=newest_stamp(live),
        chosen=latest(holders).rev if holders else None,
        lost=frozenset(claim.rev for claim in live if claim not in holders and overlap),
        review=reasons.TEXT_OVERLAP if overlap else None,
    )


def _is_text(value: Any) -> bool:
    return value is ABSENT or value is None or isinstance(value, str)


def _content(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _lines(value: Any) -> Lines:
    """Return the lines of a text; joined by a line feed they are the text again."""
    return value.split("\n") if isinstance(value, str) and value else []


def _merge(base: Lines, left: Lines, right: Lines) -> tuple[Lines, bool]:
    """Merge two texts that grew from ``base``; tell whether both changed the same lines."""
    result: Lines = []
    overlap = False
    for group in Merge3(base, left, right).merge_groups():
        if group[0] == "conflict":
            _, _, mine, other = group
            result += [*mine, *_missing(other, mine)]
            overlap = True
        else:
            result += group[1]
    return result, overlap


def _missing(lines: Sequence[str], there: Sequence[str]) -> Lines:
    """Return the lines that are not there yet, each as often as it is missing."""
    left = Counter(there)
    missing = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            missing.append(line)
    return missing
