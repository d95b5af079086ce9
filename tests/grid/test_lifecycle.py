"""The event life cycle is a join-semilattice: every law over every state."""

from __future__ import annotations

from itertools import product

from grid.dictionaries import EVENT_STATUS
from grid.lifecycle import CONTESTED, EVENT, FIRST_STATES, TRANSITIONS, may_move, state_label
from grid.permissions import Role

STATES = EVENT.states


def test_every_state_has_words_and_every_word_a_state() -> None:
    assert set(STATES) == set(EVENT_STATUS.labels)
    assert state_label("60") == "处置完毕"


def test_join_is_commutative_and_idempotent() -> None:
    for left, right in product(STATES, repeat=2):
        assert EVENT.join(left, right) == EVENT.join(right, left)
        assert EVENT.join(left, left) == left


def test_join_is_associative() -> None:
    for a, b, c in product(STATES, repeat=3):
        assert EVENT.join(EVENT.join(a, b), c) == EVENT.join(a, EVENT.join(b, c))


def test_a_join_never_goes_backwards_and_is_the_least() -> None:
    for left, right in product(STATES, repeat=2):
        joined = EVENT.join(left, right)
        assert EVENT.at_or_after(joined, left)
        assert EVENT.at_or_after(joined, right)
        for other in STATES:
            if EVENT.at_or_after(other, left) and EVENT.at_or_after(other, right):
                assert EVENT.at_or_after(other, joined)


def test_different_ways_are_contested() -> None:
    assert EVENT.join("12", "20") == CONTESTED
    assert EVENT.join("25", "40") == CONTESTED
    assert EVENT.join("51", "60") == "60"
    assert EVENT.join("20", "50") == "50"


def test_every_state_can_be_reached_and_steps_name_known_states() -> None:
    reached = set(FIRST_STATES)
    while new := {to for (start, to) in TRANSITIONS if start in reached} - reached:
        reached |= new
    assert reached == set(EVENT.after)
    assert {state for step in TRANSITIONS for state in step} <= set(STATES)


def test_a_gridworker_reports_but_does_not_close() -> None:
    assert may_move(Role.GRIDWORKER, None, "10")
    assert not may_move(Role.GRIDWORKER, None, "80")
    assert not may_move(Role.GRIDWORKER, "70", "80")
    assert may_move(Role.SUPERVISOR_TOWN, "70", "80")
    assert not may_move(Role.AUDITOR, "10", "20")
    assert may_move(Role.AUDITOR, "10", "10")
