"""The gateway: everything that reaches a grid's database over the wire is judged here.

Judged document by document: one refused never stops the rest, and what is refused is kept in
quarantine before the answer goes out. Somebody who has just lost a grid can still hand in what he
recorded there: it is refused, kept, and waits for a supervisor.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.types import Scope

from grid.codes import is_code
from grid.hierarchy import GridNode, Hierarchy
from grid.permissions import Actor, may_pull
from sync.editing import complete
from sync.judging import (
    TOO_FAR_AHEAD_MS,
    Refusal,
    clock_ahead_ms,
    judge_document,
    judge_place,
)
from sync.paths import BULLETIN_PREFIX, database_of
from sync.quarantine import Refused, refuse
from sync.registry import Registry
from sync.store import DocumentStore, Revision, Write, WriteResult
from sync.timing import now_ms
from sync.wire.errors import WireError
from sync.wire.keeper import Door, StoreDoor

Authenticate = Callable[[Scope], Awaitable[Actor | None]]
_BULLETIN: Final = "bulletin"
_LOOK_BACK: Final = 50
"""How many ancestors of an edit are looked for to learn what it was made on."""


class GridDoor:
    """The door to one grid's database for one person."""

    __slots__ = ("_actor", "_closed", "_keeper", "database", "path", "read_only", "shown_name")

    def __init__(
        self, keeper: GatewayKeeper, actor: Actor, path: tuple[str, ...], closed: bool
    ) -> None:
        self._keeper = keeper
        self._actor = actor
        self._closed = closed
        self.path = path
        self.database = database_of(path[-1])
        self.shown_name = path[-1]
        self.read_only = False

    async def write(self, writes: Sequence[Write], new_edits: bool) -> list[WriteResult]:
        """Judge each document, keep the refused ones in quarantine, write the others."""
        store = self._keeper.store
        place = judge_place(self._actor, self.path, self._closed)
        before = {} if place else await self._before(writes)
        taken: list[tuple[int, Write]] = []
        refused: list[tuple[int, Refused]] = []
        for number, write in enumerate(writes):
            document = orjson.loads(write.body)
            if new_edits and not write.deleted and place is None:
                document = complete(document, before.get(write.doc_id), self._actor, now_ms())
                write = Write(write.doc_id, orjson.dumps(document), None, write.ancestors)
            found = place or self._judge(write, document, before.get(write.doc_id))
            if found is None:
                taken.append((number, write))
            else:
                refused.append((number, Refused(write, document, found)))
        results: dict[int, WriteResult] = {}
        if refused:
            items = [item for _, item in refused]
            entries = await refuse(store, self._actor, self.path, items)
            for (number, item), entry in zip(refused, entries, strict=True):
                results[number] = _refused_result(item, entry)
        if taken:
            stored = await store.write(
                self.database, [write for _, write in taken], new_edits=new_edits
            )
            results.update(zip((number for number, _ in taken), stored, strict=True))
        return [results[number] for number in range(len(writes))]

    def _judge(
        self, write: Write, document: Mapping[str, Any], before: Mapping[str, Any] | None
    ) -> Refusal | None:
        ahead = clock_ahead_ms(document, now_ms())
        if ahead > TOO_FAR_AHEAD_MS:
            self._keeper.note_clock(self._actor.device, ahead)
        grid = self.path[-1]
        return judge_document(self._actor, grid, write.doc_id, document, before, write.deleted)

    async def _before(self, writes: Sequence[Write]) -> dict[str, Mapping[str, Any]]:
        """Return by id the nearest known state that each edit was made on."""
        store = self._keeper.store
        winners = await store.get_many(self.database, [write.doc_id for write in writes])
        found: dict[str, Mapping[str, Any]] = {}
        for write, winner in zip(writes, winners, strict=True):
            if winner is None:
                continue
            body = await self._known(write, winner)
            if body is not None:
                found[write.doc_id] = orjson.loads(body)
        return found

    async def _known(self, write: Write, winner: Revision) -> bytes | None:
        if write.rev == winner.rev or winner.rev in write.ancestors[:1]:
            return None if winner.deleted else winner.body
        line = write.ancestors[:_LOOK_BACK]
        bodies = await self._keeper.store.bodies(self.database, write.doc_id, line)
        if winner.rev in line and not winner.deleted:
            bodies.setdefault(winner.rev, winner.body)
        known = next((bodies[rev] for rev in line if rev in bodies), None)
        return None if known in (None, b"{}") else known


