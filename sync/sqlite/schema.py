"""The tables of a store's file, and how a connection to it is set up."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Final

from sync.errors import StoreError, StoreFull, StoreUnavailable

APPLICATION_ID: Final = 0x57616E67  # "Wang"
FORMAT: Final = 1
_PAGE_BYTES: Final = 8192
_READ_CACHE_KIB: Final = 65536
_WRITE_CACHE_KIB: Final = 32768
_WAL_PAGES: Final = 4000
"""Pages in the log before they are copied into the file: 32 MiB."""
_WAL_KEPT_BYTES: Final = 64 * 1024 * 1024

# All tables of documents are clustered by database first: one grid's documents lie together, so
# reading a grid costs the same however many other grids there are.
TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE databases (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL DEFAULT 0,
    live INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL
);
CREATE INDEX databases_updated ON databases (updated);
CREATE TABLE documents (
    database INTEGER NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rev TEXT NOT NULL,          -- the winner
    deleted INTEGER NOT NULL,   -- whether the winner is a tombstone
    tree BLOB,                  -- RevTree.encode(); NULL when the winner is all there is
    body BLOB NOT NULL,         -- the winner's
    PRIMARY KEY (database, id)
) WITHOUT ROWID;
CREATE TABLE changes (
    database INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    rev TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    others BLOB,                -- JSON [[rev, deleted], ...] of the losing leaves, or NULL
    PRIMARY KEY (database, seq)
) WITHOUT ROWID;
CREATE TABLE bodies (           -- the archive: every accepted body that is not a winner's now
    database INTEGER NOT NULL,
    id TEXT NOT NULL,
    rev TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (database, id, rev)
) WITHOUT ROWID;
CREATE TABLE local (
    database INTEGER NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (database, id)
) WITHOUT ROWID;
CREATE TABLE indexes (
    id INTEGER PRIMARY KEY,
    database TEXT NOT NULL,
    name TEXT NOT NULL,
    declaration BLOB NOT NULL,
    built_to TEXT,              -- documents up to this id are indexed; NULL when all are
    UNIQUE (database, name)
);
CREATE TABLE index_rows (
    idx INTEGER NOT NULL,
    key BLOB NOT NULL,
    id TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (idx, key, id)
) WITHOUT ROWID;
CREATE TABLE index_groups (
    idx INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    key BLOB NOT NULL,
    count INTEGER NOT NULL,
    total REAL NOT NULL,
    PRIMARY KEY (idx, depth, key)
) WITHOUT ROWID;
"""


def new_epoch() -> str:
    """Return a fresh epoch id: 12 hexadecimal characters."""
    return secrets.token_hex(6)


def connect(path: str, *, writing: bool) -> sqlite3.Connection:
    """Open a connection that any thread may use, one at a time."""
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        timeout=0 if writing else 5,
    )
    cache = _WRITE_CACHE_KIB if writing else _READ_CACHE_KIB
    connection.execute(f"PRAGMA cache_size = -{cache}")
    if not writing:
        connection.execute("PRAGMA query_only = ON")
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Set the file up, or check that it is a store of a format we know."""
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        _create(connection)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != FORMAT:
        raise StoreUnavailable(f"the file has store format {found}; this program reads {FORMAT}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
    connection.execute("PRAGMA busy_timeout = 0")


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            _create_tables(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _create_tables(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise StoreUnavailable("the file is an SQLite database, but not a store of ours")
    for statement in TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('updates', 0)")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def translated(error: sqlite3.Error) -> StoreError:
    """Return the store's error for one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return StoreFull("no room on the disk; nothing was written")
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreUnavailable("the store's file is locked by another process; try again")
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreUnavailable(f"the store's file is damaged or is no store ({error})")
    return StoreUnavailable(f"the store's file cannot be used: {error}")
