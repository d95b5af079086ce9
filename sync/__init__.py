"""Replication: revision trees, the ``DocumentStore`` port and its stores, the CouchDB wire
protocol, the gateway's rules, the follower, the canonical projection and media. May import
``grid`` and ``conflicts``.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from sync.couch import CouchStore, parse_address
from sync.sqlite import SqliteStore
from sync.store import DocumentStore

__all__ = ["open_store"]


def open_store(url: str) -> DocumentStore:
    """Open the store that a URL names: ``sqlite:////absolute/path``, ``sqlite:///relative/path``,
    ``sqlite:///:memory:``, or ``couchdb://name:password@host`` (see ``sync.couch.address``).

    Raises ``ValueError`` for a URL of another kind and ``StoreUnavailable`` for a file that cannot
    be used.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        return SqliteStore.open(unquote(parts.path[1:]))
    if parts.scheme in ("couchdb", "couchdbs"):
        return CouchStore(parse_address(url))
    raise ValueError(
        f"store URL {parts.scheme}://… is not known; use sqlite:////path/wangge.db or"
        " couchdb://name:password@host:5984"
    )
