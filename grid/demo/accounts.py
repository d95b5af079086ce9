"""Demo accounts and where they work. They all have one password, which the loader sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grid.permissions import Role


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account to make: ``grids`` are the codes it is assigned to (roots of subtrees)."""

    username: str
    name: str
    role: Role
    grids: tuple[str, ...]


_ACCOUNTS: Final = (
    DemoAccount("worker1", "黄水生", Role.GRIDWORKER, ("44090400400100104",)),
    DemoAccount("worker2", "陈秀英", Role.GRIDWORKER, ("44090400400100104",)),
    DemoAccount("worker3", "梁志强", Role.GRIDWORKER, ("44090400420500101",)),
    DemoAccount("village", "李安乐", Role.SUPERVISOR_VILLAGE, ("440904004205",)),
    DemoAccount("town", "吴海燕", Role.SUPERVISOR_TOWN, ("440904004",)),
    DemoAccount("district", "林文博", Role.SUPERVISOR_DISTRICT, ("440904",)),
    DemoAccount("integrator", "对接测试系统", Role.INTEGRATOR, ("440904",)),
)


def demo_accounts() -> tuple[DemoAccount, ...]:
    """Return the demo accounts, workers first."""
    return _ACCOUNTS


def author_of(grid: str) -> str:
    """Return who wrote a grid's demo records: its first worker, or ``demo`` where it has none."""
    workers = (one for one in _ACCOUNTS if one.role is Role.GRIDWORKER and grid in one.grids)
    return next((one.username for one in workers), "demo")
