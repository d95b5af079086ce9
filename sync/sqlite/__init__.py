"""The embedded document store: one SQLite file, CouchDB's revision semantics."""

from sync.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
