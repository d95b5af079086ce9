"""What the end-to-end tests share: the demo served, and a network that can be spoiled."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.conftest import ROOT, ServerProcess
from tests.e2e.bad_network import BadNetwork
from tests.e2e.phone import Phone


class Demo(ServerProcess):
    """The demo served on a data folder of its own."""

    def __init__(self, data: Path) -> None:
        super().__init__("demo", "--data", str(data))
        self._data = data

    def user(self, *arguments: str, password: str = "") -> None:
        """Run ``wangge user …`` on the demo's data while it is served."""
        command = [str(Path(sys.executable).with_name("wangge")), "user", *arguments]
        subprocess.run(
            [*command, "--data", str(self._data)],
            input=password.encode(),
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
        )


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory, lay_out_demo: Callable[[Path], None]
) -> Iterator[Demo]:
    """One demo for the tests of a file, which keep to workers and households of their own."""
    data = tmp_path_factory.mktemp("demo") / "data"
    lay_out_demo(data)
    server = Demo(data)
    server.start()
    yield server
    server.remove()


@pytest.fixture
def server(tmp_path: Path, lay_out_demo: Callable[[Path], None]) -> Iterator[ServerProcess]:
    """Serve the demo on a data folder of the test's own."""
    lay_out_demo(tmp_path / "data")
    process = ServerProcess("demo", "--data", str(tmp_path / "data"))
    process.start()
    yield process
    process.remove()


@pytest.fixture
def phones(browser: Browser, server: ServerProcess) -> Iterator[tuple[Phone, Phone]]:
    """Sign in two workers of the same grid to the test's own demo."""
    one, two = Phone(browser, server.url, "worker1"), Phone(browser, server.url, "worker2")
    yield one, two
    assert one.errors == []
    assert two.errors == []
    one.close()
    two.close()


@pytest.fixture
def network(demo: Demo) -> Iterator[BadNetwork]:
    """Put a network between phones and the demo; it is good until it is spoiled."""
    between = BadNetwork(demo.port)
    yield between
    between.close()
