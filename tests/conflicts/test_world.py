"""Phones that edit, push and pull at any time, and two servers that merge on their own.

After everything has been exchanged, all agree on one revision, and everything anybody wrote is in
the document, was knowingly changed by somebody who saw it, or is in a decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.conflicts.scripts import changes, edits
from tests.conflicts.world import FIRST, LATTICE, START_MS, Document, Node, Phone, Server

steps = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(
            edits,
            edits,
            st.tuples(st.sampled_from(["push", "push and resolve", "sync"]), st.integers(0, 1)),
            st.tuples(st.sampled_from(["pull", "resolve", "replicate"]), st.integers(0, 1)),
        ),
    ),
    min_size=4,
    max_size=24,
)
skews = st.lists(
    st.sampled_from([0, 0, 1500, 48 * 3_600_000, -48 * 3_600_000]), min_size=3, max_size=3
)


class World:
    """Three phones, two servers, and a memory of every edit."""

    def __init__(self, skew: list[int]) -> None:
        self.phones = [Phone(number, skew_ms=skew[number]) for number in range(3)]
        self.servers = [Server(), Server()]
        self.edits: list[tuple[Document, Document]] = []
        self.pushed: list[Node] = []
        for server in self.servers:
            server.accept(FIRST)

    def step(self, number: int, who: int, what: str, extra: int) -> None:
        phone, now = self.phones[who], START_MS + 1000 * number
        server = self.servers[extra % 2]
        match what:
            case "push":
                self.push(phone, server)
            case "push and resolve":
                self.push(phone, server)
                server.resolve()
            case "sync":
                self.push(phone, server)
                server.resolve()
                phone.pull(server, now)
            case "pull":
                self.push(phone, server)
                phone.pull(server, now)
            case "resolve":
                server.resolve()
            case "replicate":
                self.servers[0].replicate(self.servers[1])
            case _:
                before = phone.head.body
                after = phone.edit(now, changes(phone, what, extra, unique=True)).body
                self.edits.append((before, after))

    def push(self, phone: Phone, server: Server) -> None:
        self.pushed.append(phone.head)
        server.accept(phone.head)

    def settle(self) -> Document:
        """Push everything, exchange until nothing changes, and return what all agree on."""
        for phone in self.phones:
            self.push(phone, self.servers[phone.number % 2])
        for _ in range(4):
            for server in self.servers:
                server.resolve()
            self.servers[0].replicate(self.servers[1])
        first, second = self.servers
        assert first.resolve().noop
        assert first.winner() == second.winner()
        assert sum(not node.deleted for node in first.leaves()) == 1
        return first.winner().body

    def lost(self, name: str) -> list[Any]:
        """Return every losing value of a field in any decision of any server."""
        return [
            side.value
            for server in self.servers
            for decision in server.decisions
            for field in decision.fields
            if field.field == name
            for side in field.lost
        ]


def atoms(name: str, value: Any) -> list[Any]:
    """Return the smallest things in a field's value that could get lost."""
    match name:
        case "tags" | "members" | "log":
            return list(value or [])
        case "note":
            return value.split("\n") if value else []
        case _:
            return [value]


def written(world: World, name: str) -> Iterator[Any]:
    for before, after in world.edits:
        for atom in atoms(name, after.get(name)):
            if atom not in atoms(name, before.get(name)):
                yield atom


@given(steps, skews)
def test_all_agree_and_nothing_is_lost(
    script: list[tuple[int, tuple[str, int]]], skew: list[int]
) -> None:
    world = World(skew)
    for number, (who, (what, extra)) in enumerate(script):
        world.step(number, who, what, extra)
    final = world.settle()
    for name in ("name", "phone", "unknown", "tags", "members", "log", "note"):
        here = atoms(name, final.get(name))
        lost = [atom for value in world.lost(name) for atom in atoms(name, value)]
        for atom in written(world, name):
            dropped = any(
                atom in atoms(name, before.get(name)) and atom not in atoms(name, after.get(name))
                for before, after in world.edits
            )
            assert atom in here or dropped or atom in lost, (name, atom)
    for node in world.pushed:
        assert final["state"] in LATTICE.above[node.body["state"]]
        assert final["first"] <= node.body["first"]
        assert final["last"] >= node.body["last"]
        for device, amount in node.body["visits"].items():
            assert final["visits"][device] >= amount
