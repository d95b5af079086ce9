"""Duplicates: whether two records are of one household or one person, and how sure that is.

Records come as ``canonical`` has them: with ``_id`` and ``path``, and with references that are
already followed to the record that stands for what they name. The verdict depends on the two
records alone and not on their order, so every resolver gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any, Final

from grid.models import field_policies
from grid.policy import DEFAULT_MERGE, Policy

from .canonical_json import same
from .identity import born_of, door_of, id_of, number_of, person_of
from .normalise import code_text, person_name, phone_number, plain

SAME_DOOR: Final = "same-door"
SAME_HOUSEHOLD_NUMBER: Final = "same-household-number"
SAME_ID_NUMBER: Final = "same-id-number"
SAME_PERSON: Final = "same-person"
TWO_HOUSEHOLDS: Final = "two-households"

REDIRECT: Final = "merged_into"
"""Field of a record that is another one's duplicate: the id of the one that stands for both."""
APART: Final = "distinct_from"
"""Field with the ids of records that a person has found not to be this one's duplicates."""
ABSORBED: Final = "absorbed"
"""Field of the record that stands: which revision of which duplicates its content contains."""

SERVER_DEVICE: Final = "00000000"
_VILLAGE: Final = 3
_NEAR_METRES: Final = 200.0
_METRES_PER_DEGREE: Final = 111_320.0
_AWAY: Final = frozenset({"absent", "overseas"})
_GONE: Final = frozenset({"moved_out", "deceased", "demolished"})
_JOINS: Final = frozenset(
    {Policy.SET, Policy.LOG, Policy.TEXT, Policy.MINIMUM, Policy.MAXIMUM, Policy.COUNTER}
)
"""Policies that keep both values: fields of these never contradict each other."""
_DOOR: Final = frozenset({"address", "building", "unit", "room"})
_PLACE: Final = _DOOR | {"place"}
_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    **dict.fromkeys(
        ("name", "former_name", "head_name", "owner_name", "guardian_name"), person_name
    ),
    **dict.fromkeys(("phone", "owner_phone", "guardian_phone"), phone_number),
    **dict.fromkeys(("household_number", "id_number"), code_text),
}

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Match:
    """Two records that look like one: ``keeps`` is the id of the one that would stand.

    ``contradicts`` names the fields in which both say something and do not agree. ``safe`` tells
    that no person needs to be asked.
    """

    keeps: str
    gives_way: str
    reason: str
    contradicts: tuple[str, ...]
    safe: bool


def judge(one: Record, other: Record) -> Match | None:
    """Return how two records match, or ``None`` when they are not to be taken for one.

    What a person has kept apart stays apart, and what stands for another already is no match.
    """
    if one["type"] != other["type"] or one["_id"] == other["_id"]:
        return None
    if any(REDIRECT in record for record in (one, other)) or kept_apart(one, other):
        return None
    reason = {"household": _households, "resident": _residents}.get(one["type"], _nothing)(
        one, other
    )
    if reason is None:
        return None
    keeps, gives_way = sorted((one, other), key=seniority)
    contradicts = contradictions(one, other)
    return Match(
        keeps["_id"],
        gives_way["_id"],
        reason,
        contradicts,
        not contradicts and _certain(one, other, reason),
    )


def kept_apart(one: Record, other: Record) -> bool:
    """Tell whether a person has said that these two are not the same."""
    return any(
        left["_id"] in names
        for left, right in ((one, other), (other, one))
        if isinstance(names := right.get(APART), list)
    )


def seniority(record: Record) -> tuple[str, str]:
    """Return the key by which the first of two duplicates stands: created earlier, then id."""
    return _trace(record).get("at") or "~", record["_id"]


def contradictions(one: Record, other: Record) -> tuple[str, ...]:
    """Return the declared fields in which two records say different things, sorted.

    An empty field contradicts nothing, nor does one whose policy keeps both values; a door is
    compared as a door.
    """
    kind = str(one["type"])
    policies = field_policies(kind)
    passed = {"type", "schema", "grid", "created", "updated", "stamps", "merge", "members"}
    passed |= {REDIRECT, APART, ABSORBED} | (_PLACE if kind == "household" else set())
    return tuple(
        name
        for name in sorted(policies)
        if name not in passed
        and policies.get(name, DEFAULT_MERGE).policy not in _JOINS
        and _differ(name, one.get(name), other.get(name))
    )


