"""``wangge init``."""

from __future__ import annotations

import asyncio

from server.databases import opened
from server.settings import Settings
from sync.couch import CouchStore, parse_address


def init(settings: Settings) -> None:
    """Make the store, its databases and the secret key; harmless when they are there."""
    settings.signing_key()
    asyncio.run(_open_once(settings))


async def _open_once(settings: Settings) -> None:
    await _prepare_couchdb(settings)
    async with opened(settings):
        pass


async def _prepare_couchdb(settings: Settings) -> None:
    """Make CouchDB's own system databases; an embedded store has none."""
    if settings.store_url.startswith("couchdb"):
        store = CouchStore(parse_address(settings.store_url))
        try:
            await store.databases.prepare()
        finally:
            await store.close()
