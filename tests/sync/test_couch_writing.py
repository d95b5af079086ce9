"""What CouchDB answers to a batch, document by document, and what the store makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import orjson
import pytest

from sync.couch.address import parse_address
from sync.couch.archive import Archive
from sync.couch.client import Answer, CouchClient
from sync.couch.databases import Databases
from sync.couch.writing import Writer
from sync.errors import StoreUnavailable
from sync.store import Write, WriteResult

WRITES = [Write("a", b"{}", "1-a"), Write("b", b"{}", "1-b")]


class Couch(Databases):
    """Stands in for a cluster: gives one prepared answer after the other, notes what it is sent."""

    def __init__(self, *answers: tuple[int, list[dict[str, Any]]]) -> None:
        super().__init__(cast(CouchClient, self), parse_address("couchdb://a:b@127.0.0.1"))
        self.answers = list(answers)
        self.kept = 0
        self.kept_at_first_batch: int | None = None

    async def call(self, *_: Any, **__: Any) -> Answer:
        self.kept_at_first_batch = (
            self.kept if self.kept_at_first_batch is None else self.kept_at_first_batch
        )
        status, rows = self.answers.pop(0)
        return Answer(status, orjson.dumps(rows))

    async def has_one_shard(self, _: str) -> bool:
        return False

    async def keep(self, _: str, revisions: Sequence[Any]) -> bool:
        self.kept += len(revisions)
        return True


async def replicated(couch: Couch) -> list[WriteResult]:
    writer = Writer(cast(CouchClient, couch), couch, cast(Archive, couch))
    return await writer.write("grid-1", WRITES, new_edits=False)


async def test_a_refused_document_is_told_and_the_others_are_stored() -> None:
    refused = {"id": "b", "rev": "1-b", "error": "forbidden", "reason": "no"}
    couch = Couch((201, [refused]))
    found = await replicated(couch)
    assert found == [WriteResult("a", "1-a"), WriteResult("b", "1-b", "forbidden", "no")]
    assert couch.kept_at_first_batch == 2


@pytest.mark.parametrize("error", ["internal_server_error", "timeout", "unknown_error"])
async def test_what_passes_is_no_fault_of_the_document(error: str) -> None:
    with pytest.raises(StoreUnavailable, match=error):
        await replicated(Couch((201, [{"id": "a", "rev": "1-a", "error": error, "reason": ""}])))


async def test_a_batch_that_too_few_nodes_took_is_sent_again() -> None:
    couch = Couch((202, []), (202, []), (201, []))
    assert await replicated(couch) == [WriteResult("a", "1-a"), WriteResult("b", "1-b")]
    assert couch.answers == []
    with pytest.raises(StoreUnavailable, match="too few"):
        await replicated(Couch((202, []), (202, []), (202, []), (201, [])))


@pytest.mark.parametrize("error", ["forbidden", "internal_server_error"])
async def test_nothing_of_our_own_is_left_out_silently(error: str) -> None:
    """Or the journal would be cleared of a body that the archive has not got."""
    couch = Couch((201, [{"id": "b", "rev": "1-b", "error": error}]), (202, []), (201, []))
    with pytest.raises(StoreUnavailable, match=error):
        await Databases.keep(couch, "archive", [b"{}"])
    assert not await Databases.keep(couch, "archive", [b"{}"])
    assert await Databases.keep(couch, "archive", [b"{}"])
