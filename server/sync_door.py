"""``/sync``: the wire with the gateway behind it, and in front of both what only the server knows:
why nobody is signed in, what a token's scopes allow, and the count of what was pushed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from grid.permissions import Actor
from server.audit import Audit
from server.auth import Identity
from server.i18n import gettext as _
from server.metrics import Metrics
from server.problems import KINDS
from server.runtime import runtime_in
from sync.rush import Rush
from sync.store import Write, WriteResult
from sync.wire.errors import WireError
from sync.wire.keeper import Door, Keeper

READ: Final = "sync"
WRITE: Final = "sync:write"
_REMEMBERED: Final = 10_000


async def sync_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one replication request with the running application's wire."""
    await runtime_in(scope).wire(scope, receive, send)


async def actor_in(scope: Scope) -> Actor | None:
    """Return who is asking, for the gateway."""
    identity = _identity_in(scope)
    return identity.actor if identity else None


class TokenKeeper:
    """Asks for a session and, of integrators, for scopes before the gateway is asked at all.

    Replication hands out whole records, so an integrator's first opening of a database with a
    token stands in the audit log.
    """

    def __init__(self, inner: Keeper, audit: Audit, metrics: Metrics, rush: Rush) -> None:
        self._inner = inner
        self._audit = audit
        self._metrics = metrics
        self._rush = rush
        self._logged: set[tuple[str, str]] = set()

    @property
    def prefixes(self) -> frozenset[str]:
        """The gateway's prefixes."""
        return self._inner.prefixes

    async def open(self, scope: Scope, name: str, *, write: bool) -> Door:
        """Open a database for who is asking."""
        identity = identity_for(scope, WRITE if write else READ)
        door = await self._inner.open(scope, name, write=write)
        if identity.session.scopes is not None:
            await self._log_once(identity, name)
        return CountingDoor(door, self._metrics, self._rush)

    async def create(self, scope: Scope, name: str) -> bool:
        """Ask the gateway."""
        identity_for(scope, WRITE)
        return await self._inner.create(scope, name)

    async def destroy(self, scope: Scope, name: str) -> bool:
        """Ask the gateway."""
        identity_for(scope, WRITE)
        return await self._inner.destroy(scope, name)

    async def names(self, scope: Scope) -> list[str]:
        """Ask the gateway."""
        identity_for(scope, READ)
        return await self._inner.names(scope)

    async def who(self, scope: Scope) -> tuple[str | None, list[str]]:
        """Tell who is signed in; nobody is no error here, as in CouchDB."""
        return await self._inner.who(scope)

    async def _log_once(self, identity: Identity, name: str) -> None:
        key = (identity.session.id, name)
        if key in self._logged:
            return
        await self._audit.record("replicate", identity.account.username, database=name)
        if len(self._logged) >= _REMEMBERED:
            self._logged.clear()
        self._logged.add(key)


class CountingDoor:
    """A door that counts what became of the documents pushed through it, and tells of the rush."""

    __slots__ = ("_door", "_metrics", "_rush", "database", "read_only", "shown_name")

    def __init__(self, door: Door, metrics: Metrics, rush: Rush) -> None:
        self._door = door
        self._metrics = metrics
        self._rush = rush
        self.database = door.database
        self.shown_name = door.shown_name
        self.read_only = door.read_only

    async def write(self, writes: Sequence[Write], new_edits: bool) -> list[WriteResult]:
        """Judge and write a batch."""
        with self._rush.pushing():
            results = await self._door.write(writes, new_edits)
        self._metrics.pushed([result.error for result in results])
        return results

    async def keep(
        self, refused: Sequence[tuple[Mapping[str, Any], WireError]]
    ) -> list[Mapping[str, Any]]:
        """Keep what the wire could not take."""
        members = await self._door.keep(refused)
        self._metrics.pushed([error.error for _, error in refused])
        return members


def _identity_in(scope: Scope) -> Identity | None:
    found: Identity | None = scope["state"].get("identity")
    return found


def identity_for(scope: Scope, token_scope: str) -> Identity:
    """Return who is asking; raise ``WireError``: 401 for nobody, 403 for a token without the
    scope."""
    identity = _identity_in(scope)
    if identity is None:
        code = scope["state"].get("identity_missing") or "not-signed-in"
        reason = f"{_(KINDS[code].title)}。{_('您的数据仍保存在手机上')}"
        raise WireError(401, "unauthorized", reason, {"code": code})
    if not identity.has_scope(token_scope):
        info = {"code": "missing-scope", "scope": token_scope}
        raise WireError(403, "forbidden", _(KINDS["missing-scope"].title), info)
    return identity
