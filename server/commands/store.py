"""``wangge init``."""

from __future__ import annotations

import asyncio

from server.databases import opened
from server.settings import Settings


def init(settings: Settings) -> None:
    """Make the store, its databases and the secret key; harmless when they are there."""
    settings.signing_key()
    asyncio.run(_open_once(settings))


async def _open_once(settings: Settings) -> None:
    async with opened(settings):
        pass
