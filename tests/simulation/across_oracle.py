"""What must hold across documents once everything has come to rest: each rule of docs/across.md
holds, or a review says that it does not. The rules are written down here a second time, on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import orjson

from conflicts.rules import DUPLICATE, HOUSEHOLD, ORPHAN, finding_id
from tests.simulation.site import Site

Record = Mapping[str, Any]
Records = Mapping[str, Record]
ANSWERED = frozenset({"open", "accepted"})
"""A finding that still is so waits for a person, or one has left it as it is."""


async def across_faults(site: Site, live: Records) -> list[str]:
    """Return what is wrong between the live records of a site, by their ids."""
    statuses = {}
    for change in (await site.disk.changes("reviews", bodies=True)).changes:
        if change.winner is not None and change.doc_id.startswith("across:"):
            statuses[change.doc_id] = str(orjson.loads(change.winner.body)["status"])
    ends = {doc_id: _end(doc_id, live) for doc_id in live}
    standing = {doc_id: one for doc_id, one in live.items() if ends[doc_id] == doc_id}
    found = [
        *_circles(live, ends),
        *_twice(standing, ends, statuses),
        *_households(standing, ends, statuses),
        *_campaigns(standing, live, ends),
        *_contents(live),
    ]
    return [f"site {site.number}: {fault}" for fault in found]


def _end(doc_id: str, live: Records) -> str | None:
    """Return where redirects from a record lead; ``None`` when they run in a circle."""
    seen: list[str] = []
    while doc_id not in seen:
        seen.append(doc_id)
        target = live.get(doc_id, {}).get("merged_into")
        if not isinstance(target, str):
            return doc_id
        doc_id = target
    return None


def _circles(live: Records, ends: Mapping[str, str | None]) -> Iterator[str]:
    for doc_id in live:
        if ends[doc_id] is None:
            yield f"{doc_id} is merged into itself"


def _home(record: Record, ends: Mapping[str, str | None]) -> str:
    home = str(record.get("household"))
    return str(ends.get(home, home))


def _twice(
    standing: Records, ends: Mapping[str, str | None], statuses: Mapping[str, str]
) -> Iterator[str]:
    """Two records of one door, or of one person, are known to somebody."""
    for (one_id, one), (other_id, other) in combinations(sorted(standing.items()), 2):
        if one["type"] != other["type"] or not _alike(one, other):
            continue
        apart = {*(one.get("distinct_from") or ()), *(other.get("distinct_from") or ())}
        if not apart.isdisjoint((one_id, other_id)):
            continue
        status = statuses.get(finding_id(DUPLICATE, one_id, other_id))
        if status not in ANSWERED:
            yield f"{one_id} and {other_id} are one, and nobody is asked: {status}"


def _alike(one: Record, other: Record) -> bool:
    if one["type"] == "household":
        door = [(r.get("building"), r.get("room"), r.get("address")) for r in (one, other)]
        known = all(door[0]) and door[0] == door[1] and door[0][0] == "4栋"
        return known and one["path"][:3] == other["path"][:3]
    if one["type"] == "resident":
        same = bool(one.get("id_number")) and one.get("id_number") == other.get("id_number")
        away = [r.get("presence") == "away" or r.get("status") == "moved_out" for r in (one, other)]
        return same and (one["grid"] == other["grid"] or not any(away))
    return False


def _households(
    standing: Records, ends: Mapping[str, str | None], statuses: Mapping[str, str]
) -> Iterator[str]:
    """Check that a household has one head, and that nobody lives in one that is gone."""
    people: dict[str, list[str]] = {}
    for doc_id, record in standing.items():
        lives = record["type"] == "resident" and record.get("status") != "moved_out"
        if lives and isinstance(record.get("household"), str):
            people.setdefault(_home(record, ends), []).append(doc_id)
    for home, there in sorted(people.items()):
        if home not in standing:
            if statuses.get(finding_id(ORPHAN, home)) not in ANSWERED:
                yield f"{there} live in {home}, which is gone, and nobody is asked"
            continue
        heads = [
            doc_id
            for doc_id in there
            if standing[doc_id].get("relation") == "0" or standing[home].get("head") == doc_id
        ]
        if len(heads) > 1 and statuses.get(finding_id(HOUSEHOLD, home)) not in ANSWERED:
            yield f"{home} has the heads {heads}, and nobody is asked"


def _campaigns(standing: Records, live: Records, ends: Mapping[str, str | None]) -> Iterator[str]:
    """Check that a household has one record of a campaign."""
    known: dict[tuple[str, str], str] = {}
    for doc_id, record in sorted(standing.items()):
        if record["type"] == "campaign-record":
            key = (str(record.get("campaign")), _home(record, ends))
            if key in known:
                yield f"{known[key]} and {doc_id} tell of one household"
            known[key] = doc_id
    for doc_id, record in sorted(live.items()):
        if record["type"] == "campaign-record" and doc_id not in standing:
            end = live.get(str(ends[doc_id]))
            if end is not None and _home(end, ends) != _home(record, ends):
                yield f"{doc_id} is merged into the record of another household"


def _contents(live: Records) -> Iterator[str]:
    """Check that a record contains exactly those which say that it stands for them, as they are."""
    for doc_id, record in sorted(live.items()):
        noted = {entry["key"]: entry["rev"] for entry in record.get("absorbed") or ()}
        for other, rev in noted.items():
            if other in live and live[other].get("merged_into") != doc_id:
                yield f"{doc_id} still contains {other}, which stands for itself"
            elif other in live and live[other]["_rev"] != rev:
                yield f"{doc_id} contains an older {other}"
        target = record.get("merged_into")
        if isinstance(target, str) and target in live:
            contained = {entry["key"] for entry in live[target].get("absorbed") or ()}
            if doc_id not in contained:
                yield f"{target} does not contain {doc_id}, which is merged into it"
