"""Shared fixtures: a real server process on a free port, a real Chromium."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.stores import VARIABLE, remove_databases, store_url

settings.register_profile("wangge", deadline=None)
settings.register_profile(
    "mutation",
    deadline=None,
    max_examples=25,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("wangge")
"""A busy machine must not fail a property; speed belongs in bench/. ``make mutate`` runs each
property many times over with other code: it takes fewer examples, always the same ones, and does
not make the first that fails smaller."""

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_PLACES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
QUIET_CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome (``CHROMIUM`` overrides), or ``None``."""
    for place in (os.environ.get("CHROMIUM", ""), *CHROMIUM_PLACES):
        found = shutil.which(place) if place else None
        if found:
            return found
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where no Chromium is installed, aloud; in CI they must run."""
    if find_chromium() or os.environ.get("CI"):
        return
    absent = pytest.mark.skip(reason="no Chromium found; Debian: apt install chromium")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(absent)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Tell pytest-playwright to use the system's Chromium and to stay off the network."""
    return {"executable_path": find_chromium(), "headless": True, "args": list(QUIET_CHROMIUM)}


def free_port() -> int:
    """Return a TCP port on loopback that nobody listens on now."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class ServerProcess:
    """A ``wangge`` command that serves HTTP, started and stopped (or killed) by a test.

    ``under`` is a command that runs it in place of itself, such as one that limits resources;
    ``beside`` another process whose store in a CouchDB it shares.
    """

    def __init__(
        self,
        *arguments: str,
        port: int | None = None,
        under: Sequence[str] = (),
        beside: ServerProcess | None = None,
        store: str | None = None,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            *under,
            str(Path(sys.executable).with_name("wangge")),
            *arguments,
            "--port",
            str(self.port),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._beside = beside
        self.store = store or (store_url() if VARIABLE in os.environ else None)
        if beside is not None:
            self.store = beside.store

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def environment(self) -> dict[str, str]:
        """What the process, and commands that work on the same store, find around them."""
        return os.environ | ({"WANGGE_STORE": self.store} if self.store else {})

    def start(self, ready_path: str = "/healthz", timeout: float = 240) -> None:
        """Start the process and wait until it answers; raise if it ends or stays silent."""
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment,
        )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._command} ended with {self._process.returncode}")
            try:
                with urllib.request.urlopen(self.url + ready_path, timeout=5):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise TimeoutError(f"{self._command} did not answer within {timeout} s")

    def remove(self) -> None:
        """End the process for good: what it kept in a CouchDB goes too."""
        self.stop()
        if self.store is not None and self._beside is None:
            with ThreadPoolExecutor(1) as thread:  # a browser's test is within a loop already
                thread.submit(asyncio.run, remove_databases(self.store)).result()

    def stop(self) -> None:
        """End the process politely and wait for it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """Kill the process at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def lay_out_demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Make a folder in which ``wangge demo`` finds the demo loaded, which takes it two seconds;
    a CouchDB, where it would have to be copied document by document, it loads itself."""
    if VARIABLE in os.environ:
        return lambda folder: None
    # Mutation testing has this file, but no server.
    from server.commands.demo_data import load
    from server.settings import Settings

    loaded = tmp_path_factory.mktemp("demo") / "data"
    with ThreadPoolExecutor(1) as apart:  # Playwright has a loop of its own running in this thread
        apart.submit(asyncio.run, load(Settings.load({}, data=loaded))).result()

    def lay_out(folder: Path) -> None:
        shutil.copytree(loaded, folder)

    return lay_out
