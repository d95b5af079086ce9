"""Copying a whole store into another: a pilot on one SQLite file to a district on CouchDB, or back.

Every document goes over with all its leaves, ancestors and the bodies of its archive. What tells
about grids goes after them, so that a copy made while people work has the decision of every merge
that it holds; the quarantine goes before them, so that what the copy says was accepted is there.
Copying again takes up where it was left, and adds what changed since. Checkpoints of phones stay
behind: the copy's databases have epochs of their own, and phones compare what they have instead of
trusting a place in another store.

A record that moves to another grid is written there before its tombstone here. So a tombstone that
was copied calls for the grid that it names to be copied once more: then the record is in the copy,
however the two grids' turns fell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from conflicts.moving import MOVED_TO
from sync.paths import BULLETIN_PREFIX, GRID_PREFIX, database_of
from sync.store import DocumentStore, Revision, Write

MARK: Final = "copied"
_PAGE: Final = 200
_DIGESTS: Final = 1 << 256
Progress = Callable[[str, int, int], None]
"""Told of a database, how many of its changes are copied, and how many there are."""


class CopyError(Exception):
    """The copy is not what it was made from; the text names the database and what differs."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: counts, and a digest over every leaf and its body.

    The digest is the sum of the leaves' own, so it depends on no order and needs no memory.
    """

    live: int
    deleted: int
    digest: str


def in_order(names: Iterable[str]) -> list[str]:
    """Return databases in the order of copying: registry, grids, bulletins, then the rest."""
    rank = {"registry": 0, "quarantine": 1}

    def order(name: str) -> tuple[int, str]:
        grids = (GRID_PREFIX, BULLETIN_PREFIX)
        return rank.get(name, 2 if name.startswith(grids) else 3), name

    return sorted(names, key=order)


async def copy_databases(
    source: DocumentStore,
    target: DocumentStore,
    names: Sequence[str],
    progress: Progress,
    copied: Callable[[int], None],
) -> None:
    """Copy databases in this order, and again those to which records moved meanwhile; ``copied``
    is told after each how many of the round are done."""
    while names:
        called: set[str] = set()
        for number, name in enumerate(names, 1):
            called |= await copy_database(source, target, name, progress)
            copied(number)
        names = sorted(called & set(await source.database_names(GRID_PREFIX)))


async def copy_database(
    source: DocumentStore, target: DocumentStore, name: str, progress: Progress
) -> set[str]:
    """Copy what the target does not have yet of one database; raise ``StoreError``.

    Return the databases to which copied tombstones say that records moved.
    """
    called: set[str] = set()
    await target.create_database(name)
    await source.deliver(name)  # what other databases, copied later, have not got yet
    epoch = (await source.database_info(name)).epoch
    mark = await target.get_local(name, MARK)
    same = mark is not None and mark.get("epoch") == epoch
    since = str(mark["since"]) if mark is not None and same else "0"
    done = 0
    while True:
        page = await source.changes(name, since, limit=_PAGE)
        if not page.changes:
            break
        some = [change.doc_id for change in page.changes]
        called |= await _copy_documents(source, target, name, some)
        since = page.last_seq
        await target.put_local(name, MARK, {"epoch": epoch, "since": since})
        done += len(page.changes)
        progress(name, done, done + page.pending)
    return called


async def _copy_documents(
    source: DocumentStore, target: DocumentStore, name: str, doc_ids: Sequence[str]
) -> set[str]:
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
    await target.deliver(name)
    if not name.startswith(GRID_PREFIX):
        return set()
    stones = [orjson.loads(write.body or b"{}") for write in writes if write.deleted]
    return {
        database_of(stone[MOVED_TO]) for stone in stones if isinstance(stone.get(MOVED_TO), str)
    }


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


async def contents(
    store: DocumentStore, name: str, leaving_out: Collection[str] = frozenset()
) -> Contents:
    """Return what a database holds, so that two can be compared; some documents left out."""
    live = deleted = total = 0
    since = "0"
    while True:
        page = await store.changes(name, since, limit=_PAGE)
        if not page.changes:
            break
        wanted = [one.doc_id for one in page.changes if one.doc_id not in leaving_out]
        found = await store.revisions_of_many(
            name, [(doc_id, "all") for doc_id in wanted], ancestry=False
        )
        for leaves in found:
            live += not leaves[0].deleted
            deleted += leaves[0].deleted
            total += sum(map(_digest, leaves))
        since = page.last_seq
    return Contents(live, deleted, f"{total % _DIGESTS:064x}")


def _digest(leaf: Revision) -> int:
    body = orjson.dumps(orjson.loads(leaf.body), option=orjson.OPT_SORT_KEYS)
    line = orjson.dumps([leaf.doc_id, leaf.rev, leaf.deleted]) + body
    return int.from_bytes(hashlib.sha256(line).digest())


async def verify(
    source: DocumentStore, target: DocumentStore, name: str, *, working: bool = False
) -> Contents:
    """Return what the copy holds; raise ``CopyError`` when it is not what the source held.

    While people go on ``working`` on the source, what changed there since it was copied is left
    out of the comparison, which begins again when something changes under it.
    """
    later: set[str] = set()
    while True:
        ours, theirs = await contents(source, name, later), await contents(target, name, later)
        if ours == theirs:
            return theirs if not later else await contents(target, name)
        changed = await _changed_since_copied(source, target, name) if working else set()
        if changed <= later:
            break
        later = changed
    raise CopyError(
        f"{name}: the copy has {theirs.live} documents and {theirs.deleted} tombstones"
        f" ({theirs.digest[:12]}), the source {ours.live} and {ours.deleted} ({ours.digest[:12]})"
    )


async def _changed_since_copied(
    source: DocumentStore, target: DocumentStore, name: str
) -> set[str]:
    mark = await target.get_local(name, MARK)
    if mark is None or mark["epoch"] != (await source.database_info(name)).epoch:
        return set()
    since, changed = str(mark["since"]), set[str]()
    while (page := await source.changes(name, since, limit=_PAGE)).changes:
        changed.update(change.doc_id for change in page.changes)
        since = page.last_seq
    return changed
