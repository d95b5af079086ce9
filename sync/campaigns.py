"""Campaign records of households that were merged into one: one is left for each campaign.

A campaign record's id is made of campaign and household, so that two workers meet in one document.
Two households that turn out to be one have two of them. The one of the household that stands then
takes in the others, like any duplicate (``sync.joining``); when the households come apart again, so
do they. It follows from the documents alone, with revision ids that depend on them alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from conflicts.duplicates import ABSORBED, REDIRECT, seniority
from conflicts.joining import redirected
from conflicts.references import final
from grid.models import natural_id
from sync.editing import SYSTEM
from sync.held import Held, held, write_derived
from sync.indexes import RECORDS_BY_REFERENCE
from sync.joining import Joining
from sync.kin import kin_of, told_kin
from sync.redirects import CANONICAL, redirect_of, redirects_from
from sync.store import DocumentStore

CAMPAIGN_RECORD: Final = "campaign-record"
_RECORDS: Final = f"{CAMPAIGN_RECORD}:"
_MOST: Final = 1000

Group = tuple[str, str]
"""A campaign, and the household that its records are of today."""


class Campaigns:
    """Keeps one campaign record for each campaign and household that stands."""

    def __init__(self, store: DocumentStore, joining: Joining) -> None:
        self._store = store
        self._joining = joining

    async def settle(
        self, bodies: Mapping[str, Mapping[str, Any]], kin: Mapping[str, set[str]]
    ) -> int:
        """Look at the campaign records among these live records, and at those of households that
        have kin; return how many revisions were written. ``kin`` is of all that a batch touched.
        Costs one read where nothing was ever joined."""
        households = {doc_id for doc_id in kin if doc_id.startswith("household:")}
        records = await self._concerned(
            {doc_id: body for doc_id, body in bodies.items() if doc_id.startswith(_RECORDS)}
        )
        if not households and not records:
            return 0
        members = await self._members(households, records)
        redirects = await redirects_from(self._store, {_home(one.body) for one in members.values()})
        groups: dict[Group, list[Held]] = {}
        for member in members.values():
            group = (str(member.body.get("campaign")), final(_home(member.body), redirects))
            groups.setdefault(group, []).append(member)
        written = sum([await self._join(*key, some) for key, some in sorted(groups.items())])
        for doc_id, member in sorted(members.items()):
            for entry in member.body.get(ABSORBED) or ():
                written += await self._joining.compare(doc_id, entry["key"])
        return written

    async def _concerned(self, bodies: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """Return those of these campaign records that may have to be joined or parted."""
        kin = await kin_of(self._store, [*bodies, *(_home(body) for body in bodies.values())])
        return {doc_id for doc_id, body in bodies.items() if doc_id in kin or _home(body) in kin}

    async def _members(self, households: set[str], records: set[str]) -> dict[str, Held]:
        """Return the campaign records of these and of all households that are, or were, one with
        them, records joined into others too."""
        members: dict[str, Held] = {}
        seen: set[str] = set()
        family: set[str] = set()
        ahead = set(records)
        while ahead or households - family:
            new = households - family
            family |= new
            households = households.union(*(await kin_of(self._store, new)).values())
            for doc_id in sorted(new):
                ahead |= await self._records_of(doc_id)
            looked_at, ahead = ahead - seen, set()
            seen |= looked_at
            ahead = ahead.union(*(await kin_of(self._store, looked_at)).values())
            for doc_id in sorted(looked_at):
                found = await held(self._store, doc_id)
                if found is not None:
                    members[doc_id] = found
                    ahead |= told_kin(found.body)
                    households.add(_home(found.body))
            campaigns = {str(one.body.get("campaign")) for one in members.values()}
            ahead |= {_natural(one, home) for one in campaigns for home in family}
            ahead -= seen
        return members

    async def _records_of(self, household: str) -> set[str]:
        rows = await self._store.query(
            RECORDS_BY_REFERENCE, prefix=(household, CAMPAIGN_RECORD), limit=_MOST
        )
        return {row.doc_id for row in rows}

    async def _join(self, campaign: str, household: str, members: list[Held]) -> int:
        """Let one of these records of one campaign and household stand for the others."""
        own = _natural(campaign, household)
        known = await self._store.get(CANONICAL, own)
        if known is not None and known.deleted and redirect_of(known) is None:
            return 0  # somebody deleted what they were told of this household
        first = min(members, key=lambda one: (_id(one) != own, seniority(_named(one))))
        written = 0
        for member in members:
            keeps = None if member is first else _id(first)
            if member.body.get(REDIRECT) != keeps:
                other = first.body if keeps is not None else member.body
                joined = redirected(member.body, other, keeps, SYSTEM)
                await write_derived(self._store, member, joined)
                written += 1
        return written


def _home(body: Mapping[str, Any]) -> str:
    return str(body.get("household"))


def _id(member: Held) -> str:
    return member.revision.doc_id


def _named(member: Held) -> dict[str, Any]:
    return {**member.body, "_id": _id(member)}


def _natural(campaign: str, household: str) -> str:
    return str(natural_id({"type": CAMPAIGN_RECORD, "campaign": campaign, "household": household}))
