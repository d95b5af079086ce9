"""``wangge backup`` and ``wangge restore``: a whole store in one SQLite file, and back.

A backup is taken while the server goes on working, and is checked before it gets its name. Of the
embedded store it is a copy as of one moment; of a CouchDB it is a copy document by document
(``sync.copying``), which goes on where it was broken off. Both are the same kind of file, and each
can be restored into either store. A restored store has new epochs, so that no phone trusts a
checkpoint from a life that the restored one does not know.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from server.commands.copy import copy_all, open_named
from server.commands.errors import CommandError
from server.settings import Settings
from sync.copying import in_order
from sync.sqlite import SqliteStore, schema
from sync.store import DocumentStore

DERIVED: Final = ("canonical", "kin")
"""Databases that the follower makes from the grids, in full, wherever they are missing."""
_RESTORING: Final = "restoring"
_PAGES: Final = 2_000
"""Pages copied before writers get their turn."""


def backup(settings: Settings, file: Path) -> None:
    """Copy the store into ``file``, which must not exist; it appears whole or not at all."""
    if file.exists():
        raise CommandError(f"{file} exists already; choose another name")
    draft = file.with_name(file.name + ".part")
    try:
        if settings.store_url.startswith("sqlite"):
            _back_up_file(store_file(settings), draft)
        else:
            asyncio.run(_back_up_store(settings.store_url, draft))
        check(draft)
        _to_disk(draft)
        os.link(draft, file)
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"the backup failed, {file} was not written: {error}") from None
    draft.unlink()


def _back_up_file(source: Path, draft: Path) -> None:
    if not source.exists():
        raise CommandError(f"there is no store at {source}")
    draft.unlink(missing_ok=True)
    try:
        _copy(source, draft, "backing up")
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


async def _back_up_store(url: str, draft: Path) -> None:
    """Copy a CouchDB into the draft, going on with what an earlier attempt left there.

    What the follower makes of the grids is left out: made anew after a restore it fits them.
    """
    source = open_named(url)
    try:
        names = _whole(await source.database_names())
        if "registry" not in names:
            raise CommandError("there is nothing to back up: the store has no registry")
        target = SqliteStore.open(draft)
        try:
            await copy_all(source, target, names, check=True, working=True)
        finally:
            await target.close()
    finally:
        await source.close()
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _whole(names: Sequence[str]) -> list[str]:
    return [name for name in in_order(names) if name not in DERIVED]


def restore(settings: Settings, file: Path) -> None:
    """Make the store from a backup; there must be none in its place, and no server running."""
    check(file)
    if settings.store_url.startswith("sqlite"):
        _restore_file(file, store_file(settings))
    else:
        asyncio.run(_restore_store(file, settings.store_url))


def _restore_file(file: Path, target: Path) -> None:
    if target.exists():
        raise CommandError(f"{target} exists; stop the server and move it away first")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".part")
    draft.unlink(missing_ok=True)
    try:
        _copy(file, draft, "restoring")
        with closing(sqlite3.connect(draft)) as connection, connection:
            for (number,) in connection.execute("SELECT id FROM databases").fetchall():
                connection.execute(
                    "UPDATE databases SET epoch = ? WHERE id = ?", (schema.new_epoch(), number)
                )
        _to_disk(draft)
        os.link(draft, target)
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"nothing was restored: {error}") from None
    finally:
        draft.unlink(missing_ok=True)


async def _restore_store(file: Path, url: str) -> None:
    """Copy a backup into an empty CouchDB prefix, going on with what an earlier attempt left. The
    copy's databases are new ones, with epochs of their own."""
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".restore-") as folder:
        draft = Path(folder) / "store.db"  # opening a store changes its file; a backup stays as is
        _copy(file, draft, "reading")
        source, target = SqliteStore.open(draft), open_named(url)
        try:
            await _claim(source, target)
            names = [
                name for name in in_order(await source.database_names()) if name not in DERIVED
            ]
            await copy_all(source, target, names, check=True)
            await target.delete_local("registry", _RESTORING)
        finally:
            await source.close()
            await target.close()


async def _claim(source: DocumentStore, target: DocumentStore) -> None:
    """Refuse a store in which there is anything but the beginning of this same restore."""
    backup = (await source.database_info("registry")).epoch
    names = await target.database_names()
    if names:
        mark = await target.get_local("registry", _RESTORING) if "registry" in names else None
        if mark is None or mark["backup"] != backup:
            raise CommandError(
                "the store is not empty; stop the servers and name another ?prefix= in"
                " WANGGE_STORE, or remove its databases first"
            )
    await target.create_database("registry")
    await target.put_local("registry", _RESTORING, {"backup": backup})


def store_file(settings: Settings) -> Path:
    """Return the embedded store's file; raise ``CommandError`` for another kind of store."""
    parts = urlsplit(settings.store_url)
    if parts.scheme != "sqlite":
        raise CommandError(f"the store is {parts.scheme}, not a file")
    return Path(unquote(parts.path[1:]))


def _copy(source: Path, target: Path, title: str) -> None:
    bar = Progress(TextColumn(title), BarColumn(), TaskProgressColumn())
    with (
        bar,
        closing(_read_only(source)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        task = bar.add_task(title)
        reading.backup(
            writing,
            pages=_PAGES,
            progress=lambda _status, left, total: bar.update(
                task, total=total, completed=total - left
            ),
        )
        writing.execute("PRAGMA journal_mode = DELETE")


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def check(file: Path) -> None:
    """Raise ``CommandError`` when a file is not a whole store of ours."""
    try:
        with closing(_read_only(file)) as connection:
            kind = connection.execute("PRAGMA application_id").fetchone()[0]
            form = connection.execute("PRAGMA user_version").fetchone()[0]
            sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise CommandError(f"{file} cannot be read as a store: {error}") from None
    if kind != schema.APPLICATION_ID:
        raise CommandError(f"{file} is not a store of Wangge")
    if form != schema.FORMAT:
        raise CommandError(f"{file} has store format {form}; this program reads {schema.FORMAT}")
    if sound != "ok":
        raise CommandError(f"{file} is damaged: {sound}")


def _to_disk(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
