"""Which claims on a field still stand, and which of them is the last write."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conflicts.canonical_json import ABSENT
from conflicts.policies import POLICIES, Bases, Claim, Field, register_lattice, stamps_of, standing
from conflicts.policies.claim import latest
from conflicts.policies.state import lattice_named
from grid.policy import Merge, Policy
from tests.conflicts.world import HandlingLattice

EARLY, LATE = "2026-11-24T08:00:01.000Z-0000-00000001", "2026-11-24T08:00:02.000Z-0000-00000002"
Given = tuple[Any, str | None]
"""A value and its stamp."""


def stands(claims: Sequence[Given], bases: Bases, **options: bool) -> list[bool]:
    def pick(body: Any) -> Given:
        return body["value"], body.get("stamp")

    values, stamps = [value for value, _ in claims], [stamp for _, stamp in claims]
    return standing(values, stamps, bases, pick, **options)


def claim(value: Any, stamp: str = "", *, device: str = "", rev: str = "1-a") -> Claim:
    return Claim(rev, value, stamp, stamp or None, device, {})


# Which stand


def test_what_is_as_it_was_gives_way_to_what_was_changed() -> None:
    bases = Bases({"value": "old"})
    assert stands([("new", EARLY), ("old", None), ("newer", LATE)], bases) == [True, False, True]


def test_where_nobody_changed_anything_all_stand() -> None:
    bases = Bases({"value": "old", "stamp": EARLY})
    assert stands([("old", EARLY), ("old", None)], bases) == [True, True]


def test_a_value_written_again_counts_as_changed() -> None:
    bases = Bases({"value": "old", "stamp": EARLY})
    assert stands([("old", LATE), ("old", EARLY)], bases) == [True, False]


def test_each_pair_is_judged_by_the_state_from_which_it_parted() -> None:
    first, second = {"value": "a"}, {"value": "b"}
    pairs: dict[tuple[int, int], Any] = {(0, 1): first, (0, 2): None, (1, 2): second}
    claims = [("a", None), ("b", None), ("c", None)]
    assert stands(claims, Bases(None, pairs), by_stamp=False) == [False, False, True]
    # The pair without a base says nothing, but the pairs after it are judged all the same.
    pairs = {(0, 1): None, (0, 2): first, (1, 2): None}
    assert stands(claims, Bases(None, pairs), by_stamp=False) == [False, True, True]


def test_pairs_in_which_each_overwrote_another_all_stand() -> None:
    pairs: dict[tuple[int, int], Any] = {
        (0, 1): {"value": "a"},
        (1, 2): {"value": "b"},
        (0, 2): {"value": "c"},
    }
    claims: list[Given] = [("a", None), ("b", None), ("c", None)]
    assert stands(claims, Bases(None, pairs)) == [True, True, True]


def test_in_a_pair_a_value_written_again_counts_as_changed() -> None:
    pairs: dict[tuple[int, int], Any] = {(0, 1): {"value": "a", "stamp": EARLY}}
    assert stands([("a", LATE), ("a", EARLY)], Bases(None, pairs)) == [True, False]
    assert stands([("a", EARLY), ("a", LATE)], Bases(None, pairs)) == [False, True]
    assert stands([("a", None), ("b", EARLY)], Bases(None, pairs)) == [False, True]


def test_without_a_base_only_what_was_never_stamped_gives_way() -> None:
    gone: dict[tuple[int, int], Any] = {(0, 1): None}
    claims = [("a", None), ("b", EARLY)]
    assert stands(claims, Bases(None)) == [False, True]
    assert stands(claims, Bases(None, gone)) == [False, True]
    assert stands([("a", LATE), ("b", EARLY)], Bases(None)) == [True, True]
    assert stands([("a", None), ("b", None)], Bases(None)) == [True, True]


def test_without_a_base_of_documents_made_apart_or_of_elements_all_stand() -> None:
    claims = [("a", None), ("b", EARLY)]
    assert stands(claims, Bases(None, one_origin=False)) == [True, True]
    assert stands(claims, Bases(None), by_stamp=False) == [True, True]


# The last write


@given(st.permutations([EARLY, LATE]), st.permutations(["b", "a"]))
def test_the_stamp_comes_before_device_and_value(stamps: list[str], devices: list[str]) -> None:
    claims = [
        claim(number, stamp, device=device)
        for number, (stamp, device) in enumerate(zip(stamps, devices, strict=True))
    ]
    assert latest(claims).stamp == LATE
    assert latest(claims[::-1]).stamp == LATE


def test_equal_stamps_go_by_device_and_equal_devices_by_value_in_any_order() -> None:
    by_device = [claim("b", EARLY, device="1"), claim("a", EARLY, device="2")]
    assert {latest(order).value for order in permutations(by_device)} == {"a"}
    by_value = [claim(value, EARLY, device="1", rev=f"1-{value}") for value in "abcdef"]
    firsts = {latest(order).value for order in permutations(by_value)}
    assert len(firsts) == 1
    turned = [claim(one.value, EARLY, device="1", rev="1-z") for one in by_value]
    assert {latest(order).value for order in permutations(turned)} == firsts


# What policies are given


def test_stamps_that_are_no_text_are_passed_over() -> None:
    assert stamps_of({}) == {}
    assert stamps_of({"stamps": [EARLY]}) == {}
    stamps = {"a": EARLY}
    assert stamps_of({"stamps": stamps}) is stamps
    assert stamps_of({"stamps": {"a": EARLY, "b": 5, "c": None}}) == {"a": EARLY}


@pytest.mark.parametrize("policy", Policy)
def test_the_base_of_a_field_that_was_not_there_is_absent_and_not_null(policy: Policy) -> None:
    field = Field("value", Merge(policy), Bases({"other": 1}))
    assert field.base() is ABSENT
    assert Field("value", Merge(policy), Bases(None)).base() is ABSENT
    assert Field("value", Merge(policy), Bases({"value": None})).base() is None
    claims = [claim(5, EARLY, rev="1-a"), claim(6, LATE, rev="1-b")]
    assert POLICIES[policy](claims, field).value in (5, 6)


class Diamond:
    """Two ways from a beginning to an end that both reach."""

    contested = "contested"

    def knows(self, state: str) -> bool:
        return state in ("begin", "left", "right", "end", "contested")

    def join(self, left: str, right: str) -> str:
        if left == right or right == "begin":
            return left
        return right if left == "begin" else "end"


def test_two_states_with_a_common_successor_join_to_it_without_a_review() -> None:
    register_lattice("diamond", Diamond())
    assert isinstance(lattice_named("diamond"), Diamond)
    assert lattice_named("no such life cycle") is None
    field = Field("state", Merge(Policy.STATE, lattice="diamond"), Bases({"state": "begin"}))
    sides = [claim("left", EARLY, rev="2-a"), claim("right", LATE, rev="2-b")]
    outcome = POLICIES[Policy.STATE](sides, field)
    assert (outcome.value, outcome.review, outcome.chosen) == ("end", None, None)
    assert (outcome.lost, outcome.stamp) == (frozenset({"2-a", "2-b"}), LATE)


def test_the_holder_of_the_joined_state_is_named() -> None:
    register_lattice("handling again", HandlingLattice())
    for base in ("reported", 5, "of another cycle"):
        field = Field(
            "state", Merge(Policy.STATE, lattice="handling again"), Bases({"state": base})
        )
        sides = [claim("handling", LATE, rev="2-a"), claim("done", EARLY, rev="2-b")]
        outcome = POLICIES[Policy.STATE](sides, field)
        assert (outcome.value, outcome.chosen, outcome.lost) == ("done", "2-b", frozenset({"2-a"}))
        assert outcome.review is None
