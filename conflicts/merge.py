"""Merge all leaves of a document at once into one revision, and say how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from grid.models import field_policies, upcast
from grid.policy import Merge

from . import reasons
from .ancestry import History
from .author import Author, read_author
from .fields import FieldMerge, merge_fields
from .model import Body, Decision, FieldDecision, Leaf, Merged, Receipt, Side
from .policies import Bases
from .revision import merged_revision, tombstone_revision, winning_order

POLICY_VERSION: Final = 3
"""Raised whenever the same leaves would merge to something else; part of every merged revision."""

DELETION: Final = "_deleted"
"""The name under which a decision between keeping and deleting a document is recorded."""

LASTING: Final = frozenset({"type", "grid", "updated"})
"""What stays in the body of a document that everybody deleted."""

PolicyTable = Callable[[str | None], Mapping[str, Merge]]


def declared_policies(record_type: str | None) -> Mapping[str, Merge]:
    """Return the policies a record type's model declares; none for a type we do not know."""
    return field_policies(record_type) if record_type is not None else {}


def merge(
    doc_id: str,
    leaves: Sequence[Leaf],
    bodies: Mapping[str, Body],
    *,
    policies: PolicyTable = declared_policies,
    upcast: Callable[[Body], Body] = upcast,
    receipts: Mapping[str, Receipt] = MappingProxyType({}),
) -> Merged:
    """Merge all leaves of a document: order, repetition and grouping do not matter.

    ``leaves`` are all leaves of the document, deleted ones and the resolver's own tombstones
    included. ``bodies`` are archived bodies by revision; ``conflicts.ancestry.wanted`` names those
    that matter. What is missing there costs precision (more is held concurrent, so more reviews),
    never a value. The result is deleted only if everybody deleted: each the leaf he knew, while
    those had already been merged. Documents of older schemas are brought up to ours first
    (``upcast``), so the result has the highest schema there is. ``receipts`` are of
    revisions that do not say themselves when they were made. Raises ``ValueError`` when there is no
    leaf at all.
    """
    if not leaves:
        raise ValueError(f"{doc_id}: a merge needs at least one leaf")
    history = History(leaves, bodies, upcast, receipts)
    lineup = _line_up(history)
    if lineup.settled is not None:
        return _nothing_to_do(doc_id, history, lineup)
    authors = [read_author(rev, history) for rev in lineup.authors]
    fields = _merge_authors(authors, history, policies)
    deleted = all(author.deletes for author in authors)
    parent = max(lineup.live_heads, key=lambda rev: winning_order(rev, False))
    decided = [] if deleted else [*_deletion(authors), *fields.decisions]
    parts = [part for head in lineup.heads for part in history.parts(head)]
    parents = sorted({*lineup.heads, *lineup.authors, *parts})
    kept = {name: fields.body[name] for name in fields.body if not deleted or name in LASTING}
    body = dict(sorted({**kept, "merge": _note(authors, parents, decided)}.items()))
    rev = merged_revision(parent, parents, POLICY_VERSION, body)
    decision = Decision(
        doc_id=doc_id,
        type=_text(body.get("type")),
        grid=_text(body.get("grid")),
        rev=rev,
        base_rev=fields.base_rev,
        base=fields.base,
        leaves=tuple(lineup.authors),
        fields=tuple(decided),
        reviews=_reviews(decided),
        policy_version=POLICY_VERSION,
        supersedes=tuple(rev for rev in lineup.heads if rev not in lineup.authors),
    )
    losers = [leaf for leaf in lineup.live_leaves if leaf != parent]
    return Merged(doc_id, rev, parent, body, deleted, _close(losers), decision)


@dataclass(slots=True)
class _Lineup:
    """Who takes part: the leaves not contained in others, the people's edits they stand for."""

    heads: list[str]
    live_heads: list[str]
    live_leaves: list[str]
    authors: list[str]
    settled: str | None
    """The head that is already the merge of all the others, if there is one."""


def _line_up(history: History) -> _Lineup:
    revs = sorted(rev for rev in history.leaves if not history.is_tombstone(rev))
    revs = revs or sorted(history.leaves)
    if len(revs) == 1:
        live = [rev for rev in revs if not history.is_deleted(rev)]
        return _Lineup(revs, live, live, revs, revs[0])
    candidates = frozenset().union(*(history.authors(rev) for rev in revs))
    history.survey([*revs, *candidates])
    heads = sorted(history.maximal(revs))
    authors = history.maximal(frozenset().union(*(history.authors(rev) for rev in heads)))
    live = [rev for rev in heads if not history.is_deleted(rev)]
    complete = [rev for rev in live if all(history.covers(rev, other) for other in heads)]
    settled = max(
        complete if live else heads,
        key=lambda rev: winning_order(rev, history.is_deleted(rev)),
        default=None,
    )
    return _Lineup(
        heads=heads,
        live_heads=live,
        live_leaves=[rev for rev in revs if not history.is_deleted(rev)],
        authors=sorted(authors),
        settled=settled,
    )


