"""Records of every kind, and edits of them that leave traces one can look for.

Every value that an edit brings is new in the world (it holds a number drawn for it), so that one
can tell afterwards whether it is still somewhere. ``atoms`` takes a field apart into the smallest
things that could get lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from grid.models import schema_version

Body = dict[str, Any]
Maker = Callable[[Any, int, int], Any]
"""Takes a field's present value, a fresh number and a choice; returns the value to set."""

FORWARD: Mapping[str, tuple[str, ...]] = {
    "10": ("25", "92"),
    "11": ("10", "92"),
    "25": ("60", "30"),
    "60": ("61",),
    "61": ("25",),
}
"""Steps of an event that a gridworker may take; 60 → 70 needs another person than the finisher."""


def _text(word: str) -> Maker:
    return lambda old, fresh, choice: f"{word}{fresh}"


def _phone(old: Any, fresh: int, choice: int) -> str:
    return f"1200000{fresh:04d}"


def _tags(old: Any, fresh: int, choice: int) -> list[Any]:
    kept = list(old or [])
    if kept and choice % 4 == 0:
        kept.pop(choice // 4 % len(kept))
        return kept
    return [*kept, f"签{fresh}"]


def _keyed(member: str) -> Maker:
    """Add an element, change one or take one away."""

    def make(old: Any, fresh: int, choice: int) -> list[Any]:
        kept = [dict(element) for element in old or []]
        if kept and choice % 4 == 0:
            kept.pop(choice // 4 % len(kept))
        elif kept and choice % 4 == 1:
            kept[choice // 4 % len(kept)][member] = f"项{fresh}"
        else:
            kept.append({"key": f"k{fresh}", member: f"项{fresh}"})
        return kept

    return make


def _lines(old: Any, fresh: int, choice: int) -> str:
    lines = old.split("\n") if old else []
    if lines and choice % 4 == 0:
        lines[choice // 4 % len(lines)] = f"改{fresh}"
    elif lines and choice % 8 == 1:
        lines.pop(choice // 8 % len(lines))
    else:
        lines.insert(choice // 4 % (len(lines) + 1), f"行{fresh}")
    return "\n".join(lines)


def _status(old: Any, fresh: int, choice: int) -> str:
    steps = FORWARD.get(old or "10", ())
    return steps[choice % len(steps)] if steps else str(old)


def _date(old: Any, fresh: int, choice: int) -> str:
    return f"2026-{1 + fresh // 28 % 12:02d}-{1 + fresh % 28:02d}"


def _log(old: Any, fresh: int, choice: int) -> list[Any]:
    at = f"2026-11-24T08:{fresh // 60 % 60:02d}:{fresh % 60:02d}.000Z-0000-{choice % 256:08x}"
    return [*(old or []), {"key": f"s{fresh}", "at": at, "by": "worker", "action": f"步{fresh}"}]


KINDS: Mapping[str, Mapping[str, Maker]] = {
    "household": {
        "address": _text("面前山村"),
        "phone": _phone,
        "building": _text("栋"),
        "head_name": _text("户主"),
        "tags": _tags,
        "hazards": _tags,
        "last_visit": _date,
        "note": _lines,
    },
    "resident": {
        "name": _text("黄生"),
        "phone": _phone,
        "occupation": _text("职"),
        "care": _tags,
        "note": _lines,
    },
    "event": {
        "title": _text("题"),
        "description": _lines,
        "status": _status,
        "log": _log,
        "also_seen": _tags,
    },
    "patrol": {
        "route": _text("路线"),
        "checks": _keyed("note"),
        "note": _lines,
    },
    "visit": {
        "needs": _lines,
        "met": _tags,
        "items": _keyed("note"),
        "outcome": lambda old, fresh, choice: ("no_change", "updated", "not_home")[choice % 3],
    },
}
FIRST: Mapping[str, Body] = {
    "household": {"address": "面前山村1号", "tags": [], "note": "一\n二\n三"},
    "resident": {"name": "阿依古丽·买买提"},
    "event": {
        "category": "0301",
        "description": "路灯不亮",
        "status": "10",
        "happened": "2026-11-24T08:00:00Z",
    },
    "patrol": {"started": "2026-11-24T08:00:00Z"},
    "visit": {
        "household": "household:01J0000000000000000000000A",
        "visited": "2026-11-24T08:00:00Z",
    },
}
OF_HOUSEHOLD = frozenset({"resident", "visit", "event"})
"""Kinds that may name a household."""
FUTURE = "risk_level"
"""A field that only a newer program knows."""
TEXT_FIELDS = frozenset({"note", "description", "needs"})
UNTRACKED = frozenset({"status", "last_visit", "outcome"})
"""Fields whose values are not unique in the world."""


def first_fields(kind: str) -> Body:
    """Return the fields of a new record."""
    return {"schema": schema_version(kind), **FIRST[kind]}


def change(kind: str, body: Mapping[str, Any], which: int, choice: int, fresh: int) -> Body:
    """Return one field's new value for an edit of ``body``."""
    names = sorted(KINDS[kind])
    name = names[which % len(names)]
    return {name: KINDS[kind][name](body.get(name), fresh, choice)}


def atoms(name: str, value: Any) -> list[Any]:
    """Return the smallest things in a field's value that could get lost."""
    if name in UNTRACKED or value is None:
        return []
    if name in TEXT_FIELDS:
        return str(value).split("\n") if value else []
    if isinstance(value, list):
        return [
            f"{key}={part}" if isinstance(element, Mapping) else element
            for element in value
            for key, part in (element.items() if isinstance(element, Mapping) else [("", "")])
        ]
    return [value]


def all_atoms(body: Mapping[str, Any]) -> set[tuple[str, Any]]:
    """Return every atom of a record's own fields, with its field."""
    kind = str(body.get("type"))
    names = [*KINDS.get(kind, ()), FUTURE]
    return {(name, atom) for name in names for atom in atoms(name, body.get(name))}
