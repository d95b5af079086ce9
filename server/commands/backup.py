"""``wangge backup`` and ``wangge restore``: the embedded store in one file.

A backup is a consistent copy taken while the server goes on working. A restored store gets new
epochs, so that no phone trusts a checkpoint from a life that the restored one does not know.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from server.commands.errors import CommandError
from server.settings import Settings
from sync.sqlite import schema

_PAGES: Final = 2_000
"""Pages copied before writers get their turn."""


def backup(settings: Settings, file: Path) -> None:
    """Copy the store into ``file``, which must not exist; it appears whole or not at all."""
    source = store_file(settings)
    if not source.exists():
        raise CommandError(f"there is no store at {source}")
    if file.exists():
        raise CommandError(f"{file} exists already; choose another name")
    draft = file.with_name(file.name + ".part")
    draft.unlink(missing_ok=True)
    try:
        _copy(source, draft, "backing up")
        check(draft)
        _to_disk(draft)
        os.link(draft, file)
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"the backup failed, {file} was not written: {error}") from None
    finally:
        draft.unlink(missing_ok=True)


def restore(settings: Settings, file: Path) -> None:
    """Make the store from a backup; there must be none in its place, and no server running."""
    target = store_file(settings)
    if target.exists():
        raise CommandError(f"{target} exists; stop the server and move it away first")
    check(file)
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


def store_file(settings: Settings) -> Path:
    """Return the embedded store's file; raise ``CommandError`` for another kind of store."""
    parts = urlsplit(settings.store_url)
    if parts.scheme != "sqlite":
        raise CommandError(f"the store is {parts.scheme}; back it up with that database's tools")
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
