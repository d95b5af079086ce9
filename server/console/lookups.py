"""What a page needs to know about records it only mentions: their names, whether they wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from grid.masking import mask_record
from grid.permissions import Actor, in_scope
from server.console.fields import title_of
from server.console.states import State, record_state
from server.i18n import gettext as _
from sync.editing import SYSTEM
from sync.indexes import REVIEWS_BY_DOCUMENT
from sync.registry import Registry
from sync.store import DocumentStore

CANONICAL: Final = "canonical"

Document = Mapping[str, Any]


async def titles(store: DocumentStore, actor: Actor, ids: Iterable[str]) -> dict[str, str]:
    """Return the masked titles of those records that are there and in the actor's scope."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = await store.get_many(CANONICAL, wanted)
    documents = [record.document() for record in found if record and not record.deleted]
    return {
        document["_id"]: title_of(mask_record(document))
        for document in documents
        if in_scope(actor, document.get("path", ()))
    }


async def people_names(registry: Registry, usernames: Iterable[str]) -> dict[str, str]:
    """Return the names of accounts; an account that is gone stands for itself."""
    names = {SYSTEM: _("系统自动")}
    for username in set(usernames) - names.keys():
        account = await registry.account(username)
        names[username] = account.name if account else username
    return names


async def decisions_of(store: DocumentStore, doc_id: str) -> list[Document]:
    """Return the decisions about one record, as they are in ``reviews``."""
    rows = await store.query(REVIEWS_BY_DOCUMENT, prefix=(doc_id,), documents=True)
    return [row.document for row in rows if row.document is not None]


async def record_states(store: DocumentStore, documents: Sequence[Document]) -> list[State]:
    """Return the state of each record. Only records whose merge asked for a look can wait for
    one, so only their decisions are read."""
    asking = [d["_id"] for d in documents if (d.get("merge") or {}).get("review")]
    decisions = await asyncio.gather(*(decisions_of(store, doc_id) for doc_id in asking))
    waiting = {
        doc_id
        for doc_id, found in zip(asking, decisions, strict=True)
        if any(decision.get("status") == "open" for decision in found)
    }
    return [
        record_state(has_review=d["_id"] in waiting, merged=bool(d.get("merge"))) for d in documents
    ]
