"""The store that tests run on: an embedded one, or a corner of the CouchDB that
``WANGGE_TEST_STORE`` names (``couchdb://name:password@host:5984``)."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sync import open_store
from sync.couch.databases import INTERNAL
from sync.store import DocumentStore

VARIABLE = "WANGGE_TEST_STORE"
SPARSELY = 5 if VARIABLE in os.environ else 1
"""A test that founds a town for each of its examples takes one in so many of them: a second each
on a CouchDB."""


PATIENCE_SECONDS = 30.0 if "," in os.environ.get(VARIABLE, "") else 0.0
"""How long one copy of a cluster may be behind the others; other stores have but one answer."""
Answer = TypeVar("Answer")


async def eventually(
    ask: Callable[[], Awaitable[Answer]], good: Callable[[Answer], bool]
) -> Answer:
    """Ask for what a cluster answers from one copy (a feed, a count, a view) until it is good;
    other stores are asked once. Return the last answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not good(answer := await ask()) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return answer


def in_the_end(ask: Callable[[], Answer], good: Callable[[Answer], bool]) -> Answer:
    """Do the same over HTTP."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not good(answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


def store_url(embedded: str = "sqlite:///:memory:") -> str:
    """Return the address of an empty store: ``embedded``, or a new prefix in the CouchDB."""
    url = os.environ.get(VARIABLE)
    return (
        embedded
        if url is None
        else f"{url.rstrip('/')}/?prefix=test{secrets.token_hex(4)}-&wide_q=2"
    )


async def remove_databases(url: str) -> None:
    """Destroy what a test left in the CouchDB; an embedded store goes with its folder."""
    if url.startswith("couchdb"):
        store = open_store(url)
        names = [*await store.database_names(), INTERNAL]
        await asyncio.gather(*map(store.delete_database, names))
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
