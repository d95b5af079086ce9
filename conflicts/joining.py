"""Joining two records of one household or person into the one that stands, and taking it back.

The duplicate keeps its own document and only says what stands for it. The record that stands takes
in its content by the same field policies as any merge, and notes in ``absorbed`` which revision it
has taken in, so that what somebody, still offline, adds to the duplicate later is taken in as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from grid.models import field_policies, natural_key
from grid.policy import DEFAULT_MERGE, Policy

from .author import Author
from .canonical_json import ABSENT, canonical, same
from .clock import ClockError, HybridClock, parse_clock
from .duplicates import ABSORBED, APART, REDIRECT, SERVER_DEVICE, same_told
from .fields import merge_fields
from .model import Body, FieldDecision
from .policies import Bases, stamps_of
from .revision import generation

OWN: Final = frozenset(
    {"type", "schema", "grid", "created", "updated", "stamps", "merge", REDIRECT, APART, ABSORBED}
)
"""What belongs to a document and is never taken over from its duplicate."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A record with a duplicate's content taken in or given back, and how its fields fared."""

    body: dict[str, Any]
    fields: tuple[FieldDecision, ...]

    def revision(self, parent: str) -> str:
        """Return the revision id of the body as a child of ``parent``: the same from everybody."""
        return derived_revision(parent, self.body)


def derived_revision(parent: str, body: Body) -> str:
    """Return the id of a revision that follows from documents alone, a child of ``parent``."""
    seed = hashlib.md5(usedforsecurity=False)
    seed.update(f"across|{parent}|".encode())
    seed.update(canonical(body))
    return f"{generation(parent) + 1}-{seed.hexdigest()}"


def absorbed(record: Body, doc_id: str) -> Mapping[str, Any] | None:
    """Return a record's note of having taken in a duplicate, ``None`` if it has not.

    ``rev`` is the duplicate's revision that it contains, ``from`` its own before the first time.
    """
    entries = record.get(ABSORBED)
    for entry in entries if isinstance(entries, list) else ():
        if entry.get("key") == doc_id:
            return dict(entry)
    return None


def absorb(
    record: Body,
    rev: str,
    duplicate: Body,
    duplicate_id: str,
    duplicate_rev: str,
    base: Body | None,
) -> Joined:
    """Return ``record`` (its revision ``rev``) with the duplicate's content taken in.

    ``base`` is the state of the duplicate that was taken in before, ``None`` the first time: then
    an empty field gives way to a filled one, and two filled ones are merged by their policy.
    """
    sides = [_content(record), _content(duplicate)]
    if base is None:
        _fill(sides, record, duplicate)
    known = None if base is None else _content(base)
    authors = [
        _author(side, body, name)
        for side, body, name in zip(sides, (record, duplicate), (rev, duplicate_rev), strict=True)
    ]
    table = field_policies(str(record.get("type")))
    merged = merge_fields(authors, Bases(known, None, one_origin=False), None, table)
    own = _own(record)
    body = {name: value for name, value in record.items() if name in own}
    body |= {name: value for name, value in merged.body.items() if name not in own}
    body[ABSORBED] = _noted(record, rev, duplicate_id, duplicate_rev)
    created, given = _created_at(record), stamps_of(record)
    stamps = {
        name: stamp
        for name, stamp in merged.body["stamps"].items()
        if stamp != created or name in given
    }
    body["stamps"] = dict(sorted({**given, **stamps}.items()))
    body["updated"] = _trace_after(record, duplicate)
    return Joined(body, tuple(merged.decisions))


def _noted(record: Body, rev: str, duplicate_id: str, duplicate_rev: str) -> list[Any]:
    """Return the notes of what was taken in, with this duplicate's at ``duplicate_rev``.

    ``from`` stays the revision before its content was first taken in.
    """
    first = absorbed(record, duplicate_id)
    note = {"key": duplicate_id, "rev": duplicate_rev, "from": first["from"] if first else rev}
    others = [entry for entry in record.get(ABSORBED) or () if entry.get("key") != duplicate_id]
    return sorted([*others, note], key=canonical)


def release(record: Body, duplicate: Body, duplicate_id: str, before: Body, after: Body) -> Joined:
    """Return ``record`` without what it took in from a duplicate: the merge is taken back.

    ``before`` and ``after`` are the record's states around the taking in. What was changed since
    stays: only what is still as the taking in left it goes back to what it was.
    """
    body = dict(record)
    clock = HybridClock(SERVER_DEVICE)
    physical = _milliseconds(duplicate)
    stamps = dict(stamps_of(record))
    table = field_policies(str(record.get("type")))
    for name in sorted((before.keys() | after.keys()) - _own(record)):
        was, became, now = (one.get(name, ABSENT) for one in (before, after, record))
        if same(was, became):
            continue
        value = _given_back(table.get(name, DEFAULT_MERGE).policy, was, became, now)
        if same(value, now):
            continue
        if value is ABSENT:
            del body[name]
        else:
            body[name] = value
        stamps[name] = str(clock.overwrite(_clock(stamps.get(name)), physical))
    body[ABSORBED] = [e for e in record.get(ABSORBED) or () if e.get("key") != duplicate_id]
    if not body[ABSORBED]:
        del body[ABSORBED]
    body["stamps"] = dict(sorted(stamps.items()))
    body["updated"] = _trace_after(record, duplicate)
    return Joined(body, ())


