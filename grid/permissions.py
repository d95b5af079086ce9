"""Who may see and change what: roles, scope down the hierarchy, and fields kept for some roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Role(StrEnum):
    """What a person (or another system) is in the grid system."""

    GRIDWORKER = "gridworker"
    LEAD = "lead"
    DISPATCHER = "dispatcher"
    DEPARTMENT = "department"
    AUDITOR = "auditor"
    SUPERVISOR_VILLAGE = "supervisor_village"
    SUPERVISOR_TOWN = "supervisor_town"
    SUPERVISOR_DISTRICT = "supervisor_district"
    INTEGRATOR = "integrator"


ROLE_NAMES: Final = {
    Role.GRIDWORKER: ("网格员", "gridworker"),
    Role.LEAD: ("网格长", "lead"),
    Role.DISPATCHER: ("受理派遣员", "dispatcher"),
    Role.DEPARTMENT: ("承办部门", "department"),
    Role.AUDITOR: ("审计", "auditor"),
    Role.SUPERVISOR_VILLAGE: ("村社区主管", "village supervisor"),
    Role.SUPERVISOR_TOWN: ("镇街主管", "town supervisor"),
    Role.SUPERVISOR_DISTRICT: ("区主管", "district supervisor"),
    Role.INTEGRATOR: ("对接系统", "integrator"),
}

SUPERVISORS: Final = frozenset(
    {
        Role.LEAD,
        Role.SUPERVISOR_VILLAGE,
        Role.SUPERVISOR_TOWN,
        Role.SUPERVISOR_DISTRICT,
    }
)
"""Roles that review merges and quarantine in their subtree."""
_RESTRUCTURES: Final = {Role.SUPERVISOR_TOWN: 3, Role.SUPERVISOR_DISTRICT: 2}
"""Roles that change the tree of grids, and the highest level (smallest number) they change."""
_RELOCATES: Final = frozenset(
    {Role.SUPERVISOR_VILLAGE, Role.SUPERVISOR_TOWN, Role.SUPERVISOR_DISTRICT}
)
CONSOLE_ROLES: Final = SUPERVISORS | {Role.DISPATCHER, Role.DEPARTMENT, Role.AUDITOR}
"""Roles that work in the console."""
PUSH_ROLES: Final = SUPERVISORS | {Role.GRIDWORKER, Role.DISPATCHER, Role.INTEGRATOR}
"""Roles that may write records of grids in their scope."""

_JOINING: Final = ("merged_into", "distinct_from", "absorbed")
SUPERVISOR_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "event": frozenset({"supervision", "verdict", "restricted"}),
    "household": frozenset({"review_note", *_JOINING}),
    "resident": frozenset({"review_note", *_JOINING}),
    "campaign-record": frozenset(_JOINING),
    "dispute": frozenset({"warning", "restricted", "evaluated", "evaluation"}),
    "place": frozenset({"review_note"}),
    "organisation": frozenset({"review_note"}),
    "task": frozenset({"planned"}),
}
"""Fields of a record type that a gridworker may not set or change."""
FIXED_FIELDS: Final = frozenset({"type", "created"})
"""Fields that nobody changes once a record is there."""
WITHDRAWN: Final = frozenset({"event", "dispute", "task"})
"""Types that a worker withdraws or leaves to a supervisor: they have a way of their own."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: account, role, device, and the nodes whose subtrees are his scope."""

    user: str
    role: Role
    device: str | None
    grids: frozenset[str]


def in_scope(actor: Actor, path: Sequence[str]) -> bool:
    """Tell whether a node lies in the actor's scope; ``path`` runs from the district to it."""
    return not actor.grids.isdisjoint(path)


def may_pull(actor: Actor, path: Sequence[str]) -> bool:
    """Tell whether the actor may read a grid's records in full (replicate them)."""
    return in_scope(actor, path)


def may_push(actor: Actor, path: Sequence[str]) -> bool:
    """Tell whether the actor may write records into a grid."""
    return actor.role in PUSH_ROLES and in_scope(actor, path)


def may_review(actor: Actor, path: Sequence[str]) -> bool:
    """Tell whether the actor may decide merges and quarantine of a grid."""
    return actor.role in SUPERVISORS and in_scope(actor, path)


def may_restructure(actor: Actor, path: Sequence[str]) -> bool:
    """Tell whether the actor may order an operation on the grid at the end of ``path``: a town's
    supervisor on villages and below, a district's on towns and below."""
    highest = _RESTRUCTURES.get(actor.role)
    return highest is not None and len(path) >= highest and in_scope(actor, path)


def may_relocate(actor: Actor, path: Sequence[str], target: Sequence[str]) -> bool:
    """Tell whether the actor may move a record from one grid to another: both are in his scope."""
    return actor.role in _RELOCATES and in_scope(actor, path) and in_scope(actor, target)


def may_delete(actor: Actor, record_type: str) -> bool:
    """Tell whether the actor may delete a record of a type; workers withdraw an event instead."""
    return record_type not in WITHDRAWN or actor.role in SUPERVISORS


def field_refusals(
    actor: Actor, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> list[str]:
    """Return the names of fields that this actor changed and may not, sorted.

    ``before`` is the record as the store has it, ``None`` for a new one.
    """
    kept: frozenset[str] = frozenset()
    if actor.role not in SUPERVISORS:
        kept = SUPERVISOR_FIELDS.get(str(after.get("type")), kept)
    if before is not None:
        kept |= FIXED_FIELDS & before.keys()
    was = before or {}
    changed = [name for name in kept if was.get(name) != after.get(name)]
    return sorted(changed) if changed else changed
