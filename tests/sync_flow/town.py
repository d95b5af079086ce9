"""A small town for tests: a hierarchy, accounts, phones that edit offline and push."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import Scope

from conflicts.clock import HybridClock, parse_clock
from grid.hierarchy import GridNode
from grid.permissions import Actor, Role
from sync.follower import Follower
from sync.gateway import GatewayKeeper
from sync.indexes import ALL_INDEXES
from sync.registry import Account, Registry
from sync.store import DocumentStore, Write, WriteResult

DISTRICT, TOWN, VILLAGE, GROUP = "440904", "440904004", "440904004205", "440904004205001"
GRID, OTHER, CLOSED = GROUP + "01", GROUP + "02", GROUP + "03"
ELSEWHERE = "440904125"
OWN_DATABASES = ("registry", "canonical", "kin", "reviews", "quarantine", "arrivals", "audit")
NOON = 1_795_176_000_000
"""A fixed time, milliseconds since 1970."""

WORKER1 = Account("worker1", "黄生", Role.GRIDWORKER, "-", "2026-01-01T00:00:00.000Z")
WORKER2 = Account("worker2", "阿依古丽·买买提", Role.GRIDWORKER, "-", "2026-01-01T00:00:00.000Z")
VILLAGE_HEAD = Account(
    "village", "陈主任", Role.SUPERVISOR_VILLAGE, "-", "2026-01-01T00:00:00.000Z"
)
SUPERVISOR = Actor("village", Role.SUPERVISOR_VILLAGE, None, frozenset({VILLAGE}))
STRANGER = Actor("other", Role.SUPERVISOR_VILLAGE, None, frozenset({ELSEWHERE}))


def nodes() -> list[GridNode]:
    return [
        GridNode(DISTRICT, None, 1, "电白区"),
        GridNode(TOWN, DISTRICT, 2, "电海街道"),
        GridNode(ELSEWHERE, DISTRICT, 2, "博贺镇"),
        GridNode(VILLAGE, TOWN, 3, "安乐村委会"),
        GridNode(GROUP, VILLAGE, 4, "面前山村"),
        GridNode(GRID, GROUP, 5, "第1住户小组"),
        GridNode(OTHER, GROUP, 5, "第2住户小组"),
        GridNode(CLOSED, GROUP, 5, "第3住户小组", closed=True),
    ]


async def found_town(store: DocumentStore) -> Registry:
    """Set up a store as the server does, with the hierarchy and three accounts."""
    await asyncio.gather(*map(store.create_database, OWN_DATABASES))
    await store.ensure_indexes(ALL_INDEXES)
    registry = Registry(store)
    await registry.import_grids(nodes())
    for account in (WORKER1, WORKER2, VILLAGE_HEAD):
        await registry.save_account(account)
    await registry.assign("worker1", GRID)
    await registry.assign("worker2", GRID)
    await registry.assign("village", VILLAGE)
    return registry


def keeper_for(store: DocumentStore, registry: Registry, actor: Actor | None) -> GatewayKeeper:
    """Return the gateway as one signed-in person meets it."""

    async def authenticate(scope: Scope) -> Actor | None:
        return actor

    return GatewayKeeper(store, registry, authenticate)


def scope_of(path: str) -> Scope:
    return {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}


@dataclass
class Phone:
    """A phone: holds documents with their history, edits offline, pushes its leaves."""

    user: str
    device: str
    now: int = NOON
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = HybridClock(self.device)
        self.actor = Actor(self.user, Role.GRIDWORKER, self.device, frozenset({GRID}))

    def tick(self) -> str:
        self.now += 1000
        return str(self.clock.now(self.now))

    def create(self, doc_id: str, **fields: Any) -> dict[str, Any]:
        trace = {"at": self.tick(), "by": self.user, "device": self.device}
        record = {
            "type": doc_id.partition(":")[0],
            "schema": 1,
            "grid": GRID,
            "created": trace,
            "updated": trace,
            "stamps": {},
            **fields,
        }
        self._keep(doc_id, record)
        return record

    def edit(self, doc_id: str, **fields: Any) -> dict[str, Any]:
        record = copy.deepcopy(self.documents[doc_id])
        at = self.tick()
        for name, value in fields.items():
            old = record["stamps"].get(name)
            stamp = self.clock.overwrite(parse_clock(old) if old else None, self.now)
            record[name] = value
            record["stamps"][name] = str(stamp)
            at = max(at, str(stamp))
        record["updated"] = {"at": at, "by": self.user, "device": self.device}
        self._keep(doc_id, record)
        return record

    def _keep(self, doc_id: str, record: dict[str, Any]) -> None:
        line = self.history.setdefault(doc_id, [])
        self.documents[doc_id] = record
        digest = orjson.dumps([doc_id, record, line], option=orjson.OPT_SORT_KEYS)
        line.insert(0, f"{len(line) + 1}-{hash_of(digest)}")

    def take(self, doc_id: str, record: Mapping[str, Any], line: Sequence[str]) -> None:
        """Take in what the server has, as a pull does."""
        self.documents[doc_id] = {k: v for k, v in record.items() if not k.startswith("_")}
        self.history[doc_id] = list(line)

    def copy_from(self, other: Phone, doc_id: str) -> None:
        self.take(doc_id, copy.deepcopy(other.documents[doc_id]), other.history[doc_id])

    async def pull(self, store: DocumentStore, doc_id: str, grid: str = GRID) -> dict[str, Any]:
        found = await store.get(f"grid-{grid}", doc_id, ancestry=True)
        assert found is not None
        self.take(doc_id, found.document(), (found.rev, *found.ancestors))
        self.clock.receive(parse_clock(found.document()["updated"]["at"]), self.now)
        return self.documents[doc_id]

    def leaf(self, doc_id: str, **changes: Any) -> Write:
        line = self.history[doc_id]
        body = orjson.dumps({**self.documents[doc_id], **changes})
        return Write(doc_id, body, line[0], tuple(line[1:]))

    def stone(self, doc_id: str, grid: str = GRID) -> Write:
        """Return a tombstone for the phone's leaf."""
        line = self.history[doc_id]
        at = {"at": self.tick(), "by": self.user, "device": self.device}
        body = orjson.dumps({"type": self.documents[doc_id]["type"], "grid": grid, "updated": at})
        rev = f"{len(line) + 1}-{hash_of(body)}"
        return Write(doc_id, body, rev, tuple(line), deleted=True)

    async def push(
        self,
        store: DocumentStore,
        registry: Registry,
        *doc_ids: str,
        grid: str = GRID,
        writes: Iterable[Write] = (),
    ) -> list[WriteResult]:
        actor = await registry.actor(self.user, self.device)
        keeper = keeper_for(store, registry, actor)
        door = await keeper.open(scope_of(f"/{grid}/_bulk_docs"), grid, write=True)
        leaves = [self.leaf(doc_id) for doc_id in doc_ids] + list(writes)
        return await door.write(leaves, False)


def hash_of(data: bytes) -> str:
    import hashlib

    return hashlib.md5(data, usedforsecurity=False).hexdigest()


HOUSEHOLD = "household:01J0000000000000000000000A"
RESIDENT = "resident:01J0000000000000000000000B"
EVENT = "event:01J0000000000000000000000C"


async def catch_up(store: DocumentStore, registry: Registry) -> Follower:
    follower = Follower(store, registry)
    await follower.catch_up()
    for name in await store.database_names("grid-"):
        await follower.follow(name)  # a cluster tells of changed databases a moment later
    return follower
