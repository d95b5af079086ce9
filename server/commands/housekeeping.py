"""``wangge housekeeping``: all that is due, so that nothing grows for ever.

Every step may be repeated and broken off anywhere; what was left is done the next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from ulid import ULID

from server.audit import DATABASE as AUDIT
from server.clock import timestamp, utc_now
from server.databases import opened
from server.settings import Settings
from sync.arrivals import ARRIVALS
from sync.couch import CouchStore
from sync.follower import Follower
from sync.paths import GRID_PREFIX
from sync.registry import Registry
from sync.retention import purge_history
from sync.rollover import Limits, find_due, roll_over, unfinished
from sync.store import DocumentStore, Write

_PAGE: Final = 500


def housekeeping(settings: Settings, *, dry_run: bool) -> None:
    """Do what is due and say what it was; with ``dry_run`` only say it."""
    asyncio.run(_all(settings, dry_run))


async def _all(settings: Settings, dry_run: bool) -> None:
    async with opened(settings) as store:
        if not dry_run:
            found = await purge_history(store, _days_ago(settings.history_days))
            typer.echo(f"history: {found.bodies} bodies, {found.arrivals} arrivals forgotten")
        await _roll_over(store, settings, dry_run)
        entries = await _old_entries(store, settings, dry_run)
        typer.echo(f"audit: {entries} entries older than {settings.audit_days} days")
        if not dry_run:
            for name in (ARRIVALS, AUDIT):
                await drop_all_tombstones(store, name)
            if isinstance(store, CouchStore):
                typer.echo(f"indexes: {await store.tidy_views()} outdated ones removed")


def limits_of(settings: Settings) -> Limits:
    """Return what is old enough to go. A closed branch is part of a living record's history, so it
    stays as long as that does."""
    branches = max(settings.tombstone_days, settings.history_days)
    least = settings.rollover_tombstones
    return Limits(_days_ago(settings.tombstone_days), _days_ago(branches), least)


def _days_ago(days: int) -> str:
    return timestamp(utc_now() - timedelta(days=days))


async def _roll_over(store: DocumentStore, settings: Settings, dry_run: bool) -> None:
    limits = limits_of(settings)
    follower = Follower(store, Registry(store))
    names = await store.database_names(GRID_PREFIX)
    rolled = dropped = undated = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=True) as bar:
        for name in bar.track(names, description="grids"):
            begun = await unfinished(store, name)
            if not dry_run and (begun or (await store.database_info(name)).deleted_count):
                await follower.follow(name)
            due = await find_due(store, name, limits)
            undated += due.undated
            if due.count < limits.least and not begun:
                continue
            rolled += 1
            dropped += due.count
            if not dry_run:
                await roll_over(store, name, due, limits.documents)
    verb = "due for" if dry_run else "done"
    typer.echo(f"rollover: {verb} {rolled} of {len(names)} grids, {dropped} tombstones")
    if undated:
        typer.echo(f"rollover: {undated} tombstones stay, because their age is not known")


async def _old_entries(store: DocumentStore, settings: Settings, dry_run: bool) -> int:
    """Delete audit entries older than the setting; return how many there are."""
    oldest = ULID.from_datetime(utc_now() - timedelta(days=settings.audit_days))
    end = f"audit:{str(oldest)[:10]}"
    count = 0
    start: str | None = None
    while found := await store.documents(
        AUDIT, start=start, end=end, include_end=False, limit=_PAGE
    ):
        count += len(found)
        start = found[-1].doc_id + "\0"
        if not dry_run:
            stones = [Write(one.doc_id, b"{}", ancestors=(one.rev,), deleted=True) for one in found]
            await store.write(AUDIT, stones)
    return count


async def drop_all_tombstones(store: DocumentStore, database: str) -> None:
    """Drop every tombstone of a database that nobody replicates."""
    async for stones in _stones(store, database):
        await store.drop_tombstones(database, stones)


async def _stones(store: DocumentStore, database: str) -> AsyncIterator[dict[str, list[str]]]:
    if not (await store.database_info(database)).deleted_count:
        return
    since = "0"
    while (page := await store.changes(database, since, limit=_PAGE)).changes:
        yield {one.doc_id: [one.leaves[0].rev] for one in page.changes if one.deleted}
        since = page.last_seq
