"""``CouchStore``: the document store on CouchDB 3.x, single or clustered."""

from sync.couch.address import CouchAddress, parse_address
from sync.couch.store import CouchStore

__all__ = ["CouchAddress", "CouchStore", "parse_address"]
