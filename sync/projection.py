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
from sync.paths import GRID_PREFIX, grid_path
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

        Live winners that another grid's live record was shown for are added to ``doubled``, with
        that grid.
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
            known = await self._store.get_many(CANONICAL, ids)
            if doubled is not None:
                doubled += _shown_elsewhere(left, known, path[-1])
                doubled = None
            writes = [
                write
                for doc_id, found in zip(ids, known, strict=True)
                if (write := _canonical_write(left[doc_id], found, path, redirects)) is not None
            ]
            results = await self._write(writes)
            changed += sum(result.error is None for result in results)
            # Another follower was there first: look again at what it left.
            left = {result.doc_id: left[result.doc_id] for result in results if result.error}
        return changed

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


def _shown_elsewhere(
    winners: Mapping[str, _Shown], known: Sequence[Revision | None], grid: str
) -> list[tuple[str, str]]:
    here = f'"grid":"{grid}"'.encode()
    return [
        (shown.doc_id, other)
        for shown in known
        if shown is not None and not shown.deleted and not winners[shown.doc_id].deleted
        if here not in shown.body
        and (other := orjson.loads(shown.body).get("grid")) != grid
        and isinstance(other, str)
    ]


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
