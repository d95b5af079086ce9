"""Every life cycle is a join-semilattice: every law over every state of every table."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from grid.dictionaries import DICTIONARIES
from grid.lifecycle import (
    CONTESTED,
    DISPUTE,
    EVENT,
    LATTICES,
    OPEN_STATES,
    TASK,
    BrokenLifeCycle,
    LifeCycle,
)
from grid.models import RECORD_TYPES, dictionary_of, field_policies, life_cycle
from grid.permissions import Role
from grid.policy import Policy

cycles = pytest.mark.parametrize("cycle", LATTICES.values(), ids=list(LATTICES))


@cycles
def test_every_state_has_words_and_every_word_a_state(cycle: LifeCycle) -> None:
    assert set(cycle.states) == set(DICTIONARIES[f"{cycle.name}_status"].labels)
    assert DICTIONARIES[f"{cycle.name}_status"].label(CONTESTED) == "待裁定"


@cycles
def test_join_is_commutative_and_idempotent(cycle: LifeCycle) -> None:
    for left, right in product(cycle.states, repeat=2):
        assert cycle.join(left, right) == cycle.join(right, left)
        assert cycle.join(left, left) == left


@cycles
def test_join_is_associative(cycle: LifeCycle) -> None:
    for a, b, c in product(cycle.states, repeat=3):
        assert cycle.join(cycle.join(a, b), c) == cycle.join(a, cycle.join(b, c))


@cycles
def test_a_join_never_goes_backwards_and_is_the_least(cycle: LifeCycle) -> None:
    for left, right in product(cycle.states, repeat=2):
        joined = cycle.join(left, right)
        assert cycle.at_or_after(joined, left)
        assert cycle.at_or_after(joined, right)
        for other in cycle.states:
            if cycle.at_or_after(other, left) and cycle.at_or_after(other, right):
                assert cycle.at_or_after(other, joined)


@cycles
def test_the_order_is_one_and_states_without_a_common_successor_are_contested(
    cycle: LifeCycle,
) -> None:
    for left, right in product(cycle.states, repeat=2):
        if left != right:
            assert not (cycle.at_or_after(left, right) and cycle.at_or_after(right, left))
        above = [
            other
            for other in cycle.after
            if cycle.at_or_after(other, left) and cycle.at_or_after(other, right)
        ]
        assert (cycle.join(left, right) == CONTESTED) == (not above)
    for a, b, c in product(cycle.states, repeat=3):
        if cycle.at_or_after(a, b) and cycle.at_or_after(b, c):
            assert cycle.at_or_after(a, c)


@cycles
def test_every_state_can_be_reached_and_the_contested_one_left(cycle: LifeCycle) -> None:
    reached = set(cycle.first)
    while new := {to for (start, to) in cycle.steps if start in reached} - reached:
        reached |= new
    assert reached == set(cycle.after)
    assert {to for (start, to) in cycle.steps if start == CONTESTED} == set(cycle.after)
    assert not any(to == CONTESTED for _, to in cycle.steps)
    assert cycle.open | cycle.closed == set(cycle.states)
    assert not cycle.open & cycle.closed


@cycles
def test_who_may_do_nothing_moves_nothing(cycle: LifeCycle) -> None:
    for before, after in product(cycle.states, repeat=2):
        assert cycle.may_move(Role.AUDITOR, before, after) == (before == after)


@cycles
def test_the_centre_takes_every_single_step(cycle: LifeCycle) -> None:
    for (before, after), roles in cycle.steps.items():
        assert roles
        assert cycle.may_move(Role.SUPERVISOR_TOWN, before, after)
    assert all(cycle.may_move(Role.SUPERVISOR_TOWN, None, state) for state in cycle.states)
    assert not cycle.may_move(Role.SUPERVISOR_TOWN, None, "no such state")


@cycles
def test_a_single_step_is_for_the_roles_it_names(cycle: LifeCycle) -> None:
    for (before, after), roles in cycle.steps.items():
        for role in Role:
            if role in roles:
                assert cycle.may_move(role, before, after)


def test_different_ways_are_contested() -> None:
    assert EVENT.join("12", "20") == CONTESTED
    assert EVENT.join("25", "40") == CONTESTED
    assert EVENT.join("51", "60") == "60"
    assert EVENT.join("20", "50") == "50"
    assert DISPUTE.join("40", "50") == CONTESTED
    assert DISPUTE.join("45", "50") == "50"
    assert DISPUTE.join("30", "60") == "60"
    assert TASK.join("60", "92") == CONTESTED
    assert TASK.join("91", "20") == CONTESTED
    assert LATTICES["campaign"].join("10", "30") == "30"
    assert LATTICES["campaign"].join("30", "31") == CONTESTED


def test_a_gridworker_reports_but_does_not_close() -> None:
    assert EVENT.may_move(Role.GRIDWORKER, None, "10")
    assert not EVENT.may_move(Role.GRIDWORKER, None, "80")
    assert not EVENT.may_move(Role.GRIDWORKER, "70", "80")
    assert EVENT.may_move(Role.SUPERVISOR_TOWN, "70", "80")
    assert not EVENT.may_move(Role.AUDITOR, "10", "20")
    assert EVENT.may_move(Role.AUDITOR, "10", "10")


def test_several_steps_made_offline_are_as_good_as_one_but_for_the_verification() -> None:
    assert EVENT.may_move(Role.GRIDWORKER, "10", "60")
    assert not EVENT.may_move(Role.GRIDWORKER, "10", "70")
    assert EVENT.may_move(Role.GRIDWORKER, "60", "70")
    assert EVENT.may_move(Role.GRIDWORKER, None, "92")
    assert not EVENT.may_move(Role.GRIDWORKER, None, "70")
    assert DISPUTE.may_move(Role.GRIDWORKER, None, "60")
    assert not DISPUTE.may_move(Role.GRIDWORKER, "30", "70")
    assert TASK.may_move(Role.GRIDWORKER, "10", "60")
    assert not TASK.may_move(Role.GRIDWORKER, "60", "70")


def test_past_a_finished_state_one_does_not_go_but_beside_it_one_does() -> None:
    role = frozenset({Role.GRIDWORKER})
    ways = [(f"b{number}", f"c{number}") for number in range(9)]
    cycle = LifeCycle(
        "fan",
        after={"a": None, "f": "a", "v": "f"}
        | dict.fromkeys((s for way in ways for s in way), "a"),
        steps={("a", "f"): role, ("f", "v"): role}
        | {("a", start): role for start, _ in ways}
        | dict.fromkeys(ways, role),
        finished="f",
    )
    assert all(cycle.may_move(Role.GRIDWORKER, "a", end) for _, end in ways)
    assert cycle.may_move(Role.GRIDWORKER, "a", "f")
    assert not cycle.may_move(Role.GRIDWORKER, "a", "v")
    assert cycle.may_move(Role.GRIDWORKER, "f", "v")


def log_of(*steps: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"by": by, "after": after} for by, after in steps]


@pytest.mark.parametrize(
    ("before", "status", "own"),
    [
        (None, "70", False),
        ({"status": "50", "log": log_of(("me", "60"))}, "70", False),
        ({"status": "60", "log": log_of(("me", "60"))}, "60", False),
        ({"status": "60", "log": log_of(("me", "60"))}, "70", True),
        ({"status": "60", "log": log_of(("me", "60"))}, "61", True),
        ({"status": "60", "log": log_of(("me", "60"), ("you", "61"), ("you", "60"))}, "70", False),
        ({"status": "60", "log": log_of(("you", "60"), ("me", "50"))}, "70", False),
        ({"status": "60", "log": ["odd", *log_of(("me", "60"))]}, "70", True),
        ({"status": "60", "log": []}, "70", False),
        ({"status": "60", "log": "odd"}, "70", False),
        ({"status": "60"}, "70", False),
    ],
)
def test_nobody_verifies_what_he_finished_himself(
    before: Mapping[str, Any] | None, status: str, own: bool
) -> None:
    assert EVENT.verifies_own_work("me", before, status) is own
    assert LATTICES["campaign"].verifies_own_work("me", before, status) is False


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"after": {"1": "2", "2": "1"}}, "comes after itself"),
        ({"after": {"1": "1"}}, "1 comes after itself"),
        ({"after": {"1": "2", "2": "3", "3": "2"}}, "1 comes after itself"),
        ({"after": {"1": "0"}}, "0 is not among the states"),
        ({"after": {"1": None, "99": "1"}}, "99 comes after everything"),
        ({"after": {"1": None}, "steps": {("1", "3"): frozenset()}}, "3 is not among"),
        ({"after": {"1": None}, "first": frozenset({"4"})}, "4 is not among"),
        ({"after": {"1": None}, "closed": frozenset({"5"})}, "5 is not among"),
        ({"after": {"1": None}, "finished": "6"}, "6 is not among"),
    ],
)
def test_a_table_that_is_no_life_cycle_is_refused(table: Any, message: str) -> None:
    with pytest.raises(BrokenLifeCycle, match=f"odd: .*{message}"):
        LifeCycle("odd", **table)


def test_every_state_field_names_a_life_cycle_and_is_coded_by_its_states() -> None:
    found = set()
    for name in RECORD_TYPES:
        for field, merge in field_policies(name).items():
            if merge.policy is Policy.STATE:
                assert field == "status"
                cycle = life_cycle(name)
                assert cycle is not None
                assert cycle.name == merge.lattice
                assert dictionary_of(name, field) is DICTIONARIES[f"{cycle.name}_status"]
                found.add(cycle.name)
    assert found == set(LATTICES)
    assert life_cycle("household") is None
    assert life_cycle("no such type") is None


def test_open_states_of_events() -> None:
    assert {"10", "20", "60", "70", CONTESTED} <= OPEN_STATES
    assert not {"12", "80", "90", "91", "92", "93"} & OPEN_STATES


def test_a_life_cycle_made_here_with_nothing_remembered() -> None:
    """The declared ones remember what they were asked; this one has to find it."""
    worker, town = frozenset({Role.GRIDWORKER}), frozenset({Role.SUPERVISOR_TOWN})
    small = LifeCycle(
        "small",
        {"1": None, "2": "1", "3": "2", "4": "1", "5": "3"},
        steps={
            ("1", "2"): worker,
            ("1", "4"): worker,
            ("2", "3"): worker,
            ("3", "5"): worker,
            ("4", "1"): town,
        },
        first=frozenset({"1"}),
        finished="3",
    )
    reached = {state for state in small.states if small.may_move(Role.GRIDWORKER, "1", state)}
    assert reached == {"1", "2", "3", "4"}
    assert small.may_move(Role.GRIDWORKER, "3", "5")
    assert not small.may_move(Role.GRIDWORKER, "4", "1")
    assert small.may_move(Role.SUPERVISOR_TOWN, "4", "1")
    assert not small.may_move(Role.SUPERVISOR_TOWN, "1", "2")
    joins = {(a, b): small.join(a, b) for a in "1345" for b in "1345" if a < b}
    assert joins == {
        ("1", "3"): "3",
        ("1", "4"): "4",
        ("1", "5"): "5",
        ("3", "4"): CONTESTED,
        ("3", "5"): "5",
        ("4", "5"): CONTESTED,
    }
