"""What every document store must do: databases, documents, revisions, local documents."""

from __future__ import annotations

import asyncio

import pytest

from sync.errors import BadDocument, DatabaseNotFound
from sync.store import Batch, DocumentStore, Write, WriteResult
from tests.stores import eventually


async def put(store: DocumentStore, grid: str, doc_id: str, body: bytes, *parent: str) -> str:
    (result,) = await store.write(grid, [Write(doc_id, body, ancestors=parent)])
    assert result.error is None, result
    assert result.rev is not None
    return result.rev


async def push(
    store: DocumentStore, grid: str, *writes: tuple[str, str, tuple[str, ...], bool]
) -> list[WriteResult]:
    batch = [
        Write(doc_id, b'{"of":"%b"}' % rev.encode(), rev, ancestors, deleted)
        for doc_id, rev, ancestors, deleted in writes
    ]
    return await store.write(grid, batch, new_edits=False)


async def test_databases_are_made_listed_and_destroyed(store: DocumentStore) -> None:
    assert await store.create_database("grid-b")
    assert await store.create_database("grid-a")
    assert await store.create_database("other")
    assert not await store.create_database("grid-a")
    assert await store.database_names("grid-") == ["grid-a", "grid-b"]
    assert await store.database_names() == ["grid-a", "grid-b", "other"]
    assert await store.delete_database("grid-a")
    assert not await store.delete_database("grid-a")
    assert await store.database_names("grid-") == ["grid-b"]


async def test_a_database_made_anew_is_empty_and_has_another_epoch(
    store: DocumentStore, grid: str
) -> None:
    await put(store, grid, "a", b"{}")
    await store.put_local(grid, "checkpoint", {"seq": 1})
    before = await store.database_info(grid)
    await store.delete_database(grid)
    await store.create_database(grid)
    after = await store.database_info(grid)
    assert after.epoch != before.epoch
    assert (after.doc_count, after.deleted_count) == (0, 0)
    assert await store.get(grid, "a") is None
    assert await store.get_local(grid, "checkpoint") is None
    # A checkpoint of the old life counts as the beginning, not as a place in the new one.
    await put(store, grid, "b", b"{}")
    page = await store.changes(grid, before.update_seq)
    assert [change.doc_id for change in page.changes] == ["b"]


async def test_what_is_not_there_is_told(store: DocumentStore, grid: str) -> None:
    assert await store.get(grid, "nothing") is None
    assert await store.revisions(grid, "nothing", "all") == []
    assert await store.leaves(grid, "nothing") == []
    assert await store.bodies(grid, "nothing", ["1-a"]) == {}
    assert await store.history(grid, "nothing", "1-a") == []
    for call in (
        store.get("nowhere", "a"),
        store.database_info("nowhere"),
        store.write("nowhere", [Write("a", b"{}")]),
        store.changes("nowhere"),
        store.get_local("nowhere", "a"),
        store.put_local("nowhere", "a", {}),
        store.missing_revisions("nowhere", {"a": ["1-a"]}),
        store.documents("nowhere"),
    ):
        with pytest.raises(DatabaseNotFound, match="nowhere"):
            await call


async def test_an_edit_goes_on_from_a_leaf_only(store: DocumentStore, grid: str) -> None:
    first = await put(store, grid, "a", b'{"n":1}')
    second = await put(store, grid, "a", b'{"n":2}', first)
    assert first.startswith("1-")
    assert second.startswith("2-")
    for parents in ((), (first,), ("1-unknown",)):
        (result,) = await store.write(grid, [Write("a", b"{}", ancestors=parents)])
        assert (result.error, result.rev) == ("conflict", None)
    found = await store.get(grid, "a", ancestry=True)
    assert found is not None
    assert (found.rev, found.body, found.ancestors) == (second, b'{"n":2}', (first,))
    assert found.document() == {"_id": "a", "_rev": second, "n": 2}


async def test_the_same_edit_makes_the_same_revision(store: DocumentStore, grid: str) -> None:
    await store.create_database("twin")
    revs = [await put(store, name, "a", b'{"n":1}') for name in (grid, "twin")]
    assert revs[0] == revs[1]
    assert await put(store, grid, "b", b'{"n":2}') != revs[0]
    await store.delete_database("twin")


