"""However exchanges are cut, repeated, overtaken or mixed with stock replication, the end is the
same as over a perfect network: nothing lost, nothing doubled, a receipt for every edit."""

from __future__ import annotations

import copy
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conflicts.clock import HybridClock
from sync.registry import Registry
from sync.store import DocumentStore, Write
from sync.timing import now_ms
from tests.exchange.client import Client, Database, lineage
from tests.exchange.drive import ask, call, exchange_app, until_quiet
from tests.stores import SPARSELY, empty_store
from tests.sync_flow.town import GRID, found_town, keeper_for, scope_of

IDS = [f"household:01J000000000000000000000{letter}0" for letter in "ABC"]
DEVICES = {"worker1": "aaaaaaa1", "worker2": "bbbbbbb2"}

EDIT = st.tuples(
    st.just("edit"), st.sampled_from(sorted(DEVICES)), st.integers(0, 2), st.integers(0, 9)
)
SYNC = st.tuples(
    st.sampled_from(["exchange", "held"]),
    st.sampled_from(sorted(DEVICES)),
    st.one_of(st.none(), st.integers(1, 4000)),
    st.sampled_from([None, 8192]),
)
AGAIN = st.tuples(
    st.sampled_from(["replay", "late", "stock push", "stock pull"]),
    st.sampled_from(sorted(DEVICES)),
    st.integers(1, 4),
)
SCRIPTS = st.lists(st.one_of(EDIT, SYNC, AGAIN), max_size=16)


class Town:
    """Two phones of one grid, and the server."""

    def __init__(self, store: DocumentStore, registry: Registry, apps: dict[str, Any]) -> None:
        self.store, self.registry, self.apps = store, registry, apps
        self.phones = {user: Client({GRID: Database()}) for user in DEVICES}
        self.clocks = {user: HybridClock(device) for user, device in DEVICES.items()}
        self.edits: dict[str, set[str]] = {}
        self.asked: dict[str, list[dict[str, Any]]] = {user: [] for user in DEVICES}
        self.held: dict[str, list[bytes]] = {user: [] for user in DEVICES}
        self.now = now_ms() - 3_600_000

    def edit(self, user: str, number: int, value: int) -> None:
        """Change one field of a document, or make it."""
        self.now += 1000
        clock, device, doc_id = str(self.clocks[user].now(self.now)), DEVICES[user], IDS[number]
        trace = {"at": clock, "by": user, "device": device}
        leaves = self.phones[user].databases[GRID].live().get(doc_id, {})
        before = leaves[max(leaves)] if leaves else None
        plain = {"type": "household", "schema": 1, "grid": GRID, "created": trace, "stamps": {}}
        document = copy.deepcopy(dict(before or {"_id": doc_id, **plain, "address": "一号"}))
        field = "members" if user == "worker1" else "area"
        document |= {field: value, "updated": trace}
        document["stamps"][field] = clock
        rev = self.phones[user].edit(GRID, document, before)
        self.edits.setdefault(doc_id, set()).add(rev)

    async def exchange(self, user: str, cut: int | None, budget: int | None) -> None:
        self.phones[user].take(await self._ask(user, cut, budget))

    async def hold(self, user: str, cut: int | None, budget: int | None) -> None:
        """Ask, but let other answers overtake this one."""
        self.held[user].append(await self._ask(user, cut, budget))

    def late(self, user: str, number: int) -> None:
        """Take in an answer that others have overtaken."""
        if self.held[user]:
            self.phones[user].take(self.held[user].pop(number % len(self.held[user])))

    async def _ask(self, user: str, cut: int | None, budget: int | None) -> bytes:
        self.asked[user].append(copy.deepcopy(self.phones[user].asking(budget)))
        return await ask(self.apps[user], self.asked[user][-1], cut=cut)

    async def replay(self, user: str, number: int) -> None:
        """Let one of the last requests arrive again; its answer is lost."""
        for asked in self.asked[user][-number:][:1]:
            await ask(self.apps[user], asked)

    async def stock_push(self, user: str) -> None:
        """Push by stock replication; the answer is lost, so the phone keeps it as unsent."""
        unsent = self.phones[user].databases[GRID].unsent.values()
        keeper = keeper_for(
            self.store, self.registry, await self.registry.actor(user, DEVICES[user])
        )
        door = await keeper.open(scope_of(f"/{GRID}/_bulk_docs"), GRID, write=True)
        await door.write([_write(document) for document in unsent], False)

    async def stock_pull(self, user: str, limit: int) -> None:
        """Pull some changes by stock replication, from where the exchanges left off."""
        app, replica = self.apps[user], self.phones[user].databases[GRID]
        since = replica.since or "0"
        since = "0" if since.startswith("~") else since  # amid a first sync: only for exchanges
        query = f"style=all_docs&since={since}&limit={limit}".encode()
        page = orjson.loads(await call(app, "GET", f"/{GRID}/_changes", query=query))
        wanted = [
            {"id": row["id"], "rev": change["rev"]}
            for row in page["results"]
            for change in row["changes"]
        ]
        body = orjson.dumps({"docs": wanted})
        got = orjson.loads(
            await call(app, "POST", f"/{GRID}/_bulk_get", query=b"revs=true", body=body)
        )
        for result in got["results"]:
            for one in result["docs"]:
                replica.take(one["ok"])
        replica.since = page["last_seq"]


