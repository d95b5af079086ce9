"""Moving records between grids: the whole revision tree goes along, a tombstone stays behind.

What is written: the tree and the moved revision in the new grid, its canonical document, then the
tombstones in the old grid, then the record's open reviews. Every id is a function of the record
and the order, so each step repeats harmlessly and a crash between any two costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import orjson

from conflicts.canonical_json import canonical
from conflicts.model import Leaf
from conflicts.moving import (
    Order,
    above,
    claim_of,
    home_of,
    moved_away,
    moved_revision,
    moved_tombstone,
    order_of,
    returned_revision,
)
from sync.indexes import REVIEWS_BY_DOCUMENT
from sync.paths import code_of, database_of, grid_path
from sync.projection import Projection
from sync.registry import Registry
from sync.resolving import REVIEWS
from sync.store import Change, DocumentStore, Revision, Write

T = TypeVar("T")
_AT_ONCE: Final = 100
"""Records moved in one batch."""
_MOST_STEPS: Final = 50
"""Newest revisions among which a record's last move is looked for."""
_MOST_HISTORY: Final = 200
"""Newest revisions of a line whose bodies go along; older ones stay readable in the old grid."""


@dataclass(slots=True)
class _Move:
    """A record on its way: its leaves in the old grid, and the revision it arrives with, if new."""

    doc_id: str
    leaves: Sequence[Revision]
    order: Order
    arrival: Write | None = None
    stones: list[Write] = field(default_factory=list)


