"""Moves that are broken off anywhere are finished, with nothing lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest

from grid.hierarchy import GridNode
from sync.errors import StoreUnavailable
from sync.ordering import order
from sync.registry import Registry
from sync.relocating import relocate
from sync.store import DocumentStore, Write
from tests.stores import empty_store
from tests.sync_flow.disturbing import crash_at_each_write
from tests.sync_flow.moving import (
    GRIDS,
    NEW1,
    STRAY,
    TOWN_HEAD,
    a_grid,
    only,
    split,
    where,
)
from tests.sync_flow.town import (
    GRID,
    GROUP,
    HOUSEHOLD,
    OTHER,
    Phone,
    catch_up,
    found_town,
)


@pytest.mark.parametrize("then", ["nothing", "grid split", "moved on"])
async def test_a_move_by_hand_broken_off_in_the_middle_is_finished(
    store: DocumentStore,
    registry: Registry,
    phone1: Phone,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
) -> None:
    """The record arrived in its new grid, and its tombstone was not written in the old one."""
    await a_grid(store, registry, phone1)
    await catch_up(store, registry)
    write = store.write

    async def failing(database: str, writes: Sequence[Write], **how: Any) -> Any:
        if database == f"grid-{GRID}":
            raise StoreUnavailable("simulated")
        return await write(database, writes, **how)

    monkeypatch.setattr(store, "write", failing)
    with pytest.raises(StoreUnavailable):
        await relocate(store, registry, HOUSEHOLD, OTHER, TOWN_HEAD)
    monkeypatch.undo()
    assert await where(store, HOUSEHOLD) == [GRID, OTHER]
    if then == "grid split":
        await order(registry, split(), TOWN_HEAD)
    if then == "moved on":
        await registry.import_grids([GridNode(NEW1, GROUP, 5, "第4住户小组")])
        await relocate(store, registry, HOUSEHOLD, NEW1, TOWN_HEAD)
    await catch_up(store, registry)
    await catch_up(store, registry)
    (home,) = await where(store, HOUSEHOLD)
    assert home in {"nothing": (OTHER,), "grid split": (NEW1, OTHER), "moved on": (NEW1,)}[then]
    await only(store, HOUSEHOLD)


async def everything(store: DocumentStore) -> dict[str, Any]:
    """Return all leaves and bodies, without the times at which reviews were opened."""
    state: dict[str, Any] = {}
    for name in [*(f"grid-{grid}" for grid in GRIDS), "canonical", "reviews"]:
        page = await store.changes(name, "0", all_leaves=True, bodies=True)
        for change in page.changes:
            assert change.winner is not None
            body = orjson.loads(change.winner.body)
            body.pop("opened", None)
            leaves = sorted((leaf.rev, leaf.deleted) for leaf in change.leaves)
            if name == "canonical" and change.deleted:
                continue  # shown on the way or not: gone now
            state[f"{name}/{change.doc_id}"] = (
                body,
                () if name in ("reviews", "canonical") else leaves,
            )
    return state


@asynccontextmanager
async def an_eventful_day() -> AsyncIterator[tuple[DocumentStore, Registry]]:
    """Split a grid while phones hold offline edits of it, one of which no rule places."""
    async with empty_store() as store:
        registry = await found_town(store)
        await _split_amid_edits(store, registry)
        yield store, registry


async def _split_amid_edits(store: DocumentStore, registry: Registry) -> None:
    one, two = Phone("worker1", "aaaaaaa1"), Phone("worker2", "bbbbbbb2")
    await a_grid(store, registry, one)
    two.copy_from(one, HOUSEHOLD)
    one.edit(HOUSEHOLD, phone="12000000011")
    two.edit(HOUSEHOLD, phone="12000000022")
    one.create(STRAY, address="未编号")
    operation = replace(
        split(rest=None), id="operation:01", stamp="2026-11-24T09:00:00.000Z-0000-00000000"
    )
    await registry.add_operation(operation)
    await one.push(store, registry, HOUSEHOLD, STRAY)
    await two.push(store, registry, HOUSEHOLD)


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
async def test_a_crash_at_any_write_costs_nothing(after: bool) -> None:
    assert await crash_at_each_write(an_eventful_day, everything, after=after)
