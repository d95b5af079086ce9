"""The exchange's side of the application: who asks, what he may work on, and the counting."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
from starlette.types import Scope

from conflicts.structure import Structure
from grid.permissions import Actor
from server.api.session import session_view
from server.metrics import Metrics
from server.runtime import runtime_in
from server.sync_door import READ, identity_for
from sync.quarantine import OPEN, read_entries
from sync.registry import DATABASE as REGISTRY
from sync.registry import Account

_FLEETING: Final = {"token", "expires", "server_time"}
"""Members of a session that say nothing about what one may work on."""
_REMEMBERED: Final = 20_000


class _Known(NamedTuple):
    """What a session's view is made of beside the tree of grids, and the view's digest."""

    account: Account
    actor: Actor
    epoch: str
    digest: str


class ExchangeHost:
    """What ``sync.exchange`` asks of the application."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._structure: Structure | None = None
        self._known: dict[str, _Known] = {}
        """By session, for the structure above."""

    async def session(self, scope: Scope) -> tuple[str, str]:
        """Return the asker's user name, and a digest of his session that stays the same until his
        name, role or grids change. Raises ``WireError`` 401."""
        identity = identity_for(scope, READ)
        runtime = runtime_in(scope)
        structure = await runtime.registry.structure()
        if structure is not self._structure or len(self._known) >= _REMEMBERED:
            self._structure, self._known = structure, {}
        of_structure = self._known
        epoch = await runtime.store.epoch(REGISTRY)
        made_of = identity.account, identity.actor, epoch
        known = of_structure.get(identity.session.id)
        if known is None or known[:-1] != made_of:
            known = _Known(*made_of, _digest(await self.account(scope)))
            of_structure[identity.session.id] = known
        return identity.account.username, known.digest

    async def account(self, scope: Scope) -> Mapping[str, Any]:
        """Return the asker's session without what is fleeting."""
        view = await session_view(runtime_in(scope), identity_for(scope, READ), None)
        return view.model_dump(mode="json", exclude=_FLEETING)

    async def outcomes(self, scope: Scope, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return how supervisors settled the asker's own refused edits."""
        user = identity_for(scope, READ).account.username
        entries = await read_entries(runtime_in(scope).store, ids)
        return [
            {"quarantine": entry_id, "status": entry["status"], "closed": entry["closed"]}
            for entry_id, entry in entries.items()
            if entry["user"] == user and entry["status"] != OPEN
        ]

    def exchanged(self, documents: int) -> None:
        """Count one exchange served whole and the documents it sent."""
        self._metrics.exchanged(documents)


def _digest(account: Mapping[str, Any]) -> str:
    packed = orjson.dumps(account, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(packed).hexdigest()[:12]
