"""Small scopes, played out to the last interleaving: up to three phones of three operations each.

What is covered, for each merge policy of a field (``KINDS`` has the edits of each):

1. Three phones that edit, sync and edit again, with every combination of edits.
2. Three phones with every sequence of three edits and syncs (``test_small_scope_three``; a phone's
   edits come in turn).
3. Two phones with every sequence of three edits and syncs.

And beside the policies:

4. Three phones that edit, sync and delete one record in six different ways, in every combination.
5. The real life cycles: from every state, three phones that each take any step and sync, and two
   that take any step, sync, and take any step again; from the contested state two that take any
   step and sync.

A sync is push, merge on the server, pull. In the end all sync, in the phones' order. Then all have
the same document, the same as when everything had come at once; nothing written is lost; states go
back only where somebody took them back who knew.

Folded: an offline edit and another phone's sync do not touch each other, so of the orders that
differ in such neighbours alone only one is run, the edit first. Phones with the same program are
interchangeable (no two clocks tie), so their first operations come in their order. That neither
loses anything is tested unfolded in ``test_small_scope_folds``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from conflicts import Merged, reasons
from grid.lifecycle import LATTICES, LifeCycle
from grid.policy import Merge, Policy
from tests.conflicts.scripts import changes
from tests.conflicts.test_world import atoms
from tests.conflicts.world import FIRST, LATTICE, START_MS, Document, Node, Phone, Server, child

Operation = tuple[str, int]
Program = tuple[Operation, ...]
SYNC: Operation = ("sync", 0)
DELETE: Operation = ("delete", 0)
KINDS: dict[str, tuple[Operation, ...]] = {
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


class Archive(Server):
    """A server that hands its whole archive to the merge instead of asking what is wanted, and
    remembers the last merge while nothing comes in: the same, in less than half the time.

    That what is wanted is enough is a law of its own (``test_laws``).
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._last: tuple[int, Merged] | None = None

    def merged(self, *, all_bodies: bool = True) -> Merged:
        if self._last is None or self._last[0] != len(self.nodes):
            self._last = len(self.nodes), super().merged(all_bodies=all_bodies)
        return self._last[1]


class Scene:
    """Phones and a server in the middle of an interleaving."""

    def __init__(self, programs: Sequence[Program], server: Server, first: Node = FIRST) -> None:
        self.programs = programs
        self.phones = [Phone(number, head=first) for number in range(len(programs))]
        self.done = [0] * len(programs)
        self.last: tuple[int, Operation] | None = None
        self.server = server
        self.server.accept(first)
        self.edits: list[tuple[Document, Document]] = []
        self.deleted: list[Document] = []

    def fork(self) -> Scene:
        other = copy(self)
        other.phones = [copy(phone) for phone in self.phones]
        for phone in other.phones:
            phone.clock = copy(phone.clock)
        other.done, other.edits = list(self.done), list(self.edits)
        other.deleted = list(self.deleted)
        other.server = copy(self.server)
        other.server.nodes = dict(self.server.nodes)
        other.server.decisions = list(self.server.decisions)
        return other

    def advance(self, who: int) -> None:
        phone, now = self.phones[who], START_MS + 1000 * (1 + len(self.edits))
        operation = self.programs[who][self.done[who]]
        self.last = who, operation
        self.done[who] += 1
        if operation == SYNC:
            self.sync(phone, now)
        elif not phone.head.deleted:  # the app offers nothing for a record that is gone
            before = phone.head.body
            if operation == DELETE:
                self.deleted.append(before)
                phone.delete()
            else:
                phone.edit(now, self.changes(phone, operation))
                self.edits.append((before, phone.head.body))

    def following(self, who: int) -> Iterator[Scene]:
        """Return the scenes that may come next when this phone goes on."""
        other = self.fork()
        other.advance(who)
        yield other

    def changes(self, phone: Phone, operation: Operation) -> Mapping[str, Any]:
        return changes(phone, *operation, unique=True)

    def may_advance(self, who: int) -> bool:
        if self.done[who] == len(self.programs[who]):
            return False
        same = who > 0 and self.programs[who] == self.programs[who - 1]
        if same and not self.done[who] and not self.done[who - 1]:
            return False
        after_sync = self.last is not None and self.last[1] == SYNC and self.last[0] != who
        return not after_sync or self.programs[who][self.done[who]] == SYNC

    def sync(self, phone: Phone, now: int) -> None:
        self.server.accept(phone.head)
        self.server.resolve()
        phone.pull(self.server, now)

    def finish(self, *names: str) -> Node:
        """Let all phones sync; return what stands, after comparing it with a single merge."""
        together = self.fork().server
        together.accept(*(phone.head for phone in self.phones))
        for phone in self.phones:
            self.sync(phone, START_MS + 60_000)
        final = self.server.winner()
        assert self.server.resolve().noop
        at_once = together.resolve()
        assert at_once.deleted == final.deleted
        for name in names if not final.deleted else ():
            assert at_once.body.get(name) == final.body.get(name)
        return final

    def lost(self, name: str) -> list[Any]:
        """Return every losing value of a field in any decision."""
        return [
            side.value
            for decision in self.server.decisions
            for field in decision.fields
            if field.field == name
            for side in field.lost
        ]

    def reviews(self) -> set[str]:
        return {reason for decision in self.server.decisions for reason in decision.reviews}


