"""Fixtures: a store with the small town in it, and two phones."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sync.registry import Registry
from sync.sqlite import SqliteStore
from tests.sync_flow.town import Phone, found_town


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(":memory:")
    yield opened
    await opened.close()


@pytest.fixture
async def registry(store: SqliteStore) -> Registry:
    return await found_town(store)


@pytest.fixture
def phone1() -> Phone:
    return Phone("worker1", "aaaaaaa1")


@pytest.fixture
def phone2() -> Phone:
    return Phone("worker2", "bbbbbbb2")
