"""Plain edits that another system replicates: merged by base and by when the server got them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from grid.permissions import Actor, Role
from sync.receipts import is_plain, receipts_of
from sync.registry import Account, Registry
from sync.store import DocumentStore, Write
from sync.timing import now_ms
from tests.sync_flow.town import (
    GRID,
    HOUSEHOLD,
    VILLAGE,
    Phone,
    catch_up,
    hash_of,
    keeper_for,
    scope_of,
)

DATABASE = f"grid-{GRID}"
PLATFORM = Actor("platform", Role.INTEGRATOR, None, frozenset({VILLAGE}))


@pytest.fixture
async def pushed(store: DocumentStore, registry: Registry, phone1: Phone) -> Phone:
    """Let a phone make a household and push it; the server knows an integrator too."""
    created = "2026-01-01T00:00:00.000Z"
    await registry.save_account(Account("platform", "省平台", Role.INTEGRATOR, "-", created))
    await registry.record_device(phone1.device, phone1.user)
    phone1.create(HOUSEHOLD, address="1 号", phone="12000000000", tags=["a", "b"])
    await phone1.push(store, registry, HOUSEHOLD)
    return phone1


async def replicate(store: DocumentStore, registry: Registry, owner: Phone, **fields: Any) -> str:
    """Push an edit of what the phone has as another system does: no stamp, no time."""
    body = copy.deepcopy(owner.documents[HOUSEHOLD]) | fields
    line = owner.history[HOUSEHOLD]
    rev = f"{len(line) + 1}-{hash_of(orjson.dumps(body))}"
    keeper = keeper_for(store, registry, PLATFORM)
    door = await keeper.open(scope_of(f"/{GRID}/_bulk_docs"), GRID, write=True)
    (result,) = await door.write([Write(HOUSEHOLD, orjson.dumps(body), rev, tuple(line))], False)
    assert result.error is None, result
    return rev


async def merged(store: DocumentStore, registry: Registry) -> dict[str, Any]:
    await catch_up(store, registry)
    found = await store.get(DATABASE, HOUSEHOLD)
    assert found is not None
    return found.document()


async def test_a_plain_edit_of_another_field_merges_by_base(
    store: DocumentStore, registry: Registry, pushed: Phone
) -> None:
    await replicate(store, registry, pushed, tags=["b", "c"])
    pushed.edit(HOUSEHOLD, phone="12000000001")
    await pushed.push(store, registry, HOUSEHOLD)
    record = await merged(store, registry)
    assert (record["tags"], record["phone"]) == (["b", "c"], "12000000001")
    assert record["merge"]["review"] is False


@pytest.mark.parametrize("ahead", [-60_000, 60_000])
async def test_a_plain_edit_of_the_same_field_counts_from_its_receipt(
    store: DocumentStore, registry: Registry, pushed: Phone, ahead: int
) -> None:
    rev = await replicate(store, registry, pushed, phone="12000000009")
    pushed.now = now_ms() + ahead
    pushed.edit(HOUSEHOLD, phone="12000000001")
    await pushed.push(store, registry, HOUSEHOLD)
    record = await merged(store, registry)
    assert record["phone"] == ("12000000001" if ahead > 0 else "12000000009")
    assert record["merge"]["review"] is True
    side = next(side for side in record["merge"]["sides"] if side["rev"] == rev)
    assert (side["by"], side["device"]) == ("platform", "00000000")


async def test_coming_again_does_not_make_it_later(
    store: DocumentStore, registry: Registry, pushed: Phone
) -> None:
    rev = await replicate(store, registry, pushed, phone="12000000009")
    pushed.now = now_ms() + 1000
    pushed.edit(HOUSEHOLD, phone="12000000001")
    assert await replicate(store, registry, _before(pushed), phone="12000000009") == rev
    await pushed.push(store, registry, HOUSEHOLD)
    assert (await merged(store, registry))["phone"] == "12000000001"


def _before(phone: Phone) -> Phone:
    """Return a phone that is one edit behind."""
    other = Phone(phone.user, phone.device)
    record = {**phone.documents[HOUSEHOLD], "phone": "12000000000", "stamps": {}}
    record["updated"] = record["created"]
    other.take(HOUSEHOLD, record, phone.history[HOUSEHOLD][1:])
    return other


async def test_an_edit_with_its_own_stamp_or_time_needs_no_receipt(
    store: DocumentStore, registry: Registry, pushed: Phone
) -> None:
    pushed.edit(HOUSEHOLD, phone="12000000001")
    await pushed.push(store, registry, HOUSEHOLD)
    line = pushed.history[HOUSEHOLD]
    same = dict.fromkeys(line, pushed.documents[HOUSEHOLD])
    assert await receipts_of(store, DATABASE, HOUSEHOLD, same) == {}
    rev = await replicate(store, registry, pushed, tags=[])
    found = await receipts_of(store, DATABASE, HOUSEHOLD, {**same, rev: same[line[0]]})
    assert [receipt.by for receipt in found.values()] == ["platform"]
    assert list(found) == [rev]


BEFORE: Mapping[str, Any] = {"a": 1, "b": 1, "stamps": {"a": "x"}, "updated": {"at": "1"}}


@pytest.mark.parametrize(
    ("changes", "plain"),
    [
        ({}, False),
        ({"a": 2}, True),
        ({"b": 2}, True),
        ({"a": 2, "stamps": {"a": "y"}}, False),
        ({"a": 2, "b": 2, "stamps": {"a": "y"}}, True),
        ({"b": 2, "updated": {"at": "2"}}, False),
        ({"b": 2, "stamps": None}, True),
    ],
)
def test_what_is_plain(changes: dict[str, Any], plain: bool) -> None:
    assert is_plain({**BEFORE, **changes}, BEFORE) is plain
    assert not is_plain({**BEFORE, **changes}, None)
