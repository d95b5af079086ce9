"""Phones and servers in miniature: real histories of one document, for the laws of merging.

Revisions, leaves and pushes are as in CouchDB. A server knows the bodies that were pushed to it and
those it merged; what a phone wrote in between and never pushed is known by id alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conflicts import Decision, Leaf, Merged, merge, wanted
from conflicts.canonical_json import canonical
from conflicts.clock import HybridClock, parse_clock
from conflicts.policies import register_lattice
from conflicts.revision import generation, winning_order
from grid.policy import Merge, Policy

Document = dict[str, Any]
START_MS = 1_795_507_200_000  # 2026-11-24T08:00:00Z


class HandlingLattice:
    """reported < handling < done; reported < rejected; the rest is contested."""

    contested = "contested"
    above: Mapping[str, frozenset[str]] = {
        "reported": frozenset({"reported", "handling", "done", "rejected", "contested"}),
        "handling": frozenset({"handling", "done", "contested"}),
        "done": frozenset({"done", "contested"}),
        "rejected": frozenset({"rejected", "contested"}),
        "contested": frozenset({"contested"}),
    }

    def knows(self, state: str) -> bool:
        return state in self.above

    def join(self, left: str, right: str) -> str:
        if right in self.above[left]:
            return right
        return left if left in self.above[right] else self.contested


LATTICE = HandlingLattice()
register_lattice("handling", LATTICE)

TABLE: Mapping[str, Merge] = {
    "name": Merge(Policy.LAST_WRITE),
    "phone": Merge(Policy.REVIEWED),
    "tags": Merge(Policy.SET),
    "members": Merge(Policy.SET, key="id"),
    "log": Merge(Policy.LOG, key="id"),
    "state": Merge(Policy.STATE, lattice="handling"),
    "first": Merge(Policy.MINIMUM),
    "last": Merge(Policy.MAXIMUM),
    "visits": Merge(Policy.COUNTER),
    "note": Merge(Policy.TEXT),
}


def policies(record_type: str | None) -> Mapping[str, Merge]:
    return TABLE


def first_body() -> Document:
    entry = {"at": str(HybridClock("00000000").now(START_MS)), "by": "w0", "device": "00000000"}
    return {
        "type": "test",
        "schema": 1,
        "grid": "44090400400100104",
        "created": entry,
        "updated": entry,
        "stamps": {},
        "name": "𠮷家",
        "phone": "12000000000",
        "tags": ["t0", "t1"],
        "members": [{"id": "m0", "name": "阿依古丽·买买提"}, {"id": "m1", "name": "䶮"}],
        "log": [{"id": "e0", "at": entry["at"], "text": "begin"}],
        "state": "reported",
        "first": 50,
        "last": 50,
        "visits": {},
        "note": "line 1\nline 2\nline 3\nline 4\nline 5",
    }


@dataclass(frozen=True)
class Node:
    """One revision: whole chain, body, and whether it deletes."""

    rev: str
    chain: tuple[str, ...]
    body: Document
    deleted: bool = False

    def leaf(self) -> Leaf:
        return Leaf(self.rev, self.body, self.deleted, self.chain[1:])


def child(parent: Node | None, body: Document, deleted: bool = False, rev: str = "") -> Node:
    """Return a new revision under ``parent``."""
    if not rev:
        above = parent.rev if parent else ""
        seed = hashlib.md5(above.encode() + canonical(body) + bytes([deleted])).hexdigest()
        rev = f"{generation(above) + 1}-{seed}"
    return Node(rev, (rev, *(parent.chain if parent else ())), body, deleted)


FIRST = child(None, first_body())


class Server:
    """A store with its resolver: known revisions, archived bodies, decisions."""

    def __init__(self, *, table: Callable[[str | None], Mapping[str, Merge]] = policies) -> None:
        self.nodes: dict[str, Node] = {}
        self.decisions: list[Decision] = []
        self.table = table

    def accept(self, *nodes: Node) -> None:
        for node in nodes:
            self.nodes.setdefault(node.rev, node)

    def leaves(self) -> list[Node]:
        inner = {rev for node in self.nodes.values() for rev in node.chain[1:]}
        return [node for rev, node in self.nodes.items() if rev not in inner]

    def bodies(self) -> dict[str, Document]:
        return {rev: node.body for rev, node in self.nodes.items() if not node.deleted}

    def load(self, leaves: list[Leaf]) -> dict[str, Document]:
        """Load what the merge says it wants, as the follower does."""
        archive = self.bodies()
        bodies: dict[str, Document] = {}
        absent: frozenset[str] = frozenset()
        while need := wanted(leaves, bodies, absent):
            bodies |= {rev: archive[rev] for rev in need if rev in archive}
            absent |= frozenset(need) - bodies.keys()
        return bodies

    def merged(self, *, all_bodies: bool = False) -> Merged:
        leaves = [node.leaf() for node in self.leaves()]
        bodies = self.bodies() if all_bodies else self.load(leaves)
        return merge("test:1", leaves, bodies, policies=self.table)

    def resolve(self) -> Merged:
        """Merge and write back, as the follower does."""
        merged = self.merged()
        if not merged.noop:
            self.decisions.append(merged.decision)
            parent = self.nodes[merged.parent]
            self.accept(child(parent, merged.body, merged.deleted, merged.rev))
        for loser, tombstone in merged.tombstones:
            self.accept(child(self.nodes[loser], {}, True, tombstone))
        return merged

    def winner(self) -> Node:
        return max(self.leaves(), key=lambda node: winning_order(node.rev, node.deleted))

    def replicate(self, other: Server) -> None:
        """Exchange leaves, as CouchDB does: what a site archived stays with it."""
        mine, others = self.leaves(), other.leaves()
        self.accept(*others)
        other.accept(*mine)


@dataclass(frozen=True)
class Written:
    """What a phone wrote, kept to ask later what became of it."""

    rev: str
    field: str
    value: Any


@dataclass
class Phone:
    """A worker's phone: one copy of the document, a clock, a physical time of its own."""

    number: int
    head: Node = FIRST
    skew_ms: int = 0
    clock: HybridClock = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.device = f"{self.number + 1:08x}"
        self.clock = HybridClock(self.device)

    def edit(self, now_ms: int, changes: Mapping[str, Any], *, stamped: bool = True) -> Node:
        """Change fields (``None`` removes one) on top of what the phone shows."""
        body = {**self.head.body, "stamps": dict(self.head.body.get("stamps", {}))}
        at = self._stamp(now_ms, None)
        for name, value in changes.items():
            body[name] = value
            if value is None:
                del body[name]
            if stamped:
                body["stamps"][name] = self._stamp(now_ms, body["stamps"].get(name))
        if stamped:
            body["updated"] = {"at": at, "by": f"w{self.number + 1}", "device": self.device}
        self.head = child(self.head, body)
        return self.head

    def delete(self) -> Node:
        self.head = child(self.head, {}, True)
        return self.head

    def pull(self, server: Server, now_ms: int) -> None:
        """Show the server's winner."""
        self.head = server.winner()
        at = self.head.body.get("updated", {}).get("at")
        if at is not None:
            self.clock.receive(parse_clock(at), now_ms + self.skew_ms)

    def unique(self) -> str:
        """Return a value nobody else ever writes."""
        self.count += 1
        return f"p{self.number}.{self.count}"

    def _stamp(self, now_ms: int, over: str | None) -> str:
        above = None if over is None else parse_clock(over)
        return str(self.clock.overwrite(above, now_ms + self.skew_ms))


def content(body: Mapping[str, Any]) -> Document:
    """Return a merged body without its note."""
    return {name: value for name, value in body.items() if name != "merge"}


def account(body: Mapping[str, Any]) -> Document:
    """Return the merge note without the list of leaves, which depends on the grouping."""
    note = body.get("merge", {})
    return {name: value for name, value in note.items() if name != "parents"}
