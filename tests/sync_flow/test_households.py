"""Rules about households and their people: one head, a grid, nobody in a house that is gone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from conflicts.rules import HOUSEHOLD, ORPHAN, STRUCTURE, finding_id
from grid.hierarchy import GridNode
from sync import mending
from sync.registry import Registry
from sync.reviews import ReviewError
from sync.store import DocumentStore, Write
from tests.sync_flow.town import CLOSED, GRID, GROUP, STRANGER, SUPERVISOR, Phone, catch_up

DATABASE = f"grid-{GRID}"
HOME = "household:01J0000000000000000000000A"
ONE = "resident:01J0000000000000000000000B"
TWO = "resident:01J0000000000000000000000C"
HEADS, ORPHANS, OUTSIDE = (finding_id(kind, HOME) for kind in (HOUSEHOLD, ORPHAN, STRUCTURE))


async def review(store: DocumentStore, review_id: str) -> dict[str, Any] | None:
    found = await store.get("reviews", review_id)
    return None if found is None else found.document()


async def status(store: DocumentStore, review_id: str) -> str | None:
    found = await review(store, review_id)
    return None if found is None else str(found["status"])


async def record(store: DocumentStore, doc_id: str) -> dict[str, Any]:
    found = await store.get(DATABASE, doc_id)
    assert found is not None
    assert not found.deleted
    return found.document()


async def family(
    store: DocumentStore, registry: Registry, phone: Phone, relations: tuple[str, str] = ("0", "1")
) -> None:
    phone.create(HOME, address="面前山村1号")
    for doc_id, name, relation in zip((ONE, TWO), ("陈水生", "黄𠮷"), relations, strict=True):
        phone.create(doc_id, household=HOME, name=name, relation=relation)
    await phone.push(store, registry, HOME, ONE, TWO)
    await catch_up(store, registry)


async def test_two_heads_are_found_and_one_is_chosen(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await family(store, registry, phone1, ("0", "0"))
    found = await review(store, HEADS)
    assert found is not None
    assert (found["status"], found["subjects"]) == ("open", [HOME, ONE, TWO])
    with pytest.raises(ReviewError, match="out-of-scope"):
        await mending.choose_head(store, HEADS, STRANGER, TWO)
    with pytest.raises(ReviewError, match="not-in-decision"):
        await mending.choose_head(store, HEADS, SUPERVISOR, HOME)

    await mending.choose_head(store, HEADS, SUPERVISOR, TWO)
    await catch_up(store, registry)

    home = await record(store, HOME)
    assert (home["head"], home["head_name"]) == (TWO, "黄𠮷")
    assert (await record(store, TWO))["relation"] == "0"
    assert "relation" not in await record(store, ONE)
    assert await status(store, HEADS) == "accepted"


async def test_two_heads_end_when_a_worker_mends_it_or_one_moves_out(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await family(store, registry, phone1, ("0", "0"))
    phone1.edit(TWO, status="moved_out")
    await phone1.push(store, registry, TWO)
    await catch_up(store, registry)
    assert await status(store, HEADS) == "superseded"

    phone1.edit(TWO, status="present")
    await phone1.push(store, registry, TWO)
    await catch_up(store, registry)
    assert await status(store, HEADS) == "open"


async def test_a_family_with_one_head_opens_nothing(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await family(store, registry, phone1)
    assert [await status(store, one) for one in (HEADS, ORPHANS, OUTSIDE)] == [None] * 3


async def test_a_deleted_household_with_people_in_it_is_restored(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await family(store, registry, phone1)
    await phone1.push(store, registry, writes=[phone1.stone(HOME)])
    await catch_up(store, registry)
    found = await review(store, ORPHANS)
    assert found is not None
    assert (found["status"], found["severity"]) == ("open", 3)
    assert found["subjects"] == [HOME, ONE, TWO]

    await mending.restore_household(store, ORPHANS, SUPERVISOR)
    await catch_up(store, registry)

    assert (await record(store, HOME))["address"] == "面前山村1号"
    assert await status(store, ORPHANS) == "accepted"
    with pytest.raises(ReviewError, match="already-decided"):
        await mending.restore_household(store, ORPHANS, SUPERVISOR)


async def test_a_deleted_household_whose_people_have_moved_out(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await family(store, registry, phone1)
    await phone1.push(store, registry, writes=[phone1.stone(HOME)])
    await catch_up(store, registry)
    await mending.move_people_out(store, ORPHANS, SUPERVISOR)
    await catch_up(store, registry)

    for doc_id in (ONE, TWO):
        assert (await record(store, doc_id))["status"] == "moved_out"
    assert await status(store, ORPHANS) == "accepted"


async def test_people_of_a_household_that_never_came_wait_for_it(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOME, address="面前山村1号")
    phone1.create(ONE, household=HOME, name="陈水生")
    await phone1.push(store, registry, ONE)
    await catch_up(store, registry)
    assert await status(store, ORPHANS) == "open"
    with pytest.raises(ReviewError, match="nothing-to-undo"):
        await mending.restore_household(store, ORPHANS, SUPERVISOR)

    await phone1.push(store, registry, HOME)
    await catch_up(store, registry)
    assert await status(store, ORPHANS) == "superseded"


async def test_left_as_it_is_until_somebody_joins(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    await family(store, registry, phone1)
    await phone1.push(store, registry, writes=[phone1.stone(HOME)])
    await catch_up(store, registry)
    await mending.leave_so(store, ORPHANS, SUPERVISOR, "下周搬走")
    phone1.edit(ONE, education="20")
    await phone1.push(store, registry, ONE)
    await catch_up(store, registry)
    assert await status(store, ORPHANS) == "accepted"

    third = "resident:01J0000000000000000000000D"
    phone1.create(third, household=HOME, name="李四")
    await phone1.push(store, registry, third)
    await catch_up(store, registry)
    assert await status(store, ORPHANS) == "open"


async def test_a_household_in_a_closed_or_unknown_grid(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    unknown = f"{GROUP}77"
    for grid, digit in ((CLOSED, "1"), (unknown, "2")):
        doc_id = f"household:01J000000000000000000000{digit}X"
        body = phone1.create(doc_id, address=f"面前山村{digit}号", grid=grid)
        await store.create_database(f"grid-{grid}")
        await store.write(f"grid-{grid}", [Write(doc_id, orjson.dumps(body))])
        await catch_up(store, registry)
        found = await review(store, finding_id(STRUCTURE, doc_id))
        assert found is not None
        assert (found["status"], found["grid"]) == ("open", grid)

    # Once the grid is there, the next look at the household ends the review.
    await registry.import_grids([GridNode(unknown, GROUP, 5, "第77住户小组")])
    doc_id = "household:01J0000000000000000000002X"
    found_now = await store.get(f"grid-{unknown}", doc_id)
    assert found_now is not None
    body = {**orjson.loads(found_now.body), "note": "看过"}
    await store.write(
        f"grid-{unknown}", [Write(doc_id, orjson.dumps(body), ancestors=(found_now.rev,))]
    )
    await catch_up(store, registry)
    assert await status(store, finding_id(STRUCTURE, doc_id)) == "superseded"
