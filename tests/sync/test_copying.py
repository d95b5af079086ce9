"""A copy holds everything: leaves, tombstones, histories and archived bodies; it can be broken off
and gone on with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from sync.copying import CopyError, contents, copy_database, copy_databases, in_order, verify
from sync.errors import StoreUnavailable
from sync.sqlite import SqliteStore
from sync.store import ChangesPage, DocumentStore, Write, WriteResult

GRID = "grid-44090400400100104"
LATER = "grid-44090400400100105"


def ignore(name: str, done: int, total: int) -> None:
    pass


@pytest.fixture
async def source() -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(":memory:")
    await opened.create_database(GRID)
    yield opened
    await opened.close()


async def fill(store: DocumentStore) -> list[str]:
    """Write a history with a branch, a tombstone and a revival; return the line of one leaf."""
    line: list[str] = []
    for number in range(4):
        (result,) = await store.write(
            GRID, [Write("a", b'{"n":%d}' % number, ancestors=tuple(line[:1]))]
        )
        assert result.rev is not None
        line.insert(0, result.rev)
    branch = Write("a", b'{"n":"branch"}', "3-ff", (line[2], line[3]))
    dead = Write("b", b'{"moved_to":"x"}', "2-b", ("1-b",), deleted=True)
    again = Write("b", b'{"n":9}', "3-b", ("2-b", "1-b"))
    for write in (branch, dead, again):
        await store.write(GRID, [write], new_edits=False)
    await store.write(GRID, [Write(f"d{number:04}", b'{"n":1.5}') for number in range(450)])
    return line


async def test_a_copy_holds_all_there_is(source: SqliteStore, store: DocumentStore) -> None:
    line = await fill(source)
    told: list[tuple[str, int, int]] = []

    await copy_database(source, store, GRID, lambda *what: told.append(what))

    assert (await verify(source, store, GRID)).live == 452
    assert told[-1] == (GRID, 452, 452)
    leaves = await store.revisions(GRID, "a", "all")
    assert [leaf.rev for leaf in leaves] == [line[0], "3-ff"]
    assert leaves[0].ancestors == tuple(line[1:])
    bodies = await store.bodies(GRID, "a", line)
    assert bodies == {rev: b'{"n":%d}' % (3 - number) for number, rev in enumerate(line)}
    assert await store.history(GRID, "b", "3-b") == [
        ("3-b", "available"),
        ("2-b", "deleted"),
        ("1-b", "missing"),
    ]


async def test_copying_again_adds_what_changed(source: SqliteStore, store: DocumentStore) -> None:
    await fill(source)
    await copy_database(source, store, GRID, ignore)
    await source.write(GRID, [Write("new", b"{}")])
    told: list[int] = []

    await copy_database(source, store, GRID, lambda _name, done, _total: told.append(done))

    assert told == [1]
    await verify(source, store, GRID)


class Breaking:
    """A target that fails at its n-th batch."""

    def __init__(self, inner: DocumentStore, at: int) -> None:
        self._inner, self._left = inner, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def write(
        self, database: str, writes: Sequence[Write], *, new_edits: bool = True
    ) -> list[WriteResult]:
        self._left -= 1
        if self._left < 0:
            raise StoreUnavailable("node gone")
        return await self._inner.write(database, writes, new_edits=new_edits)


async def test_a_copy_broken_off_goes_on(source: SqliteStore, store: DocumentStore) -> None:
    await fill(source)
    broken: Any = Breaking(store, 2)
    with pytest.raises(StoreUnavailable):
        await copy_database(source, broken, GRID, ignore)
    with pytest.raises(CopyError, match=GRID):
        await verify(source, store, GRID)
    told: list[int] = []

    await copy_database(source, store, GRID, lambda _name, done, _total: told.append(done))

    assert told == [52]  # the first 400 were there
    await verify(source, store, GRID)


async def test_a_difference_is_found(source: SqliteStore, store: DocumentStore) -> None:
    await fill(source)
    await copy_database(source, store, GRID, ignore)
    before = await contents(store, GRID)
    await store.write(GRID, [Write("a", b'{"n":"other"}', "3-00", (), False)], new_edits=False)

    assert await contents(store, GRID) != before
    with pytest.raises(CopyError, match=r"452 documents"):
        await verify(source, store, GRID)


def test_grids_go_before_what_tells_about_them() -> None:
    names = ["audit", "bulletin-440904004", "canonical", GRID, "quarantine", "registry", "reviews"]
    assert in_order(names) == [
        "registry",
        "quarantine",
        "bulletin-440904004",
        GRID,
        "audit",
        "canonical",
        "reviews",
    ]


async def test_a_source_that_people_work_on_is_compared_up_to_the_copy(
    source: SqliteStore, store: DocumentStore
) -> None:
    await fill(source)
    await copy_database(source, store, GRID, ignore)
    await source.write(GRID, [Write("d0001", b'{"n":"other"}', "2-f", ("1-f",))], new_edits=False)
    await source.write(GRID, [Write("new", b"{}")])

    assert (await verify(source, store, GRID, working=True)).live == 452
    with pytest.raises(CopyError):
        await verify(source, store, GRID)
    await store.write(GRID, [Write("d0002", b'{"n":"wrong"}', "2-f", ("1-f",))], new_edits=False)
    with pytest.raises(CopyError):
        await verify(source, store, GRID, working=True)


class MovesMeanwhile:
    """A source in which a record moves to an earlier database while a later one is copied."""

    def __init__(self, inner: DocumentStore) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def changes(self, database: str, since: str = "0", **options: Any) -> ChangesPage:
        if database == LATER and since == "0":
            (leaf,) = await self._inner.revisions(LATER, "a", "all")
            await self._inner.write(GRID, [Write("a", leaf.body, leaf.rev)], new_edits=False)
            stone = b'{"moved_to":"%b"}' % GRID.removeprefix("grid-").encode()
            await self._inner.write(LATER, [Write("a", stone, None, (leaf.rev,), True)])
        return await self._inner.changes(database, since, **options)


async def test_a_record_that_moves_while_it_is_copied_is_in_the_copy(
    source: SqliteStore, store: DocumentStore
) -> None:
    await source.create_database(LATER)
    await source.write(LATER, [Write("a", b'{"n":1}')])
    moving: Any = MovesMeanwhile(source)
    told: list[int] = []

    await copy_databases(moving, store, [GRID, LATER], ignore, told.append)

    found = await store.get(GRID, "a")
    assert found is not None
    assert found.body == b'{"n":1}'
    assert told == [1, 2, 1]
