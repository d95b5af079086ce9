"""Merge the fields of several authors' documents, each by its declared policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

from grid.policy import DEFAULT_MERGE, Merge, Policy

from .author import Author, stamp_for
from .canonical_json import ABSENT, canonical, same
from .model import Body, FieldDecision, Side
from .policies import POLICIES, Bases, Claim, Field, Outcome, stamps_of, standing

BOOKKEEPING: Final = frozenset({"stamps", "created", "updated", "merge"})
"""Members that belong to all records and are merged here, not by a field policy."""

COMMON: Final[Mapping[str, Merge]] = {"schema": Merge(Policy.MAXIMUM)}
"""Policies of common fields, unless the record type declares others."""


@dataclass(slots=True)
class FieldMerge:
    """The merged fields, how each was decided, and the state that all authors began with."""

    body: dict[str, Any]
    decisions: list[FieldDecision]
    base: Body | None
    base_rev: str | None


def merge_fields(
    authors: Sequence[Author],
    bases: Bases,
    base_rev: str | None,
    table: Mapping[str, Merge],
) -> FieldMerge:
    """Merge the contents of ``authors``, which parted at ``bases``; ``table`` has the policies."""
    contents = [author.content or {} for author in authors]
    stamped = set().union(*(author.stamps for author in authors))
    body: dict[str, Any] = {}
    stamps: dict[str, str] = {}
    decisions: list[FieldDecision] = []
    for name in sorted(stamped.union(*contents) - BOOKKEEPING):
        values = [content.get(name, ABSENT) for content in contents]
        value = values[0]
        if all(map(same, values, repeat(value))):
            stamp = _newest(authors, name) if name in stamped else None
        else:
            spec = table.get(name) or COMMON.get(name) or DEFAULT_MERGE
            outcome, decision = _decide(authors, values, Field(name, spec, bases))
            value, stamp = outcome.value, outcome.stamp
            decisions.append(decision)
        if value is not ABSENT:
            body[name] = value
        if stamp is not None:
            stamps[name] = stamp
    body["stamps"] = dict(sorted(stamps.items()))
    for name, pick in (("created", min), ("updated", max)):
        entries = [entry for author in authors for entry in author.entries(name)]
        if entries:
            body[name] = pick(entries, key=_when)
    return FieldMerge(body, decisions, bases.common, base_rev)


def _decide(
    authors: Sequence[Author], values: Sequence[Any], field: Field
) -> tuple[Outcome, FieldDecision]:
    name = field.name

    def pick(body: Body) -> tuple[Any, str | None]:
        return body.get(name, ABSENT), stamps_of(body).get(name)

    given = [author.stamps.get(name) for author in authors]
    live = standing(values, given, field.bases, pick)
    claims = []
    for author, value, stands in zip(authors, values, live, strict=True):
        stamp, to_write = stamp_for(author, name, field.bases.common, stands)
        claims.append(
            Claim(author.rev, value, stamp, to_write, author.device or "", author.stamps, stands)
        )
    outcome = POLICIES[field.merge.policy](claims, field)
    sides = tuple(map(_side, authors, claims, repeat(authors)))
    decision = FieldDecision(
        field=name,
        policy=field.merge.policy.value,
        base=_json(field.base()),
        sides=sides,
        value=_json(outcome.value),
        chosen=outcome.chosen,
        lost=tuple(side for side in sides if side.rev in outcome.lost),
        review=outcome.review,
    )
    return outcome, decision


def _side(author: Author, claim: Claim, authors: Sequence[Author]) -> Side:
    """Return a side with who last changed the value: its stamp tells the device and the time."""
    by, device, at, given = author.by, author.device, author.at, claim.given
    if given is not None and given != at:
        at, device = given, given[-8:]
        if device != author.device:
            by = next((other.by for other in authors if other.device == device), None)
    value, present = (None, False) if claim.value is ABSENT else (claim.value, True)
    return Side(author.rev, by, device, at, value, claim.live, present)


def _newest(authors: Sequence[Author], name: str) -> str | None:
    stamps = [stamp for author in authors if (stamp := author.stamps.get(name)) is not None]
    return max(stamps, default=None)


def _when(entry: Mapping[str, Any]) -> tuple[str, bytes]:
    at = entry.get("at")
    return (at if isinstance(at, str) else ""), canonical(entry)


def _json(value: Any) -> Any:
    return None if value is ABSENT else value
