"""Settling what was refused: accept (through the resolver), close with a reason, and the limits."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import quarantine
from sync.keepable import MOST_LEVELS, json_text, keepable, too_deep
from sync.quarantine import AlreadySettled, CannotAccept, NoSuchEntry, OutOfScope
from sync.registry import Registry
from sync.store import DocumentStore, Write
from tests.stores import empty_store
from tests.sync_flow.town import (
    GRID,
    HOUSEHOLD,
    OTHER,
    STRANGER,
    SUPERVISOR,
    VILLAGE,
    Phone,
    catch_up,
    found_town,
)


async def refused(store: DocumentStore, registry: Registry, phone: Phone, **changes: object) -> str:
    (result,) = await phone.push(store, registry, writes=[phone.leaf(HOUSEHOLD, **changes)])
    assert result.error == "forbidden"
    return str(result.info["quarantine"])


async def test_an_accepted_edit_is_merged_like_any_other(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号", phone="12000000001")
    await phone1.push(store, registry, HOUSEHOLD)
    phone2.copy_from(phone1, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, review_note="不该我填", members=3)
    entry = await refused(store, registry, phone1)
    phone2.edit(HOUSEHOLD, phone="12000000002")
    await phone2.push(store, registry, HOUSEHOLD)

    rev = await quarantine.accept(store, entry, SUPERVISOR, "同意")
    await catch_up(store, registry)

    assert rev == phone1.history[HOUSEHOLD][0]
    merged = await phone1.pull(store, HOUSEHOLD)
    assert (merged["members"], merged["phone"]) == (3, "12000000002")
    assert merged["review_note"] == "不该我填"
    settled = await quarantine.read_entry(store, entry)
    assert (settled["status"], settled["closed"]["by"]) == ("accepted", "village")
    with pytest.raises(AlreadySettled):
        await quarantine.accept(store, entry, SUPERVISOR)
    with pytest.raises(AlreadySettled):
        await quarantine.close(store, entry, SUPERVISOR, "重复")


async def test_closing_needs_a_reason_and_keeps_the_document(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号", review_note="x")
    entry = await refused(store, registry, phone1)

    with pytest.raises(ValueError, match="reason"):
        await quarantine.close(store, entry, SUPERVISOR, "  ")
    await quarantine.close(store, entry, SUPERVISOR, "这一项由村委填写")

    kept = await quarantine.read_entry(store, entry)
    assert kept["closed"]["note"] == "这一项由村委填写"
    assert kept["document"]["address"] == "1 号"
    assert await quarantine.entries_of(store, VILLAGE) == []
    assert await refused(store, registry, phone1) == entry  # pushed again: the same, still closed
    assert (await quarantine.read_entry(store, entry))["status"] == "closed"


async def test_an_unsound_document_cannot_be_accepted(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号")
    for changes in ({"members": "四"}, {"grid": OTHER}, {"care": _deep()}):
        entry = await refused(store, registry, phone1, **changes)
        with pytest.raises(CannotAccept):
            await quarantine.accept(store, entry, SUPERVISOR)
        phone1.edit(HOUSEHOLD, note="下一个版本")
    assert await store.get(f"grid-{GRID}", HOUSEHOLD) is None
    assert len(await quarantine.entries_of(store, VILLAGE)) == 3


def _deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(MOST_LEVELS + 1):
        value = [value]
    return value


FORGED = {"parents": ["1-a", "1-b"], "sides": [], "fields": {}, "review": False, "policy": 1}


async def a_merged_household(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> dict[str, Any]:
    """Let two phones edit a household at once; return what the resolver made of it."""
    phone1.create(HOUSEHOLD, address="1 号", phone="12000000001")
    await phone1.push(store, registry, HOUSEHOLD)
    phone2.copy_from(phone1, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, members=3)
    phone2.edit(HOUSEHOLD, note="听力不好")
    for phone in (phone1, phone2):
        await phone.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    await phone2.pull(store, HOUSEHOLD)
    return await phone1.pull(store, HOUSEHOLD)


@pytest.mark.parametrize("merged_before", [False, True])
async def test_an_edit_with_a_merge_note_not_the_resolvers_is_accepted_without_it(
    store: DocumentStore,
    registry: Registry,
    phone1: Phone,
    phone2: Phone,
    merged_before: bool,
) -> None:
    if merged_before:
        sound = (await a_merged_household(store, registry, phone1, phone2))["merge"]
    else:
        phone1.create(HOUSEHOLD, address="1 号", phone="12000000001")
        await phone1.push(store, registry, HOUSEHOLD)
        phone2.copy_from(phone1, HOUSEHOLD)
        sound = None
    edited = phone1.edit(HOUSEHOLD, phone="12000000009", members=5)
    refused_rev = phone1.history[HOUSEHOLD][0]
    entry = await refused(store, registry, phone1, merge=FORGED)
    assert (await quarantine.read_entry(store, entry))["code"] == "merge-note-changed"

    rev = await quarantine.accept(store, entry, SUPERVISOR, "同意")
    accepted = await store.get(f"grid-{GRID}", HOUSEHOLD, ancestry=True)
    assert accepted is not None
    # The worker's revision is in its history, so his phone shows what was accepted.
    assert (accepted.rev, accepted.ancestors[0]) == (rev, refused_rev)
    body = orjson.loads(accepted.body)
    assert body.get("merge") == sound
    assert {**body, "merge": 0} == {**edited, "merge": 0}

    # It is merged like any other edit; and sent again it is no news.
    phone2.edit(HOUSEHOLD, note="换了门锁")
    await phone2.push(store, registry, HOUSEHOLD)
    await catch_up(store, registry)
    (again,) = await phone1.push(store, registry, writes=[phone1.leaf(HOUSEHOLD, merge=FORGED)])
    assert again.error is None
    merged = await phone1.pull(store, HOUSEHOLD)
    assert (merged["phone"], merged["members"], merged["note"]) == ("12000000009", 5, "换了门锁")
    assert merged["stamps"]["phone"] == edited["stamps"]["phone"]
    assert merged["merge"]["parents"] != FORGED["parents"]


async def test_a_new_record_and_a_deletion_with_a_merge_note_are_accepted(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号")
    await quarantine.accept(store, await refused(store, registry, phone1, merge=FORGED), SUPERVISOR)
    (known,) = await store.documents(f"grid-{GRID}")
    assert "merge" not in known.document()
    phone1.take(HOUSEHOLD, known.document(), (known.rev, phone1.history[HOUSEHOLD][0]))
    stone = phone1.stone(HOUSEHOLD)
    stone = stone._replace(body=orjson.dumps({**orjson.loads(stone.body), "merge": FORGED}))
    (result,) = await phone1.push(store, registry, writes=[stone])
    await quarantine.accept(store, str(result.info["quarantine"]), SUPERVISOR)
    assert [leaf.deleted for leaf in await store.leaves(f"grid-{GRID}", HOUSEHOLD)] == [True]


async def test_a_merge_that_a_restored_server_lost_is_accepted_from_a_phone(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """The first server merged, a phone has it; the second is the first as it was before."""
    async with empty_store() as lost:
        await a_merged_household(lost, await found_town(lost), phone1, phone2)
    first = phone1.history[HOUSEHOLD][-1]
    base = {
        name: value
        for name, value in phone1.documents[HOUSEHOLD].items()
        if name not in ("merge", "members", "note")
    }
    base |= {"stamps": {}, "updated": base["created"]}
    await store.write(
        f"grid-{GRID}", [Write(HOUSEHOLD, orjson.dumps(base), first)], new_edits=False
    )
    entry = await refused(store, registry, phone1)
    await quarantine.accept(store, entry, SUPERVISOR)
    await catch_up(store, registry)
    household = await phone1.pull(store, HOUSEHOLD)
    assert (household["members"], household["note"]) == (3, "听力不好")


async def test_only_who_is_in_charge_settles(
    store: DocumentStore, registry: Registry, phone1: Phone
) -> None:
    phone1.create(HOUSEHOLD, address="1 号", review_note="x")
    entry = await refused(store, registry, phone1)
    for actor in (STRANGER, phone1.actor):
        with pytest.raises(OutOfScope):
            await quarantine.accept(store, entry, actor)
        with pytest.raises(OutOfScope):
            await quarantine.close(store, entry, actor, "不")
    with pytest.raises(NoSuchEntry):
        await quarantine.read_entry(store, "refused:none")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_text_is_the_values_json(value: Any) -> None:
    assert json.loads(json_text(value)) == value


@given(st.integers(1, 1000), st.booleans())
def test_any_depth_can_be_kept(levels: int, lists: bool) -> None:
    value: Any = "心"
    for _ in range(levels):
        value = [value] if lists else {"内": value}
    document = {"deep": value, "name": "黄生"}
    assert too_deep(document) == (levels + 1 > MOST_LEVELS)
    kept = keepable(document)
    orjson.dumps({"document": kept})
    assert kept["name"] == "黄生"
    if too_deep(document):
        assert json_text(value) == kept["deep"]
    else:
        assert kept is document
