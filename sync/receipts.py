"""When the server took in an edit that does not say itself when it was made.

Another system may replicate a plain edit into a grid: fields changed, ``stamps`` and ``updated`` as
they were. Its revision cannot be altered, so the gateway notes beside it when it came and who
brought it, before it is written: a local document of ``canonical``, out of every phone's reach.
Whoever resolves a conflict then gives the edit that time, today or after a restart, in this process
or in another one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from conflicts import Receipt
from sync.editing import changed_fields, next_stamp
from sync.store import DocumentStore

_DATABASE: Final = "canonical"

Body = Mapping[str, Any]


def is_plain(document: Body, before: Body | None) -> bool:
    """Tell whether an edit of ``before`` changed something without saying when: ``updated`` and
    that field's stamp are as they were."""
    if before is None or document.get("updated") != before.get("updated"):
        return False
    stamps, known = _stamps(document), _stamps(before)
    return any(stamps.get(name) == known.get(name) for name in changed_fields(before, document))


async def keep_receipts(
    store: DocumentStore,
    database: str,
    revisions: Sequence[tuple[str, str]],
    by: str,
    physical_ms: int,
) -> None:
    """Note that these revisions (document id and revision) came now, unless they came before."""
    receipt = {"at": next_stamp(None, physical_ms), "by": by}

    async def keep(doc_id: str, rev: str) -> None:
        local_id = _local_id(database, doc_id, rev)
        if await store.get_local(_DATABASE, local_id) is None:
            await store.put_local(_DATABASE, local_id, receipt)

    await asyncio.gather(*(keep(doc_id, rev) for doc_id, rev in dict.fromkeys(revisions)))


async def receipts_of(
    store: DocumentStore, database: str, doc_id: str, bodies: Mapping[str, Body]
) -> dict[str, Receipt]:
    """Return the receipts of those revisions of a document that have one.

    ``bodies`` are the revisions of a merge; only one that shares its ``updated`` with another can
    be a plain edit, so most merges ask the store nothing.
    """
    times = {rev: _updated_at(body) for rev, body in bodies.items()}
    shared = Counter(times.values())
    receipts = {}
    for rev in sorted(rev for rev, at in times.items() if shared[at] > 1):
        found = await store.get_local(_DATABASE, _local_id(database, doc_id, rev))
        if found is not None:
            receipts[rev] = Receipt(str(found["at"]), str(found["by"]))
    return receipts


def _local_id(database: str, doc_id: str, rev: str) -> str:
    seed = f"{database}\0{doc_id}\0{rev}".encode()
    return f"receipt:{hashlib.md5(seed, usedforsecurity=False).hexdigest()}"


def _stamps(body: Body) -> Mapping[str, Any]:
    stamps = body.get("stamps")
    return stamps if isinstance(stamps, Mapping) else {}


def _updated_at(body: Body) -> str | None:
    updated = body.get("updated")
    at = updated.get("at") if isinstance(updated, Mapping) else None
    return at if isinstance(at, str) else None