def interleavings(scene: Scene) -> Iterator[Scene]:
    if all(done == len(program) for done, program in zip(scene.done, scene.programs, strict=True)):
        yield scene
        return
    for who in range(len(scene.programs)):
        if scene.may_advance(who):
            for following in scene.following(who):
                yield from interleavings(following)


def check(scene: Scene, name: str) -> None:
    final = scene.finish(name).body
    here = atoms(name, final.get(name))
    lost = [atom for value in scene.lost(name) for atom in atoms(name, value)]
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
def test_three_phones_that_edit_sync_and_edit_again(name: str) -> None:
    histories = 0
    for programs in combinations_with_replacement([(kind, SYNC, kind) for kind in KINDS[name]], 3):
        for scene in interleavings(Scene(programs, Archive())):
            check(scene, name)
            histories += 1
    assert histories == {1: 57, 2: 456, 3: 1539}[len(KINDS[name])]


def program(name: str, letters: str) -> Program:
    """Return a program written as letters, its edits taken from the field's kinds in turn."""
    kinds = KINDS[name]
    edits = (kinds[place % len(kinds)] for place in range(len(letters)))
    return tuple(
        {"S": SYNC, "D": DELETE, "E": edit}[letter]
        for letter, edit in zip(letters, edits, strict=True)
    )


@pytest.mark.parametrize("name", KINDS)
def test_two_phones_with_every_program_of_three_edits_and_syncs(name: str) -> None:
    histories = 0
    words = ["".join(letters) for letters in product("ES", repeat=3)]
    for programs in combinations_with_replacement([program(name, word) for word in words], 2):
        for scene in interleavings(Scene(programs, Server())):
            check(scene, name)
            histories += 1
    assert histories == 252


def test_three_phones_that_edit_and_delete() -> None:
    """A deletion stands only if nobody wrote what its author had not seen; else it is reviewed."""
    histories = 0
    words = ("DSE", "EDS", "ESD", "ESE", "SDS", "SES")
    for programs in combinations_with_replacement([program("name", word) for word in words], 3):
        for scene in interleavings(Scene(programs, Archive())):
            final = scene.finish("name")
            seen = [before.get("name") for before, _ in scene.edits]
            seen += [before.get("name") for before in scene.deleted]
            if scene.deleted and not final.deleted:
                assert reasons.EDITED_AND_DELETED in scene.reviews()
            for _, after in scene.edits:
                value = after.get("name")
                stands = not final.deleted and final.body.get("name") == value
                assert stands or value in seen or value in scene.lost("name")
            histories += 1
    assert histories > 5_000


# Real life cycles

STEP: Operation = ("step", 0)
"""Any step that can be taken from the state that the phone shows."""


class Handling(Scene):
    """Phones that take steps of a real life cycle."""

    def __init__(self, cycle: LifeCycle, state: str, programs: Sequence[Program]) -> None:
        table = {"state": Merge(Policy.STATE, lattice=cycle.name)}
        body = {name: FIRST.body[name] for name in ("type", "grid", "created", "updated")}
        first = child(None, {**body, "stamps": {}, "state": state})
        super().__init__(programs, Archive(table=lambda _: table), first)
        self.cycle = cycle
        self.chosen = state

    def following(self, who: int) -> Iterator[Scene]:
        states = steps(self.cycle, self.phones[who].head.body["state"])
        step = self.programs[who][self.done[who]] == STEP
        for state in states if step else [""]:
            other = copy(self)
            other.chosen = state
            yield from super(Handling, other).following(who)

    def changes(self, phone: Phone, operation: Operation) -> Mapping[str, Any]:
        return {"state": self.chosen}


def steps(cycle: LifeCycle, state: str) -> list[str]:
    """Return the states that follow; a state from which no step leads is stayed in."""
    return sorted(to for before, to in cycle.steps if before == state) or [state]


def check_handling(scene: Handling) -> None:
    """Only somebody who knew a state, or one past it, took it back; a contest is reviewed."""
    cycle, final = scene.cycle, scene.finish("state").body["state"]
    moves = [(before["state"], after["state"]) for before, after in scene.edits]
    returns = [before for before, after in moves if cycle.join(before, after) != after]
    for _, after in moves:
        taken_back = any(cycle.join(after, known) == known for known in returns)
        assert taken_back or cycle.join(after, final) == final, moves
    if final == cycle.contested and final not in [state for move in moves for state in move]:
        assert reasons.STATE_CONTESTED in scene.reviews()


@pytest.mark.parametrize("cycle", LATTICES.values(), ids=lambda cycle: cycle.name)
@pytest.mark.parametrize(
    ("phones", "program"),
    [(3, (STEP, SYNC)), (2, (STEP, SYNC, STEP))],
    ids=["three phones take a step", "two phones take two steps"],
)
def test_every_step_of_a_life_cycle(cycle: LifeCycle, phones: int, program: Program) -> None:
    histories = 0
    for state in cycle.after:
        for scene in interleavings(Handling(cycle, state, [program] * phones)):
            assert isinstance(scene, Handling)
            check_handling(scene)
            histories += 1
    assert histories > 500


@pytest.mark.parametrize("cycle", LATTICES.values(), ids=lambda cycle: cycle.name)
def test_two_leave_a_contested_state(cycle: LifeCycle) -> None:
    for scene in interleavings(Handling(cycle, cycle.contested, [(STEP, SYNC)] * 2)):
        assert isinstance(scene, Handling)
        check_handling(scene)