class Mover:
    """Moves records between the databases of grids."""

    def __init__(self, store: DocumentStore, registry: Registry, projection: Projection) -> None:
        self._store = store
        self._registry = registry
        self._projection = projection
        self.moved = 0
        self.carried = 0

    async def relocate(self, database: str, orders: Mapping[str, Order]) -> list[Revision]:
        """Move these records; return their tombstones. What is deleted or there already stays."""
        here = code_of(database)
        stones: list[Revision] = []
        for some in _batches(list(orders)):
            found = await self._store.revisions_of_many(database, [(one, "all") for one in some])
            moves = [
                _departure(doc_id, leaves, orders[doc_id])
                for doc_id, leaves in zip(some, found, strict=True)
                if leaves and not leaves[0].deleted and orders[doc_id].grid != here
            ]
            self.moved += len(moves)
            stones += await self._send(database, moves)
        return stones

    async def carry(self, database: str, changes: Sequence[Change]) -> dict[str, Revision]:
        """Send on what arrived here for records that live in other grids; return a tombstone for
        each such record. Edits that were under way end up where the record is, none is lost."""
        suspects = [
            change.doc_id
            for change in changes
            if len(change.leaves) > 1 and any(leaf.deleted for leaf in change.leaves)
        ]
        here = code_of(database)
        moves: list[_Move] = []
        calls: list[tuple[str, str, Order]] = []
        found = await self._store.revisions_of_many(database, [(one, "all") for one in suspects])
        for doc_id, leaves in zip(suspects, found, strict=True):
            others = _led_to(leaves)
            if not others:
                continue
            order = _home(leaves, here)
            calls += [(other, doc_id, order) for other in sorted(others - {here, order.grid})]
            if order.grid != here:
                moves.append(_following(doc_id, leaves, order))
        for some in _batches(moves):
            await self._send(database, some)
        for grid, doc_id, order in calls:
            await self._call(grid, doc_id, order)
        return {move.doc_id: _stone_of(move) for move in moves}

    async def reunite(self, database: str, doubled: Sequence[tuple[str, str]]) -> None:
        """Bring records together that live here and in another grid too: ``(id, grid)``.

        That happens when two servers moved a record to different grids, and one moved it on.
        """
        here = code_of(database)
        for doc_id, other in doubled:
            leaves = await self._store.revisions(database_of(other), doc_id, "all", ancestry=True)
            if leaves and not leaves[0].deleted:
                await self._call(here, doc_id, _home(leaves, other))

    async def came_from(self, database: str, winners: Sequence[Revision]) -> list[tuple[str, str]]:
        """Return, for records that were moved here, their ids and the grids they came from.

        A move that broke off after the record's arrival has left it there as well, and the record
        may have been moved on before anybody saw that.
        """
        came: list[tuple[str, str]] = []
        for winner in winners:
            body = {} if winner.deleted else orjson.loads(winner.body)
            if "grid" in (body.get("stamps") or {}):
                origins = await self._origins(database, winner.doc_id)
                came += [(winner.doc_id, origin) for origin in origins]
        return came

    async def _origins(self, database: str, doc_id: str) -> list[str]:
        """Return the grids in which a record was, the last one first."""
        found = await self._store.get(database, doc_id, ancestry=True)
        line = () if found is None else found.ancestors[:_MOST_STEPS]
        bodies = await self._store.bodies(database, doc_id, line)
        grids = [orjson.loads(bodies.get(rev) or b"{}").get("grid") for rev in line]
        here = code_of(database)
        return list(dict.fromkeys(one for one in grids if isinstance(one, str) and one != here))

    async def _call(
        self, grid: str, doc_id: str, order: Order, been: frozenset[str] = frozenset()
    ) -> None:
        """Send a record on from a grid to which an older order had taken it, and from wherever
        it went on from there; if the order that took it there is the newer one, send it on from
        the other grid instead. ``been`` are the grids that were asked on the way."""
        if grid == order.grid or grid in been:
            return
        database = database_of(grid)
        await self._store.create_database(database)
        leaves = await self._store.revisions(database, doc_id, "all", ancestry=True)
        claim = home_of(map(as_leaf, leaves), grid)
        if claim is None:
            return
        if claim > (order.stamp, order.grid):
            await self._call(order.grid, doc_id, _home(leaves, grid))
            return
        await self._send(database, [_following(doc_id, leaves, order)])
        for other in sorted(_led_to(leaves) - {grid}):
            await self._call(other, doc_id, order, been | {grid})

    async def _send(self, database: str, moves: Sequence[_Move]) -> list[Revision]:
        targets: dict[str, list[_Move]] = {}
        for move in moves:
            targets.setdefault(move.order.grid, []).append(move)
        for grid, some in targets.items():
            await self._deliver(database, grid, some)
        stones = [stone for move in moves for stone in move.stones]
        if stones:
            await self._store.write(database, stones, new_edits=False)
        return [_revision(stone) for stone in stones]

    async def _deliver(self, database: str, grid: str, moves: Sequence[_Move]) -> None:
        target = database_of(grid)
        await self._store.create_database(target)
        there = await self._store.revisions_of_many(target, [(one.doc_id, "all") for one in moves])
        late = {move.doc_id for move in moves if move.arrival is None}
        for move, known in zip(moves, there, strict=True):
            if move.arrival is None:
                move.arrival = _claiming(move, known)
        writes = [
            write
            for move, known in zip(moves, there, strict=True)
            for write in (*await self._tree(database, move), *_returning(move, known))
        ]
        asked: dict[str, list[str]] = {}
        for write in writes:
            asked.setdefault(write.doc_id, []).append(write.rev or "")
        missing = await self._store.missing_revisions(target, asked)
        new = [write for write in writes if write.rev in missing.get(write.doc_id, ([], []))[0]]
        self.carried += len(late & missing.keys())
        if new:
            await self._store.write(target, new, new_edits=False)
        arrivals = [_revision(move.arrival) for move in moves if move.arrival is not None]
        if arrivals:
            await self._projection.project(target, arrivals)
        await self._bring_reviews(grid, [move.doc_id for move in moves])

    async def _tree(self, database: str, move: _Move) -> list[Write]:
        """Return the record's revisions, the oldest first, tombstones of moves left out."""
        writes: dict[str, Write] = {}
        for leaf in move.leaves:
            if _is_stone(leaf):
                continue
            line = (leaf.rev, *leaf.ancestors)
            if leaf.ancestors:
                states = await self._store.history(database, move.doc_id, leaf.rev)
                known = [
                    rev for rev, state in states[1 : _MOST_HISTORY + 1] if state == "available"
                ]
                bodies = await self._store.bodies(database, move.doc_id, known)
                for index in range(len(line) - 1, 0, -1):
                    body = bodies.get(line[index])
                    if body is not None:
                        older = Write(move.doc_id, body, line[index], line[index + 1 :])
                        writes.setdefault(line[index], older)
            writes[leaf.rev] = Write(
                move.doc_id, leaf.body or b"{}", leaf.rev, leaf.ancestors, leaf.deleted
            )
        arrival = [] if move.arrival is None else [move.arrival]
        return [*writes.values(), *arrival]

    async def _bring_reviews(self, grid: str, doc_ids: Iterable[str]) -> None:
        """Let the decisions about moved records be those of the new grid."""
        path = list(await grid_path(self._registry, database_of(grid)))
        writes = []
        for doc_id in doc_ids:
            rows = await self._store.query(REVIEWS_BY_DOCUMENT, prefix=(doc_id,), documents=True)
            for row in rows:
                body = {k: v for k, v in (row.document or {}).items() if k[0] != "_"}
                if not row.document or (body.get("grid") == grid and body.get("path") == path):
                    continue
                body |= {"grid": grid, "path": path}
                if row.doc_id == unplaced_id(doc_id) and body["status"] == "open":
                    body["status"] = "settled"
                rev = (str(row.document["_rev"]),)
                writes.append(Write(row.doc_id, orjson.dumps(body), ancestors=rev))
        if writes:
            await self._store.write(REVIEWS, writes)  # a conflict: a person acts on it just now


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[first : first + _AT_ONCE] for first in range(0, len(items), _AT_ONCE)]