def _write(document: dict[str, Any]) -> Write:
    line = lineage(document)
    body = orjson.dumps({name: value for name, value in document.items() if name[0] != "_"})
    return Write(document["_id"], body, line[0], tuple(line[1:]))


OVERTAKEN = [
    ("edit", "worker2", 0, 1),
    ("exchange", "worker2", None, None),
    ("held", "worker1", None, None),
    ("edit", "worker2", 0, 2),
    ("exchange", "worker2", None, None),
    ("exchange", "worker1", None, None),
    ("late", "worker1", 1),
]
"""A first sync, which has no histories, comes after the one that was asked for later."""


@settings(max_examples=150 if SPARSELY == 1 else 10, deadline=None)
@example(OVERTAKEN)
@given(SCRIPTS)
async def test_any_script_ends_as_over_a_perfect_network(script: list[Any]) -> None:
    async with empty_store() as store:
        registry = await found_town(store)
        apps = {
            user: await exchange_app(store, registry, user, device)
            for user, device in DEVICES.items()
        }
        town = Town(store, registry, apps)
        for step, user, *rest in script:
            if step == "edit":
                town.edit(user, rest[0], rest[1])
            elif step == "exchange":
                await town.exchange(user, rest[0], rest[1])
            elif step == "held":
                await town.hold(user, rest[0], rest[1])
            elif step == "late":
                town.late(user, rest[0])
            elif step == "replay":
                await town.replay(user, rest[0])
            elif step == "stock pull":
                await town.stock_pull(user, rest[0])
            else:
                await town.stock_push(user)
        await _check(town)


async def _check(town: Town) -> None:
    for _ in range(2):  # the second round brings what the other phone's first one made
        for user, phone in town.phones.items():
            await until_quiet(town.apps[user], phone, 8192)
    one, two = (phone.databases[GRID].live() for phone in town.phones.values())
    known = {doc_id for doc_id, revs in town.edits.items() if revs}
    assert one.keys() == two.keys() == known
    for doc_id in known:
        winner = await town.store.get(f"grid-{GRID}", doc_id)
        assert winner is not None
        assert set(one[doc_id]) == set(two[doc_id]) == {winner.rev}
        assert (
            len([x for x in await town.store.leaves(f"grid-{GRID}", doc_id) if not x.deleted]) == 1
        )
        archived = await town.store.bodies(f"grid-{GRID}", doc_id, sorted(town.edits[doc_id]))
        sent = {
            rev for phone in town.phones.values() for key, rev in phone.receipts if key == doc_id
        }
        assert sent == town.edits[doc_id]
        # the revisions that left the phone are in the archive, word for word
        assert set(archived) == town.edits[doc_id]
    assert not any(phone.databases[GRID].unsent for phone in town.phones.values())
