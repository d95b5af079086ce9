"""What ``test_small_scope`` leaves out is the same as something that it runs.

It folds two kinds of interleavings into one each. Here both folds are played out, unfolded:

- an offline edit and another phone's sync, next to each other, in either order;
- phones with the same program, exchanged. Then they sync in the end in another order as well, on
  which nothing depends that stands: each interleaving is compared with a merge of all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import orjson
import pytest

from tests.conflicts.test_small_scope import KINDS, SYNC, Archive, Program, Scene, program
from tests.conflicts.world import Phone

Order = tuple[int, ...]
"""The phone whose turn it is, step by step."""
WORDS = ("EES", "ESE", "SEE", "SES")


def orders(lengths: Sequence[int]) -> Iterator[Order]:
    """Yield every interleaving of programs of these lengths."""
    if not any(lengths):
        yield ()
    for who, left in enumerate(lengths):
        if left:
            rest = [length - (one == who) for one, length in enumerate(lengths)]
            yield from ((who, *order) for order in orders(rest))


def outcome(programs: Sequence[Program], order: Order, name: str, last: Order = ()) -> Any:
    """Play an interleaving; return what stands, what lost in any decision, and what is reviewed.

    ``last`` is the order in which all sync in the end, the phones' own unless it is given.
    Clocks are left out, and with them the order of a log: they may count one further.
    """
    scene = Scene(programs, Archive())
    for who in order:
        scene.advance(who)
    scene.phones = [scene.phones[who] for who in last] or scene.phones
    value = scene.finish(name).body.get(name)
    lost = scene.lost(name)
    if name == "log":
        value, *lost = (sorted(one["id"] for one in entries) for entries in (value, *lost))
    once = {orjson.dumps(one): one for one in lost}  # a value may lose in one decision or in two
    return [value, [once[text] for text in sorted(once)], sorted(scene.reviews())]


def folded(programs: Sequence[Program], order: Order) -> Order:
    """Return the interleaving that is run for this one: no edit follows another phone's sync."""
    steps = list(order)
    place = 0
    while place < len(steps) - 1:
        (one, other), done = steps[place : place + 2], steps[:place]
        syncs = programs[one][done.count(one)] == SYNC
        edits = one != other and programs[other][done.count(other)] != SYNC
        if syncs and edits:
            steps[place : place + 2] = other, one
            place = max(place - 1, 0)
        else:
            place += 1
    return tuple(steps)


@pytest.mark.parametrize("name", KINDS)
def test_an_edit_and_another_phones_sync_may_change_places(name: str) -> None:
    changed = 0
    for words in product(WORDS, repeat=2):
        programs = [program(name, word) for word in words]
        for order in orders([3, 3]):
            one = folded(programs, order)
            if one != order:
                assert outcome(programs, order, name) == outcome(programs, one, name), (
                    words,
                    order,
                )
                changed += 1
    assert changed > 100, changed


def renamed(told: Any, one: int, other: int) -> Any:
    """Return an outcome as if these two phones had been each other."""
    names = [(f"p{one}.", f"p{other}."), (Phone(one).device, Phone(other).device)]
    text = orjson.dumps(told).decode()
    for mine, theirs in names:
        text = text.replace(mine, "\0").replace(theirs, mine).replace("\0", theirs)
    return in_one_order(orjson.loads(text))


def in_one_order(told: Any) -> Any:
    """Return an outcome with sets and lines in one order; which came first is told by ids."""
    if isinstance(told, dict):
        return {name: in_one_order(told[name]) for name in sorted(told)}
    if isinstance(told, list):
        return sorted(map(in_one_order, told), key=orjson.dumps)
    return sorted(told.split("\n")) if isinstance(told, str) else told


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("word", "phones"), [(word, 2) for word in WORDS] + [("ES", 3)], ids=[*WORDS, "three phones"]
)
def test_phones_with_the_same_program_may_be_exchanged(name: str, word: str, phones: int) -> None:
    programs = [program(name, word)] * phones
    for order in orders([len(word)] * phones):
        told = orjson.loads(orjson.dumps(outcome(programs, order, name)))
        for one in range(phones - 1):
            names = {one: one + 1, one + 1: one}
            other, last = (
                tuple(names.get(who, who) for who in turns) for turns in (order, range(phones))
            )
            exchanged = orjson.loads(orjson.dumps(outcome(programs, other, name, last)))
            assert in_one_order(told) == renamed(exchanged, one, one + 1), order
