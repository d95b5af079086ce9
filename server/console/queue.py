"""The queue of all that waits for a person: merges, duplicates, rules, refused edits; what of it to
show stands in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from conflicts.reasons import REASONS
from conflicts.rules import (
    DUPLICATE,
    HIGH,
    HOUSEHOLD,
    LOW,
    MERGE,
    NORMAL,
    ORPHAN,
    REFUSED,
    RULES,
    STRUCTURE,
)
from server.console.listing import Document, Page, Source, read_page
from server.i18n import gettext as _
from sync import findings, quarantine, reviews
from sync.indexes import (
    QUARANTINE_BY_NODE,
    QUARANTINE_BY_STATUS,
    REVIEWS_BY_KIND,
    REVIEWS_BY_NODE,
    REVIEWS_BY_REASON,
    REVIEWS_BY_STATUS_AND_KIND,
)
from sync.store import DocumentStore

WAITING: Final = "open"
DONE: Final = "done"
AUTOMATIC: Final = "automatic"
SHOWN: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    WAITING: ((reviews.OPEN,), (quarantine.OPEN,)),
    DONE: (
        (reviews.ACCEPTED, reviews.CHANGED, reviews.UNDONE, findings.APART),
        (quarantine.ACCEPTED, quarantine.CLOSED),
    ),
    AUTOMATIC: ((reviews.SETTLED, reviews.SUPERSEDED), ()),
}
"""What the queue can show, and the statuses of reviews and of refused edits that this means."""
KINDS: Final = (MERGE, DUPLICATE, HOUSEHOLD, ORPHAN, STRUCTURE)
SEVERITIES: Final = (HIGH, NORMAL, LOW)
REFUSED_SEVERITY: Final = NORMAL
DAYS: Final = (1, 3, 7, 30)
REASON_CODES: Final = (*REASONS, *RULES)


def kind_name(kind: str) -> str:
    """Return what a kind of review is called."""
    names = {
        MERGE: _("同时修改"),
        DUPLICATE: _("重复登记"),
        HOUSEHOLD: _("户主"),
        ORPHAN: _("无户人员"),
        STRUCTURE: _("网格归属"),
        REFUSED: _("被退回"),
    }
    return names.get(kind, kind)


def severity_name(severity: int) -> str:
    """Return how grave a review is, in a word."""
    return {HIGH: _("紧要"), NORMAL: _("一般"), LOW: _("轻微")}.get(severity, _("一般"))


@dataclass(frozen=True, slots=True)
class Question:
    """What the address asks to see; ``days`` is the least age, ``mark`` where the page begins."""

    base: str
    shown: str = WAITING
    kind: str = ""
    severity: int = 0
    reason: str = ""
    days: int = 0
    mark: str | None = None

    @classmethod
    def read(cls, base: str, asked: Mapping[str, str]) -> Question:
        """Return what an address asks for; what it cannot mean is passed over."""
        shown = asked.get("show", WAITING)
        kind, reason = asked.get("kind", ""), asked.get("reason", "")
        severity, days = asked.get("severity", ""), asked.get("days", "")
        return cls(
            base,
            shown if shown in SHOWN else WAITING,
            kind if kind in (*KINDS, REFUSED) else "",
            int(severity) if severity in map(str, SEVERITIES) else 0,
            reason if reason in REASON_CODES else "",
            int(days) if days in map(str, DAYS) else 0,
            asked.get("after"),
        )

    @property
    def filters(self) -> dict[str, str]:
        """What is filtered by, as it stands in an address."""
        told = {
            "show": "" if self.shown == WAITING else self.shown,
            "kind": self.kind,
            "severity": str(self.severity or ""),
            "reason": self.reason,
            "days": str(self.days or ""),
        }
        return {name: value for name, value in told.items() if value}

    def address(self, **other: str) -> str:
        """Return the address of the queue with some filters changed; an empty one is left out."""
        query = {name: value for name, value in {**self.filters, **other}.items() if value}
        return f"{self.base}?{urlencode(query)}" if query else self.base

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered by."""
        return bool(self.kind or self.severity or self.reason or self.days)

    def before(self, now: datetime) -> str | None:
        """Return the time before which what is shown must have come; ``None`` for any."""
        if not self.days or self.shown != WAITING:
            return None
        moment = now - timedelta(days=self.days)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def sources(self, path: Sequence[str], now: datetime) -> list[Source]:
        """Return what to read. By reason it goes grid by grid, otherwise by age."""
        of_reviews, of_refused = SHOWN[self.shown]
        node, until = path[-1], self.before(now)
        if self.reason:
            return [Source(REVIEWS_BY_REASON, (self.reason, one, *path)) for one in of_reviews]
        refused = [Source(QUARANTINE_BY_NODE, (node, one), until) for one in of_refused]
        if self.kind == REFUSED:
            return refused if self.severity in (0, REFUSED_SEVERITY) else []
        if not self.kind and not self.severity:
            plain = [Source(REVIEWS_BY_NODE, (node, one), until) for one in of_reviews]
            return [*plain, *refused]
        kinds = (self.kind,) if self.kind else KINDS
        severities = (self.severity,) if self.severity else SEVERITIES
        found = [
            Source(REVIEWS_BY_KIND, (node, one, kind, severity), until)
            for one in of_reviews
            for kind in kinds
            for severity in severities
        ]
        return found + (refused if not self.kind and self.severity == REFUSED_SEVERITY else [])

    def fits(self, document: Document, now: datetime) -> bool:
        """Tell whether a document is one asked for, as far as its source does not say so."""
        until = self.before(now)
        return (
            (not self.kind or self.kind == kind_of(document))
            and (not self.severity or self.severity == severity_of(document))
            and (until is None or opened_of(document) < until)
        )


def kind_of(document: Document) -> str:
    """Return the kind of a document in the queue."""
    return REFUSED if document["_id"].startswith("refused:") else str(document.get("kind", MERGE))


def severity_of(document: Document) -> int:
    """Return how grave a document in the queue is."""
    return int(document.get("severity", REFUSED_SEVERITY))


def opened_of(document: Document) -> str:
    """Return since when a document has been in the queue."""
    return str(document.get("opened") or document.get("at") or "")


async def read(
    store: DocumentStore, question: Question, path: Sequence[str], now: datetime
) -> Page:
    """Return a page of the queue: what waits with the oldest first, the rest with the newest."""
    page = await read_page(
        store,
        question.sources(path, now),
        descending=question.shown != WAITING,
        mark=question.mark,
    )
    return Page([d for d in page.documents if question.fits(d, now)], page.mark)


async def waiting_by_kind(store: DocumentStore, path: Sequence[str]) -> dict[str, int]:
    """Return how many wait under a node, by kind."""
    waiting = {}
    for kind in KINDS:
        groups = await store.roll_up(REVIEWS_BY_STATUS_AND_KIND, prefix=(WAITING, kind, *path))
        waiting[kind] = groups[0].count if groups else 0
    groups = await store.roll_up(QUARANTINE_BY_STATUS, prefix=(quarantine.OPEN, *path))
    waiting[REFUSED] = groups[0].count if groups else 0
    return waiting
