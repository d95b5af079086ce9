"""The audit log: who signed in, who looked at what is masked, who changed rights.

Entries are documents of the ``audit`` database and are never changed. They name people by account
and records by id; no personal data stands in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from ulid import ULID

from grid.permissions import Actor
from server.clock import timestamp, utc_now
from sync.store import DocumentStore, Write

DATABASE: Final = "audit"


class Audit:
    """Appends to the audit log. An entry is written before what it tells of is done or shown."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def record(self, action: str, user: str | None, **details: Any) -> None:
        """Append one entry; ``action`` is a short word such as ``sign-in`` or ``unmask``."""
        at = timestamp(utc_now())
        entry = {"type": "audit", "action": action, "user": user, "at": at, **details}
        await self._store.write(DATABASE, [Write(f"audit:{ULID()}", orjson.dumps(entry))])

    async def unmask(
        self,
        actor: Actor,
        database: str,
        doc_ids: Sequence[str],
        fields: Sequence[str],
        purpose: str,
    ) -> None:
        """Append that ``actor`` was shown these fields of these records unmasked, and why."""
        await self.record(
            "unmask",
            actor.user,
            role=str(actor.role),
            device=actor.device,
            database=database,
            records=list(doc_ids),
            fields=list(fields),
            purpose=purpose,
        )
