"""The store that tests run on: an embedded one, or a corner of the CouchDB that
``WANGGE_TEST_STORE`` names (``couchdb://name:password@host:5984``)."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sync import open_store
from sync.couch.databases import INTERNAL
from sync.store import DocumentStore

VARIABLE = "WANGGE_TEST_STORE"


def store_url(embedded: str = "sqlite:///:memory:") -> str:
    """Return the address of an empty store: ``embedded``, or a new prefix in the CouchDB."""
    url = os.environ.get(VARIABLE)
    return embedded if url is None else f"{url.rstrip('/')}/?prefix=test{secrets.token_hex(4)}-"


async def remove_databases(url: str) -> None:
    """Destroy what a test left in the CouchDB; an embedded store goes with its folder."""
    if url.startswith("couchdb"):
        store = open_store(url)
        for name in [*await store.database_names(), INTERNAL]:
            await store.delete_database(name)
        await store.close()


@asynccontextmanager
async def empty_store(embedded: str = "sqlite:///:memory:") -> AsyncIterator[DocumentStore]:
    """Open an empty store, and remove it at the end."""
    url = store_url(embedded)
    store = open_store(url)
    try:
        yield store
    finally:
        await store.close()
        await remove_databases(url)
