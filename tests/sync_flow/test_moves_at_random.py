"""Random days of two servers, three phones and supervisors who move, split, merge and undo."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest

from grid.operations import Kind
from grid.permissions import Actor, Role
from grid.placing import Part, Rule
from sync.ordering import OrderRefused, new_operation, order
from sync.registry import Registry
from sync.relocating import MoveRefused, relocate
from sync.store import DocumentStore
from tests.stores import SPARSELY, empty_store
from tests.sync_flow.moving import replicate
from tests.sync_flow.town import (
    GRID,
    GROUP,
    HOUSEHOLD,
    OTHER,
    RESIDENT,
    TOWN,
    Phone,
    catch_up,
    found_town,
)

BOSS = Actor("town", Role.SUPERVISOR_TOWN, None, frozenset({TOWN}))
IDS = (HOUSEHOLD, RESIDENT)
SEEDS = range(0, 10, SPARSELY)


class Day:
    """One random day; every edit adds a tag (or skill) of its own, so that a lost one is missed."""

    def __init__(self, seed: int, stores: Sequence[DocumentStore]) -> None:
        self.random = random.Random(seed)
        self.stores = stores
        self.registries: list[Registry] = []
        self.phones = [Phone(f"worker{n % 2 + 1}", f"{n}" * 8) for n in range(1, 4)]
        self.place: dict[Phone, str] = {}
        self.unsent: dict[int, set[str]] = {n: set() for n in range(3)}
        self.pending: dict[int, list[tuple[str, str]]] = {n: [] for n in range(3)}
        self.acknowledged: set[tuple[str, str]] = set()
        self.grids = [GRID, OTHER]
        self.number = 0

    async def begin(self) -> None:
        for store in self.stores:
            registry = await found_town(store)
            for user in ("worker1", "worker2"):
                await registry.assign(user, GROUP)
            self.registries.append(registry)
        first = self.phones[0]
        first.create(HOUSEHOLD, address="面前山村", room="101", tags=[])
        first.create(RESIDENT, name="𠮷䶮", household=HOUSEHOLD, skills=[])
        await first.push(self.stores[0], self.registries[0], *IDS)
        await catch_up(self.stores[0], self.registries[0])
        await replicate(self.stores[0], self.stores[1])
        for number in range(3):
            await self.pull(number)

    async def pull(self, number: int) -> None:
        if self.unsent[number]:
            return
        server = self.random.randrange(2)
        for doc_id in IDS:
            for grid in self.grids:
                database = f"grid-{grid}"
                if database not in await self.stores[server].database_names("grid-"):
                    continue
                found = await self.stores[server].get(database, doc_id, ancestry=True)
                if found is not None and not found.deleted:
                    body = found.document()
                    if body["grid"] == grid:  # a leaf on its way is merged in a moment
                        self.phones[number].take(doc_id, body, (found.rev, *found.ancestors))

    async def edit(self, number: int) -> None:
        phone = self.phones[number]
        doc_id = self.random.choice(IDS)
        if doc_id not in phone.documents:
            return
        self.number += 1
        field = "tags" if doc_id == HOUSEHOLD else "skills"
        tag = f"t{self.number}"
        phone.edit(doc_id, **{field: [*phone.documents[doc_id].get(field, ()), tag]})
        self.unsent[number].add(doc_id)
        self.pending[number].append((doc_id, tag))

    async def push(self, number: int) -> None:
        server = self.random.randrange(2)
        phone = self.phones[number]
        for doc_id in sorted(self.unsent[number]):
            grid = str(phone.documents[doc_id]["grid"])
            store, registry = self.stores[server], self.registries[server]
            if grid not in await registry.hierarchy():
                return  # this server has not heard of the grid yet
            (result,) = await phone.push(store, registry, doc_id, grid=grid)
            if result.error is not None:  # this server has not heard of what it was made on
                assert result.info["code"] == "merge-note-changed"
                continue
            self.unsent[number].discard(doc_id)
            done = [one for one in self.pending[number] if one[0] == doc_id]
            self.acknowledged.update(done)
            self.pending[number] = [one for one in self.pending[number] if one[0] != doc_id]

    async def move(self) -> None:
        server = self.random.randrange(2)
        doc_id, grid = self.random.choice(IDS), self.random.choice(self.grids)
        try:
            await relocate(self.stores[server], self.registries[server], doc_id, grid, BOSS)
        except MoveRefused:
            return

    async def restructure(self) -> None:
        registry = self.registries[self.random.randrange(2)]
        kind = self.random.choice([Kind.SPLIT, Kind.MERGE, Kind.UNDO, Kind.CLOSE])
        grid = self.random.choice(self.grids)
        blank = new_operation(kind, BOSS)
        if kind is Kind.SPLIT:
            codes = (await registry.structure()).free_codes(GROUP, 2)
            parts = (Part(codes[0], "甲", (Rule(room_to="300"),)), Part(codes[1], "乙"))
            operation = replace(blank, grids=(grid,), parts=parts, main=codes[1], rest=codes[1])
        elif kind is Kind.UNDO:
            known = await registry.operations()
            if not known:
                return
            operation = replace(blank, of=self.random.choice(known).id)
        else:
            into = self.random.choice(self.grids)
            operation = replace(blank, grids=(grid,), parts=(Part(into),))
        try:
            await order(registry, operation, BOSS)
        except OrderRefused:
            return
        if kind is Kind.SPLIT:
            self.grids += [part.code for part in operation.parts]

    async def step(self) -> None:
        number = self.random.randrange(3)
        server = self.random.randrange(2)
        match self.random.randrange(16):
            case 0 | 1 | 2 | 3:
                await self.edit(number)
            case 4 | 5 | 6:
                await self.push(number)
            case 7 | 8:
                await self.pull(number)
            case 9 | 10:
                await self.move()
            case 11:
                await self.restructure()
            case 12 | 13:
                await catch_up(self.stores[server], self.registries[server])
            case _:
                await replicate(self.stores[server], self.stores[1 - server])

    async def end(self) -> None:
        for _ in range(8):
            await replicate(self.stores[0], self.stores[1])
            await replicate(self.stores[1], self.stores[0])
            for number in range(3):
                await self.push(number)
            for store, registry in zip(self.stores, self.registries, strict=True):
                await catch_up(store, registry)

    async def state(self, server: int) -> dict[str, tuple[str, bytes]]:
        """Return where each record is and what it holds; it is in one place."""
        store = self.stores[server]
        state = {}
        for doc_id in IDS:
            live = []
            for name in await store.database_names("grid-"):
                leaves = await store.leaves(name, doc_id)
                live += [name for leaf in leaves if not leaf.deleted]
            assert len(live) == 1, (doc_id, live)
            found, shown = await store.get(live[0], doc_id), await store.get("canonical", doc_id)
            assert found is not None
            assert shown is not None
            assert f"grid-{shown.document()['grid']}" == live[0]
            assert shown.document()["source_rev"] == found.rev
            state[doc_id] = (live[0], found.body)
        return state


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_random_day_loses_nothing_and_ends_in_one_place(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.registry._FRESH_SECONDS", 0.0)
    async with empty_store() as here, empty_store() as there:
        await _live(Day(seed, [here, there]))


async def _live(day: Day) -> None:
    await day.begin()
    for _ in range(60):
        await day.step()
    await day.end()
    one, two = await day.state(0), await day.state(1)
    assert one == two
    for doc_id, tag in day.acknowledged:
        body = orjson.loads(one[doc_id][1])
        assert tag in [*body.get("tags", ()), *body.get("skills", ())], (doc_id, tag)
    structures = [await registry.structure() for registry in day.registries]
    assert structures[0].effects == structures[1].effects
    for where, _ in one.values():
        assert not structures[0].hierarchy.node(where.removeprefix("grid-")).closed, where
