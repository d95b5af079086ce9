"""The simulation's store holds to the contract of every store."""

from __future__ import annotations

import pytest

from sync.store import Write
from tests.simulation.memory_store import MemoryStore
from tests.sync.test_store import *  # noqa: F403
from tests.sync.test_store_changes import *  # noqa: F403
from tests.sync.test_store_indexes import *  # noqa: F403


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def grid(store: MemoryStore) -> str:
    await store.create_database("grid-test")
    return "grid-test"


async def test_a_copy_goes_its_own_way(store: MemoryStore, grid: str) -> None:
    (first,) = await store.write(grid, [Write("a", b'{"n":1}')])
    twin = store.copy("twin")
    assert first.rev is not None
    await twin.write(grid, [Write("a", b'{"n":2}', ancestors=(first.rev,)), Write("b", b"{}")])
    await store.put_local(grid, "checkpoint", {"since": "1"})
    page, other = await store.changes(grid, bodies=True), await twin.changes(grid, bodies=True)
    assert [(one.doc_id, one.winner and one.winner.body) for one in page.changes] == [
        ("a", b'{"n":1}')
    ]
    assert [(one.doc_id, one.winner and one.winner.body) for one in other.changes] == [
        ("a", b'{"n":2}'),
        ("b", b"{}"),
    ]
    assert await twin.get_local(grid, "checkpoint") is None
    assert await twin.create_database("new")
    assert not await store.delete_database("new")
