"""The canonical database: every live record once, with its path of grids.

Written by the follower only. A record's canonical document has its fields, and besides ``path``
(codes from the district to the grid), ``source_rev`` (the winning revision it shows), ``search``
(what it can be found by), for households ``door`` (what they are sorted by), and for patrols and
visits ``week``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import orjson

from grid.models import upcast
from sync.paths import GRID_PREFIX, grid_path
from sync.registry import Registry
from sync.store import DocumentStore, Revision, Write

CANONICAL: Final = "canonical"
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

    async def project(self, database: str, winners: Sequence[Revision]) -> int:
        """Bring the canonical documents of these winners up to date; return how many changed."""
        path = await grid_path(self._registry, database)
        left = {winner.doc_id: winner for winner in winners}
        changed = 0
        for _ in range(_ATTEMPTS):
            if not left:
                break
            ids = list(left)
            known = await self._store.get_many(CANONICAL, ids)
            writes = [
                write
                for doc_id, found in zip(ids, known, strict=True)
                if (write := _canonical_write(left[doc_id], found, path)) is not None
            ]
            results = await self._store.write(CANONICAL, writes) if writes else []
            changed += sum(result.error is None for result in results)
            # Another follower was there first: look again at what it left.
            left = {result.doc_id: left[result.doc_id] for result in results if result.error}
        return changed

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


def _canonical_write(winner: Revision, known: Revision | None, path: Sequence[str]) -> Write | None:
    """Return what to write for a winner, ``None`` when the canonical document needs nothing."""
    before = orjson.loads(known.body) if known is not None else {}
    live = known is not None and not known.deleted
    if winner.deleted:
        # A record that moved lives on in its new grid, which then is what ``grid`` names.
        if not live or before.get("path", [None])[-1] != path[-1]:
            return None
        rest = {name: before[name] for name in ("type", "grid", "path") if name in before}
        body = {**rest, "source_rev": winner.rev}
        assert known is not None
        return Write(winner.doc_id, orjson.dumps(body), ancestors=(known.rev,), deleted=True)
    if live and before.get("source_rev") == winner.rev and before.get("path") == list(path):
        return None
    parent = (known.rev,) if known is not None and live else ()
    return Write(winner.doc_id, orjson.dumps(canonical_body(winner, path)), ancestors=parent)


def canonical_body(winner: Revision, path: Sequence[str]) -> dict[str, Any]:
    """Return the canonical document of a live record."""
    record = upcast(orjson.loads(winner.body))
    body = {
        **record,
        "grid": path[-1],
        "path": list(path),
        "source_rev": winner.rev,
        "search": search_terms(record, path),
    }
    if record.get("type") == "household":
        body["door"] = door_key(record)
    week = _week(record)
    if week is not None:
        body["week"] = week
    return body


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
