"""What the tests of moved records share: a filled grid, orders, and where records are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from grid.operations import GridOperation, Kind
from grid.permissions import Actor, Role
from grid.placing import Part, Rule
from sync.indexes import REVIEWS_BY_STATUS
from sync.ordering import new_operation
from sync.registry import Registry
from sync.store import DocumentStore, Write
from tests.sync_flow.town import (
    CLOSED,
    EVENT,
    GRID,
    GROUP,
    HOUSEHOLD,
    OTHER,
    RESIDENT,
    TOWN,
    Phone,
    catch_up,
)

NEW1, NEW2 = GROUP + "04", GROUP + "05"
FAR = "household:01J0000000000000000000000D"
STRAY = "household:01J0000000000000000000000E"
VISIT = "visit:01J0000000000000000000000F"
PATROL = "patrol:01J0000000000000000000000G"
PATROL_AWAY = "patrol:01J0000000000000000000000J"
DONE = "event:01J0000000000000000000000H"
TOWN_HEAD = Actor("town", Role.SUPERVISOR_TOWN, None, frozenset({TOWN}))
GRIDS = (GRID, OTHER, CLOSED, NEW1, NEW2)


async def a_grid(store: DocumentStore, registry: Registry, phone: Phone) -> None:
    """Fill the grid: two households, a resident, a visit, a patrol, an open and a closed event."""
    phone.create(HOUSEHOLD, address="面前山村", room="101", phone="12000000001")
    phone.create(FAR, address="面前山村", room="501")
    phone.create(RESIDENT, name="𠮷䶮", household=HOUSEHOLD)
    happened = "2026-11-24T08:00:00Z"
    event = {"category": "0301", "description": "路灯不亮", "happened": happened}
    phone.create(EVENT, **event, status="10", household=HOUSEHOLD)
    phone.create(DONE, **event, status="10", household=HOUSEHOLD)
    phone.create(VISIT, household=HOUSEHOLD, visited=happened, purpose="routine")
    phone.create(PATROL, started=happened)
    await phone.push(store, registry, *phone.documents)
    done = await store.get(f"grid-{GRID}", DONE)
    assert done is not None
    body = orjson.dumps({**orjson.loads(done.body), "status": "90"})
    await store.write(f"grid-{GRID}", [Write(DONE, body, ancestors=(done.rev,))])
    await catch_up(store, registry)


def split(rest: str | None = NEW2) -> GridOperation:
    parts = (
        Part(NEW1, "低层", (Rule(room_to="300"),)),
        Part(NEW2, "高层", (Rule(room_from="301"),)),
    )
    blank = new_operation(Kind.SPLIT, TOWN_HEAD)
    return replace(blank, grids=(GRID,), parts=parts, main=NEW2, rest=rest)


def merge(sources: Sequence[str], into: str, name: str | None = None) -> GridOperation:
    blank = new_operation(Kind.MERGE, TOWN_HEAD)
    return replace(blank, grids=tuple(sources), parts=(Part(into, name),))


def undo(of: GridOperation) -> GridOperation:
    return replace(new_operation(Kind.UNDO, TOWN_HEAD), of=of.id)


async def where(store: DocumentStore, doc_id: str) -> list[str]:
    """Return the grids in whose databases a record lives."""
    found = []
    for grid in GRIDS:
        if f"grid-{grid}" in await store.database_names("grid-"):
            leaves = await store.leaves(f"grid-{grid}", doc_id)
            live = [leaf for leaf in leaves if not leaf.deleted]
            assert len(live) < 2, f"{doc_id} has {len(live)} leaves in {grid}"
            found += [grid] * len(live)
    return found


async def only(store: DocumentStore, doc_id: str) -> dict[str, Any]:
    """Return a record from the one grid it lives in; the canonical document says the same."""
    (grid,) = await where(store, doc_id)
    found, shown = await store.get(f"grid-{grid}", doc_id), await store.get("canonical", doc_id)
    assert found is not None
    assert shown is not None
    document = found.document()
    assert document["grid"] == shown.document()["grid"] == shown.document()["path"][-1] == grid
    assert shown.document()["source_rev"] == found.rev
    return document


async def waiting(store: DocumentStore) -> list[str]:
    rows = await store.query(REVIEWS_BY_STATUS, prefix=("open",), documents=True)
    return sorted(reason for row in rows for reason in (row.document or {})["reviews"])


async def replicate(source: DocumentStore, target: DocumentStore) -> None:
    """Copy all databases but the servers' own ones, as CouchDB's replication does."""
    names = [*await source.database_names("grid-"), "registry"]
    for name in names:
        await target.create_database(name)
        page = await source.changes(name, "0", all_leaves=True)
        for change in page.changes:
            leaves = await source.revisions(name, change.doc_id, "all", ancestry=True)
            writes = [Write(r.doc_id, r.body, r.rev, r.ancestors, r.deleted) for r in leaves]
            await target.write(name, writes, new_edits=False)
