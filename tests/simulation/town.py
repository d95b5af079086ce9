"""The town that every history begins with, made once and copied."""

from __future__ import annotations

from functools import cache

from grid.hierarchy import GridNode
from grid.permissions import Role
from sync.indexes import ALL_INDEXES
from sync.registry import Account, Registry
from tests.simulation.memory_store import MemoryStore
from tests.simulation.virtual import START_MS, Now, run, virtual_time

DISTRICT, TOWN, OTHER_TOWN = "440904", "440904004", "440904125"
VILLAGE, NEXT_VILLAGE, OTHER_VILLAGE = "440904004205", "440904004206", "440904125201"
GROUP, NEXT_GROUP, OTHER_GROUP = VILLAGE + "001", NEXT_VILLAGE + "001", OTHER_VILLAGE + "001"
GRIDS = (GROUP + "01", GROUP + "02", NEXT_GROUP + "01", OTHER_GROUP + "01")
OWN_DATABASES = ("registry", "canonical", "kin", "reviews", "quarantine", "arrivals", "audit")
WORKERS = ("worker1", "worker2", "worker3")
SUPERVISORS = ("village", "district")
PLANNERS = ("town", "district")
"""Who orders operations on the tree of grids."""
INTEGRATOR = "integrator"
ASSIGNED = {
    "worker1": (GRIDS[0], GRIDS[1]),
    "worker2": (GRIDS[0], GRIDS[2]),
    "worker3": (GRIDS[0], GRIDS[1], GRIDS[3]),
    "village": (VILLAGE,),
    "town": (TOWN,),
    "district": (DISTRICT,),
    INTEGRATOR: (DISTRICT,),
}
_ROLES = {
    "village": Role.SUPERVISOR_VILLAGE,
    "town": Role.SUPERVISOR_TOWN,
    "district": Role.SUPERVISOR_DISTRICT,
    INTEGRATOR: Role.INTEGRATOR,
}
_MADE = "2026-01-01T00:00:00.000Z"


def user_of(phone: int) -> str:
    """Return whose phone this is; the fourth is the first worker's second one."""
    return WORKERS[phone % len(WORKERS)]


def device_of(phone: int) -> str:
    return f"{phone + 1:08x}"


def nodes() -> list[GridNode]:
    return [
        GridNode(DISTRICT, None, 1, "电白区"),
        GridNode(TOWN, DISTRICT, 2, "电海街道"),
        GridNode(OTHER_TOWN, DISTRICT, 2, "博贺镇"),
        GridNode(VILLAGE, TOWN, 3, "安乐村委会"),
        GridNode(NEXT_VILLAGE, TOWN, 3, "蓝田村委会"),
        GridNode(OTHER_VILLAGE, OTHER_TOWN, 3, "东港村委会"),
        GridNode(GROUP, VILLAGE, 4, "面前山村"),
        GridNode(NEXT_GROUP, NEXT_VILLAGE, 4, "蓝田村"),
        GridNode(OTHER_GROUP, OTHER_VILLAGE, 4, "东港村"),
        *(GridNode(code, code[:-2], 5, f"第{code[-1]}住户小组") for code in GRIDS),
    ]


async def _found() -> MemoryStore:
    store = MemoryStore("town")
    for name in OWN_DATABASES:
        await store.create_database(name)
    await store.ensure_indexes(ALL_INDEXES)
    registry = Registry(store)
    await registry.import_grids(nodes())
    for user, grids in ASSIGNED.items():
        role = _ROLES.get(user, Role.GRIDWORKER)
        await registry.save_account(Account(user, user, role, "-", _MADE))
        for grid in grids:
            await registry.assign(user, grid)
    for phone in range(len(WORKERS) + 1):
        await registry.record_device(device_of(phone), user_of(phone))
    return store


@cache
def _town() -> MemoryStore:
    with virtual_time(Now(START_MS - 86_400_000)):
        return run(_found())


def site_disk(number: int) -> MemoryStore:
    """Return a fresh store with the town in it."""
    return _town().copy(f"site{number}")