def _nothing_to_do(doc_id: str, history: History, lineup: _Lineup) -> Merged:
    rev = lineup.settled or lineup.heads[0]
    body = dict(history.leaves[rev].body)
    decision = Decision(
        doc_id=doc_id,
        type=_text(body.get("type")),
        grid=_text(body.get("grid")),
        rev=rev,
        base_rev=None,
        base=None,
        leaves=tuple(lineup.authors),
        fields=(),
        reviews=(),
        policy_version=POLICY_VERSION,
    )
    losers = [leaf for leaf in lineup.live_leaves if leaf != rev]
    deleted = history.is_deleted(rev)
    return Merged(doc_id, rev, rev, body, deleted, _close(losers), decision, noop=True)


def _merge_authors(
    authors: Sequence[Author], history: History, policies: PolicyTable
) -> FieldMerge:
    speaking = [author for author in authors if author.content is not None]
    if not speaking:
        return FieldMerge({}, [], None, None)
    newest = max(speaking, key=lambda author: (author.at or "", author.rev))
    record_type = _text(newest.content.get("type")) if newest.content is not None else None
    table = policies(record_type)
    if len(speaking) == 1:
        bases, base_rev = Bases(speaking[0].content), None
    else:
        bases, base_rev = find_bases([author.rev for author in speaking], history, policies)
        bases.one_origin = len({author.created_at for author in speaking}) == 1
    return merge_fields(speaking, bases, base_rev, table)


def find_bases(
    revs: Sequence[str], history: History, policies: PolicyTable
) -> tuple[Bases, str | None]:
    """Return the states from which ``revs`` parted, and the revision of the one common to all.

    When histories crossed there are several nearest common ancestors; their merge is the base then
    (and it has no revision of its own).
    """
    together = history.common(revs)
    common, base_rev = _state(together, history, policies)
    pairs: dict[tuple[int, int], Body | None] = {}
    uniform = True
    if len(revs) > 2:
        for left in range(len(revs)):
            for right in range(left + 1, len(revs)):
                shared = history.common([revs[left], revs[right]])
                uniform = uniform and shared == together
                pairs[left, right] = (
                    common if shared == together else _state(shared, history, policies)[0]
                )
    return Bases(common, None if uniform else pairs), base_rev


def _state(
    revs: frozenset[str], history: History, policies: PolicyTable
) -> tuple[Body | None, str | None]:
    """Return the state that contains exactly ``revs``, and its revision if it has one."""
    if not revs:
        return None, None
    if len(revs) == 1:
        (rev,) = revs
        found = history.nearest_body(rev)
        return (history.upcast(found[1]), found[0]) if found is not None else (None, None)
    authors = [read_author(rev, history) for rev in sorted(revs)]
    return _merge_authors(authors, history, policies).body or None, None


def _deletion(authors: Sequence[Author]) -> list[FieldDecision]:
    """Return the decision between keeping and deleting, if anybody deleted: the edit wins."""
    if not any(author.deletes for author in authors):
        return []
    sides = tuple(
        Side(author.rev, author.by, author.device, author.at, author.deletes, author.deletes)
        for author in authors
    )
    kept = [side.rev for side in sides if not side.value]
    return [
        FieldDecision(
            field=DELETION,
            policy="edit-wins",
            base=False,
            sides=sides,
            value=False,
            chosen=kept[0] if len(kept) == 1 else None,
            lost=tuple(side for side in sides if side.value),
            review=reasons.EDITED_AND_DELETED,
        )
    ]


def _note(
    authors: Sequence[Author], parents: Sequence[str], decided: Sequence[FieldDecision]
) -> dict[str, Any]:
    """Return the ``merge`` member: what the merge contains and what became of whose edit.

    Fields that only one author changed are left out: they were simply taken over.
    """
    fields = {
        field.field: {
            "policy": field.policy,
            "chosen": field.chosen,
            "lost": [side.rev for side in field.lost],
            "review": field.review,
        }
        for field in decided
        if field.review or field.lost or field.chosen is None
    }
    sides = [
        {"rev": author.rev, "by": author.by, "device": author.device, "at": author.at}
        | ({"deleted": True} if author.deletes else {})
        for author in authors
    ]
    return {
        "parents": list(parents),
        "sides": sides,
        "fields": fields,
        "review": any(field.review for field in decided),
        "policy": POLICY_VERSION,
    }


def _reviews(decided: Sequence[FieldDecision]) -> tuple[str, ...]:
    return tuple(sorted({field.review for field in decided if field.review is not None}))


def _close(losers: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((leaf, tombstone_revision(leaf)) for leaf in losers)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
