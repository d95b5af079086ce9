"""Households and who lives in them; what the rules across documents are called."""

from __future__ import annotations

import pytest

from conflicts import reasons
from conflicts.households import check_household, heads, living
from conflicts.rules import (
    HIGH,
    LOW,
    NORMAL,
    ORPHANS,
    OUTSIDE,
    RULES,
    TWO_HEADS,
    Finding,
    finding_id,
    severity_of,
)

HOME = "household:1"


def person(number: int, **fields: str) -> dict[str, str]:
    return {"_id": f"resident:{number}", "status": "living", **fields}


def test_who_moved_out_or_died_does_not_live_there() -> None:
    people = [person(3), person(1, status="moved_out"), person(2, status="deceased"), person(0)]
    people.append({"_id": "resident:4"})
    assert [one["_id"] for one in living(people)] == ["resident:0", "resident:3", "resident:4"]


def test_a_head_is_one_by_relation_or_because_the_household_says_so() -> None:
    people = [
        person(2, relation="0"),
        person(1, relation="1"),
        person(3, relation="0", status="deceased"),
    ]
    assert heads({"head": "resident:1"}, people) == ["resident:1", "resident:2"]
    assert heads({"head": "resident:2"}, people) == ["resident:2"]
    assert heads({}, people) == ["resident:2"]
    assert heads({"head": "resident:3"}, [person(4)]) == []


def test_one_head_in_a_grid_is_as_it_should_be() -> None:
    assert (
        check_household(HOME, {"head": "resident:1"}, [person(1), person(2)], in_a_grid=True) == []
    )
    assert check_household(HOME, {}, [], in_a_grid=True) == []


def test_two_heads_and_no_grid_are_found() -> None:
    people = [person(2, relation="0"), person(1, relation="0"), person(3)]
    two = Finding(TWO_HEADS, (HOME,), (HOME, "resident:1", "resident:2"))
    outside = Finding(OUTSIDE, (HOME,), (HOME,))
    assert check_household(HOME, {}, people, in_a_grid=True) == [two]
    assert check_household(HOME, {}, people, in_a_grid=False) == [two, outside]
    assert check_household(HOME, {}, [], in_a_grid=False) == [outside]


def test_whoever_still_lives_in_a_house_that_is_gone_is_found() -> None:
    people = [person(2), person(1), person(3, status="moved_out")]
    orphans = Finding(ORPHANS, (HOME,), (HOME, "resident:1", "resident:2"))
    assert check_household(HOME, None, people, in_a_grid=True) == [orphans]
    assert check_household(HOME, None, people[2:], in_a_grid=False) == []


@pytest.mark.parametrize(
    ("codes", "severity"),
    [
        ((), LOW),
        ((reasons.TEXT_OVERLAP,), LOW),
        ((reasons.FIELD_CLASH,), NORMAL),
        ((reasons.TEXT_OVERLAP, reasons.FIELD_CLASH), NORMAL),
        ((reasons.FIELD_CLASH, reasons.STATE_CONTESTED), HIGH),
        ((reasons.EDITED_AND_DELETED,), HIGH),
        (("of a newer server",), NORMAL),
        ((OUTSIDE,), HIGH),
        ((TWO_HEADS,), NORMAL),
    ],
)
def test_a_review_is_as_grave_as_its_gravest_reason(codes: tuple[str, ...], severity: int) -> None:
    assert severity_of(codes) == severity


def test_the_same_finding_has_the_same_id_for_ever_whoever_names_the_records_first() -> None:
    assert finding_id("duplicate", "b", "a") == finding_id("duplicate", "a", "b")
    assert finding_id("duplicate", "a", "b") == "across:duplicate:70350f6027bce3713f6b76473084309b"
    assert finding_id("duplicate", "a", "b") != finding_id("household", "a", "b")
    assert Finding(TWO_HEADS, (HOME,), (HOME, "x")).id == finding_id(RULES[TWO_HEADS].kind, HOME)
