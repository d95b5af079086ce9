"""A real server with the demo in it, and an integrator's token."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, ServerProcess

GRID = "44090400420500101"
"""A hamlet of 12 households."""


@dataclass(frozen=True)
class Service:
    """Where the server is, and a bearer token for it."""

    url: str
    token: str

    def get(self, path: str) -> Any:
        """Read JSON from the server."""
        head = {"authorization": f"Bearer {self.token}"}
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, headers=head), timeout=30
        ) as reply:
            return json.load(reply)


def sign_in(url: str, username: str, device: str) -> str:
    """Return a bearer token."""
    body = {"username": username, "password": "wangge-demo", "device": device}
    request = urllib.request.Request(
        f"{url}/api/v1/session",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        token: str = json.load(reply)["token"]
        return token


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve the demo and sign the integrator in."""
    folder = tmp_path_factory.mktemp("clients") / "data"
    server = ServerProcess("demo", "--data", str(folder))
    server.start()
    yield Service(server.url, sign_in(server.url, "integrator", "0123abcd"))
    server.remove()


@pytest.fixture
def run_client(service: Service) -> Callable[[str], Any]:
    """Run a client written for Node; it prints what it saw as JSON."""

    def run(script: str) -> Any:
        path = Path(__file__).with_name(script)
        given = {"url": service.url, "token": service.token, "grid": GRID}
        done = subprocess.run(
            ["node", str(path)],
            input=json.dumps(given),
            capture_output=True,
            cwd=ROOT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
