"""The journal of a grid on CouchDB: whatever breaks off, nothing in it is lost or said twice.

The property tests run on a stand-in that keeps documents as CouchDB does where the journal is
concerned; the others on the CouchDB that ``WANGGE_TEST_STORE`` names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.couch import CouchStore
from sync.couch.archive import Archive
from sync.couch.client import Answer, CouchClient
from sync.couch.databases import Databases
from sync.couch.journal import Journal, Note, entries
from sync.couch.writing import Writer
from sync.errors import BadDocument, StoreUnavailable
from sync.store import Batch, DocumentStore, Write, WriteResult
from tests.stores import eventually

GRID = "grid-1"
PATIENCE = 30
Bodies = list[tuple[str, str, bytes]]

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
documents = st.dictionaries(texts, st.integers(-9, 9) | texts, max_size=3).map(orjson.dumps)
bodies = st.lists(
    st.tuples(texts.map("d{}".format), st.sampled_from(["1-a", "2-b"]), documents),
    max_size=6,
    unique_by=lambda one: one[:2],
)
notes = st.lists(st.builds(Note, st.just("notes"), texts, documents), max_size=3)


class Stand:
    """Databases in memory; after ``left`` requests it breaks off: undone, or done and not told."""

    def __init__(self) -> None:
        self.databases: dict[str, dict[str, dict[str, Any]]] = {"archive": {}, "notes": {}}
        self.shards = 1
        self.left = -1
        self.told = True
        self.asked = 0

    async def call(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        body: bytes | None = None,
        **options: bool,
    ) -> Answer:
        """Answer a request."""
        self.asked += 1
        await asyncio.sleep(0)
        self.left -= 1
        if self.left == 0 and self.told:
            raise StoreUnavailable("broke off before")
        name, _, what = path[1:].partition("/")
        database = self.databases.setdefault(unquote(name), {})
        answer = self._answer(database, what, parameters or {}, orjson.loads(body or b"{}"))
        if self.left == 0:
            raise StoreUnavailable("broke off after")
        return answer

    def _answer(
        self, database: dict[str, Any], what: str, parameters: Mapping[str, str], body: Any
    ) -> Answer:
        if what == "_bulk_docs":
            for document in body["docs"]:
                doc_id = document["_id"]
                if document.get("_deleted"):
                    database.pop(doc_id, None)
                else:
                    database.setdefault(doc_id, document)
            return Answer(201, b"[]")
        if what == "_local_docs":
            start, end = (orjson.loads(parameters[name]) for name in ("start_key", "end_key"))
            found = sorted(one for one in database if start <= one <= end)
            rows = [{"id": one, "doc": database[one]} for one in found[: int(parameters["limit"])]]
            return Answer(200, orjson.dumps({"rows": rows}))
        if what == "_local/wangge":
            return Answer(200, b'{"birth":"b","epoch":"e"}')
        assert what == ""
        return Answer(200, orjson.dumps({"cluster": {"q": self.shards}}))

    def parts(self) -> tuple[Writer, Journal]:
        """Return a process's writer and journal, as after a start."""
        client = cast(CouchClient, self)
        databases = Databases(client, cast(Any, _Address()))
        archive = Archive(client, databases)
        return Writer(client, databases, archive), Journal(client, databases, archive)

    def archived(self) -> dict[str, Any]:
        """Return the bodies in the archive."""
        return {key: one["body"] for key, one in self.databases["archive"].items()}

    def journal(self) -> list[str]:
        """Return the names of what stands in the grid's journal."""
        return [one for one in self.databases.get(GRID, {}) if one.startswith("_local/")]


class _Address:
    prefix = ""


def writes_of(some: Bodies) -> list[Write]:
    """Return revisions as they are pushed."""
    return [Write(doc_id, body, rev) for doc_id, rev, body in some]


def kept(some: Bodies) -> dict[str, Any]:
    """Return what the archive is to hold of them."""
    return {f"b/{doc_id}/{rev}": orjson.loads(body) for doc_id, rev, body in some}


@given(bodies, notes)
def test_entries_say_what_they_were_given(some: Bodies, beside: list[Note]) -> None:
    read = [orjson.loads(entry) for entry in entries(some, beside)]
    assert [tuple(one) for entry in read for one in entry["bodies"]] == [
        (doc_id, rev, orjson.loads(body)) for doc_id, rev, body in some
    ]
    assert [tuple(one) for entry in read for one in entry["notes"]] == [
        (note.database, note.doc_id, orjson.loads(note.body)) for note in beside
    ]
    assert list(entries(some, beside)) == list(entries(some, beside))


def test_an_entry_stays_below_the_limit_of_a_document() -> None:
    body = orjson.dumps({"text": "x" * 100_000})
    found = list(entries([(f"d{n}", "1-a", body) for n in range(31)], []))
    assert all(len(entry) < 300_000 for entry in found)
    assert sum(len(orjson.loads(entry)["bodies"]) for entry in found) == 31


