"""A server process on a copy of the small populated store, to be broken in the middle of work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ServerProcess
from tests.server.conftest import DEVICE, PASSWORD, bearer, populated, settle

__all__ = ["populated"]


@pytest.fixture
def server(populated: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """Serve a copy of the populated folder."""
    process = ServerProcess("serve", "--data", str(tmp_path / "data"))
    asyncio.run(settle(populated, tmp_path / "data", process.store))
    process.start()
    yield process
    process.remove()


@pytest.fixture
def demo(tmp_path: Path, lay_out_demo: Callable[[Path], None]) -> Iterator[ServerProcess]:
    """Serve the demo."""
    lay_out_demo(tmp_path / "demo")
    process = ServerProcess("demo", "--data", str(tmp_path / "demo"))
    process.start()
    yield process
    process.remove()


Client = Callable[..., httpx.Client]


@pytest.fixture
def client_of() -> Iterator[Client]:
    """Return a client of a running server, signed in."""
    opened: list[httpx.Client] = []

    def make(server: ServerProcess, username: str, device: str | None = DEVICE) -> httpx.Client:
        form = {"username": username, "password": PASSWORD, "device": device}
        client = httpx.Client(base_url=server.url, timeout=60)
        opened.append(client)
        reply = client.post("/api/v1/session", json=form)
        assert reply.status_code == 201, reply.text
        client.cookies.clear()
        client.headers.update(bearer(reply.json()["token"]))
        return client

    yield make
    for client in opened:
        client.close()
