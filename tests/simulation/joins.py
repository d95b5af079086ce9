"""What supervisors do about findings across documents, from the numbers of a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conflicts.rules import DUPLICATE, HOUSEHOLD, ORPHAN
from grid.permissions import Actor
from sync import duplicates, findings, mending, reviews
from sync.store import IndexRow
from tests.simulation import town
from tests.simulation.script import Op
from tests.simulation.site import Site

_STATUSES = ("open", "settled", "accepted", "apart", "undone", "superseded")


async def act(site: Site, op: Op, actor: Actor) -> str:
    """Let a person act on one of the findings; return what he did."""
    rows: list[IndexRow] = []
    for status in _STATUSES if op.c % 4 else _STATUSES[2:]:
        found = await reviews.open_reviews(site.store, town.DISTRICT, status=status)
        rows = rows or [row for row in found if row.doc_id.startswith("across:")]
    if not rows:
        return "none"
    row = rows[op.c // 4 % len(rows)]
    document = row.document or {}
    steps = {DUPLICATE: _on_duplicate, HOUSEHOLD: _on_heads, ORPHAN: _on_orphans}
    if document["kind"] not in steps or op.d % 16 == 15:
        await mending.leave_so(site.store, row.doc_id, actor)
        return f"{row.doc_id} left so"
    how = await steps[document["kind"]](site, op, actor, row.doc_id, document)
    return f"{row.doc_id} {document['reviews']}: {how}"


async def _on_duplicate(
    site: Site, op: Op, actor: Actor, review: str, document: Mapping[str, Any]
) -> str:
    how = op.d % 4
    if how == 3:
        await duplicates.keep_apart(site.store, review, actor)
        return "kept apart"
    if how == 2 or document["status"] in (findings.ACCEPTED, findings.SETTLED):
        await duplicates.undo(site.store, review, actor)
        return "undone"
    keeps = document["subjects"][op.d // 4 % 2]
    await duplicates.merge(site.store, review, actor, keeps=keeps)
    return f"merged, {keeps} stands"


async def _on_heads(
    site: Site, op: Op, actor: Actor, review: str, document: Mapping[str, Any]
) -> str:
    claimants = document["subjects"][1:]
    head = claimants[op.d % len(claimants)]
    await mending.choose_head(site.store, review, actor, head)
    return f"{head} is head"


async def _on_orphans(
    site: Site, op: Op, actor: Actor, review: str, document: Mapping[str, Any]
) -> str:
    if op.d % 2:
        await mending.restore_household(site.store, review, actor)
        return "household restored"
    await mending.move_people_out(site.store, review, actor)
    return "moved out"