async def test_a_deleted_document_goes_on_from_its_tombstone(
    store: DocumentStore, grid: str
) -> None:
    first = await put(store, grid, "a", b'{"n":1}')
    (gone,) = await store.write(
        grid, [Write("a", b'{"moved_to":"x"}', ancestors=(first,), deleted=True)]
    )
    found = await store.get(grid, "a")
    assert found is not None
    assert (found.deleted, found.document()["_deleted"]) == (True, True)
    assert found.document()["moved_to"] == "x"
    info = await store.database_info(grid)
    assert (info.doc_count, info.deleted_count) == (0, 1)
    assert gone.rev is not None
    for refused in (
        Write("a", b"{}", ancestors=(gone.rev,)),
        Write("a", b"{}", deleted=True),
    ):
        (result,) = await store.write(grid, [refused])
        assert result.error == "conflict"
    again = await put(store, grid, "a", b'{"n":2}')
    assert again.startswith("3-")
    info = await eventually(lambda: store.database_info(grid), lambda one: one.doc_count == 1)
    assert (info.doc_count, info.deleted_count) == (1, 0)


async def test_one_bad_document_does_not_stop_the_others(store: DocumentStore, grid: str) -> None:
    await put(store, grid, "taken", b"{}")
    results = await store.write(
        grid,
        [
            Write("a", b"{}"),
            Write("taken", b"{}"),
            Write("", b"{}"),
            Write("_bad", b"{}"),
            Write("x" * 5000, b"{}"),
            Write("\ud800", b"{}"),
            Write("nul\0", b"{}"),
            Write("z", b"{}"),
        ],
    )
    assert [result.error for result in results] == [
        None, "conflict", "bad_request", "bad_request", "bad_request", "bad_request",
        "bad_request", None,
    ]  # fmt: skip
    assert all(result.reason for result in results if result.error)
    assert [one.doc_id for one in await store.documents(grid)] == ["a", "taken", "z"]


async def test_bad_histories_are_refused_one_by_one(store: DocumentStore, grid: str) -> None:
    results = await push(
        store,
        grid,
        ("a", "2-b", ("1-a",), False),
        ("b", "2-b", ("2-a",), False),
        ("c", "nonsense", (), False),
        ("d", "3-c", ("1-a",), False),
    )
    assert [result.error for result in results] == [None, *["bad_request"] * 3]
    assert [one.doc_id for one in await store.documents(grid)] == ["a"]


async def test_an_id_is_any_text(store: DocumentStore, grid: str) -> None:
    ids = ["household:01J", "𠮷", "䶮", "阿依古丽·买买提", "a/b", "a b", '"', "é"]
    await store.write(grid, [Write(doc_id, b"{}") for doc_id in ids])
    assert [one.doc_id for one in await store.documents(grid)] == sorted(ids)
    found = await store.get_many(grid, [*ids, "absent"])
    assert [one.doc_id if one else None for one in found] == [*ids, None]


async def test_conflicts_live_side_by_side_and_the_winner_is_couchdbs(
    store: DocumentStore, grid: str
) -> None:
    await push(
        store,
        grid,
        ("a", "1-a", (), False),
        ("a", "2-b", ("1-a",), False),
        ("a", "2-c", ("1-a",), False),
        ("a", "3-a", ("2-b", "1-a"), True),
    )
    assert [(leaf.rev, leaf.deleted) for leaf in await store.leaves(grid, "a")] == [
        ("2-c", False),
        ("3-a", True),
    ]
    found = await store.revisions(grid, "a", "all")
    assert [(one.rev, one.deleted, one.ancestors) for one in found] == [
        ("2-c", False, ("1-a",)),
        ("3-a", True, ("2-b", "1-a")),
    ]
    assert [one.body for one in found] == [b'{"of":"2-c"}', b'{"of":"3-a"}']
    # The losing branch goes on and wins.
    assert await push(store, grid, ("a", "4-d", ("3-a", "2-b", "1-a"), False))
    winner = await store.get(grid, "a")
    assert winner is not None
    assert winner.rev == "4-d"
    # The new winner is deleted: the older leaf wins again, with its own body.
    await push(store, grid, ("a", "5-e", ("4-d", "3-a", "2-b", "1-a"), True))
    winner = await store.get(grid, "a")
    assert winner is not None
    assert (winner.rev, winner.body) == ("2-c", b'{"of":"2-c"}')
    info = await store.database_info(grid)
    assert (info.doc_count, info.deleted_count) == (1, 0)


async def test_a_losing_leaf_can_be_edited_and_deleted(store: DocumentStore, grid: str) -> None:
    await push(store, grid, ("a", "1-z", (), False), ("a", "1-b", (), False))
    (result,) = await store.write(grid, [Write("a", b"{}", ancestors=("1-b",), deleted=True)])
    assert result.error is None
    assert [leaf.deleted for leaf in await store.leaves(grid, "a")] == [False, True]
    (result,) = await store.write(grid, [Write("a", b"{}", ancestors=("1-b",))])
    assert result.error == "conflict"


