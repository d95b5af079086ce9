"""Campaign records of households that turn out to be one: joined, parted, in whatever order."""

from __future__ import annotations

from typing import Any

import pytest

from sync import duplicates, reviews
from sync.registry import Registry
from sync.store import DocumentStore
from tests.sync_flow.disturbing import begin_anew
from tests.sync_flow.test_duplicates import (
    NEW,
    OLD,
    REVIEW,
    canonical,
    merge_pair,
    record,
    two_doors,
)
from tests.sync_flow.town import DISTRICT, GRID, SUPERVISOR, Phone, catch_up

OF_OLD = f"campaign-record:fraud:{OLD[10:]}"
OF_NEW = f"campaign-record:fraud:{NEW[10:]}"
OTHER_CAMPAIGN = f"campaign-record:fire:{NEW[10:]}"


async def tick(
    store: DocumentStore, registry: Registry, phone: Phone, doc_id: str, **fields: Any
) -> None:
    """Let a worker tick a household in a campaign."""
    campaign, ulid = doc_id.split(":")[1:]
    phone.create(doc_id, campaign=campaign, household=f"household:{ulid}", **fields)
    (result,) = await phone.push(store, registry, doc_id)
    assert result.error is None, result


async def both_ticked(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    """Two households that are one, both ticked; the second one in another campaign, too."""
    await two_doors(store, registry, phone1, phone2)
    await tick(store, registry, phone1, OF_OLD, status="20", ways=["door"], met=["甲"],
               attempts={"aaaaaaa1": 2})  # fmt: skip
    await tick(store, registry, phone2, OF_NEW, status="30", ways=["phone"], note="要了传单",
               attempts={"bbbbbbb2": 1})  # fmt: skip
    await tick(store, registry, phone2, OTHER_CAMPAIGN, status="20")
    await catch_up(store, registry)


async def test_one_is_left_for_each_campaign_when_households_become_one(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await both_ticked(store, registry, phone1, phone2)
    await merge_pair(store, registry)

    stands = await canonical(store, OF_OLD)
    assert (stands["gone"], stands["household"], stands["campaign"]) == (False, OLD, "fraud")
    assert (stands["status"], set(stands["ways"])) == ("30", {"door", "phone"})
    assert stands["attempts"] == {"aaaaaaa1": 2, "bbbbbbb2": 1}
    assert (stands["met"], stands["note"]) == (["甲"], "要了传单")
    joined = await canonical(store, OF_NEW)
    assert (joined["gone"], joined["merged_into"]) == (True, OF_OLD)
    # It alone tells of the other campaign, so it stays, with the household that stands.
    alone = await canonical(store, OTHER_CAMPAIGN)
    assert (alone["gone"], alone["household"]) == (False, OLD)
    assert await reviews.open_reviews(store, DISTRICT) == []


async def test_undone_each_household_has_its_own_again(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await both_ticked(store, registry, phone1, phone2)
    await merge_pair(store, registry)
    await duplicates.undo(store, REVIEW, SUPERVISOR, "两户")
    await catch_up(store, registry)

    one, other = await canonical(store, OF_OLD), await canonical(store, OF_NEW)
    assert (one["status"], one["ways"], one["attempts"]) == ("20", ["door"], {"aaaaaaa1": 2})
    assert (other["status"], other["ways"], other["household"]) == ("30", ["phone"], NEW)
    assert not one["gone"]
    assert not other["gone"]
    assert "absorbed" not in one
    assert (await canonical(store, OTHER_CAMPAIGN))["household"] == NEW


async def test_what_is_ticked_later_for_the_household_that_stands_takes_over(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    await tick(store, registry, phone2, OF_NEW, status="20", note="要了传单")
    await catch_up(store, registry)
    await merge_pair(store, registry)
    assert not (await canonical(store, OF_NEW))["gone"]
    await tick(store, registry, phone1, OF_OLD, status="10")
    phone2.edit(OF_NEW, status="30")  # offline, he knows nothing of all that
    await catch_up(store, registry)
    assert (await canonical(store, OF_OLD))["note"] == "要了传单"
    await phone2.push(store, registry, OF_NEW)
    await catch_up(store, registry)
    assert (await canonical(store, OF_OLD))["status"] == "30"
    assert (await record(store, OF_NEW))["merged_into"] == OF_OLD


async def test_outcomes_that_exclude_each_other_are_put_to_a_person(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await two_doors(store, registry, phone1, phone2)
    await tick(store, registry, phone1, OF_OLD, status="31")
    await tick(store, registry, phone2, OF_NEW, status="30")
    await catch_up(store, registry)
    await merge_pair(store, registry)
    assert (await canonical(store, OF_OLD))["status"] == "99"
    (row,) = await reviews.open_reviews(store, DISTRICT)
    assert row.document is not None
    assert (row.document["doc_id"], row.document["reviews"]) == (OF_OLD, ["state-contested"])


async def test_one_that_was_deleted_for_the_household_that_stands_stays_deleted(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await both_ticked(store, registry, phone1, phone2)
    await merge_pair(store, registry)
    await phone1.pull(store, OF_OLD)
    (result,) = await phone1.push(store, registry, writes=[phone1.stone(OF_OLD)])
    assert result.error is None
    phone2.edit(OF_NEW, note="改过")
    await phone2.push(store, registry, OF_NEW)
    await catch_up(store, registry)
    assert (await canonical(store, OF_OLD))["gone"]
    assert (await canonical(store, OF_NEW))["gone"]


@pytest.mark.parametrize("field", ["merged_into", "absorbed", "distinct_from"])
async def test_a_worker_may_not_join_them(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone, field: str
) -> None:
    await both_ticked(store, registry, phone1, phone2)
    value = {"merged_into": OF_OLD, "absorbed": [{"key": OF_OLD, "rev": "1-a"}]}
    phone2.edit(OF_NEW, **{field: value.get(field, [OF_OLD])})
    (result,) = await phone2.push(store, registry, OF_NEW)
    assert (result.info["code"], result.info["field"]) == ("field-not-allowed", field)


async def test_looked_at_again_nothing_changes(
    store: DocumentStore, registry: Registry, phone1: Phone, phone2: Phone
) -> None:
    await both_ticked(store, registry, phone1, phone2)
    await merge_pair(store, registry)
    names = (f"grid-{GRID}", "canonical", "reviews")
    before = [(await store.database_info(name)).update_seq for name in names]
    await begin_anew(store)
    await catch_up(store, registry)
    assert [(await store.database_info(name)).update_seq for name in names] == before
