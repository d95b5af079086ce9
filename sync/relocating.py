"""Moving one record to another grid by hand: a household that moved house, a misplaced event.

Only the record itself is written here; what goes along with a household (residents, open work)
follows in the background.
"""

from __future__ import annotations

from typing import Final

import orjson

from conflicts.moving import Order
from grid.permissions import Actor, may_relocate
from sync.editing import next_stamp
from sync.moving import Mover
from sync.paths import database_of
from sync.projection import CANONICAL, Projection
from sync.registry import Registry
from sync.store import DocumentStore
from sync.timing import now_ms

MESSAGES: Final = {
    "no-such-record": "没有找到这条记录",
    "no-such-grid": "没有这个网格，或这一级不保存记录",
    "grid-closed": "这个网格已停用，请选它的承接网格",
    "already-there": "这条记录已经在这个网格",
    "out-of-scope": "两个网格要都在您负责的范围内",
}
"""Why a record cannot be moved: code → sentence for the supervisor."""


class MoveRefused(Exception):
    """A move that is not possible; ``code`` is one of ``MESSAGES``."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.message = MESSAGES[code]
        super().__init__(f"{code}: {self.message}")


async def relocate(
    store: DocumentStore, registry: Registry, doc_id: str, grid: str, actor: Actor
) -> None:
    """Move a record to another grid now. Raises ``MoveRefused``."""
    hierarchy = await registry.hierarchy()
    shown = await store.get(CANONICAL, doc_id)
    if shown is None or shown.deleted:
        raise MoveRefused("no-such-record")
    source = str(orjson.loads(shown.body)["grid"])
    node = hierarchy.get(grid)
    if node is None or not node.holds_records or source not in hierarchy:
        raise MoveRefused("no-such-grid")
    if not may_relocate(actor, hierarchy.path(source), hierarchy.path(grid)):
        raise MoveRefused("out-of-scope")
    if node.closed:
        raise MoveRefused("grid-closed")
    if source == grid:
        raise MoveRefused("already-there")
    database = database_of(source)
    found = await store.get(database, doc_id)
    if found is None or found.deleted:
        raise MoveRefused("no-such-record")
    seen = orjson.loads(found.body).get("stamps", {}).get("grid")
    order = Order(grid, next_stamp(seen, now_ms()), actor.user)
    projection = Projection(store, registry)
    stones = await Mover(store, registry, projection).relocate(database, {doc_id: order})
    await projection.project(database, stones)
