"""``wangge purge-history``: the end of what the history keeps."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import typer

from server.clock import timestamp, utc_now
from server.databases import opened
from server.settings import Settings
from sync.retention import Forgotten, purge_history


def purge(settings: Settings) -> None:
    """Forget bodies that were replaced longer ago than the setting says, and say how many."""
    found = asyncio.run(_purge(settings))
    typer.echo(f"{found.bodies} revision bodies and {found.arrivals} arrival entries forgotten")


async def _purge(settings: Settings) -> Forgotten:
    cutoff = utc_now() - timedelta(days=settings.history_days)
    async with opened(settings) as store:
        return await purge_history(store, timestamp(cutoff))
