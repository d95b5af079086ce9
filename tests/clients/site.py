"""A place where ``wangge`` runs: a data folder and, on CouchDB, a prefix."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ServerProcess
from tests.stores import remove_databases, store_url


class Site:
    """A data folder and, on CouchDB, a prefix: what one life of the server stands on."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data = folder
        self.store = store_url(f"sqlite:///{folder}/wangge.db")
        self._port = port
        self._server: ServerProcess | None = None

    def wangge(self, *arguments: str) -> None:
        """Run a command on it."""
        environ = {**os.environ, "WANGGE_STORE": self.store, "WANGGE_DATA": str(self.data)}
        command = [str(Path(sys.executable).with_name("wangge")), *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def served(self, command: str) -> ServerProcess:
        """Serve it; every life has the same address."""
        server = ServerProcess(command, "--data", str(self.data), port=self._port, store=self.store)
        self._server = server
        server.start()
        return server

    def remove(self) -> None:
        """End the server, and destroy what it kept in a CouchDB."""
        if self._server is not None:
            self._server.kill()
        asyncio.run(remove_databases(self.store))
