"""From a grid's database to its place in the hierarchy."""

from __future__ import annotations

from grid.codes import LENGTHS
from sync.registry import Registry

GRID_PREFIX = "grid-"
BULLETIN_PREFIX = "bulletin-"


def database_of(code: str) -> str:
    """Return the name of a grid's database."""
    return GRID_PREFIX + code


def code_of(database: str) -> str:
    """Return the code of the grid whose database this is."""
    return database.removeprefix(GRID_PREFIX)


async def grid_path(registry: Registry, database: str) -> tuple[str, ...]:
    """Return the codes from the district down to a database's grid.

    A grid that the hierarchy does not know (yet) is placed by its code's prefixes.
    """
    code = code_of(database)
    hierarchy = await registry.hierarchy()
    if code in hierarchy:
        return hierarchy.path(code)
    return tuple(code[:length] for length in LENGTHS if length <= len(code)) or (code,)
