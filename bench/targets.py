"""The servers that are measured: ours and the peers, found by environment or started here.

``WANGGE_BENCH_COUCHDB`` is the URL of a CouchDB with an administrator's name and password.
``WANGGE_BENCH_POUCHDB_SERVER`` is the URL of a pouchdb-server, or a directory in which
``npm install pouchdb-server`` was run; from a directory it is started here.
"""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson

COUCHDB = "CouchDB"
POUCHDB_SERVER = "pouchdb-server"
OURS = "wangge"
START_SECONDS = 30.0
SETTLE_SECONDS = 60.0
LOOK_SECONDS = 0.1
CALM_SHARE = 0.15
"""Of one processor; the clock's ticks are ten milliseconds."""
CALM_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Target:
    """A running server and how to speak to it.

    ``headers`` go with every measured request; ``root`` comes before each database's name.
    """

    name: str
    host: str
    port: int
    credentials: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    root: str = "/"
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Return what a socket connects to."""
        return self.host, self.port

    @property
    def url(self) -> str:
        """Return the base URL without credentials."""
        return f"http://{self.host}:{self.port}{self.root}"

    def request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the bytes of a request to a path below the root."""
        lines = [f"{method} {self.root}{path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += ["Accept: application/json"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")

    def call(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        """Make one request outside any measurement, as administrator; return status and JSON."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        headers.update(self.headers)
        if self.credentials:
            token = base64.b64encode(self.credentials.encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        data = None if body is None else orjson.dumps(body)
        try:
            connection.request(method, self.root + path, data, headers)
            response = connection.getresponse()
            return response.status, orjson.loads(response.read() or b"null")
        finally:
            connection.close()

    def create(self, database: str) -> None:
        """Create a database that anyone may use, as on a bare store."""
        status, answer = self.call("PUT", database)
        if status not in (201, 202):
            raise RuntimeError(f"{self.name} did not create {database}: {status} {answer}")
        if self.credentials:
            self.call("PUT", f"{database}/_security", {"admins": {}, "members": {}})

    def destroy(self, database: str) -> None:
        """Destroy a database."""
        self.call("DELETE", database)


@dataclass(frozen=True, slots=True)
class Absent:
    """A peer that is not there, and how to bring it."""

    name: str
    note: str


def _from_url(name: str, url: str) -> Target:
    parts = urlsplit(url)
    credentials = f"{parts.username}:{parts.password}" if parts.username else None
    return Target(name, parts.hostname or "127.0.0.1", parts.port or 80, credentials)


def free_port() -> int:
    """Return a port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(
    name: str,
    command: Sequence[str],
    port: int,
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    ready: str = "",
) -> Iterator[Target]:
    """Start a server process in ``directory``, wait until it answers below ``ready``, stop it at
    the end."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=directory,
        )
        target = Target(name, "127.0.0.1", port, process=process)
        try:
            _wait(target, ready)
            yield target
        except Exception:
            output.seek(0)
            sys.stderr.write(f"--- {name} ---\n{output.read()[-4000:].decode(errors='replace')}\n")
            raise
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def settle(target: Target) -> None:
    """Wait until a server of our starting does next to nothing: what it put off is done."""
    if target.process is None:
        return
    deadline = time.monotonic() + SETTLE_SECONDS
    calm = 0
    while calm < CALM_LOOKS and time.monotonic() < deadline:
        before = _processor_seconds(target.process.pid)
        time.sleep(LOOK_SECONDS)
        busy = (_processor_seconds(target.process.pid) - before) / LOOK_SECONDS
        calm = calm + 1 if busy <= CALM_SHARE else 0


def spent_seconds(target: Target) -> float:
    """Return the processor time that a server of our starting has used."""
    assert target.process is not None
    return _processor_seconds(target.process.pid)


def _processor_seconds(pid: int) -> float:
    """Return the processor time a process has used (``proc(5)``; 0 where there is no ``/proc``)."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(target: Target, path: str) -> None:
    process = target.process
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{target.name} ended with {process.returncode}")
        try:
            if target.call("GET", path)[0] < 500:
                return
        except (OSError, http.client.HTTPException, orjson.JSONDecodeError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{target.name} did not answer within {START_SECONDS:.0f} s")


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a directory that is removed at the end (``TMPDIR`` says where)."""
    directory = Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def wangge_command() -> str:
    """Return the ``wangge`` command that belongs to this Python."""
    return str(Path(sys.executable).with_name("wangge"))


@contextmanager
def bare_store(directory: Path) -> Iterator[Target]:
    """Start our bare store over HTTP on a SQLite file in ``directory``."""
    port = free_port()
    store = f"sqlite:///{directory.absolute()}/wangge.db"
    command = [wangge_command(), "wire", "--store", store, "--port", str(port)]
    with started(OURS, command, port) as target:
        yield target


@contextmanager
def couchdb() -> Iterator[Target | Absent]:
    """Give the CouchDB that the environment names."""
    url = os.environ.get("WANGGE_BENCH_COUCHDB")
    if not url:
        yield Absent(
            COUCHDB, "not measured: set WANGGE_BENCH_COUCHDB=http://user:password@host:5984"
        )
        return
    target = _from_url(COUCHDB, url)
    try:
        target.call("GET", "")
    except OSError as error:
        yield Absent(COUCHDB, f"not measured: no answer at WANGGE_BENCH_COUCHDB ({error})")
        return
    yield target


@contextmanager
def pouchdb_server() -> Iterator[Target | Absent]:
    """Give the pouchdb-server that the environment names, started here from a directory."""
    place = os.environ.get("WANGGE_BENCH_POUCHDB_SERVER")
    if not place:
        yield Absent(
            POUCHDB_SERVER,
            "not measured: npm install pouchdb-server@4.2.0 in some directory and set "
            "WANGGE_BENCH_POUCHDB_SERVER to it",
        )
        return
    if place.startswith("http"):
        yield _from_url(POUCHDB_SERVER, place)
        return
    script = Path(place) / "node_modules" / "pouchdb-server" / "bin" / "pouchdb-server"
    if not script.exists():
        yield Absent(POUCHDB_SERVER, f"not measured: {script} is not there")
        return
    port = free_port()
    with scratch() as directory:
        command = ["node", str(script), "-n", "-o", "127.0.0.1", "-p", str(port)]
        command += ["-d", str(directory), "-c", str(directory / "config.json")]
        node = {"NODE_OPTIONS": "--unhandled-rejections=warn"}
        with started(
            POUCHDB_SERVER, command, port, environment=node, directory=directory
        ) as target:
            yield target
