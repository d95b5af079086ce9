"""Ordering an operation on grids: may this person, would it hold; then into the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ulid import ULID

from conflicts.structure import FINDINGS, IGNORED, Structure
from grid.operations import GridOperation, Kind
from grid.permissions import Actor, in_scope, may_restructure
from sync.editing import next_stamp
from sync.registry import Registry
from sync.timing import china_day, now_ms

MESSAGES: Final[Mapping[str, str]] = {
    "out-of-scope": "这些网格不都在您可以调整的范围内",
    "past": "生效日期不能早于今天",
    "no-such-operation": "没有找到这次调整",
    **{code: zh for code, (zh, _) in FINDINGS.items()},
}
"""Why an operation is not taken into the log: code → sentence for the supervisor."""


class OrderRefused(Exception):
    """An operation that cannot be ordered; ``code`` is one of ``MESSAGES``."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.message = MESSAGES[code]
        super().__init__(f"{code}: {self.message}")


def new_operation(kind: Kind, actor: Actor, effective: str = "") -> GridOperation:
    """Return an operation to be filled in; it has no clock before it is ordered."""
    return GridOperation(f"operation:{ULID()}", kind, "", effective or china_day(), actor.user)


async def try_out(
    registry: Registry, operation: GridOperation, actor: Actor
) -> tuple[GridOperation, Structure]:
    """Return the operation with its clock, and the structure that it would bring about.

    Raises ``OrderRefused`` when this person may not order it, when its day is past, or when
    it would not hold as things stand; nothing is written.
    """
    if operation.effective < china_day():
        raise OrderRefused("past")
    known = await registry.operations()
    await _check_scope(registry, operation, actor, known)
    seen = max((one.stamp for one in known), default=None)
    stamped = replace(operation, stamp=next_stamp(seen, now_ms()))
    structure = await registry.structure_with(stamped, stamped.effective)
    effect = structure.effects[stamped.id]
    if effect.status == IGNORED:
        raise OrderRefused(effect.finding or "")
    return stamped, structure


async def order(registry: Registry, operation: GridOperation, actor: Actor) -> GridOperation:
    """Put an operation into the log; return it as it stands there. Raises ``OrderRefused``.

    From then on it is in force (from its day on) for everybody; records follow in the background.
    """
    stamped, _ = await try_out(registry, operation, actor)
    await registry.add_operation(stamped)
    return stamped


async def _check_scope(
    registry: Registry, operation: GridOperation, actor: Actor, known: list[GridOperation]
) -> None:
    hierarchy = await registry.hierarchy()
    subject = operation
    if operation.kind is Kind.UNDO:
        found = next((one for one in known if one.id == operation.of), None)
        if found is None:
            raise OrderRefused("no-such-operation")
        subject = found
    for code in subject.grids:
        if code not in hierarchy:
            raise OrderRefused("no-such-grid")
        if not may_restructure(actor, hierarchy.path(code)):
            raise OrderRefused("out-of-scope")
    for part in subject.parts:
        if part.code in hierarchy and not may_restructure(actor, hierarchy.path(part.code)):
            raise OrderRefused("out-of-scope")
    if subject.parent is not None:
        if subject.parent not in hierarchy:
            raise OrderRefused("no-such-grid")
        if not in_scope(actor, hierarchy.path(subject.parent)):
            raise OrderRefused("out-of-scope")