async def test_all_accepted_bodies_are_kept(store: DocumentStore, grid: str) -> None:
    revs = [await put(store, grid, "a", b'{"n":0}')]
    for number in range(1, 6):
        revs.append(await put(store, grid, "a", b'{"n":%d}' % number, revs[-1]))
    await push(store, grid, ("a", "2-late", (revs[0],), False))
    kept = await store.bodies(grid, "a", [*revs, "2-late", "9-x"])
    assert kept == {
        **{rev: b'{"n":%d}' % number for number, rev in enumerate(revs)},
        "2-late": b'{"of":"2-late"}',
    }
    await push(store, grid, ("b", "1-b", (), False), ("b", "2-c", ("1-b",), False))
    asked = [("b", ["2-c", "1-b"]), ("none", ["1-a"]), ("a", [*revs, "2-late", "9-x"]), ("b", [])]
    both = {rev: b'{"of":"%b"}' % rev.encode() for rev in ("1-b", "2-c")}
    assert await store.bodies_of_many(grid, asked) == [both, {}, kept, {}]
    inner = await store.revisions(grid, "a", [revs[2]])
    assert [(one.rev, one.body) for one in inner] == [(revs[2], b'{"n":2}')]
    assert inner[0].ancestors == (revs[1], revs[0])
    assert await store.history(grid, "a", revs[1]) == [
        (revs[1], "available"),
        (revs[0], "available"),
    ]


async def test_latest_gives_the_leaves_a_revision_grew_into(
    store: DocumentStore, grid: str
) -> None:
    await push(
        store, grid,
        ("a", "2-b", ("1-a",), False), ("a", "2-c", ("1-a",), False), ("a", "3-d", ("2-b",), True),
    )  # fmt: skip

    async def revs(*asked: str, latest: bool) -> list[str]:
        return [one.rev for one in await store.revisions(grid, "a", asked, latest=latest)]

    assert await revs("1-a", latest=False) == []  # its body never came
    assert await revs("1-a", latest=True) == ["2-c", "3-d"]
    assert await revs("2-b", "2-c", latest=True) == ["3-d", "2-c"]
    assert await revs("2-b", "7-x", latest=False) == ["2-b"]
    assert await store.history(grid, "a", "3-d") == [
        ("3-d", "deleted"),
        ("2-b", "available"),
        ("1-a", "missing"),
    ]
    with pytest.raises(BadDocument):
        await revs("nonsense", latest=False)


async def test_many_documents_revisions_at_once(store: DocumentStore, grid: str) -> None:
    await push(store, grid, *((f"d{n}", "1-a", (), False) for n in range(700)))
    await push(store, grid, ("d1", "2-b", ("1-a",), False), ("d1", "2-c", ("1-a",), False))
    asked = [("d1", "all"), *((f"d{n}", ["1-a"]) for n in range(700)), ("none", "all")]
    found = await store.revisions_of_many(grid, asked)
    assert [one.rev for one in found[0]] == ["2-c", "2-b"]
    assert [[one.doc_id for one in row] for row in found[1:-1]] == [[f"d{n}"] for n in range(700)]
    assert found[-1] == []


async def test_missing_revisions(store: DocumentStore, grid: str) -> None:
    await push(
        store, grid, ("a", "2-b", ("1-a",), False), ("a", "2-c", ("1-a",), False),
        ("b", "1-a", (), False),
    )  # fmt: skip
    asked = {"a": ["1-a", "2-b", "3-x", "1-q"], "b": ["1-a"], "c": ["1-a"]}
    assert await store.missing_revisions(grid, asked) == {
        "a": (["3-x", "1-q"], ["2-c", "2-b"]),
        "c": (["1-a"], []),
    }
    many = {f"d{n}": ["1-a"] for n in range(1200)}
    assert set(await store.missing_revisions(grid, many)) == set(many)


async def test_of_batches_in_order_no_later_one_is_there_without_the_earlier(
    store: DocumentStore, grid: str
) -> None:
    await store.create_database("grid-other")
    try:
        note = Batch("grid-other", [Write("a", b"{}"), Write("b", b"{}", ancestors=("1-x",))])
        replicated = Batch(grid, [Write("c", b"{}", "3-c")], new_edits=False)

        first, second = await store.write_in_order([note, replicated])

        assert [result.error for result in first] == [None, "conflict"]
        assert second == [WriteResult("c", "3-c")]
        assert await store.get("grid-other", "a") is not None
        with pytest.raises(DatabaseNotFound):
            await store.write_in_order([Batch("grid-none", note.writes), Batch(grid, note.writes)])
        assert await store.get(grid, "a") is None
    finally:
        await store.delete_database("grid-other")


