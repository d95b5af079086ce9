"""The canonical database: every live record once, with its path of grids.

Written by the follower only. A record's canonical document has its fields, and besides ``path``
(codes from the district to the grid), ``source_rev`` (the winning revision it shows), ``search``
(what it can be found by), ``refs`` (the households and people it names), for households ``door``
(what they are sorted by), for households and residents ``identity`` (keys of duplicates), and for
patrols and visits ``week``.

References are led to the record that stands today (``sync.redirects``); a record that was merged
into another one is a tombstone here that says which.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import orjson

from conflicts.duplicates import REDIRECT
from conflicts.identity import identity_keys
from conflicts.joining import derived_revision
from conflicts.moving import MOVED_TO
from conflicts.references import final, followed, references
from grid.models import upcast
from sync.errors import DatabaseNotFound
from sync.paths import GRID_PREFIX, database_of, grid_path
from sync.redirects import CANONICAL as CANONICAL
from sync.redirects import redirects_from
from sync.registry import Registry
from sync.store import DocumentStore, Revision, Write, WriteResult

_CHINA: Final = timezone(timedelta(hours=8))
_ATTEMPTS: Final = 5
_PAGE: Final = 500
_LONGEST_SUFFIX: Final = 24
_SEARCHED: Final = (
    "name",
    "former_name",
    "guardian_name",
    "room",
    "address",
    "head_name",
    "owner_name",
    "title",
    "campaign_title",
    "licence",
    "credit_code",
    "legal_name",
    "responsible_name",
    "worker",
    "route",
)
_DOOR: Final = ("address", "building", "unit", "room")
_NUMBER: Final = re.compile(r"[0-9]+")
_MOMENTS: Final[Mapping[str, str]] = {"patrol": "started", "visit": "visited"}


class Projection:
    """Keeps ``canonical`` after the winners of the grids' databases."""

    def __init__(self, store: DocumentStore, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    async def project(
        self,
        database: str,
        winners: Sequence[Revision],
        doubled: list[tuple[str, str]] | None = None,
    ) -> int:
        """Bring the canonical documents of these winners up to date; return how many changed.

        Live winners that another grid's record was shown for are added to ``doubled``, with that
        grid. One that has moved since it was read is left as the grid where it is now has it.
        """
        path = await grid_path(self._registry, database)
        left = {winner.doc_id: _Shown(winner) for winner in winners}
        named = {name for shown in left.values() for name in shown.names}
        redirects = await redirects_from(self._store, named) if named else {}
        changed = 0
        for _ in range(_ATTEMPTS):
            if not left:
                break
            ids = list(left)
            known = dict(zip(ids, await self._store.get_many(CANONICAL, ids), strict=True))
            elsewhere = await self._shown_elsewhere(database, left, known, path[-1])
            if doubled is not None:
                doubled += ((one, grid) for one, grid in elsewhere.items() if one in left)
            changed += await self._show_moved(left, known, path[-1])
            writes = [
                write
                for doc_id, shown in left.items()
                if (write := _canonical_write(shown, known[doc_id], path, redirects)) is not None
            ]
            results = await self._write(writes)
            changed += sum(result.error is None for result in results)
            # Another follower was there first: look again at what it left.
            left = {result.doc_id: left[result.doc_id] for result in results if result.error}
        return changed

    async def _shown_elsewhere(
        self,
        database: str,
        left: dict[str, _Shown],
        known: Mapping[str, Revision | None],
        grid: str,
    ) -> dict[str, str]:
        """Return the other grids in which ``canonical`` shows some of these live winners, by
        record; take those out that have moved since they were read."""
        elsewhere = {
            doc_id: other
            for doc_id, shown in left.items()
            if not shown.deleted and (other := _other_grid(known[doc_id], grid)) is not None
        }
        if elsewhere:
            for now in await self._store.get_many(database, list(elsewhere)):
                if now is not None and _moved_to(now) is not None:
                    del left[now.doc_id]
        return elsewhere

    async def _show_moved(
        self, left: dict[str, _Shown], known: Mapping[str, Revision | None], grid: str
    ) -> int:
        """Show those that left this grid, and are shown in it all the same, where they are now;
        take them out; return how many changed.

        A record is shown in its new grid before it leaves a tombstone in the old one. Whoever had
        read it before that may have shown it in the old one once more.
        """
        changed = 0
        for doc_id, shown in list(left.items()):
            target = shown.body.get(MOVED_TO) if shown.deleted else None
            if target is None or grid != _grid_shown(known[doc_id]):
                continue
            found = await self._find(doc_id, target, {grid})
            if found is not None:
                changed += await self.project(found[0], [found[1]])
                del left[doc_id]
        return changed

    async def _find(self, doc_id: str, grid: str, been: set[str]) -> tuple[str, Revision] | None:
        """Return the database of a record that moved to this grid, or on from it, and the record;
        ``None`` if it came nowhere yet, or was deleted there."""
        database = database_of(grid)
        try:
            found = await self._store.get(database, doc_id)
        except DatabaseNotFound:
            return None  # at another site
        if found is None or not found.deleted:
            return None if found is None else (database, found)
        target = _moved_to(found)
        been.add(grid)
        return None if target is None or target in been else await self._find(doc_id, target, been)

    async def _write(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Write what has its revision already as it is, the rest as edits."""
        edits = [write for write in writes if write.rev is None]
        made = [write for write in writes if write.rev is not None]
        results = await self._store.write(CANONICAL, edits) if edits else []
        return results + (await self._store.write(CANONICAL, made, new_edits=False) if made else [])

    async def rebuild(self) -> int:
        """Project every record of every grid anew; return how many canonical documents changed."""
        changed = 0
        for database in await self._store.database_names(GRID_PREFIX):
            since = "0"
            while True:
                page = await self._store.changes(database, since, limit=_PAGE, bodies=True)
                if not page.changes:
                    break
                winners = [change.winner for change in page.changes if change.winner is not None]
                changed += await self.project(database, winners)
                since = page.last_seq
        return changed


class _Shown:
    """A winner with its parsed body and the records that it names."""

    __slots__ = ("body", "deleted", "doc_id", "names", "rev")

    def __init__(self, winner: Revision) -> None:
        self.doc_id, self.rev, self.deleted = winner.doc_id, winner.rev, winner.deleted
        body: dict[str, Any] = orjson.loads(winner.body or b"{}")
        self.body = body if winner.deleted else upcast(body)
        self.names = [] if winner.deleted else references(self.body)


def _other_grid(known: Revision | None, grid: str) -> str | None:
    """Return the grid in which a canonical document shows its record, ``None`` if in this one."""
    if known is None or f'"grid":"{grid}"'.encode() in known.body:
        return None
    other = _grid_shown(known)
    return None if other == grid else other


def _grid_shown(known: Revision | None) -> str | None:
    """Return the grid in which a canonical document shows its record, ``None`` if in none."""
    body = orjson.loads(known.body or b"{}") if known is not None else {}
    if known is None or (known.deleted and REDIRECT not in body):
        return None
    grid = body.get("grid")
    return grid if isinstance(grid, str) else None


def _moved_to(winner: Revision) -> str | None:
    """Return the grid that the tombstone of a move names, ``None`` for anything else."""
    target = orjson.loads(winner.body or b"{}").get(MOVED_TO) if winner.deleted else None
    return target if isinstance(target, str) else None


def _canonical_write(
    winner: _Shown, known: Revision | None, path: Sequence[str], redirects: Mapping[str, str]
) -> Write | None:
    """Return what to write for a winner, ``None`` when the canonical document needs nothing."""
    before = orjson.loads(known.body or b"{}") if known is not None else {}
    live = known is not None and not known.deleted
    if winner.deleted:
        # A record that moved lives on in its new grid, which then is what ``grid`` names.
        # A merged record that stood by itself again and was deleted leads nowhere any more.
        led = REDIRECT in before and MOVED_TO not in winner.body
        if not (live or led) or before.get("path", [None])[-1] != path[-1]:
            return None
        rest = {name: before[name] for name in ("type", "grid", "path") if name in before}
        return _tombstone(winner.doc_id, {**rest, "source_rev": winner.rev}, known)
    if isinstance(winner.body.get(REDIRECT), str):
        rest = {name: winner.body[name] for name in ("type", REDIRECT) if name in winner.body}
        body = {**rest, "grid": path[-1], "path": list(path), "source_rev": winner.rev}
        return None if not live and body == before else _tombstone(winner.doc_id, body, known)
    body = canonical_body(winner.body, winner.rev, path, redirects)
    if live and body == before:
        return None
    parent = (known.rev,) if known is not None and live else ()
    return Write(winner.doc_id, orjson.dumps(body), ancestors=parent)


def _tombstone(doc_id: str, body: Mapping[str, Any], known: Revision | None) -> Write:
    parent = () if known is None else (known.rev,)
    # A tombstone takes no edit: what it says is brought up to date by a revision of its own.
    rev = derived_revision(known.rev, body) if known is not None and known.deleted else None
    return Write(doc_id, orjson.dumps(body), rev, parent, deleted=True)


def canonical_body(
    record: Mapping[str, Any], rev: str, path: Sequence[str], redirects: Mapping[str, str]
) -> dict[str, Any]:
    """Return the canonical document of a live record; ``redirects`` are those it may meet."""
    names = references(record)
    led = {name: end for name in names if (end := final(name, redirects)) != name}
    body = {
        **followed(record, led),
        "grid": path[-1],
        "path": list(path),
        "source_rev": rev,
        "search": search_terms(record, path),
        "refs": _met(names, redirects),
    }
    if record.get("type") == "household":
        body["door"] = door_key(record)
    keys = identity_keys(record, path)
    if keys:
        body["identity"] = keys
    week = _week(record)
    if week is not None:
        body["week"] = week
    return body


def _met(names: Sequence[str], redirects: Mapping[str, str]) -> list[str]:
    """Return the records that are named, and those that one comes by following redirects."""
    met = set(names)
    for name in names:
        while (name := redirects.get(name, "")) and name not in met:
            met.add(name)
    return sorted(met)


def door_key(record: Mapping[str, Any]) -> str:
    """Return a household's door as text that sorts as people count: 302 before 1001."""
    parts = (record.get(name) for name in _DOOR)
    text = fold(" ".join(part for part in parts if isinstance(part, str)))
    return _NUMBER.sub(lambda number: number[0].zfill(6), text)


def search_terms(record: Mapping[str, Any], path: Sequence[str]) -> list[str]:
    """Return what a record can be found by: ``<village code>/<suffix>`` for each suffix.

    A search for any part of a name is then a range of one village's terms. Text is folded to
    lower case without spaces; characters are code points, so rare ones count as one.
    """
    village = path[min(2, len(path) - 1)]
    terms = {f"{village}/{suffix}" for text in _searched(record) for suffix in _suffixes(text)}
    return sorted(terms)


def fold(text: str) -> str:
    """Return text as search compares it: NFC, lower case, without white space."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def _searched(record: Mapping[str, Any]) -> Iterator[str]:
    for name in _SEARCHED:
        value = record.get(name)
        if isinstance(value, str):
            yield value
    parties = record.get("parties")
    for party in parties if isinstance(parties, list) else ():
        if isinstance(party, Mapping) and isinstance(party.get("name"), str):
            yield party["name"]
    phone = record.get("phone")
    if isinstance(phone, str) and len(phone) >= 4:
        yield phone[-4:]


def _suffixes(text: str) -> Iterator[str]:
    folded = fold(text)
    for start in range(len(folded)):
        yield folded[start : start + _LONGEST_SUFFIX]


def _week(record: Mapping[str, Any]) -> str | None:
    moment = record.get(_MOMENTS.get(str(record.get("type")), ""))
    if not isinstance(moment, str):
        return None
    try:
        local = datetime.fromisoformat(moment).astimezone(_CHINA)
    except ValueError:
        return None
    year, week, _ = local.isocalendar()
    return f"{year:04d}-W{week:02d}"
