"""Every interleaving of three phones with three operations each, for each policy.

Each phone edits, syncs (push, merge on the server, pull) and edits again; whatever the order, all
phones end up with the same document, nothing written is lost, and states only move forward.

An offline edit and another phone's sync do not touch each other, so of the orders that differ in
such neighbours alone only one is run: the edit first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from itertools import combinations_with_replacement

import pytest

from tests.conflicts.scripts import changes
from tests.conflicts.test_world import atoms
from tests.conflicts.world import FIRST, LATTICE, START_MS, Document, Phone, Server

Edit = tuple[str, int]
KINDS: dict[str, tuple[Edit, ...]] = {
    "name": (("name", 0), ("name", 1), ("drop name", 0)),
    "phone": (("phone", 0), ("phone", 1)),
    "tags": (("tag+", 2), ("tag-", 0), ("tag+", 0)),
    "members": (("member+", 0), ("member-", 0)),
    "log": (("log+", 0),),
    "state": (("state", 0), ("state", 1), ("state", 2)),
    "first": (("first", 10), ("first", 70)),
    "last": (("last", 10), ("last", 70)),
    "visits": (("visit", 1), ("visit", 2)),
    "note": (("note change", 1), ("note insert", 1), ("note delete", 1)),
}
PROGRAM = ("edit", "sync", "edit")


class Scene:
    """Three phones and a server in the middle of an interleaving."""

    def __init__(self, kinds: Sequence[Edit]) -> None:
        self.kinds = kinds
        self.phones = [Phone(number) for number in range(3)]
        self.done = [0, 0, 0]
        self.last: tuple[int, str] | None = None
        self.server = Server()
        self.server.accept(FIRST)
        self.edits: list[tuple[Document, Document]] = []

    def fork(self) -> Scene:
        other = copy(self)
        other.phones = [copy(phone) for phone in self.phones]
        for phone in other.phones:
            phone.clock = copy(phone.clock)
        other.done, other.edits = list(self.done), list(self.edits)
        other.server = copy(self.server)
        other.server.nodes = dict(self.server.nodes)
        other.server.decisions = list(self.server.decisions)
        return other

    def advance(self, who: int) -> None:
        phone, now = self.phones[who], START_MS + 1000 * (1 + len(self.edits))
        self.last = who, self.following(who)
        if self.following(who) == "sync":
            self.sync(phone, now)
        else:
            before = phone.head.body
            phone.edit(now, changes(phone, *self.kinds[who], unique=True))
            self.edits.append((before, phone.head.body))
        self.done[who] += 1

    def following(self, who: int) -> str:
        return PROGRAM[self.done[who]]

    def may_advance(self, who: int) -> bool:
        if self.done[who] == len(PROGRAM):
            return False
        after_sync = self.last is not None and self.last[1] == "sync" and self.last[0] != who
        return not (after_sync and self.following(who) == "edit")

    def sync(self, phone: Phone, now: int) -> None:
        self.server.accept(phone.head)
        self.server.resolve()
        phone.pull(self.server, now)


def interleavings(scene: Scene) -> Iterator[Scene]:
    if all(done == len(PROGRAM) for done in scene.done):
        yield scene
        return
    for who in range(3):
        if scene.may_advance(who):
            following = scene.fork()
            following.advance(who)
            yield from interleavings(following)


def check(scene: Scene, name: str) -> None:
    together = scene.fork().server
    together.accept(*(phone.head for phone in scene.phones))
    for phone in scene.phones:
        scene.sync(phone, START_MS + 60_000)
    final = scene.server.winner().body
    assert scene.server.resolve().noop
    assert together.resolve().body.get(name) == final.get(name)
    here = atoms(name, final.get(name))
    lost = [
        atom
        for decision in scene.server.decisions
        for field in decision.fields
        for side in field.lost
        for atom in atoms(name, side.value)
    ]
    for _, after in scene.edits:
        if name == "state":
            assert final[name] in LATTICE.above[after[name]]
        elif name == "first":
            assert final[name] <= after[name]
        elif name == "last":
            assert final[name] >= after[name]
        elif name == "visits":
            assert all(final[name][device] >= count for device, count in after[name].items())
        else:
            for atom in atoms(name, after.get(name)):
                dropped = any(
                    atom in atoms(name, old.get(name)) and atom not in atoms(name, new.get(name))
                    for old, new in scene.edits
                )
                assert atom in here or dropped or atom in lost, atom


@pytest.mark.parametrize("name", KINDS)
def test_every_interleaving(name: str) -> None:
    histories = 0
    for kinds in combinations_with_replacement(KINDS[name], 3):
        for scene in interleavings(Scene(kinds)):
            check(scene, name)
            histories += 1
    assert histories % 342 == 0
    assert histories > 0