def redirected(duplicate: Body, other: Body, keeps: str | None, by: str) -> Joined:
    """Return a record that says what stands for it, as a rule writes it; ``None`` takes it back.

    The times are those of the two records, so that everybody who applies the rule to them writes
    the same.
    """
    clock = HybridClock(SERVER_DEVICE)
    physical = max(_milliseconds(duplicate), _milliseconds(other))
    old = _clock(stamps_of(duplicate).get(REDIRECT))
    at = max(str(clock.overwrite(known, physical)) for known in (old, _clock(_at(duplicate))))
    body = {name: value for name, value in duplicate.items() if name != REDIRECT}
    if keeps is not None:
        body[REDIRECT] = keeps
    body["stamps"] = dict(sorted({**stamps_of(duplicate), REDIRECT: at}.items()))
    body["updated"] = {"at": at, "by": by, "device": SERVER_DEVICE}
    return Joined(body, ())


def _given_back(policy: Policy, was: Any, became: Any, now: Any) -> Any:
    if same(now, became):
        return was
    if policy in (Policy.SET, Policy.LOG) and all(isinstance(v, list) for v in (became, now)):
        kept = {canonical(element) for element in (was if isinstance(was, list) else ())}
        taken = {canonical(element) for element in became} - kept
        return [element for element in now if canonical(element) not in taken]
    return now


def _content(body: Body) -> dict[str, Any]:
    """Return what is joined, with a stamp for every field: one without was last changed when its
    document was created, and that is another time in each of the two."""
    own = _own(body)
    content = {name: value for name, value in body.items() if name not in own}
    created = _created_at(body)
    stamps = dict.fromkeys(content, created) if created else {}
    given = stamps_of(body)
    stamps |= {name: given[name] for name in given if name.partition("/")[0] not in own}
    return {**content, "stamps": stamps}


def _own(body: Body) -> frozenset[str]:
    """Return what is a document's own: bookkeeping, and the fields that its id is made of."""
    return OWN | natural_key(str(body.get("type")))


def _created_at(body: Body) -> str:
    at = _trace(body, "created").get("at")
    return at if isinstance(at, str) else ""


def _fill(sides: list[dict[str, Any]], record: Body, duplicate: Body) -> None:
    """Let each empty field of one side be as it is on the other, and a text that both wrote, each
    in his way, be as the record that stands has it."""
    for mine, other in (sides, sides[::-1]):
        for name in sorted(other.keys() - {"stamps"}):
            if mine.get(name) in (None, "", []) and other[name] not in (None, "", []):
                _take(mine, other, name)
    mine, other = sides
    kind = str(record.get("type"))
    for name in sorted((mine.keys() & other.keys()) - {"stamps"}):
        texts = isinstance(mine[name], str) and isinstance(other[name], str)
        if texts and name in field_policies(kind) and same_told(kind, name, record, duplicate):
            _take(other, mine, name)


def _take(mine: dict[str, Any], other: dict[str, Any], name: str) -> None:
    mine[name] = other[name]
    mine["stamps"].pop(name, None)
    if name in other["stamps"]:
        mine["stamps"][name] = other["stamps"][name]


def _author(content: dict[str, Any], body: Body, rev: str) -> Author:
    updated = _trace(body, "updated") or _trace(body, "created")
    return Author(
        rev=rev,
        content=content,
        stamps=content["stamps"],
        created_at=_created_at(body),
        at=updated.get("at"),
        by=updated.get("by"),
        device=updated.get("device"),
        deletes=False,
    )


def _trace_after(record: Body, duplicate: Body) -> dict[str, Any]:
    """Return who changed a record by changing its duplicate, and a clock after both."""
    clock = HybridClock(SERVER_DEVICE)
    physical = _milliseconds(duplicate)
    at = max(str(clock.overwrite(_clock(_at(body)), physical)) for body in (record, duplicate))
    return {"at": at, "by": _trace(duplicate, "updated").get("by"), "device": SERVER_DEVICE}


def _trace(body: Body, name: str) -> Mapping[str, Any]:
    trace = body.get(name)
    return trace if isinstance(trace, Mapping) else {}


def _at(body: Body) -> Any:
    return _trace(body, "updated").get("at")


def _milliseconds(body: Body) -> int:
    clock = _clock(_at(body))
    return 0 if clock is None else clock.milliseconds


def _clock(text: Any) -> Any:
    try:
        return parse_clock(text) if isinstance(text, str) else None
    except ClockError:
        return None
