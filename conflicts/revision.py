"""Revision ids that every resolver, retry and replica computes alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from .canonical_json import canonical


@lru_cache(maxsize=65_536)
def generation(rev: str) -> int:
    """Return the number before the dash of ``<generation>-<hash>``, or 0 if there is none."""
    number, dash, _ = rev.partition("-")
    return int(number) if dash and number.isascii() and number.isdigit() else 0


def merged_revision(
    parent: str, leaves: Iterable[str], policy_version: int, body: dict[str, Any]
) -> str:
    """Return the id of the revision that merges ``leaves`` into ``body``, a child of ``parent``."""
    seed = hashlib.md5(usedforsecurity=False)
    seed.update(",".join(sorted(leaves)).encode())
    seed.update(f"|{policy_version}|".encode())
    seed.update(canonical(body))
    return f"{generation(parent) + 1}-{seed.hexdigest()}"


def tombstone_revision(leaf: str) -> str:
    """Return the id of the tombstone that closes a merged leaf; it depends on the leaf alone."""
    seed = hashlib.md5(b"merged|" + leaf.encode(), usedforsecurity=False)
    return f"{generation(leaf) + 1}-{seed.hexdigest()}"


def winning_order(rev: str, deleted: bool) -> tuple[bool, int, str]:
    """Return a key whose maximum is CouchDB's winner: live, then longest history, then hash."""
    return (not deleted, generation(rev), rev.partition("-")[2])
