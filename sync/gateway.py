"""The gateway: who may open which database over the wire.

Somebody who has just lost a grid can read nothing of it any more, but can still hand in what he
recorded there: it is refused, kept in quarantine, and waits for a supervisor.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Scope

from grid.codes import is_code
from grid.hierarchy import GridNode, Hierarchy
from grid.permissions import Actor, may_pull
from sync.errors import DatabaseNotFound
from sync.gateway_door import GridDoor
from sync.paths import BULLETIN_PREFIX, database_of
from sync.registry import Registry
from sync.store import DocumentStore
from sync.wire.errors import WireError
from sync.wire.keeper import Door, StoreDoor

Authenticate = Callable[[Scope], Awaitable[Actor | None]]
_BULLETIN: Final = "bulletin"
_HANDING_IN: Final = ("", "_bulk_docs", "_revs_diff", "_local", "_ensure_full_commit")
"""First path segment below a database of the requests that a replicator pushes with."""
_GRID_REVOKED: Final = (
    "您已不再负责这个网格，不能再下载它的数据；您在手机上未上传的记录仍可上传，由主管处理"
)


class GatewayKeeper:
    """Opens ``/sync/<grid code>`` and ``/sync/bulletin/<town code>`` to those who may."""

    prefixes: frozenset[str] = frozenset({_BULLETIN})

    def __init__(
        self, store: DocumentStore, registry: Registry, authenticate: Authenticate
    ) -> None:
        self._store = store
        self._registry = registry
        self._authenticate = authenticate
        self._made: set[str] = set()

    async def open(self, scope: Scope, name: str, *, write: bool) -> Door:
        """Open a database; raise ``WireError`` 401, 403 or 404 with a reason people understand."""
        actor = await self._actor(scope)
        structure = await self._registry.structure()
        hierarchy = structure.hierarchy
        kind, _, rest = name.partition("/")
        if kind == _BULLETIN:
            return await self._open_bulletin(actor, hierarchy, rest)
        node = _find(hierarchy, name)
        path = hierarchy.path(node.code)
        if not may_pull(actor, path):
            await self._check_lost(actor, path, _asked(scope, name))
        await self._make_sure(database_of(node.code))
        # What reaches a grid that others took over is sent on to them by the follower.
        closed = node.closed and node.code not in structure.routes
        return GridDoor(self._store, self._registry, actor, path, closed=closed)

    async def _check_lost(self, actor: Actor, path: tuple[str, ...], asked: str) -> None:
        """Raise unless this is part of handing in what was recorded in a grid now lost."""
        if not await self._registry.ever_assigned(actor.user, path):
            raise WireError(403, "forbidden", "您不负责这个网格", {"code": "out-of-scope"})
        if asked not in _HANDING_IN:
            raise WireError(403, "forbidden", _GRID_REVOKED, {"code": "grid-revoked"})

    async def _open_bulletin(self, actor: Actor, hierarchy: Hierarchy, code: str) -> Door:
        node = hierarchy.get(code)
        if node is None or node.level != 2:
            raise _not_there(code)
        towns = {hierarchy.town(grid) for grid in actor.grids if grid in hierarchy}
        if code not in towns and not may_pull(actor, hierarchy.path(code)):
            raise WireError(403, "forbidden", "这不是您所在镇街的公告", {"code": "out-of-scope"})
        await self._make_sure(BULLETIN_PREFIX + code)
        return StoreDoor(self._store, BULLETIN_PREFIX + code, f"{_BULLETIN}/{code}", read_only=True)

    async def _make_sure(self, database: str) -> None:
        """Create a database that an import, broken off, left out."""
        if database in self._made:
            return
        try:
            await self._store.database_info(database)
        except DatabaseNotFound:
            await self._store.create_database(database)
        self._made.add(database)

    async def create(self, scope: Scope, name: str) -> bool:
        """Refuse: grids come from the hierarchy; one that is there is reported as such."""
        await self.open(scope, name, write=False)
        return False

    async def destroy(self, scope: Scope, name: str) -> bool:
        """Refuse: nobody destroys a grid's records over the wire."""
        await self._actor(scope)
        raise WireError(403, "forbidden", "不能通过同步接口删除网格", {"code": "not-allowed"})

    async def names(self, scope: Scope) -> list[str]:
        """Return the databases the caller may read: grids with records, and bulletins."""
        actor = await self._actor(scope)
        hierarchy = await self._registry.hierarchy()
        held = [code for code in actor.grids if code in hierarchy]
        below = [node for code in held for node in hierarchy.descendants(code)]
        towns = {node.code for node in below if node.level == 2}
        towns |= {town for code in held if (town := hierarchy.town(code)) is not None}
        grids = {node.code for node in below if node.holds_records}
        return [*sorted(grids), *(f"{_BULLETIN}/{town}" for town in sorted(towns))]

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
        raise _not_there(name)
    return node


def _not_there(name: str) -> WireError:
    reason = f"没有编码为 {name[:40]} 的网格，或这一级不保存记录"
    return WireError(404, "not_found", reason, {"code": "no-such-grid"})


def _asked(scope: Scope, name: str) -> str:
    """Return the first path segment below the database, empty for the database itself."""
    below: str = scope["path"].rpartition(f"/{name}")[2]
    return below.strip("/").partition("/")[0]