def unplaced_id(doc_id: str) -> str:
    """Return the id of the review that asks where a record belongs."""
    return f"decision:{doc_id}:unplaced"


def _departure(doc_id: str, leaves: Sequence[Revision], order: Order) -> _Move:
    """Return the move of a record that leaves for good.

    Its stamp is above what any leaf claims, the winner or another that is not merged yet: else two
    grids could each hold the other for the record's home, and send it to and fro for ever.
    """
    winner = as_leaf(leaves[0])
    claim = home_of(map(as_leaf, leaves), order.grid)
    stamped = order._replace(stamp=above(claim.stamp if claim else None, order.stamp))
    rev, body = moved_revision(winner, stamped)
    stamped = stamped._replace(stamp=body["stamps"]["grid"])
    arrival = Write(doc_id, canonical(body), rev, (winner.rev, *winner.ancestors))
    return _Move(doc_id, leaves, order, arrival, _stones(leaves, stamped))


def _following(doc_id: str, leaves: Sequence[Revision], order: Order) -> _Move:
    return _Move(doc_id, leaves, order, None, _stones(leaves, order))


def _claiming(move: _Move, known: Sequence[Revision]) -> Write | None:
    """Return a revision that says the record lives in the grid it follows to, where all that is
    known there says otherwise: it left for another grid once, came back, and was deleted."""
    claim = home_of(map(as_leaf, known), move.order.grid)
    leaf = move.leaves[0]
    if claim is None or leaf.deleted or claim.grid == move.order.grid:
        return None
    if claim > (move.order.stamp, move.order.grid):
        return None
    rev, body = moved_revision(as_leaf(leaf), move.order)
    return Write(move.doc_id, canonical(body), rev, (leaf.rev, *leaf.ancestors))


def _returning(move: _Move, known: Sequence[Revision]) -> list[Write]:
    """Return revisions for edits that come back to where they were sent on from."""
    superseded = move.arrival.ancestors[:1] if move.arrival is not None else ()
    buried = {stone.ancestors[0] for stone in known if stone.ancestors and _is_stone(stone)}
    return [
        Write(
            leaf.doc_id,
            leaf.body,
            returned_revision(as_leaf(leaf), move.order),
            (leaf.rev, *leaf.ancestors),
        )
        for leaf in move.leaves
        if leaf.rev in buried and leaf.rev not in superseded and not leaf.deleted
    ]


def _stones(leaves: Sequence[Revision], order: Order) -> list[Write]:
    stones = []
    for revision in leaves:
        if not revision.deleted:
            rev, body = moved_tombstone(as_leaf(revision), order)
            line = (revision.rev, *revision.ancestors)
            stones.append(Write(revision.doc_id, canonical(body), rev, line, deleted=True))
    return stones


def _home(leaves: Sequence[Revision], here: str) -> Order:
    """Return the order by which a record is where it is; there is at least one tombstone."""
    best = max(
        (claim, leaf.body)
        for leaf in leaves
        if (claim := claim_of(as_leaf(leaf), here)) is not None
    )
    body = orjson.loads(best[1])
    if "moved_to" in body:
        return order_of(body)
    by = (body.get("updated") or {}).get("by")
    return Order(best[0].grid, best[0].stamp, str(by or ""))


def _stone_of(move: _Move) -> Revision:
    if move.stones:
        return _revision(move.stones[0])
    return next(leaf for leaf in move.leaves if _is_stone(leaf))


def _is_stone(revision: Revision) -> bool:
    return revision.deleted and moved_away(orjson.loads(revision.body or b"{}"), True)


def _led_to(leaves: Iterable[Revision]) -> set[str]:
    """Return the grids that the tombstones of moves among these leaves name."""
    return {order_of(orjson.loads(leaf.body)).grid for leaf in leaves if _is_stone(leaf)}


def as_leaf(revision: Revision) -> Leaf:
    """Return a stored revision as the pure rules take it."""
    return Leaf(
        revision.rev, orjson.loads(revision.body or b"{}"), revision.deleted, revision.ancestors
    )


def _revision(write: Write) -> Revision:
    return Revision(write.doc_id, write.rev or "", write.deleted, write.body, write.ancestors)