async def test_a_deferred_batch_shows_up_with_delivery_and_is_durable_before(
    store: DocumentStore, grid: str
) -> None:
    await store.create_database("notes")
    try:
        notes = [Batch("notes", [Write(name, b'{"n":1}')], deferred=True) for name in ("x", "y")]
        replicated = Batch(grid, [Write("c", b"{}", "3-c"), Write("", b"{}", "1-a")], False)
        *_, results = await store.write_in_order([*notes, replicated])
        assert results[0] == WriteResult("c", "3-c")
        assert results[1].error == "bad_request"
        for _ in range(2):
            await store.deliver(grid)
            found = await store.get_many("notes", ["x", "y"])
            assert [one and one.body for one in found] == [b'{"n":1}', b'{"n":1}']
    finally:
        await store.delete_database("notes")


async def test_pushing_again_changes_nothing(store: DocumentStore, grid: str) -> None:
    batch = [("a", "2-b", ("1-a",), False), ("a", "2-c", ("1-a",), True)]
    await push(store, grid, *batch)
    info = await store.database_info(grid)
    results = await push(store, grid, *batch, *batch)
    assert [(result.rev, result.error) for result in results] == [("2-b", None), ("2-c", None)] * 2
    again = await store.database_info(grid)
    assert (again.doc_count, again.deleted_count) == (info.doc_count, info.deleted_count)
    # Not the sequence's text: a cluster writes the same place in several ways.
    assert (await store.changes(grid, info.update_seq)).changes == []


async def test_the_body_of_an_inner_revision_may_come_late(store: DocumentStore, grid: str) -> None:
    await push(store, grid, ("a", "3-c", ("2-b", "1-a"), False))
    await push(store, grid, ("a", "2-b", ("1-a",), False))
    assert [leaf.rev for leaf in await store.leaves(grid, "a")] == ["3-c"]
    assert await store.bodies(grid, "a", ["2-b"]) == {"2-b": b'{"of":"2-b"}'}


async def test_a_batch_may_hold_several_edits_of_one_document(
    store: DocumentStore, grid: str
) -> None:
    await push(
        store, grid, ("a", "1-a", (), False), ("a", "2-b", ("1-a",), False),
        ("a", "2-c", ("1-a",), False), ("a", "3-d", ("2-c", "1-a"), False),
    )  # fmt: skip
    assert [leaf.rev for leaf in await store.leaves(grid, "a")] == ["3-d", "2-b"]
    assert len(await store.bodies(grid, "a", ["1-a", "2-b", "2-c", "3-d"])) == 4
    assert len((await store.changes(grid)).changes) == 1


async def test_writers_at_once_do_not_hurt_each_other(store: DocumentStore, grid: str) -> None:
    async def one(number: int) -> str:
        try:
            name = grid if number % 7 else "nowhere"
            (result,) = await store.write(name, [Write(f"d{number % 50}", b"{}")])
        except DatabaseNotFound:
            return "nowhere"
        return result.error or "written"

    outcomes = await asyncio.gather(*(one(number) for number in range(300)))
    assert outcomes.count("nowhere") == 43
    info = await store.database_info(grid)
    assert outcomes.count("written") == info.doc_count == 50
    assert outcomes.count("conflict") == 300 - 43 - 50


async def test_documents_by_range(store: DocumentStore, grid: str) -> None:
    await store.write(grid, [Write(doc_id, b"{}") for doc_id in "abcdef"])
    rev = (await store.get(grid, "c")).rev  # type: ignore[union-attr]
    await store.write(grid, [Write("c", b"{}", ancestors=(rev,), deleted=True)])

    async def ids(**asked: object) -> str:
        found = await store.documents(grid, **asked)  # type: ignore[arg-type]
        return "".join(one.doc_id for one in found)

    assert await ids() == "abdef"
    assert await ids(start="b", end="e") == "bde"
    assert await ids(start="b", end="e", include_end=False) == "bd"
    assert await ids(start="e", end="b", descending=True) == "edb"
    assert await ids(skip=1, limit=2) == "bd"
    assert await ids(limit=0) == ""
    assert await ids(descending=True, limit=2) == "fe"


async def test_local_documents(store: DocumentStore, grid: str) -> None:
    assert await store.get_local(grid, "cp") is None
    assert await store.put_local(grid, "cp", {"seq": 1, "_id": "_local/cp"}) == "0-1"
    assert await store.put_local(grid, "cp", {"seq": 2, "_rev": "0-1"}) == "0-2"
    assert await store.get_local(grid, "cp") == {"_id": "_local/cp", "_rev": "0-2", "seq": 2}
    assert (await store.changes(grid)).changes == []
    assert await store.delete_local(grid, "cp")
    assert not await store.delete_local(grid, "cp")
    assert await store.get_local(grid, "cp") is None


