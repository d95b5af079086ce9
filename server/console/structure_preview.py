"""What an operation on grids will touch, counted before anybody confirms it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conflicts.structure import Structure
from grid.masking import mask_record
from grid.operations import GridOperation, Kind
from grid.placing import place
from server.clock import utc_now
from server.console.counts import Counts, counts_of
from server.console.fields import title_of
from sync.indexes import HOUSEHOLDS_BY_ADDRESS, RESIDENTS_BY_HOUSEHOLD
from sync.registry import DATABASE, Registry
from sync.store import DocumentStore

_PAGE: Final = 500
_MOST_NAMED: Final = 20


@dataclass(slots=True)
class Share:
    """What one of the receiving grids gets; a count of ``None`` was not worked out."""

    code: str
    name: str
    new: bool
    households: int | None = None
    residents: int | None = None
    children: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Preview:
    """The outcome of an operation in figures and names."""

    grids: int
    counts: Counts
    shares: list[Share]
    workers: list[str]
    devices: int
    unplaced: list[str]
    unplaced_count: int


async def preview_of(
    store: DocumentStore, registry: Registry, operation: GridOperation, after: Structure
) -> Preview:
    """Count what an operation touches; ``after`` is the structure that it brings about."""
    before = await registry.structure()
    subjects = [code for code in await _subjects(registry, operation) if code in before.hierarchy]
    totals = [await counts_of(store, before.hierarchy.path(code), utc_now()) for code in subjects]
    grids = [node for code in subjects for node in before.hierarchy.descendants(code)]
    workers = await _workers(registry, {node.code for node in grids})
    preview = Preview(
        sum(node.holds_records and not node.closed for node in grids),
        _sum(totals),
        [],
        [name for _, name in workers],
        await _devices(store, {username for username, _ in workers}),
        [],
        0,
    )
    await _share(store, before, operation, after, preview)
    return preview


async def _subjects(registry: Registry, operation: GridOperation) -> Sequence[str]:
    """Return the grids an operation is about: of an undo those that give records back."""
    if operation.kind is not Kind.UNDO:
        return operation.grids
    undone = next(one for one in await registry.operations() if one.id == operation.of)
    return [part.code for part in undone.parts] or undone.grids


async def _share(
    store: DocumentStore,
    before: Structure,
    operation: GridOperation,
    after: Structure,
    preview: Preview,
) -> None:
    shares = {
        part.code: Share(part.code, after.hierarchy.node(part.code).name, part.name is not None)
        for part in operation.parts
        if part.code in after.hierarchy
    }
    preview.shares = list(shares.values())
    if operation.kind is not Kind.SPLIT:
        if len(shares) == 1 and preview.shares:
            preview.shares[0].households = preview.counts.households
            preview.shares[0].residents = preview.counts.residents
        return
    subject = before.hierarchy.node(operation.grids[0])
    if not subject.holds_records:
        for child in before.hierarchy.children(subject.code):
            parent = after.hierarchy.node(child.code).parent
            if parent in shares:
                shares[parent].children.append(child.name)
        return
    path = before.hierarchy.path(subject.code)
    residents = await _residents(store, path)
    for share in shares.values():
        share.households = share.residents = 0
    async for doc_id, document in _households(store, path):
        target = place(operation.parts, operation.rest, doc_id, document)
        if target is None:
            preview.unplaced_count += 1
            if len(preview.unplaced) < _MOST_NAMED:
                preview.unplaced.append(title_of(mask_record(document)))
            continue
        share = shares[target]
        share.households = (share.households or 0) + 1
        share.residents = (share.residents or 0) + residents.get(doc_id, 0)


async def _households(store: DocumentStore, path: Sequence[str]) -> Any:
    after = None
    while rows := await store.query(
        HOUSEHOLDS_BY_ADDRESS, prefix=tuple(path), after=after, limit=_PAGE, documents=True
    ):
        after = (rows[-1].key, rows[-1].doc_id)
        for row in rows:
            yield row.doc_id, row.document or {}


async def households_of(store: DocumentStore, path: Sequence[str]) -> list[tuple[str, str]]:
    """Return a grid's households by id with their masked titles, door by door."""
    return [
        (doc_id, title_of(mask_record(document)))
        async for doc_id, document in _households(store, path)
    ]


async def _residents(store: DocumentStore, path: Sequence[str]) -> Mapping[str, int]:
    groups = await store.roll_up(RESIDENTS_BY_HOUSEHOLD, prefix=tuple(path), level=len(path) + 1)
    return {str(group.key[-1]): group.count for group in groups}


async def _workers(registry: Registry, codes: set[str]) -> list[tuple[str, str]]:
    """Return accounts, with their names, that work in one of these grids."""
    found = []
    for account in await registry.accounts():
        held = await registry.actor(account.username, None)
        if not held.grids.isdisjoint(codes):
            found.append((account.username, account.name))
    return found


async def _devices(store: DocumentStore, usernames: set[str]) -> int:
    """Count the devices on which these people ever signed in."""
    devices = await store.documents(DATABASE, start="device:", end="device;", include_end=False)
    return sum(not usernames.isdisjoint(one.document()["users"]) for one in devices)


def _sum(totals: Sequence[Counts]) -> Counts:
    return Counts(
        households=sum(one.households for one in totals),
        residents=sum(one.residents for one in totals),
        open_events=sum(one.open_events for one in totals),
        reviews=sum(one.reviews for one in totals),
        refused=sum(one.refused for one in totals),
    )
