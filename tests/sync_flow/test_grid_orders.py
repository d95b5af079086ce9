"""Operations on grids: ordered, kept, and what workers have of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conflicts.structure import APPLIED, PENDING
from grid.operations import GridOperation, Kind
from grid.permissions import Actor, Role
from grid.placing import Part
from sync import registry as registry_module
from sync.ordering import OrderRefused, new_operation, order
from sync.registry import Registry
from sync.store import DocumentStore
from sync.structure_reviews import keep_operation_reviews, operation_review_id
from tests.sync_flow.town import (
    CLOSED,
    DISTRICT,
    ELSEWHERE,
    GRID,
    GROUP,
    OTHER,
    TOWN,
    VILLAGE,
    Phone,
    nodes,
)

NEW1, NEW2 = GROUP + "04", GROUP + "05"
TOWN_HEAD = Actor("town", Role.SUPERVISOR_TOWN, None, frozenset({TOWN}))


def split(effective: str = "") -> GridOperation:
    parts = (Part(NEW1, "第4住户小组"), Part(NEW2, "第5住户小组"))
    return replace(
        new_operation(Kind.SPLIT, TOWN_HEAD, effective), grids=(GRID,), parts=parts, main=NEW1
    )


async def test_a_split_makes_grids_with_databases_and_workers_follow(
    store: DocumentStore, registry: Registry
) -> None:
    ordered = await order(registry, split(), TOWN_HEAD)

    structure = await registry.structure()
    assert structure.effects[ordered.id].status == APPLIED
    assert {f"grid-{NEW1}", f"grid-{NEW2}"} <= set(await store.database_names("grid-"))
    assert (await registry.actor("worker1", "aaaaaaa1")).grids == {GRID, NEW1, NEW2}
    assert not await registry.assign("worker1", NEW1)  # he has it already
    # Another registry on the same store, as in another process, sees the same.
    assert (await Registry(store).structure()).hierarchy.node(GRID).successors == (NEW1, NEW2)


async def test_ordered_while_somebody_looks_at_the_tree(
    store: DocumentStore, registry: Registry
) -> None:
    """Whoever had read the tree before goes by that, and asks nobody about what is not in it."""
    before = await registry.structure()
    first = await order(registry, split(), TOWN_HEAD)
    doubled = replace(split(), stamp=first.stamp + "0")  # as another site may order it
    await registry.add_operation(doubled)
    await keep_operation_reviews(store, registry, before)
    review = operation_review_id(doubled.id)
    assert await store.get("reviews", review) is None
    await keep_operation_reviews(store, registry, await registry.structure())
    assert await store.get("reviews", review) is not None


async def test_who_is_taken_off_one_successor_keeps_the_other(registry: Registry) -> None:
    await order(registry, split(), TOWN_HEAD)
    assert await registry.unassign("worker1", NEW1)
    assert (await registry.actor("worker1", None)).grids == {NEW2}
    assert not await registry.unassign("worker1", NEW1)


async def test_what_is_handed_in_at_the_old_door_is_taken_in(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    household = "household:01J0000000000000000000000A"
    phone1.create(household, address="面前山村", room="1")
    await order(registry, split(), TOWN_HEAD)
    (result,) = await phone1.push(store, registry, household)
    assert result.error is None


async def test_importing_again_leaves_operations_alone(registry: Registry) -> None:
    await order(
        registry,
        replace(new_operation(Kind.RENAME, TOWN_HEAD), grids=(GRID,), name="海滨小组"),
        TOWN_HEAD,
    )
    await order(registry, replace(split(), grids=(OTHER,)), TOWN_HEAD)
    change = await registry.import_grids(nodes())
    assert (change.added, change.changed) == ((), ())
    hierarchy = await registry.hierarchy()
    assert hierarchy.node(GRID).name == "海滨小组"
    assert hierarchy.node(OTHER).closed


async def test_its_day_comes(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = await order(registry, split("2999-01-01"), TOWN_HEAD)
    structure = await registry.structure()
    assert structure.effects[ordered.id].status == PENDING
    assert not structure.hierarchy.node(GRID).closed
    monkeypatch.setattr(registry_module, "china_day", lambda: "2999-01-01")
    assert (await registry.hierarchy()).node(GRID).closed


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"effective": "2020-01-01"}, "past"),
        ({"grids": ("999999",)}, "no-such-grid"),
        ({"grids": (ELSEWHERE,)}, "out-of-scope"),
        ({"grids": (TOWN,)}, "out-of-scope"),
        ({"parts": (Part(OTHER), Part(CLOSED))}, "target-closed"),
        ({"parts": (Part(OTHER, "占用"),)}, "code-taken"),
        ({"kind": Kind.MOVE, "parts": (), "parent": DISTRICT}, "out-of-scope"),
        ({"kind": Kind.MOVE, "parts": (), "parent": VILLAGE}, "wrong-level"),
        ({"kind": Kind.UNDO, "of": "operation:none"}, "no-such-operation"),
    ],
)
async def test_what_cannot_be_ordered_is_not_in_the_log(
    registry: Registry, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(OrderRefused) as refused:
        await order(registry, replace(split(), **changes), TOWN_HEAD)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert await registry.operations() == []


async def test_only_supervisors_of_rank_order(registry: Registry) -> None:
    for role in (Role.SUPERVISOR_VILLAGE, Role.LEAD, Role.GRIDWORKER, Role.AUDITOR):
        with pytest.raises(OrderRefused):
            await order(registry, split(), replace(TOWN_HEAD, role=role))
