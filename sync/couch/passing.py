"""What another site's replicator wrote into a grid past this store, so that no archive has it."""

from __future__ import annotations

from collections.abc import Sequence

from sync.couch.archive import Archive
from sync.couch.reading import Reader
from sync.store import Change


async def keep_leaves(
    reader: Reader, archive: Archive, database: str, changes: Sequence[Change]
) -> int:
    """Archive the leaves of these changes that are not there yet, and what CouchDB still has of the
    revisions that they grew from; return how many bodies."""
    lines = await _lines(reader, database, changes)
    newest = [(doc_id, rev) for doc_id, line in lines for rev in line[:2]]
    lacking = set(await archive.lacking(database, newest))
    lines = [(doc_id, line) for doc_id, line in lines if lacking & {(doc_id, r) for r in line}]
    whole = {(doc_id, rev) for doc_id, line in lines for rev in line[2:]}
    lacking.update(await archive.lacking(database, sorted(whole)))
    asked: dict[str, list[str]] = {}
    for doc_id, rev in sorted(lacking):
        asked.setdefault(doc_id, []).append(rev)
    found = await reader.revisions_of_many(database, list(asked.items()), ancestry=False)
    bodies = [(one.doc_id, one.rev, one.body) for some in found for one in some]
    await archive.keep(database, bodies)
    return len(bodies)


async def _lines(
    reader: Reader, database: str, changes: Sequence[Change]
) -> list[tuple[str, tuple[str, ...]]]:
    """Return, by document, each leaf with the revisions that it grew from."""
    first = [
        (change.doc_id, (leaf.rev,))
        for change in changes
        for leaf in change.leaves
        if leaf.rev.startswith("1-")
    ]
    edited = {
        change.doc_id: [leaf.rev for leaf in change.leaves if not leaf.rev.startswith("1-")]
        for change in changes
    }
    asked = [(doc_id, revs) for doc_id, revs in edited.items() if revs]
    found = await reader.revisions_of_many(database, asked)
    return first + [(one.doc_id, (one.rev, *one.ancestors)) for some in found for one in some]
