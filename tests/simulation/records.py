"""Records of every kind, and edits of them that leave traces one can look for.

Every value that an edit brings is new in the world (it holds a number drawn for it), so that one
can tell afterwards whether it is still somewhere. ``atoms`` takes a field apart into the smallest
things that could get lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from grid.idnumber import make_fictitious
from grid.models import schema_version

Body = dict[str, Any]
Maker = Callable[[Any, int, int], Any]
"""Takes a field's present value, a fresh number and a choice; returns the value to set."""

Steps = Mapping[str, tuple[str, ...]]
FORWARD: Mapping[str, Steps] = {
    # 60 → 70 needs another person than the finisher.
    "event": {"10": ("25", "92"), "11": ("10", "92"), "25": ("60", "30"), "60": ("61",),
              "61": ("25",)},
    "dispute": {"10": ("30", "92"), "30": ("40", "45"), "40": ("45", "60"), "45": ("30",),
                "60": ("61",), "61": ("30",)},
    "task": {"10": ("20", "60", "92"), "20": ("30", "60", "92"), "30": ("20", "60"),
             "61": ("20", "60")},
    "campaign-record": {"10": ("20", "30"), "20": ("30", "31"), "30": ("31",), "99": ("30", "10")},
}  # fmt: skip
"""Steps of a record's status that a gridworker may take."""


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


def _status(kind: str) -> Maker:
    def make(old: Any, fresh: int, choice: int) -> str:
        steps = FORWARD[kind].get(old or "10", ())
        return steps[choice % len(steps)] if steps else str(old)

    return make


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
        "status": _status("event"),
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
"""The kinds of record that most work is about, and how their fields are edited."""
RARER: Mapping[str, Mapping[str, Maker]] = {
    "dispute": {
        "title": _text("纠纷"),
        "description": _lines,
        "parties": _keyed("name"),
        "organisations": _tags,
        "status": _status("dispute"),
        "log": _log,
    },
    "task": {
        "title": _text("任务"),
        "description": _lines,
        "assignees": _tags,
        "items": _keyed("note"),
        "result": _lines,
        "status": _status("task"),
    },
    "campaign-record": {
        "campaign_title": _text("活动"),
        "met": _tags,
        "materials": _tags,
        "questions": _lines,
        "status": _status("campaign-record"),
        "first_told": lambda old, fresh, choice: f"2026-11-24T08:{fresh % 60:02d}:00Z",
    },
    "place": {
        "title": _text("场所"),
        "licence": _text("照"),
        "hazards": _tags,
        "last_check": _date,
        "note": _lines,
    },
    "organisation": {
        "title": _text("单位"),
        "address": _text("解放路"),
        "tags": _tags,
        "note": _lines,
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
    "dispute": {
        "title": "宅基地纠纷",
        "category": "0101",
        "description": "两家争一堵墙",
        "happened": "2026-11-24T08:00:00Z",
        "status": "10",
    },
    "task": {"title": "走访", "kind": "visit", "status": "10"},
    "campaign-record": {"status": "10"},
    "place": {"title": "小卖部", "kind": "shop", "address": "面前山村2号"},
    "organisation": {"title": "合作社", "kind": "cooperative", "address": "面前山村3号"},
}
OF_HOUSEHOLD = frozenset({"resident", "visit", "event", "dispute"})
"""Kinds that may name a household."""
CAMPAIGNS = ("fraud", "fire")
"""Campaigns in which workers tick households; a record's id is made of both."""
FUTURE = "risk_level"
"""A field that only a newer program knows."""
TEXT_FIELDS = frozenset({"note", "description", "needs", "result", "questions"})
UNTRACKED = frozenset({"status", "last_visit", "outcome", "last_check", "first_told"})
"""Fields whose values are not unique in the world."""


DOOR: Body = {"building": "4栋", "room": "302", "phone": "12000009999"}
PERSON: Body = {
    "name": "黄生", "birth_date": "1980-01-31", "id_number": make_fictitious(date(1980, 1, 31), 1)
}  # fmt: skip
TWINS: Mapping[str, tuple[Body, ...]] = {
    "household": ({}, {"building": "4栋", "room": "301"}, {"building": "4栋", "room": "302"}, DOOR),
    "resident": ({}, {"relation": "0"}, {**PERSON, "relation": "0"}, PERSON),
}
"""What makes a new record one that somebody else may have recorded too, by choice."""


def twin_fields(kind: str, choice: int) -> Body:
    """Return what a new household or person may have in common with another one."""
    return TWINS[kind][choice // 4096 % 4] if kind in TWINS else {}


def kind_of_new(choice: int) -> str:
    """Return the kind of a new record for a number of a script."""
    kinds = sorted(RARER if choice // 4096 % 3 == 2 else KINDS)
    return kinds[choice % len(kinds)]


def first_fields(kind: str) -> Body:
    """Return the fields of a new record."""
    return {"schema": schema_version(kind), **FIRST[kind]}


def change(kind: str, body: Mapping[str, Any], which: int, choice: int, fresh: int) -> Body:
    """Return one field's new value for an edit of ``body``."""
    fields = _fields(kind)
    names = sorted(fields)
    name = names[which % len(names)]
    return {name: fields[name](body.get(name), fresh, choice)}


def _fields(kind: str) -> Mapping[str, Maker]:
    return KINDS.get(kind) or RARER.get(kind, {})


def presence(choice: int, *, older: bool) -> Body:
    """Return whether somebody lives here, as a program of this schema says it, or an older one."""
    if older:
        return {"living_here": choice % 2 == 0}
    return {"presence": ("here", "partly", "away")[choice % 3]}


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
    names = [*_fields(kind), FUTURE]
    return {(name, atom) for name in names for atom in atoms(name, body.get(name))}
