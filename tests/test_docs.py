"""The documentation keeps up: links lead somewhere, routes and codes stand in it, and the tests
that it names exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Mount, Route

from server.app import create_app
from server.console import routes as console_routes
from server.settings import Settings
from sync.judging import REASONS
from sync.quarantine import CLOCK_AHEAD
from tests.conftest import ROOT

DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\(([^)\s]+)\)")
PAGES = sorted((*ROOT.glob("*.md"), *DOCS.glob("*.md")))


def read(path: Path) -> str:
    return path.read_text("utf-8")


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_images_lead_somewhere(path: Path) -> None:
    broken = []
    for link in _LINK.findall(re.sub(r"```.*?```", "", read(path), flags=re.DOTALL)):
        target, _, anchor = link.partition("#")
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file = (path.parent / target) if target else path
        if not file.exists() or (anchor and anchor not in anchors(read(file))):
            broken.append(link)
    assert broken == []


def test_the_readmes_lead_to_every_page() -> None:
    for readme in ("README.md", "README.zh-CN.md"):
        linked = set(_LINK.findall(read(ROOT / readme)))
        assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= linked


def walk(routes: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            yield prefix + route.path
            yield from walk(list(route.routes), prefix + route.path)
        elif isinstance(route, Route):
            yield prefix + re.sub(r"\{(\w+)(?::\w+)?\}", r"<\1>", route.path)


def test_every_route_is_documented() -> None:
    app = create_app(Settings.load({}))
    routes = {*walk(app.routes), *walk(console_routes(), "/console")}
    assert len(routes) > 40
    text = "".join(read(page) for page in DOCS.glob("*.md"))
    text = re.sub(r"`(GET|POST|PUT|PATCH|DELETE) /(?!api|sync|app)", r"`\1 /api/v1/", text)
    missing = {route for route in routes if not re.search(rf"[`. ]{re.escape(route)}`", text)}
    assert missing == set()


def test_every_code_of_a_refusal_is_documented() -> None:
    codes = re.findall(r"^\| `([a-z-]+)` \| [A-Z]", read(DOCS / "quarantine.md"), re.MULTILINE)
    assert sorted(codes) == sorted({*REASONS, CLOCK_AHEAD})


def test_every_test_that_is_named_exists() -> None:
    there = {
        f"{path.name}::{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(read(path)).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    named = {
        name for page in PAGES for name in re.findall(r"`[\w/]*?(test_\w+\.py::\w+)`", read(page))
    }
    assert len(named) > 20
    assert named - there == set()
