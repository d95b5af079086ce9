"""What can go wrong in a document store.

::

    StoreError
    ├── DatabaseNotFound
    ├── DocumentConflict
    ├── BadDocument        (malformed id, revision, history or body)
    ├── NotPermitted       (our account in the store may not do this)
    ├── StoreUnavailable   (worth trying again: busy, locked, node gone)
    └── StoreFull          (no room on the disk; nothing of the batch was written)
"""

from __future__ import annotations


class StoreError(Exception):
    """Base of all errors of a document store."""


class DatabaseNotFound(StoreError):
    """There is no database of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"database {name!r} does not exist")
        self.name = name


class DocumentConflict(StoreError):
    """The revision an edit was made on is no longer a leaf."""


class BadDocument(StoreError):
    """A malformed id, revision, history or body; the message says which and what is expected."""


class NotPermitted(StoreError):
    """The account that we use in the store may not do this."""


class StoreUnavailable(StoreError):
    """The store cannot answer now: locked by another process, closed, unreadable or unreachable."""


class StoreFull(StoreError):
    """There is no room on the disk; nothing of the batch was written."""
