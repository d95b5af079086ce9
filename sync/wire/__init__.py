"""CouchDB's replication protocol over a document store, as an ASGI application."""

from sync.wire.app import wire_app
from sync.wire.errors import WireError
from sync.wire.keeper import BareKeeper, Door, Keeper, StoreDoor

__all__ = ["BareKeeper", "Door", "Keeper", "StoreDoor", "WireError", "wire_app"]
