"""Copying a whole store into another: a pilot on one SQLite file to a district on CouchDB, or back.

Every document goes over with all its leaves, ancestors and the bodies of its archive. Grids go
first and what tells about them after, so that a copy made while people work has the decision of
every merge that it holds. Copying again takes up where it was left, and adds what changed since.
Checkpoints of phones stay behind: the copy's databases have epochs of their own, and phones compare
what they have instead of trusting a place in another store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from sync.paths import BULLETIN_PREFIX, GRID_PREFIX
from sync.store import DocumentStore, Revision, Write

MARK: Final = "copied"
_PAGE: Final = 200
Progress = Callable[[str, int, int], None]
"""Told of a database, how many of its changes are copied, and how many there are."""


class CopyError(Exception):
    """The copy is not what it was made from; the text names the database and what differs."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: counts, and a digest over every leaf and its body."""

    live: int
    deleted: int
    digest: str


def in_order(names: Iterable[str]) -> list[str]:
    """Return databases in the order of copying: registry, grids, bulletins, then the rest."""
    rank = {"registry": 0}

    def order(name: str) -> tuple[int, str]:
        grids = (GRID_PREFIX, BULLETIN_PREFIX)
        return rank.get(name, 1 if name.startswith(grids) else 2), name

    return sorted(names, key=order)


async def copy_database(
    source: DocumentStore, target: DocumentStore, name: str, progress: Progress
) -> None:
    """Copy what the target does not have yet of one database; raise ``StoreError``."""
    await target.create_database(name)
    epoch = (await source.database_info(name)).epoch
    mark = await target.get_local(name, MARK)
    same = mark is not None and mark.get("epoch") == epoch
    since = str(mark["since"]) if mark is not None and same else "0"
    done = 0
    while True:
        page = await source.changes(name, since, limit=_PAGE)
        if not page.changes:
            break
        await _copy_documents(source, target, name, [change.doc_id for change in page.changes])
        since = page.last_seq
        await target.put_local(name, MARK, {"epoch": epoch, "since": since})
        done += len(page.changes)
        progress(name, done, done + page.pending)


async def _copy_documents(
    source: DocumentStore, target: DocumentStore, name: str, doc_ids: Sequence[str]
) -> None:
    found = await source.revisions_of_many(name, [(doc_id, "all") for doc_id in doc_ids])
    writes: list[Write] = []
    for leaves in found:
        writes += await _inner(source, name, leaves)
        writes += [
            Write(leaf.doc_id, leaf.body, leaf.rev, leaf.ancestors, leaf.deleted) for leaf in leaves
        ]
    for result in await target.write(name, writes, new_edits=False):
        if result.error is not None:
            raise CopyError(f"{name}: {result.doc_id} was not taken: {result.reason}")


async def _inner(source: DocumentStore, name: str, leaves: Sequence[Revision]) -> list[Write]:
    """Return writes of the revisions that leaves grew from, oldest first."""
    lines = {
        rev: leaf.ancestors[number:] for leaf in leaves for number, rev in enumerate(leaf.ancestors)
    }
    if not lines:
        return []
    doc_id = leaves[0].doc_id
    bodies = await source.bodies(name, doc_id, list(lines))
    states = {
        rev: state
        for leaf in leaves
        if leaf.ancestors
        for rev, state in await source.history(name, doc_id, leaf.rev)
    }
    return [
        Write(doc_id, bodies[rev], rev, tuple(lines[rev][1:]), states.get(rev) == "deleted")
        for rev in sorted(bodies, key=lambda rev: int(rev.partition("-")[0]))
    ]


async def contents(store: DocumentStore, name: str) -> Contents:
    """Return what a database holds, so that two can be compared."""
    lines: list[bytes] = []
    live = deleted = 0
    since = "0"
    while True:
        page = await store.changes(name, since, limit=_PAGE)
        if not page.changes:
            break
        found = await store.revisions_of_many(
            name, [(change.doc_id, "all") for change in page.changes], ancestry=False
        )
        for leaves in found:
            live += not leaves[0].deleted
            deleted += leaves[0].deleted
            lines += [_line(leaf) for leaf in leaves]
        since = page.last_seq
    return Contents(live, deleted, hashlib.sha256(b"\n".join(sorted(lines))).hexdigest())


def _line(leaf: Revision) -> bytes:
    body = orjson.dumps(orjson.loads(leaf.body), option=orjson.OPT_SORT_KEYS)
    return orjson.dumps([leaf.doc_id, leaf.rev, leaf.deleted, hashlib.sha256(body).hexdigest()])


async def verify(source: DocumentStore, target: DocumentStore, name: str) -> Contents:
    """Return what both hold; raise ``CopyError`` when they differ."""
    ours, theirs = await contents(source, name), await contents(target, name)
    if ours != theirs:
        raise CopyError(
            f"{name}: the copy has {theirs.live} documents and {theirs.deleted} tombstones"
            f" ({theirs.digest[:12]}), the source {ours.live} and {ours.deleted}"
            f" ({ours.digest[:12]})"
        )
    return ours