def same_told(kind: str, name: str, one: Record, other: Record) -> bool:
    """Tell whether two records say the same in a field, written differently at most."""
    if kind == "household" and name in _DOOR:
        return door_of(one) == door_of(other)
    return not _differ(name, one.get(name), other.get(name))


def _differ(name: str, one: Any, other: Any) -> bool:
    if one in (None, "", []) or other in (None, "", []):
        return False
    if isinstance(one, str) and isinstance(other, str):
        form = _FORMS.get(name, plain)
        return form(one) != form(other)
    return not same(one, other)


def _nothing(one: Record, other: Record) -> str | None:
    return None


def _households(one: Record, other: Record) -> str | None:
    if any(record.get("status") in _GONE for record in (one, other)):
        return None  # who moved in after somebody moved out is another household
    numbers = (number_of(one), number_of(other))
    if all(numbers) and numbers[0] != numbers[1]:
        return None  # two registered households may share a door
    at = door_of(one)
    if at.exact and at == door_of(other):
        near = _village(one) == _village(other) or _agree(one, other) or _beside(one, other)
        return SAME_DOOR if near else None
    return SAME_HOUSEHOLD_NUMBER if all(numbers) else None


def _residents(one: Record, other: Record) -> str | None:
    numbers = (id_of(one), id_of(other))
    if all(numbers) and numbers[0] == numbers[1]:
        reason = SAME_ID_NUMBER
    elif person_of(one) is not None and person_of(one) == person_of(other):
        reason = SAME_PERSON
    else:
        return None
    there = [_present(record) for record in (one, other)]
    if _grid(one) != _grid(other) and there.count(True) < 2:
        return None  # registered here and living there, or moved: one person, two places
    homes = [record.get("household") for record in (one, other)]
    if all(there) and all(homes) and homes[0] != homes[1]:
        return TWO_HOUSEHOLDS
    return reason


def _certain(one: Record, other: Record, reason: str) -> bool:
    """Tell whether two records that contradict each other nowhere are surely one.

    They lie in one grid, two devices made them without knowing of each other, and more than one
    thing speaks for it.
    """
    devices = [_trace(record).get("device") for record in (one, other)]
    if _grid(one) != _grid(other) or devices[0] == devices[1] or SERVER_DEVICE in devices:
        return False
    if reason == SAME_ID_NUMBER:
        names = [person_name(str(record.get("name") or "")) for record in (one, other)]
        return names[0] == names[1] and born_of(one) == born_of(other)
    return reason == SAME_DOOR and _agree(one, other)


def _agree(one: Record, other: Record) -> bool:
    """Tell whether two households have more in common than their door."""
    return any(
        one.get(name) and other.get(name) and not _differ(name, one[name], other[name])
        for name in ("household_number", "phone", "head_name", "head")
    )


def _beside(one: Record, other: Record) -> bool:
    """Tell whether two households were recorded within 200 m of each other."""
    spots = [record.get("place") for record in (one, other)]
    numbers = [
        float(spot[name])
        for spot in spots
        if isinstance(spot, Mapping)
        for name in ("latitude", "longitude")
        if isinstance(spot.get(name), (int, float))
    ]
    if len(numbers) != len(spots) * 2:
        return False
    north = (numbers[0] - numbers[2]) * _METRES_PER_DEGREE
    east = (numbers[1] - numbers[3]) * _METRES_PER_DEGREE * cos(radians(numbers[0]))
    return hypot(north, east) <= _NEAR_METRES


def _present(record: Record) -> bool:
    return (
        record.get("status") not in _GONE
        and record.get("presence") != "away"
        and record.get("population") not in _AWAY
    )


def _trace(record: Record) -> Mapping[str, Any]:
    trace = record.get("created")
    return trace if isinstance(trace, Mapping) else {}


def _path(record: Record) -> Sequence[str]:
    path = record.get("path")
    return path if isinstance(path, list) else []


def _village(record: Record) -> tuple[str, ...]:
    return tuple(_path(record)[:_VILLAGE])


def _grid(record: Record) -> str | None:
    return record.get("grid")
