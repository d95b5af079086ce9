"""A record where it stands: found through ``canonical``, read and edited in its grid's database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from conflicts.canonical_json import canonical
from conflicts.joining import Joined
from grid.models import upcast, validate_record
from grid.permissions import Actor
from sync.editing import stamped
from sync.paths import database_of
from sync.redirects import CANONICAL
from sync.reviews import ReviewError
from sync.store import DocumentStore, Revision, Write
from sync.timing import now_ms

_ATTEMPTS: Final = 5

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A record as it stands in the database of its grid, its history newest first."""

    database: str
    revision: Revision
    body: Body


async def held(store: DocumentStore, doc_id: str) -> Held | None:
    """Return a record as it is in the grid where ``canonical`` saw it; ``None`` when it is gone."""
    known = await store.get(CANONICAL, doc_id)
    if known is None:
        return None
    path = orjson.loads(known.body or b"{}").get("path")
    if not path:
        return None
    database = database_of(path[-1])
    winner = await store.get(database, doc_id, ancestry=True)
    if winner is None or winner.deleted:
        return None
    return Held(database, winner, dict(upcast(orjson.loads(winner.body))))


async def write_derived(store: DocumentStore, at: Held, joined: Joined) -> str:
    """Write a revision that follows from documents; return its id, the same for everybody."""
    parent = at.revision
    rev = joined.revision(parent.rev)
    body = canonical(joined.body)
    write = Write(parent.doc_id, body, rev, (parent.rev, *parent.ancestors))
    await store.write(at.database, [write], new_edits=False)
    return rev


async def edit(
    store: DocumentStore,
    at: Held,
    actor: Actor,
    change: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Write one edit by a person on top of whatever the record is by now.

    Raises ``ReviewError``: record-gone, busy.
    """
    for _ in range(_ATTEMPTS):
        after = stamped(at.body, change(dict(at.body)), actor, now_ms())
        write = Write(at.revision.doc_id, orjson.dumps(after), None, (at.revision.rev,))
        (result,) = await store.write(at.database, [write])
        if result.error is None:
            return
        again = await held(store, at.revision.doc_id)
        if again is None:
            raise ReviewError("record-gone")
        at = again
    raise ReviewError("busy")


def check(body: Mapping[str, Any], fields: frozenset[str]) -> None:
    """Raise ``ReviewError`` (invalid-value) when one of these fields is not valid."""
    for problem in validate_record(body):
        if problem.field.partition(".")[0] in fields:
            raise ReviewError("invalid-value", message=problem.message_zh)
