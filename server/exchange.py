"""The exchange's side of the application: who asks, what he may work on, and the counting."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.types import Scope

from server.api.session import session_view
from server.metrics import Metrics
from server.runtime import runtime_in
from server.sync_door import READ, identity_for
from sync.quarantine import OPEN, read_entries

_FLEETING: Final = {"token", "expires", "server_time"}
"""Members of a session that say nothing about what one may work on."""


class ExchangeHost:
    """What ``sync.exchange`` asks of the application."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def session(self, scope: Scope) -> tuple[str, Mapping[str, Any]]:
        """Return the asker's session, and a digest of it that stays the same until his name, role
        or grids change. Raises ``WireError`` 401."""
        identity = identity_for(scope, READ)
        view = await session_view(runtime_in(scope), identity, None)
        account = view.model_dump(mode="json", exclude=_FLEETING)
        packed = orjson.dumps(account, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(packed).hexdigest()[:12], account

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
