"""Moves of records between grids, so that everybody agrees where a record lives.

A record's revision tree goes with it: the new grid gets all its revisions as they were and one
more, in which ``grid`` changed and is stamped like any field; the old grid gets a tombstone with
``moved_to`` for each live leaf. An edit that reaches the old grid later is therefore a leaf of the
same tree, and merging it in the new grid is an ordinary merge.

Where a record lives is the ``grid`` with the highest stamp that any of its leaves claims, a
tombstone of a move included. Two moves at once, moves to and fro, moves doubled by two servers all
come to one answer by that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from .canonical_json import canonical
from .clock import ClockError, HybridClock, parse_clock
from .model import Body, Leaf
from .revision import generation

MOVED_TO: Final = "moved_to"
MOVED_BY: Final = "moved_by"
_STATED: Final = ("type", "household")
"""Members of a record that the tombstone of its move keeps."""


class Order(NamedTuple):
    """What moves a record: where to, at which clock, by whom, by which operation (if any)."""

    grid: str
    stamp: str
    by: str
    operation: str | None = None


class Claim(NamedTuple):
    """Where a leaf says that the record lives; the highest claim holds."""

    stamp: str
    grid: str


def claim_of(leaf: Leaf, grid: str) -> Claim | None:
    """Return what a leaf in the database of ``grid`` claims; ``None`` for a deleted record."""
    stamp = _grid_stamp(leaf.body)
    if leaf.deleted:
        moved = leaf.body.get(MOVED_TO)
        return Claim(stamp, moved) if isinstance(moved, str) else None
    named = leaf.body.get("grid")
    return Claim(stamp, named if isinstance(named, str) else grid)


def home_of(leaves: Iterable[Leaf], grid: str) -> Claim | None:
    """Return where a record lives as the leaves in the database of ``grid`` have it; ``None`` when
    there is nothing but deletions."""
    claims = [claim for leaf in leaves if (claim := claim_of(leaf, grid)) is not None]
    return max(claims, default=None)


def at_home(leaves: Sequence[Leaf], grid: str) -> Sequence[Leaf]:
    """Return the leaves that count in the database of ``grid``: none when the record lives in
    another grid, else all but tombstones of moves that it came back from."""
    stones = [leaf for leaf in leaves if moved_away(leaf.body, leaf.deleted)]
    if not stones:
        return leaves
    home = home_of(leaves, grid)
    if home is not None and home.grid != grid:
        return ()
    return [leaf for leaf in leaves if leaf not in stones]


def moved_away(body: Body, deleted: bool) -> bool:
    """Tell whether a leaf is the tombstone of a move."""
    return deleted and isinstance(body.get(MOVED_TO), str)


def order_of(tombstone: Body) -> Order:
    """Return the order that a move's tombstone was written for."""
    updated = tombstone.get("updated")
    by = updated.get("by") if isinstance(updated, Mapping) else None
    operation = tombstone.get(MOVED_BY)
    return Order(
        str(tombstone[MOVED_TO]),
        _grid_stamp(tombstone),
        str(by or ""),
        operation if isinstance(operation, str) else None,
    )


def moved_revision(leaf: Leaf, order: Order) -> tuple[str, dict[str, Any]]:
    """Return the revision, a child of ``leaf``, in which the record is in its new grid."""
    stamps = leaf.body.get("stamps")
    known = dict(stamps) if isinstance(stamps, Mapping) else {}
    stamp = above(known.get("grid"), order.stamp)
    updated = leaf.body.get("updated")
    at = above(updated.get("at") if isinstance(updated, Mapping) else None, stamp)
    body = {
        **leaf.body,
        "grid": order.grid,
        "stamps": {**known, "grid": stamp},
        "updated": {"at": at, "by": order.by, "device": at[-8:]},
    }
    return _revision(leaf.rev, b"moved here|" + canonical(body)), body


def returned_revision(leaf: Leaf, order: Order) -> str:
    """Return the id of the revision, a child of ``leaf`` with its content, by which an edit comes
    back into a grid that had sent it on: there a tombstone of that move lies on it."""
    return _revision(leaf.rev, f"returned|{order.grid}|{order.stamp}".encode())


def moved_tombstone(leaf: Leaf, order: Order) -> tuple[str, dict[str, Any]]:
    """Return the tombstone, a child of ``leaf``, that says where the record went."""
    body = {name: leaf.body[name] for name in _STATED if name in leaf.body}
    body |= {
        MOVED_TO: order.grid,
        "stamps": {"grid": order.stamp},
        "updated": {"at": order.stamp, "by": order.by, "device": order.stamp[-8:]},
    }
    if order.operation is not None:
        body[MOVED_BY] = order.operation
    return _revision(leaf.rev, b"moved away|" + canonical(body)), body


def above(known: Any, stamp: str) -> str:
    """Return ``stamp``, or one just above ``known`` when that is not below it already."""
    if not isinstance(known, str) or known < stamp:
        return stamp
    try:
        mine, other = parse_clock(stamp), parse_clock(known)
    except ClockError:
        return stamp
    return str(HybridClock(mine.device).overwrite(other, mine.milliseconds))


def _grid_stamp(body: Body) -> str:
    stamps = body.get("stamps")
    stamp = stamps.get("grid") if isinstance(stamps, Mapping) else None
    return stamp if isinstance(stamp, str) else ""


def _revision(parent: str, seed: bytes) -> str:
    digest = hashlib.md5(parent.encode() + b"|" + seed, usedforsecurity=False).hexdigest()
    return f"{generation(parent) + 1}-{digest}"
