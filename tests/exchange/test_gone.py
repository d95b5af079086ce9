"""A client that goes away in the middle of a first sync: the server stops reading for it."""

from __future__ import annotations

from typing import Any

import pytest

from sync.exchange.pulling import SEGMENT
from sync.store import Revision, Write
from tests.exchange.client import Client, Database
from tests.exchange.drive import ask, exchange_app
from tests.stores import empty_store
from tests.sync_flow.town import GRID, found_town

SEGMENTS = 8


async def test_nobody_is_read_for_who_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with empty_store() as store:
        app = await exchange_app(store, await found_town(store), "worker1", "aaaaaaa1")
        body = b'{"note":"%b"}' % (b"x" * 200)
        ids = [f"household:{number:04}" for number in range(SEGMENTS * SEGMENT)]
        await store.write(f"grid-{GRID}", [Write(doc_id, body) for doc_id in ids])
        read: list[Revision] = []
        documents = store.documents

        async def counted(*arguments: Any, **options: Any) -> list[Revision]:
            found = await documents(*arguments, **options)
            read.extend(found)
            return found

        monkeypatch.setattr(store, "documents", counted)
        asking = Client({GRID: Database()}).asking()

        await ask(app, asking, cut=1)
        assert 0 < len(read) <= 3 * SEGMENT

        read.clear()
        await ask(app, asking)
        assert len(read) == len(ids)
