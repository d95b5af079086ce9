"""From a filled-in form to an operation on grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from conflicts.structure import Structure
from grid.csv_import import LONGEST_NAME
from grid.hierarchy import GridNode
from grid.operations import GridOperation, Kind
from grid.permissions import Actor, may_restructure
from grid.placing import Part, Rule
from server.i18n import gettext as _
from sync.ordering import new_operation

Values = Mapping[str, str]
MOST_PARTS: Final = 6
_MAX_NOTE: Final = 500
_MAX_RULE: Final = 100


class Unfit(ValueError):
    """What was filled in makes no operation; the text is for the person."""


def parts_of(values: Values) -> int:
    """Return how many parts a split form shows."""
    text = values.get("parts", "")
    return min(MOST_PARTS, max(2, int(text))) if text.isascii() and text.isdigit() else 2


def read_operation(
    kind: Kind, node: GridNode, structure: Structure, actor: Actor, values: Values
) -> GridOperation:
    """Return the operation that a form describes; raise ``Unfit``."""
    day = values.get("effective", "")
    try:
        date.fromisoformat(day)
    except ValueError:
        raise Unfit(_("请填写生效日期。")) from None
    blank = replace(
        new_operation(kind, actor, day),
        grids=(node.code,),
        note=values.get("note", "").strip()[:_MAX_NOTE],
    )
    if kind is Kind.RENAME:
        return replace(blank, name=_name(values.get("name", "")), before=node.name)
    if kind is Kind.MOVE:
        return replace(blank, parent=values.get("parent", ""), before=node.parent)
    if kind is Kind.SPLIT:
        return _split(blank, node, structure, values)
    if kind is Kind.MERGE:
        return _merge(blank, node, structure, values)
    if kind is Kind.CLOSE and values.get("into"):
        return replace(blank, parts=(Part(values["into"]),))
    return blank


def _split(
    blank: GridOperation, node: GridNode, structure: Structure, values: Values
) -> GridOperation:
    count = parts_of(values)
    new = iter(structure.free_codes(node.parent or "", count))
    parts: list[Part] = []
    for number in range(1, count + 1):
        code, name = values.get(f"target{number}", ""), None
        if not code:
            name = _name(values.get(f"name{number}", ""))
            code = next(new, "")
        rule = Rule(
            *(
                values.get(f"{field}{number}", "").strip()[:_MAX_RULE]
                for field in ("address", "building", "unit", "from", "to")
            )
        )
        chosen = tuple(
            key.partition("/")[2]
            for key, value in values.items()
            if key.startswith("place/") and value == str(number)
        )
        if node.holds_records:
            parts.append(Part(code, name, (rule,) if rule != Rule() else (), chosen))
        else:
            parts.append(Part(code, name, children=chosen))
    if any(not part.code for part in parts):
        raise Unfit(_("这个上级网格下已没有可用的新编码。"))
    main = _numbered(parts, values.get("main", "1")) or parts[0].code
    return replace(
        blank, parts=tuple(parts), main=main, rest=_numbered(parts, values.get("rest", ""))
    )


def _merge(
    blank: GridOperation, node: GridNode, structure: Structure, values: Values
) -> GridOperation:
    others = [key.partition("/")[2] for key in values if key.startswith("source/")]
    into = values.get("into", "")
    sources = tuple(dict.fromkeys((node.code, *others)))
    if len(sources) < 2:
        raise Unfit(_("请至少再选一个要合并的网格。"))
    if into:
        return replace(blank, grids=sources, parts=(Part(into),))
    name = _name(values.get("name", ""))
    free = structure.free_codes(node.parent or "", 1)
    if not free:
        raise Unfit(_("这个上级网格下已没有可用的新编码。"))
    return replace(blank, grids=sources, parts=(Part(free[0], name),))


def _numbered(parts: list[Part], number: str) -> str | None:
    chosen = int(number) if number.isascii() and number.isdigit() else 0
    return parts[chosen - 1].code if 1 <= chosen <= len(parts) else None


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Unfit(_("请填写名称，最多 {count} 个字。", count=LONGEST_NAME))
    return name


def siblings(structure: Structure, node: GridNode) -> list[GridNode]:
    """Return the other grids in use under the same parent."""
    children = structure.hierarchy.children(node.parent or "")
    return [child for child in children if child.code != node.code and not child.closed]


def possible_parents(structure: Structure, node: GridNode, actor: Actor) -> list[GridNode]:
    """Return the grids in use, one level up and in the actor's scope, under which one may hang."""
    hierarchy = structure.hierarchy
    return [
        other
        for other in hierarchy
        if other.level == node.level - 1
        and not other.closed
        and other.code != node.parent
        and not actor.grids.isdisjoint(hierarchy.path(other.code))
    ]


def possible_kinds(structure: Structure, node: GridNode, actor: Actor) -> list[Kind]:
    """Return what somebody may order about a grid as it is now."""
    if not may_restructure(actor, structure.hierarchy.path(node.code)):
        return []
    if node.closed:
        return [Kind.REOPEN]
    return [Kind.RENAME, Kind.SPLIT, Kind.MERGE, Kind.MOVE, Kind.CLOSE]
