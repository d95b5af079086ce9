"""The server's own databases: opened, and made where they are not there yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from server.gauges import INDEXES as GAUGES
from server.sessions import SESSIONS_BY_USER
from server.settings import Settings, SettingsError
from sync import open_store
from sync.indexes import ALL_INDEXES
from sync.kin import note_reviewed
from sync.store import DocumentStore

DATABASES: Final = ("registry", "canonical", "kin", "reviews", "quarantine", "arrivals", "audit")
INDEXES: Final = (*ALL_INDEXES, SESSIONS_BY_USER, *GAUGES)
"""All indexes that are declared, the server's own included."""


async def open_databases(settings: Settings) -> DocumentStore:
    """Open the store; make the server's own databases and indexes if they are not there.

    Raise ``SettingsError`` for an address of an unknown kind, ``StoreError`` when it does not open.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        store = open_store(settings.store_url)
    except ValueError as error:
        raise SettingsError(f"store (WANGGE_STORE): {error}") from None
    try:
        await asyncio.gather(*map(store.create_database, DATABASES))
        await store.ensure_indexes(INDEXES)
        await note_reviewed(store)
    except BaseException:
        await store.close()
        raise
    return store


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[DocumentStore]:
    """Open the store for one command and close it after."""
    store = await open_databases(settings)
    try:
        yield store
    finally:
        await store.close()
