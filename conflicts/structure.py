"""What operations on the tree of grids come to: the tree, where records go, what to tell people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from grid.codes import LENGTHS
from grid.hierarchy import GridNode, Hierarchy
from grid.placing import Part

CYCLE: Final = "cycle"
NO_SUCH_GRID: Final = "no-such-grid"
WRONG_LEVEL: Final = "wrong-level"
SUBJECT_CLOSED: Final = "subject-closed"
PARENT_CLOSED: Final = "parent-closed"
TARGET_CLOSED: Final = "target-closed"
CODE_TAKEN: Final = "code-taken"
HAS_CHILDREN: Final = "has-children"
CROSSED: Final = "crossed"
PARTLY: Final = "partly"
REDIRECTED: Final = "redirected"
OVERTAKEN: Final = "overtaken"
NOTHING_TO_UNDO: Final = "nothing-to-undo"

FINDINGS: Final[Mapping[str, tuple[str, str]]] = {
    CYCLE: ("网格会归到自己名下，或几个网格互相并入", "a grid would end up under or inside itself"),
    NO_SUCH_GRID: ("没有这个编码的网格", "there is no grid of this code"),
    WRONG_LEVEL: ("层级不符", "the levels do not fit"),
    SUBJECT_CLOSED: ("网格当时已停用", "the grid was closed by then"),
    PARENT_CLOSED: ("上级网格当时已停用，又没有唯一的承接网格", "the parent was closed by then"),
    TARGET_CLOSED: ("承接的网格当时已停用", "the receiving grid was closed by then"),
    CODE_TAKEN: ("新编码已被使用", "the new code was already taken"),
    HAS_CHILDREN: ("下面还有在用的网格", "there are grids in use below it"),
    CROSSED: (
        "与另一人的调整交叉，以较晚的为准",
        "crossed with another change; the later one holds",
    ),
    PARTLY: ("有的网格当时已停用，只办理了其余的", "some of the grids were closed by then"),
    REDIRECTED: ("指定的网格已停用，改由其承接网格接收", "went to the successor of a closed grid"),
    OVERTAKEN: ("之后又有别的调整，不能再撤销", "later changes build on it"),
    NOTHING_TO_UNDO: ("要撤销的调整没有生效", "what was to be undone did not hold"),
}
"""What there is to say about an operation: code → Chinese and English."""

APPLIED: Final = "applied"
IGNORED: Final = "ignored"
UNDONE: Final = "undone"
CANCELLED: Final = "cancelled"
PENDING: Final = "pending"


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of an operation: its status, and a code of ``FINDINGS`` when a person should
    know. ``undone_by`` is the operation that took it back."""

    status: str
    finding: str | None = None
    undone_by: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Where the records of a closed grid go.

    ``parts`` have the rules; ``main`` takes what belongs to no household, ``rest`` the households
    no rule places. After an undone operation (``undone``) records go back to that one of
    ``origins`` which they came from. ``stamp`` and ``by`` are those of the order.
    """

    operation: str
    stamp: str
    by: str
    parts: tuple[Part, ...]
    main: str
    rest: str | None
    origins: tuple[str, ...] = ()
    undone: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """Records that an undone operation took from ``sources`` to ``targets`` and that go back."""

    undone: str
    stamp: str
    by: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """The outcome of a fold: the tree, where closed grids' records go, what each order came to."""

    hierarchy: Hierarchy
    routes: Mapping[str, Route]
    effects: Mapping[str, Effect]
    recalls: tuple[Recall, ...]
    issued: Mapping[str, frozenset[str]]
    """Codes that operations gave out, those that do not hold (yet) included, each with the grids
    that it was to take over from."""

    def current(self, code: str) -> tuple[str, ...]:
        """Return the grids in use that a grid is today: itself, or its successors' successors;
        empty when it was closed without any, or does not exist."""
        return tuple(sorted(standing_for(self.hierarchy.get, self.routes, code)))

    def free_codes(self, parent: str, count: int) -> list[str]:
        """Return codes that were never used, for new grids below ``parent``; fewer when its
        prefix has no more. Raises ``UnknownGrid``."""
        level = self.hierarchy.node(parent).level + 1
        digits = LENGTHS[level - 1] - len(parent)
        every = (f"{parent}{number:0{digits}d}" for number in range(1, 10**digits))
        used = [code for code in every if code in self.hierarchy or code in self.issued]
        highest = int(used[-1][len(parent) :]) if used else 0
        numbers = range(highest + 1, 10**digits)
        return [f"{parent}{number:0{digits}d}" for number in numbers][:count]

    def taken_over(self, codes: Iterable[str]) -> frozenset[str]:
        """Return codes together with the grids that stand for those of them closed, today or
        for a while: what somebody recorded in any of these is still his to hand in."""
        known = set(codes)
        for code in tuple(known):
            known |= _line(self.hierarchy.get, self.routes, code)
        back = (code for code, route in self.routes.items() if not known.isdisjoint(route.origins))
        return frozenset(known.union(back))

    def came_from(self, code: str) -> frozenset[str]:
        """Return the grids that a grid took over from, and those that these took over from; those
        also whose operation gave out the same code and did not hold."""
        found = set(self.issued.get(code, ()))
        waiting = [code, *found]
        while waiting:
            node = self.hierarchy.get(waiting.pop())
            before = () if node is None else node.predecessors
            waiting += set(before) - found
            found.update(before)
        return frozenset(found)


def standing_for(
    look: Callable[[str], GridNode | None], routes: Mapping[str, Route], code: str
) -> frozenset[str]:
    """Return the open grids that stand for ``code``; ``look`` finds a node by its code."""
    line = _line(look, routes, code)
    return frozenset(at for at in line if (node := look(at)) is not None and not node.closed)


def _line(
    look: Callable[[str], GridNode | None], routes: Mapping[str, Route], code: str
) -> set[str]:
    """Return a grid and all that took over from it, from those, and so on, as far as they exist."""
    seen: set[str] = set()
    waiting = [code]
    while waiting:
        at = waiting.pop()
        node = look(at)
        if node is None or at in seen:
            continue
        seen.add(at)
        if node.closed and at in routes:
            waiting.extend(part.code for part in routes[at].parts)
            waiting.extend(routes[at].origins)
    return seen