async def test_forgotten_bodies_are_gone_but_leaves_and_ancestry_stay(
    store: DocumentStore, grid: str
) -> None:
    line = ("3-c", "2-b", "1-a")
    for index in (2, 1, 0):
        body = b'{"n":%d}' % index
        await store.write(grid, [Write("x", body, line[index], line[index + 1 :])], new_edits=False)
    await store.write(grid, [Write("x", b'{"n":9}', "3-a", ("2-b", "1-a"))], new_edits=False)
    assert await store.forget_bodies(grid, "x", ["1-a", "3-a", "3-c", "9-unknown"]) == 1
    await store.compact(grid)
    bodies = await eventually(  # each copy is compacted in its own time
        lambda: store.bodies(grid, "x", [*line, "3-a"]), lambda found: "1-a" not in found
    )
    assert set(bodies) == {"3-c", "3-a", "2-b"}
    assert await store.forget_bodies(grid, "x", ["1-a"]) == 0
    assert await store.forget_bodies(grid, "none", ["1-a"]) == 0
    winner = await store.get(grid, "x", ancestry=True)
    assert winner is not None
    assert (winner.rev, winner.ancestors) == ("3-c", ("2-b", "1-a"))
    assert {leaf.rev for leaf in await store.leaves(grid, "x")} == {"3-c", "3-a"}
    assert await store.revisions(grid, "x", ["1-a"]) == []
    assert {one.rev for one in await store.revisions(grid, "x", ["2-b", "3-a"])} == {"2-b", "3-a"}


async def test_dropped_tombstones_leave_nothing_behind(store: DocumentStore, grid: str) -> None:
    writes = [
        Write("gone", b'{"n":1}', "1-a"),
        Write("gone", b"{}", "2-b", ("1-a",), True),
        Write("x", b'{"n":1}', "1-a"),
        Write("x", b'{"n":2}', "2-b", ("1-a",)),
        Write("x", b'{"n":3}', "2-c", ("1-a",)),
        Write("x", b"{}", "3-d", ("2-b", "1-a"), True),
        Write("lives", b'{"n":1}', "1-a"),
    ]
    for write in writes:
        await store.write(grid, [write], new_edits=False)
    asked = {"gone": ["2-b", "1-a"], "x": ["3-d", "2-c"], "lives": ["1-a"], "none": ["1-a"]}

    assert await store.drop_tombstones(grid, asked) == 2
    again = await eventually(
        lambda: store.drop_tombstones(grid, asked), lambda dropped: dropped == 0
    )
    assert again == 0

    assert await store.get(grid, "gone") is None
    assert await store.bodies(grid, "gone", ["1-a", "2-b"]) == {}
    assert [leaf.rev for leaf in await store.leaves(grid, "x")] == ["2-c"]
    assert set(await store.bodies(grid, "x", ["1-a", "2-b", "2-c", "3-d"])) == {"1-a", "2-c"}
    winner = await store.get(grid, "x", ancestry=True)
    assert winner is not None
    assert (winner.rev, winner.ancestors) == ("2-c", ("1-a",))
    info = await eventually(
        lambda: store.database_info(grid), lambda one: (one.doc_count, one.deleted_count) == (2, 0)
    )
    assert (info.doc_count, info.deleted_count) == (2, 0)
    page = await eventually(
        lambda: store.changes(grid, all_leaves=True),
        lambda found: {len(one.leaves) for one in found.changes} == {1},
    )
    assert {one.doc_id: len(one.leaves) for one in page.changes} == {"x": 1, "lives": 1}
    assert (await store.missing_revisions(grid, {"gone": ["1-a"]}))["gone"][0] == ["1-a"]
    (back,) = await store.write(grid, [Write("gone", b'{"n":9}')])
    assert back.error is None


async def test_another_epoch_begins_everything_anew(store: DocumentStore, grid: str) -> None:
    await store.write(grid, [Write("a", b"{}")])
    before = await store.database_info(grid)
    await store.put_local(grid, "checkpoint", {"seq": before.update_seq})

    await store.renew_epoch(grid)

    after = await store.database_info(grid)
    assert (after.epoch != before.epoch, after.doc_count) == (True, 1)
    assert await store.get_local(grid, "checkpoint") is None
    assert len((await store.changes(grid, before.update_seq)).changes) == 1
    assert (await store.changes(grid, after.update_seq)).changes == []