class GatewayKeeper:
    """Opens ``/sync/<grid code>`` and ``/sync/bulletin/<town code>`` to those who may."""

    prefixes: frozenset[str] = frozenset({_BULLETIN})

    def __init__(
        self, store: DocumentStore, registry: Registry, authenticate: Authenticate
    ) -> None:
        self.store = store
        self._registry = registry
        self._authenticate = authenticate
        self.clocks_ahead: dict[str, int] = {}
        """Devices whose clock is wrong, and by how many milliseconds it is ahead."""

    def note_clock(self, device: str | None, ahead: int) -> None:
        """Remember that a device's clock is wrong."""
        self.clocks_ahead[device or ""] = ahead

    async def open(self, scope: Scope, name: str, *, write: bool) -> Door:
        """Open a database; raise ``WireError`` 401, 403 or 404 with a reason people understand."""
        actor = await self._actor(scope)
        hierarchy = await self._registry.hierarchy()
        kind, _, rest = name.partition("/")
        if kind == _BULLETIN:
            return self._open_bulletin(actor, hierarchy, rest)
        node = _find(hierarchy, name)
        path = hierarchy.path(node.code)
        if not write and not may_pull(actor, path):
            raise WireError(
                403, "forbidden", "您不负责这个网格，不能读取它的数据", {"code": "out-of-scope"}
            )
        return GridDoor(self, actor, path, node.closed)

    def _open_bulletin(self, actor: Actor, hierarchy: Hierarchy, code: str) -> Door:
        node = hierarchy.get(code)
        if node is None or node.level != 2:
            raise WireError(404, "not_found", "Database does not exist.", {"code": "no-such-grid"})
        towns = {hierarchy.town(grid) for grid in actor.grids if grid in hierarchy}
        if code not in towns and not may_pull(actor, hierarchy.path(code)):
            raise WireError(403, "forbidden", "这不是您所在镇街的公告", {"code": "out-of-scope"})
        return StoreDoor(self.store, BULLETIN_PREFIX + code, f"{_BULLETIN}/{code}", read_only=True)

    async def create(self, scope: Scope, name: str) -> bool:
        """Refuse: grids come from the hierarchy; one that is there is reported as such."""
        await self.open(scope, name, write=True)
        return False

    async def destroy(self, scope: Scope, name: str) -> bool:
        """Refuse: nobody destroys a grid's records over the wire."""
        await self._actor(scope)
        raise WireError(403, "forbidden", "不能通过同步接口删除网格", {"code": "not-allowed"})

    async def names(self, scope: Scope) -> list[str]:
        """Return the codes of the grids with records in the caller's scope."""
        actor = await self._actor(scope)
        hierarchy = await self._registry.hierarchy()
        return sorted(
            node.code
            for code in actor.grids
            if code in hierarchy
            for node in hierarchy.descendants(code)
            if node.holds_records
        )

    async def who(self, scope: Scope) -> tuple[str | None, list[str]]:
        """Return the name and role of who asks; nobody is no error."""
        actor = await self._authenticate(scope)
        return (None, []) if actor is None else (actor.user, [actor.role.value])

    async def _actor(self, scope: Scope) -> Actor:
        actor = await self._authenticate(scope)
        if actor is None:
            raise WireError(
                401, "unauthorized", "请先登录；您的数据已保存在本机", {"code": "not-signed-in"}
            )
        return actor


def _find(hierarchy: Hierarchy, name: str) -> GridNode:
    node = hierarchy.get(name) if is_code(name) else None
    if node is None or not node.holds_records:
        raise WireError(404, "not_found", "Database does not exist.", {"code": "no-such-grid"})
    return node


def _refused_result(item: Refused, entry: str) -> WriteResult:
    info: dict[str, Any] = {"code": item.refusal.code, "quarantine": entry}
    if item.refusal.field is not None:
        info["field"] = item.refusal.field
    return WriteResult(item.write.doc_id, item.write.rev, "forbidden", item.refusal.reason, info)
