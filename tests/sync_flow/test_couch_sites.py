"""Two sites on CouchDB, whose own replicator carries a grid between them past our servers.

Runs where ``WANGGE_TEST_STORE`` names a CouchDB.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import orjson
import pytest

from sync.couch import CouchStore
from sync.couch.databases import INTERNAL
from sync.follower import Follower
from sync.store import Revision
from tests.stores import VARIABLE, empty_store
from tests.sync_flow.town import GRID, HOUSEHOLD, Phone, found_town

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=f"needs a CouchDB: {VARIABLE}")
DATABASE = f"grid-{GRID}"


class Site:
    """A town's server: its store and what works on it."""

    def __init__(self, store: CouchStore) -> None:
        self.store = store

    async def open(self) -> None:
        self.registry = await found_town(self.store)

    async def push(self, phone: Phone) -> None:
        await phone.push(self.store, self.registry, HOUSEHOLD)

    async def follow(self) -> None:
        await Follower(self.store, self.registry).catch_up()

    async def leaves(self) -> list[Revision]:
        return await self.store.revisions(DATABASE, HOUSEHOLD, "all")

    async def archived(self, rev: str) -> str:
        """Return the note in the household's revision as the archive alone has it: all that is
        left after compaction."""
        birth = (await self.store.databases.identity(DATABASE)).birth
        path = self.store.databases.path(INTERNAL, "_all_docs")
        keys = orjson.dumps({"keys": [f"{birth}/{HOUSEHOLD}/{rev}"]})
        answer = await self.store.client.call("POST", path, {"include_docs": "true"}, keys)
        (row,) = answer.json()["rows"]
        note: str = row["doc"]["body"]["note"]
        return note

    def url(self) -> dict[str, object]:
        address = self.store.address
        auth = {"basic": {"username": address.user, "password": address.password}}
        return {"url": f"{address.urls[0]}/{address.prefix}{DATABASE}", "auth": auth}

    async def replicate_to(self, other: Site) -> None:
        """Let CouchDB carry the grid over."""
        body = orjson.dumps({"source": self.url(), "target": other.url()})
        answer = await self.store.client.call("POST", "/_replicate", body=body)
        assert answer.status == 200, answer.body
        assert answer.json()["ok"]


@pytest.fixture
async def sites() -> AsyncIterator[tuple[Site, Site]]:
    async with AsyncExitStack() as stack:
        both = []
        for _ in range(2):
            store = await stack.enter_async_context(empty_store())
            assert isinstance(store, CouchStore)
            both.append(Site(store))
            await both[-1].open()
        yield both[0], both[1]


async def meet(here: Site, there: Site) -> None:
    """Replicate both ways and let both sites merge, twice: the second time nothing is new."""
    for _ in range(2):
        await here.replicate_to(there)
        await there.replicate_to(here)
        await here.follow()
        await there.follow()


async def test_conflicts_made_on_both_sides_come_to_the_same_revisions(
    sites: tuple[Site, Site], phone1: Phone, phone2: Phone
) -> None:
    here, there = sites
    phone1.create(HOUSEHOLD, address="面前山村", phone="12000000001")
    await here.push(phone1)
    await here.replicate_to(there)
    phone2.copy_from(phone1, HOUSEHOLD)
    third = Phone("worker2", "cccccccc", now=phone2.now + 5_000)
    third.copy_from(phone1, HOUSEHOLD)
    phone1.edit(HOUSEHOLD, note="甲")
    phone2.now += 500
    phone2.edit(HOUSEHOLD, members=4)
    third.edit(HOUSEHOLD, phone="12000000003")
    # Each site has a conflict of its own and merges it before it knows of the other's.
    await here.push(phone1)
    await here.push(third)
    await there.push(phone2)
    await there.push(third)
    await here.follow()
    await there.follow()
    assert (await here.leaves())[0].rev != (await there.leaves())[0].rev

    await meet(here, there)

    ours, theirs = await here.leaves(), await there.leaves()
    assert {(one.rev, one.deleted) for one in ours} == {(one.rev, one.deleted) for one in theirs}
    (live,) = [one for one in ours if not one.deleted]
    body = orjson.loads(live.body)
    assert (body["note"], body["members"], body["phone"]) == ("甲", 4, "12000000003")
    for site in sites:
        shown = await site.store.get("canonical", HOUSEHOLD)
        assert shown is not None
        assert orjson.loads(shown.body)["source_rev"] == live.rev


async def test_what_came_past_the_server_is_archived_before_compaction_takes_it(
    sites: tuple[Site, Site], phone1: Phone
) -> None:
    here, there = sites
    phone1.create(HOUSEHOLD, address="面前山村", note="初")
    await here.push(phone1)
    await here.replicate_to(there)
    (first,) = await there.leaves()
    await there.follow()
    phone1.edit(HOUSEHOLD, note="改")
    await here.push(phone1)
    await here.replicate_to(there)

    assert await there.archived(first.rev) == "初"


async def test_what_came_past_the_server_and_was_edited_at_once_is_archived_too(
    sites: tuple[Site, Site], phone1: Phone, phone2: Phone
) -> None:
    here, there = sites
    phone1.create(HOUSEHOLD, address="面前山村", note="初")
    await here.push(phone1)
    await here.replicate_to(there)
    (first,) = await there.leaves()
    phone2.copy_from(phone1, HOUSEHOLD)
    phone2.edit(HOUSEHOLD, note="改")
    await there.push(phone2)
    await there.follow()

    assert await there.archived(first.rev) == "初"


async def test_a_new_database_is_closed_to_other_accounts(sites: tuple[Site, Site]) -> None:
    store = sites[0].store
    answer = await store.client.call("GET", store.databases.path(DATABASE, "_security"))
    group = {"names": [store.address.user], "roles": ["_admin", store.address.role]}
    assert answer.json() == {"admins": group, "members": group}
