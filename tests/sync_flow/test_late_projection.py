"""A record moves between its being read and its being shown: ``canonical`` ends up right."""

from __future__ import annotations

from typing import Any

import pytest

from conflicts.moving import Order
from sync import duplicates
from sync.editing import next_stamp
from sync.follower import Follower
from sync.moving import Mover
from sync.projection import Projection
from sync.registry import Registry
from sync.relocating import relocate
from sync.store import DocumentStore
from sync.timing import now_ms
from tests.sync_flow.test_duplicates import (
    DATABASE,
    MOVER,
    NEW,
    OLD,
    REVIEW,
    canonical,
    record,
    two_doors,
)
from tests.sync_flow.town import OTHER, SUPERVISOR, Phone, catch_up


class Overtaken:
    """A store whose reader is overtaken by the move of a record, once, after a certain call."""

    def __init__(
        self, store: DocumentStore, registry: Registry, doc_id: str, call: str, database: str
    ) -> None:
        self._store = store
        self._registry = registry
        self._after = (call, database)
        self.moves = [doc_id]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name != self._after[0]:
            return method

        async def call(database: str, asked: Any, *rest: Any, **named: Any) -> Any:
            result = await method(database, asked, *rest, **named)
            told = result.changes if name == "changes" else asked
            if database == self._after[1] and self.moves and self.moves[0] in _ids(told):
                moved = self.moves.pop()
                mover = Mover(self._store, self._registry, Projection(self._store, self._registry))
                stamp = next_stamp(None, now_ms())
                await mover.relocate(DATABASE, {moved: Order(OTHER, stamp, "town")})
                await Follower(self._store, self._registry).follow(f"grid-{OTHER}")
            return result

        return call


def _ids(told: Any) -> list[str]:
    return [one if isinstance(one, str) else one.doc_id for one in told]


MOMENTS = pytest.mark.parametrize(
    ("call", "database"),
    [("changes", DATABASE), ("get_many", "canonical")],
    ids=["after the changes were read", "after it was read what is shown"],
)


@MOMENTS
async def test_moved_while_the_follower_is_at_it(
    store: DocumentStore, registry: Registry, phone1: Phone, call: str, database: str
) -> None:
    phone1.create(OLD, address="面前山村103号", phone="12000000001")
    await phone1.push(store, registry, OLD)
    await catch_up(store, registry)
    phone1.edit(OLD, phone="12000000002")
    await phone1.push(store, registry, OLD)
    overtaken = Overtaken(store, registry, OLD, call, database)
    await catch_up(overtaken, registry)
    assert overtaken.moves == []
    shown = await canonical(store, OLD)
    assert (shown["grid"], shown["phone"], shown["gone"]) == (OTHER, "12000000002", False)


@MOMENTS
async def test_a_duplicate_moved_while_the_follower_is_at_it(
    store: DocumentStore,
    registry: Registry,
    phone1: Phone,
    phone2: Phone,
    call: str,
    database: str,
) -> None:
    """What it says, and what somebody changes of it there, gets into the one that stands."""
    await two_doors(store, registry, phone1, phone2)
    await duplicates.merge(store, REVIEW, SUPERVISOR)
    await catch_up(store, registry)
    phone2.edit(NEW, owner_name="房东甲")
    await phone2.push(store, registry, NEW)
    overtaken = Overtaken(store, registry, NEW, call, database)
    await catch_up(overtaken, registry)
    assert overtaken.moves == []
    shown = await canonical(store, NEW)
    assert (shown["path"][-1], shown["merged_into"]) == (OTHER, OLD)
    stands = await record(store, OLD)
    assert stands["owner_name"] == "房东甲"
    assert stands["absorbed"][0]["rev"] == (await record(store, NEW, OTHER))["_rev"]


async def test_shown_late_by_whoever_reads_nothing_after_it(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    """As when the paths of a moved village are written."""
    phone1.create(OLD, address="面前山村103号")
    await phone1.push(store, registry, OLD)
    await catch_up(store, registry)
    read = await store.get(DATABASE, OLD)
    assert read is not None
    await relocate(store, registry, OLD, OTHER, MOVER)
    await catch_up(store, registry)
    await Projection(store, registry).project(DATABASE, [read])
    assert (await canonical(store, OLD))["grid"] == OTHER
