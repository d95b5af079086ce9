"""Operations on the tree of grids that supervisors think of, from the numbers of a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from grid.operations import GridOperation, Kind
from grid.permissions import Actor
from grid.placing import Part, Rule
from sync.ordering import new_operation
from sync.paths import database_of
from sync.timing import china_day
from tests.simulation.script import Op
from tests.simulation.site import Site

_KINDS = (
    Kind.SPLIT,
    Kind.SPLIT,
    Kind.MERGE,
    Kind.MERGE,
    Kind.MOVE,
    Kind.MOVE,
    Kind.CLOSE,
    Kind.REOPEN,
    Kind.RENAME,
    Kind.UNDO,
)
_LOWEST = 5


async def grids_in_use(site: Site, level: int = _LOWEST) -> list[str]:
    """Return the codes of open grids of a level, sorted."""
    hierarchy = await site.registry.hierarchy()
    return sorted(node.code for node in hierarchy if node.level == level and not node.closed)


async def plan(site: Site, op: Op, actor: Actor, fresh: int) -> GridOperation | None:
    """Return an operation as far as a person fills it in; ``None`` when there is none to think of.

    Whether it may be ordered and would hold is for the system to say.
    """
    kind = _KINDS[op.c % len(_KINDS)]
    day = ""
    if op.d % 8 == 7:
        day = str(date.fromisoformat(china_day()) + timedelta(days=1))
    operation = new_operation(kind, actor, day)
    if kind is Kind.UNDO:
        known = await site.registry.operations()
        return replace(operation, of=known[op.b % len(known)].id) if known else None
    level = _LOWEST if kind in (Kind.SPLIT, Kind.MERGE) or op.c // 16 % 2 else 4
    if kind is Kind.REOPEN:
        hierarchy = await site.registry.hierarchy()
        closed = sorted(node.code for node in hierarchy if node.closed)
        return replace(operation, grids=(closed[op.b % len(closed)],)) if closed else None
    open_ones = await grids_in_use(site, level)
    if not open_ones:
        return None
    code = open_ones[op.b // 3 % len(open_ones)]
    operation = replace(operation, grids=(code,))
    if kind is Kind.RENAME:
        return replace(operation, name=f"改名{fresh}")
    if kind is Kind.MOVE:
        parents = await grids_in_use(site, level - 1)
        return replace(operation, parent=parents[op.c // 32 % len(parents)]) if parents else None
    others = [one for one in open_ones if one != code]
    return await _hand_over(site, op, operation, others, fresh)


async def _hand_over(
    site: Site, op: Op, operation: GridOperation, others: Sequence[str], fresh: int
) -> GridOperation | None:
    """Fill in who takes over: new grids below the same parent, or ones in use."""
    (code,) = operation.grids
    structure = await site.registry.structure()
    parent = structure.hierarchy.node(code).parent
    free = structure.free_codes(parent, 2) if parent is not None else []
    existing = [Part(others[op.c // 32 % len(others)])] if others else []
    new = [Part(one, f"新{fresh}-{number}") for number, one in enumerate(free)]
    if operation.kind is Kind.CLOSE:
        parts = existing if op.d % 2 else []
        return replace(operation, parts=tuple(parts))
    if operation.kind is Kind.MERGE:
        if not existing:
            return None
        taken = existing if op.d % 2 else new[:1]
        partner = {existing[0].code} - {part.code for part in taken}
        return replace(operation, grids=(code, *sorted(partner)), parts=tuple(taken))
    parts = (new + existing if op.d % 3 else new)[: 2 + op.d % 2]
    if len(parts) < 2:
        return None
    parts[0] = replace(parts[0], households=await _some_households(site, code, op.d // 64))
    parts[1] = replace(parts[1], rules=(Rule(address="面前山村1"),))
    rest = (parts[-1].code, None)[op.d // 8 % 2]
    return replace(operation, parts=tuple(parts), main=parts[0].code, rest=rest)


async def _some_households(site: Site, code: str, choice: int) -> tuple[str, ...]:
    if database_of(code) not in await site.disk.database_names("grid-"):
        return ()
    found = await site.disk.documents(database_of(code), start="household:", end="household;")
    return tuple(one.doc_id for one in found[choice % 2 :: 2])


def words(operation: GridOperation) -> str:
    """Say an operation for people."""
    about: dict[str, Any] = {
        "name": operation.name,
        "under": operation.parent,
        "to": [part.code for part in operation.parts],
        "rest": operation.rest if operation.kind is Kind.SPLIT else None,
        "of": operation.of,
        "from": operation.effective,
    }
    told = ", ".join(f"{name} {value}" for name, value in about.items() if value)
    return f"{operation.kind} {' '.join(operation.grids)} {told}"