@given(bodies.filter(bool), notes, st.integers(1, 12), st.booleans())
def test_broken_off_anywhere_nothing_acknowledged_is_lost(
    some: Bodies, beside: list[Note], left: int, told: bool
) -> None:
    async def run() -> None:
        stand = Stand()
        stand.left, stand.told = left, told
        acknowledged = False
        try:
            writer, journal = stand.parts()
            await writer.write(GRID, writes_of(some), False, beside)
            acknowledged = True
            await journal.settle(GRID)
        except StoreUnavailable:
            pass
        stand.left = -1
        records = {one for one in stand.databases.get(GRID, {}) if not one.startswith("_local/")}
        _, journal = stand.parts()
        await journal.settle(GRID)
        if acknowledged:
            assert records == {doc_id for doc_id, _, _ in some}
        if records:  # no record without its body and the notes that came with it
            assert stand.archived() == kept(some)
            names = {note.doc_id for note in beside}
            assert set(stand.databases["notes"]) == names
        assert stand.journal() == []

    asyncio.run(run())


@given(
    st.lists(bodies.filter(bool), min_size=1, max_size=4),
    st.integers(1, 3),
    st.permutations(range(7)),
)
def test_any_order_of_pushes_and_settling_gives_each_his_own(
    pushes: list[Bodies], settlers: int, ranks: list[int]
) -> None:
    unlike = [[(f"{n}:{doc_id}", *rest) for doc_id, *rest in one] for n, one in enumerate(pushes)]
    mine = cast(list[Bodies], unlike)

    async def run() -> None:
        stand = Stand()
        jobs: list[Any] = [
            stand.parts()[0].write(GRID, writes_of(one), False, [Note("notes", str(n), b"{}")])
            for n, one in enumerate(mine)
        ]
        jobs += [stand.parts()[1].settle(GRID) for _ in range(settlers)]
        order = sorted(range(len(jobs)), key=ranks.__getitem__)
        done = await asyncio.gather(*(jobs[n] for n in order))
        results = {n: result for n, result in zip(order, done, strict=True) if n < len(mine)}
        for n, one in enumerate(mine):
            assert results[n] == [WriteResult(doc_id, rev) for doc_id, rev, _ in one]
        await stand.parts()[1].settle(GRID)
        assert stand.archived() == {key: body for one in mine for key, body in kept(one).items()}
        assert set(stand.databases["notes"]) == {str(n) for n in range(len(mine))}
        assert stand.journal() == []

    asyncio.run(run())


@pytest.mark.parametrize(("shards", "requests"), [(1, 2), (2, 4)])
async def test_a_push_waits_for_the_disk_once_where_one_commit_holds_it_all(
    shards: int, requests: int
) -> None:
    stand = Stand()
    stand.shards = shards
    writer, _ = stand.parts()
    await writer.write(GRID, [Write("a", b"{}", "1-a")], False)
    assert stand.asked == requests  # one of them finds out how many shards there are
    assert (stand.archived() == {}) == (shards == 1)


# --- on CouchDB ---


@pytest.fixture
def couch(store: DocumentStore) -> CouchStore:
    """Give the store that tests run on, if it is a CouchDB."""
    if not isinstance(store, CouchStore):
        pytest.skip("WANGGE_TEST_STORE names no CouchDB")
    return store


async def test_bodies_outlive_compaction_before_any_follower_came(
    couch: CouchStore, grid: str
) -> None:
    for rev, before in (("1-a", ()), ("2-b", ("1-a",)), ("3-c", ("2-b", "1-a"))):
        written = Write("a", orjson.dumps({"of": rev}), rev, before)
        await couch.write(grid, [written], new_edits=False)
    await couch.databases.compact(grid)
    inner = couch.databases.path(grid, "a")
    async with asyncio.timeout(PATIENCE):
        while (await couch.client.call("GET", inner, {"rev": "1-a"})).status == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert await couch.bodies(grid, "a", ["1-a", "2-b"]) == {
        "1-a": b'{"of":"1-a"}',
        "2-b": b'{"of":"2-b"}',
    }


async def test_another_epoch_leaves_the_journal(couch: CouchStore, grid: str) -> None:
    note = Batch("arrivals", [Write("push:1", b'{"n":1}')], deferred=True)
    await couch.create_database("arrivals")
    pushed = Batch(grid, [Write("a", b"{}", "1-a")], new_edits=False)
    assert (await couch.write_in_order([note, pushed]))[1] == [WriteResult("a", "1-a")]
    await couch.renew_epoch(grid)
    await couch.deliver(grid)
    found = await eventually(lambda: couch.get("arrivals", "push:1"), lambda one: one is not None)
    assert found is not None
    assert found.body == b'{"n":1}'
    await couch.deliver(grid)  # nothing is left to do
    await couch.delete_database("arrivals")


async def test_the_stores_own_local_documents_are_nobodys(couch: CouchStore, grid: str) -> None:
    epoch = await couch.epoch(grid)
    assert await couch.get_local(grid, "wangge") is None
    assert await couch.delete_local(grid, "wangge") is False
    with pytest.raises(BadDocument):
        await couch.put_local(grid, "wangge", {"birth": "x", "epoch": "y"})
    couch.databases.forget(grid)
    assert await couch.epoch(grid) == epoch
