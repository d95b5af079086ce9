"""Fixtures: a store with the small town in it, and two phones."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sync.registry import Registry
from sync.store import DocumentStore
from tests.stores import empty_store
from tests.sync_flow.town import Phone, found_town


@pytest.fixture
async def store() -> AsyncIterator[DocumentStore]:
    async with empty_store() as opened:
        yield opened


@pytest.fixture
async def registry(store: DocumentStore) -> Registry:
    return await found_town(store)


@pytest.fixture
def phone1() -> Phone:
    return Phone("worker1", "aaaaaaa1")


@pytest.fixture
def phone2() -> Phone:
    return Phone("worker2", "bbbbbbb2")
