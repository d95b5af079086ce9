"""Fixtures of the store's and the wire's tests: every kind of store, a bare server, Node.js."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.store import DocumentStore
from tests.conftest import ROOT, ServerProcess
from tests.stores import empty_store, remove_databases, store_url

HERE = Path(__file__).resolve().parent


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DocumentStore]:
    """Give an empty store: SQLite, or a corner of the one that ``WANGGE_TEST_STORE`` names."""
    async with empty_store(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


@pytest.fixture
async def grid(store: DocumentStore) -> AsyncIterator[str]:
    """Give the name of an empty database."""
    await store.create_database("grid-test")
    yield "grid-test"
    await store.delete_database("grid-test")


@pytest.fixture(scope="session")
def wire_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run ``wangge wire`` on a free port."""
    path = tmp_path_factory.mktemp("wire") / "wire.db"
    url = store_url(f"sqlite:///{path}")
    server = ServerProcess("wire", "--store", url)
    server.start(ready_path="/_up")
    yield server
    server.remove()
    asyncio.run(remove_databases(url))


@pytest.fixture
def http(wire_server: ServerProcess) -> Iterator[httpx.Client]:
    """Give a client of the running server."""
    with httpx.Client(base_url=wire_server.url, timeout=30) as client:
        yield client


_names = iter(range(1_000_000))


@pytest.fixture
def database(http: httpx.Client) -> Iterator[str]:
    """Give the path of an empty database on the running server."""
    name = f"/db{next(_names)}"
    assert http.put(name).status_code == 201
    yield name
    http.delete(name)


@pytest.fixture
def db(http: httpx.Client, database: str) -> Iterator[httpx.Client]:
    """Give a client whose paths are below an empty database."""
    with httpx.Client(base_url=f"{http.base_url}{database}/".replace("//db", "/db")) as client:
        yield client


def refused(reply: httpx.Response, status: int, error: str) -> str:
    """Check a refusal's status, error word and form; return its reason."""
    assert (reply.status_code, reply.json()["error"]) == (status, error), reply.text
    assert reply.headers["content-type"] == "application/json"
    reason: str = reply.json()["reason"]
    assert reason
    return reason


@pytest.fixture(scope="session")
def run_node() -> Callable[..., Any]:
    """Run a script of this directory in Node.js with JSON on standard input; return its JSON."""
    node = shutil.which("node")
    assert node, "Node.js is needed: https://nodejs.org (20 or newer)"

    def run(script: str, *arguments: str, given: Any = None) -> Any:
        done = subprocess.run(
            [node, str(HERE / script), *arguments],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
