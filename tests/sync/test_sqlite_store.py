"""What is the SQLite store's own: durability, a full disk, damaged and locked files, processes."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sync import open_store
from sync.errors import DatabaseNotFound, StoreFull, StoreUnavailable
from sync.sqlite import SqliteStore
from sync.store import Write

WRITER = """
import asyncio, sys
from sync import open_store
from sync.store import Write

async def main():
    store = open_store(sys.argv[1])
    await store.create_database("grid")
    async def writer(name):
        for number in range(1_000_000):
            batch = [Write(f"{name}-{number}-{part}", b'{"n":1}') for part in range(3)]
            for result in await store.write("grid", batch):
                print(result.doc_id, result.rev, flush=True)
    await asyncio.gather(*(writer(name) for name in "abcd"))

asyncio.run(main())
"""


async def test_an_acknowledged_write_survives_kill_9(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    acknowledged: dict[str, str] = {}
    for _ in range(3):
        process = subprocess.Popen(  # noqa: ASYNC220 (nothing else runs here)
            [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        whole = [
            line.split() for line in (*lines, *rest.splitlines(keepends=True)) if line[-1:] == "\n"
        ]
        acknowledged |= {line[0]: line[1] for line in whole if len(line) == 2 and line[1] != "None"}
        store = open_store(url)
        ids = list(acknowledged)
        found = await store.get_many("grid", ids)
        assert {one.doc_id: one.rev for one in found if one} == acknowledged
        info = await store.database_info("grid")
        page = await store.changes("grid")
        # Nothing is half there: counts, feed and documents agree, and batches are whole.
        stored = [change.doc_id for change in page.changes]
        assert (
            info.doc_count == len(stored) == len(set(stored)) == len(await store.documents("grid"))
        )
        assert len(stored) % 3 == 0
        await store.close()
    assert len(acknowledged) >= 200


async def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db")
    await store.create_database("grid")
    await store.write("grid", [Write("before", b'{"n":1}')])
    writing: sqlite3.Connection = store._writer._connection
    (pages,) = writing.execute("PRAGMA page_count").fetchone()
    writing.execute(f"PRAGMA max_page_count = {pages + 3}")
    big = b'{"x":"%b"}' % (b"y" * 20_000)
    with pytest.raises(StoreFull, match="no room"):
        await store.write("grid", [Write(f"d{number}", big) for number in range(20)])
    assert [one.doc_id for one in await store.documents("grid")] == ["before"]
    # One caller's batch does not fit; a small one written at the same time does.
    outcomes: Any = await asyncio.gather(
        store.write("grid", [Write(f"e{number}", big) for number in range(20)]),
        store.write("grid", [Write("small", b"{}")]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], StoreFull)
    assert outcomes[1][0].error is None
    assert [one.doc_id for one in await store.documents("grid")] == ["before", "small"]
    writing.execute("PRAGMA max_page_count = 1000000")
    await store.write("grid", [Write("after", big)])
    assert (await store.database_info("grid")).doc_count == 3
    await store.close()


async def test_a_job_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db")
    await store.create_database("grid")

    async def broken(transaction: Any) -> None:
        transaction.connection.execute("DELETE FROM databases")
        raise ZeroDivisionError

    outcomes: Any = await asyncio.gather(
        store.write("grid", [Write("a", b"{}")]),
        store._writer.run(broken),
        store.write("grid", [Write("b", b"{}")]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], ZeroDivisionError)
    assert [one.doc_id for one in await store.documents("grid")] == ["a", "b"]
    assert (await store.database_info("grid")).doc_count == 2
    await store.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=r"damaged|cannot be used"):
        SqliteStore.open(path)
    assert path.read_bytes() == content


async def test_a_file_damaged_in_the_middle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore.open(path)
    await store.create_database("grid")
    for number in range(50):
        await store.write(
            "grid", [Write(f"d{number}-{n}", b'{"x":"%b"}' % (b"y" * 900)) for n in range(20)]
        )
    await store.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) - 8192] = b"\xee" * (len(content) // 2 - 8192)
    path.write_bytes(bytes(content))
    store = SqliteStore.open(path)
    with pytest.raises(StoreUnavailable, match="damaged"):
        await store.documents("grid")
    await store.close()


def test_somebody_elses_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(StoreUnavailable, match="not a store of ours"):
        SqliteStore.open(path)


def test_a_newer_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    asyncio.run(SqliteStore.open(path).close())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreUnavailable, match="format 99"):
        SqliteStore.open(path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="unable to open"):
        SqliteStore.open(tmp_path / "nowhere" / "store.db")


async def test_a_file_locked_by_another_process_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore.open(path)
    await store.create_database("grid")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(store.write("grid", [Write("a", b"{}")]))
    await asyncio.sleep(0.05)
    assert not writing.done()
    assert await store.get("grid", "a") is None  # reading goes on meanwhile
    other.execute("COMMIT")
    assert (await writing)[0].error is None
    monkeypatch.setattr("sync.sqlite.writer._LOCK_PATIENCE_SECONDS", 0.05)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await store.write("grid", [Write("b", b"{}")])
    other.execute("COMMIT")
    other.close()
    assert (await store.write("grid", [Write("b", b"{}")]))[0].error is None
    await store.close()


async def test_two_processes_share_one_file(tmp_path: Path) -> None:
    one, two = (SqliteStore.open(tmp_path / "store.db") for _ in range(2))
    await one.create_database("grid")
    since = (await two.database_info("grid")).update_seq
    waiting = asyncio.create_task(two.wait_for_change("grid", since, 20))
    await asyncio.sleep(0.05)
    await asyncio.gather(
        *(
            store.write("grid", [Write(f"{name}{number}", b"{}")])
            for number in range(30)
            for name, store in (("one", one), ("two", two))
        )
    )
    assert await waiting
    for store in (one, two):
        assert (await store.database_info("grid")).doc_count == 60
        seqs = [change.seq for change in (await store.changes("grid")).changes]
        assert len(set(seqs)) == 60
    await one.close()
    await two.close()


async def test_a_waiter_hears_of_another_process(tmp_path: Path) -> None:
    one, two = (SqliteStore.open(tmp_path / "store.db") for _ in range(2))
    await one.create_database("grid")
    since = (await two.database_info("grid")).update_seq
    waiting = asyncio.create_task(two.wait_for_change("grid", since, 20))
    await asyncio.sleep(0.05)
    await one.write("grid", [Write("a", b"{}")])
    assert await asyncio.wait_for(waiting, 5)
    await one.close()
    await two.close()


async def test_a_destroyed_database_leaves_nothing_to_wait_for() -> None:
    store = SqliteStore.open(":memory:")
    await store.create_database("grid")
    _, since = await store.database_updates()
    await store.create_database("fleeting")
    assert await store.wait_for_change(None, since, 0)
    await store.delete_database("fleeting")
    assert await store.database_updates(since) == ([], since)
    assert not await store.wait_for_change(None, since, 0)
    await store.close()


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db")
    await store.create_database("grid")
    writing = asyncio.create_task(store.write("grid", [Write("a", b"{}")]))
    await asyncio.sleep(0)
    await store.close()
    assert (await writing)[0].error is None  # what was queued is still written
    with pytest.raises(StoreUnavailable):
        await store.write("grid", [Write("b", b"{}")])
    with pytest.raises(StoreUnavailable):
        await store.get("grid", "a")


async def test_a_caller_that_goes_away_does_not_stop_the_writer(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.db")
    await store.create_database("grid")
    gone = asyncio.create_task(store.write("grid", [Write("a", b"{}")]))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await store.write("grid", [Write("b", b"{}")]))[0].error is None
    with pytest.raises(DatabaseNotFound):
        await store.write("nowhere", [Write("c", b"{}")])
    await store.close()


async def test_memory_stores_leave_nothing_behind() -> None:
    store = SqliteStore.open(":memory:")
    await store.create_database("grid")
    folder = store.path.parent
    assert folder.exists()
    await store.close()
    assert not folder.exists()


@pytest.mark.parametrize("url", ["mysql://x", "sqlite://host/x", "sqlite:", ""])
def test_store_urls_that_name_none(url: str) -> None:
    with pytest.raises(ValueError, match="store"):
        open_store(url)


async def test_a_new_document_has_no_parent() -> None:
    # CouchDB takes such an edit for the end of a history it has not seen; here it is a mistake.
    store = SqliteStore.open(":memory:")
    await store.create_database("grid")
    (result,) = await store.write("grid", [Write("new", b"{}", ancestors=("1-a",))])
    await store.close()
    assert result.error == "conflict"
