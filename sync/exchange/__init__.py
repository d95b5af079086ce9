"""The exchange: one request that brings all of a phone's grids up to date (``docs/exchange.md``).

The same replication as under ``/sync/<grid>``, batched: revisions, leaves, tombstones and sequences
are those of the wire, so a client may mix both.
"""

from sync.exchange.app import Exchange, Host
from sync.exchange.turns import Turns

__all__ = ["Exchange", "Host", "Turns"]
