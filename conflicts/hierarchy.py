"""The tree of grids as a fold over imported nodes and all operations on them.

After Kleppmann, Mulligan, Gomes and Beresford, "A highly-available move operation for replicated
trees" (2021): operations are applied in the order of their stamps, whatever order they arrived in;
one that would break the tree is passed over, stays in the log, and may come to hold when an earlier
one arrives late. What is passed over, or applied otherwise than ordered, is told to a person.

Two things could go round in circles. A grid under itself: refused. And records sent on from closed
grid to closed grid: a grid only ever hands over to grids that are in use at that moment, so each
hands over to one that was closed later than itself, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from grid.codes import LEVEL_BY_LENGTH
from grid.hierarchy import GridNode, Hierarchy
from grid.operations import GridOperation, Kind
from grid.placing import Part

from . import structure as found
from .structure import Effect, Recall, Route, Structure, standing_for


@dataclass(slots=True)
class _Applied:
    """What an operation changed, for taking it back."""

    operation: GridOperation
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    moved: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    """Child → parent before and after."""
    old_name: str = ""


class _Ignored(Exception):
    """The operation would break the tree; the text is a code of ``FINDINGS``."""


def fold(nodes: Iterable[GridNode], operations: Iterable[GridOperation], day: str) -> Structure:
    """Return the structure on a day (``YYYY-MM-DD``); order and repetition of inputs are the same.

    Operations that take effect later are ``pending``. Raises ``BrokenHierarchy`` when ``nodes``
    are no tree to begin with.
    """
    state = _Fold(nodes)
    ordered = sorted({one.id: one for one in operations}.values(), key=lambda one: one.order)
    issued: dict[str, frozenset[str]] = {}
    for operation in ordered:
        for part in operation.parts:
            if part.name is not None:
                issued[part.code] = issued.get(part.code, frozenset()) | set(operation.grids)
    for operation in ordered:
        if operation.effective > day:
            status = found.CANCELLED if operation.id in state.cancelled else found.PENDING
            state.effects[operation.id] = Effect(
                status, undone_by=state.cancelled.get(operation.id)
            )
        else:
            state.apply(operation)
    return Structure(
        Hierarchy(state.nodes.values()),
        state.routes,
        state.effects,
        tuple(state.recalls),
        issued,
    )


class _Fold:
    def __init__(self, nodes: Iterable[GridNode]) -> None:
        self.nodes = {node.code: node for node in nodes}
        self.routes: dict[str, Route] = {}
        self.effects: dict[str, Effect] = {}
        self.recalls: list[Recall] = []
        self.cancelled: dict[str, str] = {}
        self._done: dict[str, _Applied] = {}
        self._closed_by: dict[str, str] = {}
        self._finding: str | None = None

    def apply(self, operation: GridOperation) -> None:
        """Apply one operation, or note why not."""
        if operation.id in self.cancelled:
            self.effects[operation.id] = Effect(
                found.CANCELLED, undone_by=self.cancelled[operation.id]
            )
            self._give_back(operation)  # a server that did not know so yet has carried it out
            return
        self._finding = None
        rules = {
            Kind.RENAME: self._rename,
            Kind.MOVE: self._move,
            Kind.SPLIT: self._split,
            Kind.MERGE: self._hand_over,
            Kind.CLOSE: self._close,
            Kind.REOPEN: self._reopen,
            Kind.UNDO: self._undo,
        }
        try:
            applied = rules[operation.kind](operation)
        except _Ignored as why:
            self.effects[operation.id] = Effect(found.IGNORED, str(why))
            self._give_back(operation)
            return
        self._done[operation.id] = applied
        self.effects[operation.id] = Effect(found.APPLIED, self._finding)

    def _give_back(self, operation: GridOperation) -> None:
        """Send records back that somebody moved while this operation still seemed to hold.

        Its new grids stand there closed, so that their codes name nothing else ever.
        """
        sources = tuple(code for code in operation.grids if code in self.nodes)
        if not sources or not operation.parts:
            return
        first = self.nodes[sources[0]]
        for part in operation.parts:
            if part.name is None or part.code in self.nodes:
                continue
            if LEVEL_BY_LENGTH.get(len(part.code)) == first.level:
                self.nodes[part.code] = GridNode(
                    part.code, first.parent, first.level, part.name, predecessors=sources
                )
                self._shut(operation, part.code, sources)
                self.routes[part.code] = _back(operation, sources, operation.id)
        made = {code for code, route in self.routes.items() if route.operation == operation.id}
        kept = tuple(
            part.code
            for part in operation.parts
            if part.code in self.nodes and part.code not in made
        )
        if kept:
            self.recalls.append(Recall(operation.id, operation.stamp, operation.by, sources, kept))

    # Looking

    def _subject(self, operation: GridOperation) -> GridNode:
        code = operation.grids[0] if operation.grids else ""
        node = self.nodes.get(code)
        if node is None:
            raise _Ignored(found.NO_SUCH_GRID)
        return node

    def _open_subject(self, operation: GridOperation) -> GridNode:
        node = self._subject(operation)
        if node.closed:
            raise _Ignored(found.SUBJECT_CLOSED)
        return node

    def _stand_in(self, code: str, level: int, refusal: str) -> str:
        """Return an open grid of a level: this one, or the only one that took it over."""
        node = self.nodes.get(code)
        if node is None:
            raise _Ignored(found.NO_SUCH_GRID)
        if node.level != level:
            raise _Ignored(found.WRONG_LEVEL)
        if not node.closed:
            return code
        current = standing_for(self.nodes.get, self.routes, code)
        if len(current) != 1:
            raise _Ignored(refusal)
        self._finding = found.REDIRECTED
        return next(iter(current))

    def _under(self, code: str, top: str) -> bool:
        at: str | None = code
        while at is not None:
            if at == top:
                return True
            at = self.nodes[at].parent
        return False

    def _children(self, code: str) -> list[GridNode]:
        return [node for node in self.nodes.values() if node.parent == code]

    # Changing

    def _rename(self, operation: GridOperation) -> _Applied:
        node = self._open_subject(operation)
        if operation.before is not None and node.name not in (operation.before, operation.name):
            self._finding = found.CROSSED
        self._set(node.code, name=operation.name or node.name)
        return _Applied(operation, old_name=node.name)

    def _move(self, operation: GridOperation) -> _Applied:
        node = self._open_subject(operation)
        wanted = operation.parent or ""
        if wanted in self.nodes and self._under(wanted, node.code):
            raise _Ignored(found.CYCLE)
        parent = self._stand_in(wanted, node.level - 1, found.PARENT_CLOSED)
        if operation.before is not None and node.parent not in (operation.before, parent):
            self._finding = found.CROSSED
        self._set(node.code, parent=parent)
        return _Applied(operation, moved={node.code: (node.parent, parent)})

    def _split(self, operation: GridOperation) -> _Applied:
        node = self._open_subject(operation)
        parts = self._receivers(operation, node.level)
        if not parts or node.code in {part.code for part in parts}:
            raise _Ignored(found.CYCLE)
        names = {old.code: new.code for old, new in zip(operation.parts, parts, strict=True)}
        main = names.get(operation.main or "", parts[0].code)
        rest = names.get(operation.rest or "") if operation.rest else None
        applied = self._retire(operation, (node.code,), parts, main, rest)
        mine = {code: part.code for part in parts for code in part.children}
        for child in self._children(node.code):
            self._rehang(applied, child, mine.get(child.code, main))
        return applied

    def _hand_over(self, operation: GridOperation) -> _Applied:
        """Merge grids into one, or close one that another takes over."""
        known = [self.nodes[code] for code in operation.grids if code in self.nodes]
        if not known or len(operation.parts) != 1:
            raise _Ignored(found.NO_SUCH_GRID)
        if len({node.level for node in known}) > 1:
            raise _Ignored(found.WRONG_LEVEL)
        asked = operation.parts[0].code
        away = [node for node in known if not node.closed and node.code != asked]
        if not away:
            raise _Ignored(found.SUBJECT_CLOSED)
        parts = self._receivers(operation, away[0].level)
        target = parts[0].code
        left = [node for node in away if node.code != target]
        if not left:
            raise _Ignored(found.CYCLE)
        if len(left) < len([node for node in known if node.code != asked]):
            self._finding = self._finding or found.PARTLY
        codes = tuple(node.code for node in left)
        applied = self._retire(operation, codes, parts, target, target)
        for code in codes:
            for child in self._children(code):
                self._rehang(applied, child, target)
        return applied

    def _close(self, operation: GridOperation) -> _Applied:
        if operation.parts:
            return self._hand_over(operation)
        node = self._open_subject(operation)
        if any(not child.closed for child in self._children(node.code)):
            raise _Ignored(found.HAS_CHILDREN)
        self._shut(operation, node.code, ())
        return _Applied(operation, sources=(node.code,))

    def _reopen(self, operation: GridOperation) -> _Applied:
        node = self._subject(operation)
        if node.closed:
            self._open_again(node)
        return _Applied(operation, sources=(node.code,))

    def _open_again(self, node: GridNode) -> None:
        parent = node.parent
        if parent is not None:
            parent = self._stand_in(parent, node.level - 1, found.PARENT_CLOSED)
        self.routes.pop(node.code, None)
        self._set(node.code, closed=False, valid_to=None, parent=parent)

    def _receivers(self, operation: GridOperation, level: int) -> tuple[Part, ...]:
        """Return the parts of an operation with grids that are new or in use."""
        parts = []
        for part in operation.parts:
            code = part.code
            if part.name is None:
                code = self._stand_in(code, level, found.TARGET_CLOSED)
            elif code in self.nodes:
                raise _Ignored(found.CODE_TAKEN)
            elif LEVEL_BY_LENGTH.get(len(code)) != level:
                raise _Ignored(found.WRONG_LEVEL)
            parts.append(replace(part, code=code))
        if len({part.code for part in parts}) < len(parts):
            raise _Ignored(found.TARGET_CLOSED)
        return tuple(parts)

    def _issue(self, operation: GridOperation, parts: Sequence[Part], like: GridNode) -> None:
        """Make the new ones of these grids, beside ``like``."""
        for part in parts:
            if part.name is None:
                continue
            self.nodes[part.code] = GridNode(
                part.code, like.parent, like.level, part.name, valid_from=operation.effective
            )

    def _retire(
        self,
        operation: GridOperation,
        sources: tuple[str, ...],
        parts: tuple[Part, ...],
        main: str,
        rest: str | None,
    ) -> _Applied:
        self._issue(operation, parts, self.nodes[sources[0]])
        targets = tuple(part.code for part in parts)
        for code in sources:
            self._shut(operation, code, targets)
            self.routes[code] = Route(
                operation.id, operation.stamp, operation.by, parts, main, rest
            )
        for code in targets:
            self._set(code, predecessors=_joined(self.nodes[code].predecessors, sources))
        created = tuple(part.code for part in parts if part.name is not None)
        return _Applied(operation, sources, targets, created)

    def _shut(self, operation: GridOperation, code: str, successors: tuple[str, ...]) -> None:
        known = self.nodes[code].successors
        day = operation.effective
        self._set(code, closed=True, valid_to=day, successors=_joined(known, successors))
        self._closed_by[code] = operation.id

    def _rehang(self, applied: _Applied, child: GridNode, parent: str) -> None:
        applied.moved[child.code] = (child.parent, parent)
        self._set(child.code, parent=parent)

    def _set(self, code: str, **changes: object) -> None:
        self.nodes[code] = replace(self.nodes[code], **changes)  # type: ignore[arg-type]

    # Taking back

    def _undo(self, operation: GridOperation) -> _Applied:
        of = operation.of or ""
        done = self._done.get(of)
        if of not in self.effects:
            self.cancelled[of] = operation.id  # it was to take effect later, and will not
            return _Applied(operation)
        if (
            done is None
            or self.effects[of].status != found.APPLIED
            or done.operation.kind is Kind.UNDO
        ):
            raise _Ignored(found.NOTHING_TO_UNDO)
        if done.operation.kind is Kind.RENAME:
            self._undo_rename(done)
        elif done.operation.kind is Kind.REOPEN:
            raise _Ignored(found.NOTHING_TO_UNDO)  # closing again needs to say who takes over
        elif done.operation.kind is Kind.MOVE:
            self._undo_moves(done, strict=True)
        else:
            self._undo_closing(operation, done)
        self.effects[of] = replace(self.effects[of], status=found.UNDONE, undone_by=operation.id)
        return _Applied(operation)

    def _undo_rename(self, done: _Applied) -> None:
        node = self.nodes[done.operation.grids[0]]
        if node.closed or node.name != done.operation.name:
            raise _Ignored(found.OVERTAKEN)
        self._set(node.code, name=done.old_name)

    def _undo_moves(self, done: _Applied, *, strict: bool) -> None:
        for code, (before, after) in done.moved.items():
            old = self.nodes.get(before or "")
            movable = self.nodes[code].parent == after and old is not None and not old.closed
            if movable:
                self._set(code, parent=before)
            elif strict:
                raise _Ignored(found.OVERTAKEN)

    def _undo_closing(self, operation: GridOperation, done: _Applied) -> None:
        sources = [self.nodes[code] for code in done.sources]
        own = done.operation.id
        if not all(node.closed for node in sources) or any(
            self.nodes[code].closed or set(self.nodes[code].predecessors) - set(done.sources)
            for code in done.created
        ):
            raise _Ignored(found.OVERTAKEN)
        for node in sources:
            if self._closed_by[node.code] != own:
                raise _Ignored(found.OVERTAKEN)
            self._stand_in(node.parent or "", node.level - 1, found.PARENT_CLOSED)
        for node in sources:
            self._open_again(self.nodes[node.code])
        self._undo_moves(done, strict=False)
        self._close_created(operation, done)
        kept = tuple(code for code in done.targets if code not in done.created)
        if kept:
            self.recalls.append(Recall(own, operation.stamp, operation.by, done.sources, kept))

    def _close_created(self, operation: GridOperation, done: _Applied) -> None:
        main = done.sources[0]
        for code in done.created:
            for child in self._children(code):
                self._set(child.code, parent=main)
            self._shut(operation, code, done.sources)
            self.routes[code] = _back(operation, done.sources, done.operation.id)


def _back(operation: GridOperation, origins: tuple[str, ...], undone: str) -> Route:
    """Return the route by which a grid's records go back to where they came from."""
    main = origins[0]
    return Route(
        operation.id,
        operation.stamp,
        operation.by,
        (Part(main),),
        main,
        main,
        origins,
        undone,
    )


def _joined(known: Sequence[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
