"""A real server with the demo in it, and an integrator's token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
    """Where the server is, a bearer token for it, and its data folder and store."""

    url: str
    token: str
    folder: Path
    store: str | None

    def get(self, path: str) -> Any:
        """Read JSON from the server."""
        head = {"authorization": f"Bearer {self.token}"}
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, headers=head), timeout=30
        ) as reply:
            return json.load(reply)

    def command(self, *arguments: str) -> None:
        """Run a ``wangge`` command beside the server; raise when it fails."""
        program = str(Path(sys.executable).with_name("wangge"))
        subprocess.run(
            [program, *arguments, "--data", str(self.folder)],
            cwd=ROOT,
            env=os.environ | ({"WANGGE_STORE": self.store} if self.store else {}),
            stdout=subprocess.DEVNULL,
            timeout=120,
            check=True,
        )


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
def service(
    tmp_path_factory: pytest.TempPathFactory, lay_out_demo: Callable[[Path], None]
) -> Iterator[Service]:
    """Serve the demo and sign the integrator in."""
    folder = tmp_path_factory.mktemp("clients") / "data"
    lay_out_demo(folder)
    server = ServerProcess("demo", "--data", str(folder))
    server.start()
    token = sign_in(server.url, "integrator", "0123abcd")
    yield Service(server.url, token, folder, server.store)
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
