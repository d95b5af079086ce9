"""Who may import whom: the table of docs/architecture.md, checked on every module."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT: dict[str, set[str]] = {
    "grid": set(),
    "conflicts": {"grid"},
    "sync": {"grid", "conflicts"},
    "pwa": set(),
    "server": {"grid", "conflicts", "sync", "pwa"},
}
OUTSIDE = {"tests", "bench"}
IMPURE_MODULES = {"random", "secrets", "socket", "sqlite3", "asyncio", "starlette", "uuid"}


def _modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(source: str) -> set[str]:
    """Return the top-level names that a module imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    forbidden = (set(MAY_IMPORT) | OUTSIDE) - allowed
    modules = _modules(room)
    assert modules
    broken = {
        str(path.relative_to(ROOT)): sorted(imported(path.read_text("utf-8")) & forbidden)
        for path in modules
    }
    assert {path: names for path, names in broken.items() if names} == {}


def test_the_resolver_does_no_input_or_output() -> None:
    broken = {
        str(path.relative_to(ROOT)): sorted(imported(path.read_text("utf-8")) & IMPURE_MODULES)
        for path in _modules("conflicts")
    }
    assert {path: names for path, names in broken.items() if names} == {}


def test_every_room_says_what_belongs_in_it() -> None:
    for room in MAY_IMPORT:
        docstring = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text("utf-8")))
        assert docstring is not None
        assert len(docstring.split()) > 10


def test_the_check_sees_a_forbidden_import() -> None:
    found = imported("def f():\n    from server.app import create_app\n    import sync.store")
    assert found == {"server", "sync"}


def test_only_timing_reads_the_wall_clock_in_sync() -> None:
    """So the simulation, and every test, can set the time in one place."""
    readers = [
        str(path.relative_to(ROOT))
        for path in _modules("sync")
        if path.name != "timing.py"
        and re.search(
            r"\b(datetime\.(now|utcnow|today)|time\.time(_ns)?)\(", path.read_text("utf-8")
        )
    ]
    assert readers == []
