"""What every document store must do: changes feeds and waiting."""

from __future__ import annotations

import asyncio

import pytest

from sync.errors import BadDocument, DatabaseNotFound
from sync.store import DocumentStore, Write
from tests.stores import PATIENCE_SECONDS, eventually


async def fill(store: DocumentStore, grid: str, *ids: str) -> None:
    for doc_id in ids:
        await store.write(grid, [Write(doc_id, b'{"id":"%b"}' % doc_id.encode())])


async def test_each_document_comes_once_at_its_last_change(store: DocumentStore, grid: str) -> None:
    await fill(store, grid, "a", "b", "c")
    rev = (await store.get(grid, "a")).rev  # type: ignore[union-attr]
    await store.write(grid, [Write("a", b"{}", ancestors=(rev,), deleted=True)])
    page = await store.changes(grid)
    assert [(change.doc_id, change.deleted) for change in page.changes] == [
        ("b", False),
        ("c", False),
        ("a", True),
    ]
    # A cluster writes the same place in several ways: what counts is that nothing comes after it.
    end = (await store.database_info(grid)).update_seq
    for seq in (page.last_seq, page.changes[-1].seq, end):
        assert (await store.changes(grid, seq)).changes == []
    assert page.pending == 0
    assert all(change.winner is None for change in page.changes)


async def test_pages_join_without_gap_or_repetition(store: DocumentStore, grid: str) -> None:
    ids = [f"d{number:04}" for number in range(1234)]
    await store.write(grid, [Write(doc_id, b"{}") for doc_id in ids])
    found: list[str] = []
    since, pending = "0", len(ids)
    while pending:
        page = await store.changes(grid, since, limit=100)
        found += [change.doc_id for change in page.changes]
        assert page.pending == len(ids) - len(found)
        since, pending = page.last_seq, page.pending
    assert found == ids
    whole = await store.changes(grid)
    assert [change.doc_id for change in whole.changes] == ids
    assert (await store.changes(grid, since)).changes == []


async def test_since_now_and_since_nonsense(store: DocumentStore, grid: str) -> None:
    await fill(store, grid, "a")
    page = await store.changes(grid, "now")
    assert page.changes == []
    await fill(store, grid, "b")
    assert [change.doc_id for change in (await store.changes(grid, page.last_seq)).changes] == ["b"]
    with pytest.raises(BadDocument, match="sequence"):
        await store.changes(grid, "nonsense")


async def test_leaves_and_bodies_come_when_asked(store: DocumentStore, grid: str) -> None:
    revs = (("2-b", False), ("2-c", False), ("3-d", True))
    await store.write(
        grid,
        [
            Write("a", b'{"of":"%b"}' % rev.encode(), rev, ("1-a",) if rev < "3" else (), deleted)
            for rev, deleted in revs
        ],
        new_edits=False,
    )
    (change,) = (await eventually(lambda: store.changes(grid), lambda p: p.changes != [])).changes
    assert [(leaf.rev, leaf.deleted) for leaf in change.leaves] == [("2-c", False)]
    (change,) = (
        await eventually(
            lambda: store.changes(grid, all_leaves=True, bodies=True),
            lambda page: [len(one.leaves) for one in page.changes] == [3],
        )
    ).changes
    assert [(leaf.rev, leaf.deleted) for leaf in change.leaves] == [
        ("2-c", False),
        ("2-b", False),
        ("3-d", True),
    ]
    assert change.winner is not None
    assert (change.winner.rev, change.winner.body) == ("2-c", b'{"of":"2-c"}')


async def test_backwards_and_some_documents_only(store: DocumentStore, grid: str) -> None:
    await fill(store, grid, *"abcdef")

    async def ids(since: str = "0", **asked: object) -> str:
        page = await store.changes(grid, since, **asked)  # type: ignore[arg-type]
        return "".join(change.doc_id for change in page.changes)

    assert await ids(descending=True) == "fedcba"
    assert await ids(descending=True, limit=2) == "fe"
    assert await ids(doc_ids=["e", "b", "x", "b"]) == "be"
    assert await ids(doc_ids=["e", "b"], limit=1) == "b"
    assert await ids(doc_ids=["e", "b"], descending=True) == "eb"
    middle = (await store.changes(grid, limit=3)).last_seq
    assert await ids(middle, doc_ids=["a", "e"]) == "e"


async def test_waiting_ends_with_a_change_or_with_the_time(store: DocumentStore, grid: str) -> None:
    since = (await store.database_info(grid)).update_seq
    assert not await store.wait_for_change(grid, since, 0.05)
    waiting = asyncio.create_task(store.wait_for_change(grid, since, 20))
    await asyncio.sleep(0.02)
    await fill(store, grid, "a")
    assert await waiting
    assert await store.wait_for_change(grid, since, 20)  # it happened already


async def test_waiting_for_another_database_goes_on(store: DocumentStore, grid: str) -> None:
    await store.create_database("other")
    since = (await store.database_info(grid)).update_seq
    waiting = asyncio.create_task(store.wait_for_change(grid, since, 0.3))
    await asyncio.sleep(0.02)
    await fill(store, "other", "a")
    assert not await waiting
    await store.delete_database("other")


async def test_waiting_ends_when_the_database_goes(store: DocumentStore) -> None:
    await store.create_database("fleeting")
    since = (await store.database_info("fleeting")).update_seq
    waiting = asyncio.create_task(store.wait_for_change("fleeting", since, 20))
    await asyncio.sleep(0.02)
    await store.delete_database("fleeting")
    with pytest.raises(DatabaseNotFound):
        await waiting


async def test_which_databases_changed(store: DocumentStore) -> None:
    for name in ("grid-1", "grid-2", "grid-3"):
        await store.create_database(name)
    names, since = await _updates(store, 3)
    assert sorted(names) == ["grid-1", "grid-2", "grid-3"]
    since = await _quiet(store, since)
    waiting = asyncio.create_task(store.wait_for_change(None, since, 20))
    await asyncio.sleep(0.02)
    await fill(store, "grid-2", "a")
    await fill(store, "grid-1", "a")
    assert await waiting
    names, later = await _updates(store, 2, since)
    assert sorted(names) == ["grid-1", "grid-2"]
    assert len((await store.database_updates(since, limit=1))[0]) <= 1
    await _quiet(store, later)


async def test_making_a_database_that_is_there_changes_nothing(store: DocumentStore) -> None:
    """Whoever is woken and told of nothing asks again at once, and again."""
    await store.create_database("grid-1")
    _, since = await _updates(store, 1)
    since = await _quiet(store, since)
    assert not await store.create_database("grid-1")
    assert not await store.wait_for_change(None, since, 0.01)
    assert await _quiet(store, since) == since


async def _quiet(store: DocumentStore, since: str) -> str:
    """Return from where on nothing is told: a cluster may tell of a database twice."""
    names, reached = await store.database_updates(since)
    while PATIENCE_SECONDS and names:
        names, reached = await store.database_updates(reached)
    assert names == []
    return reached


async def _updates(store: DocumentStore, number: int, since: str = "0") -> tuple[list[str], str]:
    """Wait until so many databases are told of: a cluster tells a moment after the fact."""
    while True:
        names, reached = await store.database_updates(since)
        if len(names) >= number:
            return names, reached
        await store.wait_for_change(None, reached, 5)
