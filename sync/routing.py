"""Which records of a grid have to go to another one, and by which order.

A closed grid hands all its records over, by the operation that closed it. In a grid in use, what
belongs to a household that was moved away goes after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from conflicts.moving import MOVED_BY, MOVED_TO, Order, order_of
from conflicts.structure import Route, Structure
from grid.placing import moves_along, place
from sync.indexes import RECORDS_BY_HOUSEHOLD
from sync.paths import code_of, database_of
from sync.registry import Registry
from sync.store import DocumentStore, IndexRow, Revision

_NOWHERE = ""
"""Stands for a household that no rule places."""


class Routed(NamedTuple):
    """Orders by record id, the households that nobody said a grid for, and deleted ones, of which
    nobody needs to say it any more."""

    orders: dict[str, Order]
    unplaced: list[Revision]
    deleted: tuple[str, ...] = ()


class Router:
    """Finds out where records belong."""

    def __init__(self, store: DocumentStore, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    async def route(self, database: str, winners: Sequence[Revision]) -> Routed:
        """Return which of these live records leave the grid."""
        code = code_of(database)
        structure = await self._registry.structure()
        live = {winner.doc_id: winner for winner in winners if not winner.deleted}
        route = structure.routes.get(code)
        if route is None:
            bodies = {doc_id: orjson.loads(winner.body) for doc_id, winner in live.items()}
            return Routed(await self._after_households(database, bodies), [])
        deleted = tuple(winner.doc_id for winner in winners if _is_deleted_household(winner))
        live |= await self._left_behind(database, deleted)
        bodies = {doc_id: orjson.loads(winner.body) for doc_id, winner in live.items()}
        targets = await self._targets(database, route, bodies)
        orders: dict[str, Order] = {}
        unplaced: list[Revision] = []
        for doc_id, target in targets.items():
            if _usable(structure, target):
                orders[doc_id] = Order(target, route.stamp, route.by, route.operation)
            elif target == route.main or bodies[doc_id].get("type") == "household":
                unplaced.append(live[doc_id])
        return Routed(orders, unplaced, deleted)

    async def companions(self, database: str, winners: Sequence[Revision]) -> dict[str, Order]:
        """Return orders for what goes along with the households whose moves ``winners`` tell."""
        code = code_of(database)
        closed = code in (await self._registry.structure()).routes
        orders_by_home: dict[str, Order] = {}
        for stone in winners:
            body = orjson.loads(stone.body or b"{}") if stone.deleted else {}
            if MOVED_TO in body and stone.doc_id.startswith("household:"):
                orders_by_home[stone.doc_id] = order_of(body)
        orders: dict[str, Order] = {}
        rows_by_home = await self._records_of(list(orders_by_home))
        for order, rows in zip(orders_by_home.values(), rows_by_home, strict=True):
            for row in rows:
                record = row.document or {}
                if record.get("grid") == code and (closed or moves_along(record)):
                    orders[row.doc_id] = order
        return orders

    async def _targets(
        self, database: str, route: Route, bodies: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, str]:
        targets = await self._origins(route, bodies)
        left = {doc_id: body for doc_id, body in bodies.items() if doc_id not in targets}
        asked = {_household(body) for body in left.values()} - {None, *bodies}
        homes = await self._households(database, route, [one for one in asked if one is not None])
        for doc_id, body in left.items():
            if body.get("type") == "household":
                homes[doc_id] = place(route.parts, route.rest, doc_id, body) or _NOWHERE
        homes |= {doc_id: target for doc_id, target in targets.items() if doc_id in bodies}
        for doc_id, body in left.items():
            if body.get("type") == "household":
                targets[doc_id] = homes[doc_id]
                continue
            home = homes.get(_household(body) or "")
            targets[doc_id] = route.main if home is None else home
        return targets

    async def _households(self, database: str, route: Route, ids: Sequence[str]) -> dict[str, str]:
        """Return where households that are not in the batch are, or will be, by id."""
        homes: dict[str, str] = {}
        for doc_id, found in zip(ids, await self._store.get_many(database, ids), strict=True):
            if found is None:
                continue
            body = orjson.loads(found.body or b"{}")
            if not found.deleted:
                homes[doc_id] = place(route.parts, route.rest, doc_id, body) or _NOWHERE
            elif MOVED_TO in body:
                homes[doc_id] = str(body[MOVED_TO])
        return homes

    async def _left_behind(self, database: str, households: Sequence[str]) -> dict[str, Revision]:
        """Return the live records here that name one of these households, by id: they had stayed
        with it, and have nothing to wait for any more."""
        code = code_of(database)
        rows = [row for of_one in await self._records_of(households) for row in of_one]
        ids = [row.doc_id for row in rows if (row.document or {}).get("grid") == code]
        found = await self._store.get_many(database, ids) if ids else []
        return {one.doc_id: one for one in found if one is not None and not one.deleted}

    async def _records_of(self, households: Sequence[str]) -> list[list[IndexRow]]:
        """Return the records that name each of these households, whichever grid they are in."""
        return await self._store.query_many(
            RECORDS_BY_HOUSEHOLD, [(one,) for one in households], limit=10_000, documents=True
        )

    async def _origins(
        self, route: Route, bodies: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, str]:
        """Return the grids from which an operation, undone since, had brought these records."""
        targets: dict[str, str] = {}
        ids = list(bodies)
        for origin in route.origins:
            for stone in await self._store.get_many(database_of(origin), ids):
                if stone is None or not stone.deleted:
                    continue
                if orjson.loads(stone.body or b"{}").get(MOVED_BY) == route.undone:
                    targets[stone.doc_id] = origin
        return targets

    async def _after_households(
        self, database: str, bodies: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Order]:
        asked: dict[str, list[str]] = {}
        for doc_id, body in bodies.items():
            household = _household(body)
            if household is not None and household not in bodies and moves_along(body):
                asked.setdefault(household, []).append(doc_id)
        orders: dict[str, Order] = {}
        ids = list(asked)
        for stone in await self._store.get_many(database, ids) if ids else ():
            body = orjson.loads(stone.body or b"{}") if stone and stone.deleted else {}
            if stone is None or MOVED_TO not in body:
                continue
            order = order_of(body)
            for doc_id in asked[stone.doc_id]:
                stamps = bodies[doc_id].get("stamps") or {}
                if str(stamps.get("grid") or "") < order.stamp:
                    orders[doc_id] = order
        return orders


def _household(body: Mapping[str, Any]) -> str | None:
    household = body.get("household")
    return household if isinstance(household, str) else None


def _is_deleted_household(winner: Revision) -> bool:
    return (
        winner.deleted
        and winner.doc_id.startswith("household:")
        and MOVED_TO not in orjson.loads(winner.body or b"{}")
    )


def _usable(structure: Structure, target: str) -> bool:
    """Tell whether records may go to a grid: it is in use, or sends them on itself."""
    node = structure.hierarchy.get(target)
    return node is not None and (not node.closed or target in structure.routes)
