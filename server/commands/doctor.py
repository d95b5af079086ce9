"""``wangge doctor``: looks at everything an installation stands on, and says how to mend what is
wrong."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from server.commands.backup import check as check_file
from server.commands.backup import store_file
from server.commands.doctor_couchdb import examine_couchdb
from server.commands.errors import CommandError
from server.commands.finding import Finding, Grade
from server.databases import DATABASES, INDEXES
from server.settings import Settings, SettingsError
from sync import open_store
from sync.errors import BadDocument, StoreError
from sync.store import DocumentStore

_LEAST_FILES: Final = 4_096
_LEAST_FREE_BYTES: Final = 2 * 1024**3
_LEAST_FREE_SHARE: Final = 0.05
_COLOURS: Final = {Grade.GOOD: "green", Grade.WARNING: "yellow", Grade.BAD: "red"}


def doctor(settings: Settings) -> bool:
    """Print what was found; return whether nothing is bad."""
    findings = [*of_process(settings), *asyncio.run(_store(settings))]
    table = Table("", "what", "found", "how to mend", box=None, pad_edge=False)
    for finding in findings:
        colour = _COLOURS[finding.grade]
        table.add_row(
            f"[{colour}]{finding.grade}[/]", finding.what, finding.found, finding.mend or ""
        )
    Console().print(table)
    return all(finding.grade is not Grade.BAD for finding in findings)


def of_process(settings: Settings) -> Iterator[Finding]:
    """Look at what does not need the store."""
    yield _files()
    yield _free_disk(settings.data)
    yield _key(settings)
    yield _address(settings)


def _files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= _LEAST_FILES:
        return Finding(Grade.GOOD, "open files", f"up to {soft}")
    mend = f"raise it: ulimit -n {_LEAST_FILES}, or LimitNOFILE={_LEAST_FILES} in the systemd unit"
    return Finding(Grade.WARNING, "open files", f"only {soft} (at most {hard})", mend)


def _free_disk(folder: Path) -> Finding:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    usage = shutil.disk_usage(there)
    found = f"{usage.free / 1024**3:.1f} GiB of {usage.total / 1024**3:.0f} free at {there}"
    if usage.free >= max(_LEAST_FREE_BYTES, usage.total * _LEAST_FREE_SHARE):
        return Finding(Grade.GOOD, "disk", found)
    mend = "make room; when it is full, phones keep their edits and nothing is taken in"
    return Finding(Grade.WARNING, "disk", found, mend)


def _key(settings: Settings) -> Finding:
    if settings.secret_key:
        return Finding(Grade.GOOD, "secret key", "from the settings")
    path = settings.data / "secret.key"
    if not path.exists():
        return Finding(Grade.WARNING, "secret key", f"no {path}", "run: wangge init")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        mend = f"chmod 600 {path}"
        return Finding(Grade.BAD, "secret key", f"others may read {path} ({mode:o})", mend)
    return Finding(Grade.GOOD, "secret key", str(path))


def _address(settings: Settings) -> Finding:
    if settings.secure:
        return Finding(Grade.GOOD, "address", str(settings.public_url))
    if settings.host in ("127.0.0.1", "::1", "localhost"):
        found = "http on this machine only"
        mend = "for phones: a proxy with TLS, and WANGGE_PUBLIC_URL=https://…"
        return Finding(Grade.WARNING, "address", found, mend)
    found = f"http on {settings.host}: passwords and records go unprotected"
    mend = "put a proxy with TLS in front and set WANGGE_PUBLIC_URL=https://…"
    return Finding(Grade.BAD, "address", found, mend)


async def _store(settings: Settings) -> list[Finding]:
    """Look at the store; whatever keeps it from answering is the finding."""
    try:
        if settings.store_url.startswith("sqlite"):
            file = store_file(settings)
            if not file.exists():
                return [Finding(Grade.BAD, "store", f"no {file}", "run: wangge init")]
            check_file(file)
            store = open_store(settings.store_url)
            found = [_file(file)]
        else:
            found = [finding async for finding in examine_couchdb(settings.store_url)]
            if any(finding.grade is Grade.BAD for finding in found):
                return found
            store = open_store(settings.store_url)
    except (CommandError, StoreError, ValueError, SettingsError) as error:
        return [Finding(Grade.BAD, "store", str(error), "see docs/operations.md, Backup")]
    try:
        return [*found, *[finding async for finding in _contents(store)]]
    finally:
        await store.close()


def _file(file: Path) -> Finding:
    size = sum(
        path.stat().st_size for suffix in ("", "-wal") if (path := Path(f"{file}{suffix}")).exists()
    )
    if not os.access(file, os.W_OK):
        return Finding(Grade.BAD, "store", f"{file} may not be written", f"chown it: {file}")
    return Finding(Grade.GOOD, "store", f"{file}, sound, {size / 1024**2:.0f} MiB")


async def _contents(store: DocumentStore) -> AsyncIterator[Finding]:
    """Look at the databases and indexes that the server makes."""
    names = set(await store.database_names())
    missing = sorted(set(DATABASES) - names)
    if missing:
        yield Finding(Grade.BAD, "databases", f"missing: {', '.join(missing)}", "wangge init")
        return
    grids = sum(name.startswith("grid-") for name in names)
    mend = None if grids else "run: wangge import-grids FILE.csv"
    yield Finding(Grade.GOOD if grids else Grade.WARNING, "databases", f"{grids} grids", mend)
    unbuilt = []
    for index in INDEXES:
        try:
            await store.query(index, limit=1)
        except BadDocument:
            unbuilt.append(f"{index.database}/{index.name}")
    if unbuilt:
        found = f"not built: {', '.join(unbuilt)}"
        yield Finding(Grade.WARNING, "indexes", found, "they are built by: wangge init")
    else:
        yield Finding(Grade.GOOD, "indexes", f"all {len(INDEXES)} built")
