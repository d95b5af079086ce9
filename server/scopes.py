"""What an integrator's token may be allowed to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SCOPES: Final[Mapping[str, str]] = {
    "grids": "read the hierarchy and its counts",
    "records": "read records, masked, and refusals",
    "unmasked": "read names, phones and id numbers in full, each time with a purpose",
    "sync": "replicate whole grids, which hold records in full",
    "sync:write": "push records by replication",
}
"""Scopes and what each allows (docs/accounts.md)."""
