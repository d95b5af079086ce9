"""What every document store must do: declared indexes, queries and roll-ups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.errors import BadDocument
from sync.sqlite import SqliteStore
from sync.sqlite.keys import decode_key, encode_key
from sync.store import DocumentStore, Index, Key, Write

BY_TYPE = Index("by-type", "canonical", ("type", "path", "at"))
BY_PATH = Index("by-path", "canonical", ("path", "type"))
ADULTS = Index("adults", "canonical", ("path",), where={"type": "resident"}, value="age")
SEARCH = Index("search", "canonical", ("type",), each="search")
ALL = (BY_TYPE, BY_PATH, ADULTS, SEARCH)


async def save(store: DocumentStore, doc_id: str, body: dict[str, Any] | None) -> None:
    found = await store.get("canonical", doc_id)
    parents = () if found is None or found.deleted else (found.rev,)
    write = Write(doc_id, orjson.dumps(body or {}), ancestors=parents, deleted=body is None)
    (result,) = await store.write("canonical", [write])
    assert result.error is None


def record(kind: str, path: str, at: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "path": list(path), "at": at, **more}


@pytest.fixture
async def records(store: DocumentStore) -> DocumentStore:
    """Give a store with records, one index declared before and the others after they came."""
    await store.create_database("canonical")
    await store.ensure_indexes([BY_TYPE])
    await save(store, "r1", record("resident", "abc", 3, age=30, search=["李四", "四"]))
    await save(store, "r2", record("resident", "abd", 1, age=40, search=["李五", "五"]))
    await save(store, "r3", record("resident", "ab", 2, age=5))
    await save(store, "h1", record("household", "abc", 1, search="no list"))
    await save(store, "gone", record("household", "abc", 9))
    await save(store, "gone", None)
    await store.ensure_indexes(ALL)
    return store


async def ids(store: DocumentStore, index: Index, **asked: Any) -> list[str]:
    return [row.doc_id for row in await store.query(index, **asked)]


async def test_rows_come_in_key_order(records: DocumentStore) -> None:
    rows = await records.query(BY_TYPE)
    assert [row.key for row in rows] == [
        ("household", "a", "b", "c", 1),
        ("resident", "a", "b", 2),
        ("resident", "a", "b", "c", 3),
        ("resident", "a", "b", "d", 1),
    ]
    assert [row.doc_id for row in rows] == ["h1", "r3", "r1", "r2"]
    assert await ids(records, BY_TYPE, descending=True) == ["r2", "r1", "r3", "h1"]
    (row,) = await records.query(BY_TYPE, prefix=("household",), documents=True)
    assert row.document is not None
    assert row.document["_id"] == "h1"
    assert row.document["type"] == "household"


async def test_prefix_range_and_paging(records: DocumentStore) -> None:
    assert await ids(records, BY_TYPE, prefix=("resident", "a", "b")) == ["r3", "r1", "r2"]
    assert await ids(records, BY_TYPE, prefix=("resident", "a", "b", "c")) == ["r1"]
    assert await ids(records, BY_TYPE, prefix=("resid",)) == []
    start, end = ("resident", "a", "b", "c"), ("resident", "a", "b", "d")
    assert await ids(records, BY_TYPE, start=start, end=end) == ["r1"]
    for descending in (False, True):
        whole = await records.query(BY_TYPE, descending=descending)
        seen: list[str] = []
        after: tuple[Key, str] | None = None
        while rows := await records.query(BY_TYPE, after=after, limit=1, descending=descending):
            seen.append(rows[0].doc_id)
            after = (rows[0].key, rows[0].doc_id)
        assert seen == [row.doc_id for row in whole]


async def test_one_row_per_element(records: DocumentStore) -> None:
    assert await ids(records, SEARCH, prefix=("四",)) == ["r1"]
    found = await ids(records, SEARCH, start=("李",), end=("李\U0010ffff",))
    assert sorted(found) == ["r1", "r2"]
    assert {(g.key, g.count) for g in await records.roll_up(SEARCH, level=1)} == {
        (("四",), 1), (("五",), 1), (("李四",), 1), (("李五",), 1),
    }  # fmt: skip


async def groups(store: DocumentStore, index: Index, **asked: Any) -> dict[Key, tuple[int, float]]:
    return {one.key: (one.count, one.total) for one in await store.roll_up(index, **asked)}


async def test_counts_and_sums_roll_up(records: DocumentStore) -> None:
    assert await groups(records, BY_PATH) == {(): (4, 4)}
    assert await groups(records, BY_PATH, level=2) == {("a", "b"): (4, 4)}
    assert await groups(records, BY_PATH, prefix=("a", "b"), level=3) == {
        ("a", "b", "c"): (2, 2),
        ("a", "b", "d"): (1, 1),
        ("a", "b", "resident"): (1, 1),
    }
    assert await groups(records, ADULTS, prefix=("a",)) == {(): (3, 75)}
    assert await groups(records, ADULTS, level=3) == {
        ("a", "b"): (1, 5),
        ("a", "b", "c"): (1, 30),
        ("a", "b", "d"): (1, 40),
    }
    assert await groups(records, ADULTS, prefix=("z",)) == {}


async def test_counts_follow_edits_moves_and_deletions(records: DocumentStore) -> None:
    await save(records, "r1", record("resident", "abd", 4, age=31))
    await save(records, "r2", None)
    await save(records, "h1", record("place", "abc", 1))
    assert await groups(records, ADULTS, level=3) == {("a", "b"): (1, 5), ("a", "b", "d"): (1, 31)}
    assert await ids(records, BY_TYPE) == ["h1", "r3", "r1"]
    await save(records, "r2", record("resident", "abd", 1, age=40))
    assert await groups(records, ADULTS, prefix=("a", "b", "d"), level=3) == {
        ("a", "b", "d"): (2, 71)
    }


async def test_a_changed_declaration_is_built_anew(records: DocumentStore) -> None:
    changed = Index("adults", "canonical", ("path",), where={"type": "household"})
    with pytest.raises(BadDocument, match="adults"):
        await records.query(changed)
    await records.ensure_indexes([changed])
    assert await ids(records, changed) == ["h1"]
    with pytest.raises(BadDocument):
        await records.roll_up(ADULTS)


async def test_indexes_outlive_their_database(records: DocumentStore) -> None:
    await records.delete_database("canonical")
    assert await ids(records, BY_TYPE) == []
    assert await groups(records, BY_PATH) == {}
    await records.create_database("canonical")
    await save(records, "r9", record("resident", "x", 1, age=9))
    assert await ids(records, BY_TYPE) == ["r9"]
    assert await groups(records, ADULTS) == {(): (1, 9)}


async def test_an_index_over_many_documents_is_built_while_others_write(
    store: DocumentStore,
) -> None:
    await store.create_database("canonical")
    bodies = [orjson.dumps(record("resident", "ab", n % 5, age=1)) for n in range(1500)]
    await store.write("canonical", [Write(f"d{n:05}", body) for n, body in enumerate(bodies)])
    import asyncio

    building = asyncio.create_task(store.ensure_indexes([ADULTS]))
    for n in range(40):
        await save(store, f"d{n * 31:05}", record("resident", "ac", 1, age=2))
        await save(store, f"e{n:05}", record("resident", "ad", 1, age=3))
    await building
    assert await groups(store, ADULTS, level=2) == {
        ("a", "b"): (1460, 1460),
        ("a", "c"): (40, 80),
        ("a", "d"): (40, 120),
    }


PATHS = st.text("abc", min_size=0, max_size=3)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["d1", "d2", "d3", "d4"]),
        st.none() | st.tuples(st.sampled_from(["resident", "place"]), PATHS, st.integers(0, 9)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(EDITS, st.integers(0, 4), PATHS)
async def test_kept_counts_equal_counted_rows(
    edits: Sequence[tuple[str, tuple[str, str, int] | None]], level: int, prefix: str
) -> None:
    store = SqliteStore.open(":memory:")
    await store.create_database("canonical")
    await store.ensure_indexes([BY_PATH, ADULTS])
    live: dict[str, dict[str, Any]] = {}
    for doc_id, what in edits:
        if what is None:
            if live.pop(doc_id, None):
                await save(store, doc_id, None)
            continue
        live[doc_id] = record(what[0], what[1], 0, age=what[2])
        await save(store, doc_id, live[doc_id])
    under = tuple(prefix)
    counts: Counter[Key] = Counter()
    sums: Counter[Key] = Counter()
    for body in live.values():
        key = tuple(body["path"])
        if body["type"] == "resident" and key[: len(under)] == under:
            counts[key[:level]] += 1
            sums[key[:level]] += body["age"]
    expected = {key: (counts[key], float(sums[key])) for key in counts}
    assert await groups(store, ADULTS, prefix=under, level=level) == expected
    await store.close()


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"))
)  # fmt: skip
KEYS = st.lists(SCALARS, max_size=4).map(tuple)


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    return (2, float(value)) if isinstance(value, (int, float)) else (3, value)


@given(KEYS, KEYS)
def test_encoded_keys_sort_as_keys(one: Key, other: Key) -> None:
    plain = [tuple(map(_rank, key)) for key in (one, other)]
    packed = [encode_key(key) for key in (one, other)]
    assert (plain[0] < plain[1]) == (packed[0] < packed[1]) or plain[0] == plain[1]
    assert decode_key(packed[0]) == one
    assert (packed[0] <= packed[1] < packed[0] + b"\xff") == (plain[1][: len(plain[0])] == plain[0])
