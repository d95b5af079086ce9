"""Taking in a duplicate and giving it back, to the last stamp; what two records contradict."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from conflicts.duplicates import APART, SERVER_DEVICE, contradictions, judge, same_told
from conflicts.joining import (
    absorb,
    absorbed,
    derived_revision,
    redirected,
    release,
)
from grid.idnumber import make_fictitious
from tests.conflicts.test_duplicates import (
    ABROAD,
    BESIDE,
    FIRST,
    NUMBER,
    OTHER_DEVICE,
    PATH,
    SECOND,
    home,
    person,
    stamp,
)

Document = dict[str, Any]
ONE, TWO = "aaaaaaa1", "bbbbbbb2"
CREATED = stamp(60, TWO)
"""When the duplicate was created, which is when its fields without a stamp were last changed."""


def bare(body: Document) -> Document:
    """Return a body as a store has it, without the members that only ``canonical`` has."""
    return {name: value for name, value in body.items() if name not in ("_id", "path")}


def stands() -> Document:
    fields = {"phone": "12000000001", "note": "甲", "room": "", "tags": ["甲"], "unknown": "x"}
    return bare(home(FIRST, stamps={"phone": stamp(10, ONE)}, **fields))


def duplicate() -> Document:
    stamps = {
        "area": stamp(70, TWO),
        "tags/乙": stamp(65, TWO),
        "merged_into": stamp(80, TWO),
        "distinct_from/x": stamp(81, TWO),
    }
    fields = {
        "phone": "12000000002",
        "area": 90.0,
        "room": "301",
        "tags": ["乙"],
        "status": "living",
    }
    return bare(home(SECOND, **OTHER_DEVICE, stamps=stamps, **fields))


def server_clock(seconds: int, counter: int) -> str:
    return f"{stamp(seconds, ONE)[:24]}-{counter:04x}-{SERVER_DEVICE}"


def test_a_duplicate_is_taken_in_with_the_time_of_each_field() -> None:
    result = absorb(stands(), "1-a", duplicate(), SECOND, "1-b", None)
    own = {name: stands()[name] for name in ("type", "schema", "grid", "created")}
    assert result.body == {
        **own,
        "address": "面前山村103号",
        "phone": "12000000002",  # without a stamp: as old as its document, younger than the other
        "note": "甲",
        "room": "301",
        "area": 90.0,
        "status": "living",
        "tags": ["乙", "甲"],
        "unknown": "x",
        "absorbed": [{"key": SECOND, "rev": "1-b", "from": "1-a"}],
        "stamps": {
            "address": CREATED,
            "area": stamp(70, TWO),
            "phone": CREATED,
            "room": CREATED,
            "status": CREATED,
            "tags": CREATED,
            "tags/乙": stamp(65, TWO),
        },
        "updated": {"at": server_clock(60, 1), "by": f"worker-{TWO}", "device": SERVER_DEVICE},
    }
    phone, tags = result.fields
    assert (phone.field, phone.chosen, phone.value, phone.base) == (
        "phone",
        "1-b",
        "12000000002",
        None,
    )
    told = [(s.rev, s.by, s.device, s.at, s.value, s.changed) for s in phone.sides]
    assert told == [
        ("1-a", f"worker-{ONE}", ONE, stamp(10, ONE), "12000000001", True),
        ("1-b", f"worker-{TWO}", TWO, CREATED, "12000000002", True),
    ]
    assert ([side.rev for side in phone.lost], phone.review) == (["1-a"], "field-clash")
    assert (tags.field, tags.value) == ("tags", ["乙", "甲"])


def test_the_revision_follows_from_parent_and_content() -> None:
    result = absorb(stands(), "1-a", duplicate(), SECOND, "1-b", None)
    assert result.revision("4-x") == derived_revision("4-x", result.body)
    assert result.revision("4-x").startswith("5-")
    assert derived_revision("4-x", {"a": 1}) != derived_revision("4-x", {"a": 2})
    assert derived_revision("4-x", {"a": 1}) != derived_revision("4-y", {"a": 1})


def test_two_duplicates_are_noted_side_by_side_and_each_given_back_alone() -> None:
    third = "household:01C"
    once = absorb(stands(), "1-a", duplicate(), SECOND, "1-b", None).body
    twice = absorb(once, "2-a", {**duplicate(), "area": 91.0}, third, "1-c", None).body
    assert twice["absorbed"] == [
        {"key": SECOND, "rev": "1-b", "from": "1-a"},
        {"key": third, "rev": "1-c", "from": "2-a"},
    ]
    back = release(twice, duplicate(), SECOND, stands(), once).body
    assert back["absorbed"] == [{"key": third, "rev": "1-c", "from": "2-a"}]
    assert absorbed(back, SECOND) is None


def test_given_back_only_what_was_taken_in_and_with_stamps_above_it() -> None:
    taken = absorb(stands(), "1-a", duplicate(), SECOND, "1-b", None)
    later = {**taken.body, "tags": ["乙", "丙", "甲"], "status": "empty", "mine": 1}
    later["stamps"] = {**later["stamps"], "status": stamp(100, ONE), "tags": stamp(90, ONE)}
    later["updated"] = {"at": stamp(100, ONE), "by": "me", "device": ONE}
    back = release(later, duplicate(), SECOND, stands(), taken.body)
    assert back.fields == ()
    stamps = {
        "address": CREATED,
        "area": server_clock(70, 1),
        "phone": server_clock(60, 2),
        "room": server_clock(60, 3),
        "status": stamp(100, ONE),
        "tags": server_clock(90, 1),
        "tags/乙": stamp(65, TWO),
    }
    rest = {name: value for name, value in back.body.items() if name not in ("stamps", "updated")}
    kept = {name: value for name, value in stands().items() if name not in ("stamps", "updated")}
    assert rest == {**kept, "tags": ["丙", "甲"], "status": "empty", "mine": 1}
    assert back.body["stamps"].keys() == stamps.keys()
    assert {name for name in stamps if back.body["stamps"][name] != later["stamps"][name]} == {
        "area",
        "phone",
        "room",
        "tags",
    }
    assert all(back.body["stamps"][name] >= later["stamps"][name] for name in stamps)
    assert back.body["updated"]["at"] > later["updated"]["at"]
    assert back.body["updated"]["by"] == f"worker-{TWO}"
    assert back.body["updated"]["device"] == SERVER_DEVICE


def test_a_single_value_that_was_changed_since_is_not_given_back_even_if_it_is_a_list() -> None:
    before, after = {**stands(), "unknown": ["x"]}, {**stands(), "unknown": ["x", "y"]}
    now = {**after, "unknown": ["x", "y", "z"]}
    assert release(now, duplicate(), SECOND, before, after).body["unknown"] == ["x", "y", "z"]
    odd = {**after, "tags": "odd"}
    given = release(odd, duplicate(), SECOND, {**before, "tags": "x"}, {**after, "tags": ["y"]})
    assert given.body["tags"] == "odd"
    filled = release(
        {**after, "tags": ["y", "z"]},
        duplicate(),
        SECOND,
        {**before, "tags": "x"},
        {**after, "tags": ["y"]},
    )
    assert filled.body["tags"] == ["z"]


def test_a_redirect_is_stamped_above_all_before_and_so_is_taking_it_back() -> None:
    result = redirected(duplicate(), stands(), FIRST, "system")
    at = server_clock(80, 1)
    assert result.body == {
        **duplicate(),
        "merged_into": FIRST,
        "stamps": {**duplicate()["stamps"], "merged_into": at},
        "updated": {"at": at, "by": "system", "device": SERVER_DEVICE},
    }
    assert result.fields == ()
    future = {**result.body, "updated": {"at": stamp(9_000, TWO), "by": "x", "device": TWO}}
    back = redirected(future, stands(), None, "worker1")
    assert "merged_into" not in back.body
    assert back.body["updated"] == {
        "at": server_clock(9_000, 1),
        "by": "worker1",
        "device": SERVER_DEVICE,
    }
    fresh = {**stands(), "updated": {"at": stamp(500, ONE), "by": "x", "device": ONE}}
    plain = {name: value for name, value in duplicate().items() if name != "stamps"}
    assert redirected(plain, fresh, FIRST, "system").body["updated"]["at"] == server_clock(500, 1)


def test_records_that_do_not_say_when_can_be_joined_too() -> None:
    one = {"type": "household", "phone": "12000000001", "created": 5, "updated": "odd", "stamps": 7}
    other = {"type": "household", "phone": "12000000002", "updated": {"at": "odd", "by": "x"}}
    result = absorb(one, "1-a", {**other, "area": 5}, "household:x", "1-b", None).body
    assert result["phone"] in ("12000000001", "12000000002")
    assert (result["area"], result["created"]) == (5, 5)
    assert result["stamps"] == {}
    assert result["updated"] == {
        "at": f"1970-01-01T00:00:00.000Z-0001-{SERVER_DEVICE}",
        "by": "x",
        "device": SERVER_DEVICE,
    }
    told = {"type": "household", "created": {"at": stamp(5, ONE), "by": "maker", "device": ONE}}
    side = (
        absorb({**told, "phone": "1"}, "1-a", {**told, "phone": "2"}, "x", "1-b", None)
        .fields[0]
        .sides[0]
    )
    assert (side.by, side.device, side.at) == ("maker", ONE, stamp(5, ONE))


# An empty field gives way; the same thing written in two ways stays as it stands


@pytest.mark.parametrize("empty", [None, "", []])
def test_what_is_empty_gives_way_whichever_is_later(empty: Any) -> None:
    for left, right in ((5, empty), (empty, 5)):
        one = {**stands(), "area": left, "stamps": {"area": stamp(300, ONE)}}
        other = {**duplicate(), "area": right, "stamps": {"area": stamp(400, TWO)}}
        result = absorb(one, "1-a", other, SECOND, "1-b", None)
        assert result.body["area"] == 5
        assert "area" not in [field.field for field in result.fields]


def test_a_name_written_in_two_ways_stays_as_the_record_has_it() -> None:
    one = {
        **stands(),
        "head_name": "买买提·阿",
        "phone": "12000000001",
        "room": "三〇一",
        "odd": "A",
    }
    other = {
        **duplicate(),
        "head_name": "买买提•阿",
        "phone": "+8612000000001",
        "room": "301",
        "odd": "a",
    }
    result = absorb(one, "1-a", other, SECOND, "1-b", None)
    assert result.body["head_name"] == "买买提·阿"
    assert result.body["phone"] == "12000000001"
    assert result.body["odd"] == "a"  # a field that nobody declared is compared to the letter
    assert "head_name" not in [field.field for field in result.fields]


# What contradicts


@pytest.mark.parametrize(
    ("one", "other", "fields"),
    [
        ({}, {}, ()),
        ({"phone": "12000000001"}, {"phone": "12000000002"}, ("phone",)),
        ({"phone": "12000000001"}, {"phone": "+86 120 0000 0001"}, ()),
        ({"phone": "12000000001"}, {"phone": ""}, ()),
        ({"area": 90.0, "phone": "1"}, {"area": 80.0, "phone": "2"}, ("area", "phone")),
        ({"area": 90.0}, {"area": 90.0}, ()),
        ({"area": 90.0}, {"area": "90"}, ("area",)),
        ({"area": 90.0}, {"area": []}, ()),
        ({"tags": ["甲"], "note": "甲"}, {"tags": ["乙"], "note": "乙"}, ()),
        ({"members": 3, "address": "东村1号"}, {"members": 4, "address": "西村2号"}, ()),
        ({"grid": "1", "schema": 1}, {"grid": "2", "schema": 2}, ()),
        ({"merged_into": "a"}, {"merged_into": "b"}, ()),
        ({"unknown": 1}, {"unknown": 2}, ()),
    ],
)  # fmt: skip
def test_contradictions_of_households(one: Document, other: Document, fields: tuple[str]) -> None:
    left, right = home(FIRST, **one), home(SECOND, **{**OTHER_DEVICE, **other})
    assert contradictions(left, right) == fields
    assert contradictions(right, left) == fields


def test_contradictions_of_people() -> None:
    left = person("resident:01A", id_number=NUMBER, phone="1", address="东村1号")
    right = person("resident:01B", name="陈水胜", phone="2", id_number=NUMBER, **OTHER_DEVICE)
    assert contradictions(left, right) == ("name", "phone")
    match = judge(left, right)
    assert match is not None
    assert (match.contradicts, match.safe) == (("name", "phone"), False)


def test_a_door_is_the_same_as_a_door_only() -> None:
    left = home(FIRST, address="面前山村3栋301室")
    right = home(SECOND, address="面前山村", building="三栋", room="301")
    assert same_told("household", "address", left, right)
    assert not same_told("household", "address", left, {**right, "room": "302"})
    assert not same_told("resident", "address", left, right)
    assert same_told("household", "phone", {"phone": "+8612000000001"}, {"phone": "12000000001"})
    assert not same_told("household", "phone", {"phone": "1"}, {"phone": "2"})


@pytest.mark.parametrize(
    ("one", "other", "safe"),
    [
        ({"phone": "1200000"}, {"phone": "1200000"}, True),
        ({"head_name": "陈水生"}, {"head_name": "陈水生"}, True),
        ({"household_number": "12345"}, {"household_number": "12345"}, True),
        ({"head": "resident:1"}, {"head": "resident:1"}, True),
        ({"head": "resident:1"}, {}, False),
        ({"phone": "1200000"}, {"phone": "1200000", "device": SERVER_DEVICE}, False),
        ({"phone": "1200000"}, {"phone": "1200000", "device": ONE}, False),
        ({"phone": "1200000"}, {"phone": "1200000", "path": BESIDE}, False),
    ],
)  # fmt: skip
def test_what_makes_it_sure_that_two_households_are_one(
    one: Document, other: Document, safe: bool
) -> None:
    match = judge(home(FIRST, **one), home(SECOND, **{**OTHER_DEVICE, **other}))
    assert match is not None
    assert match.safe is safe


@pytest.mark.parametrize(
    ("metres_north", "metres_east", "near"),
    [(0, 190, True), (0, 215, False), (150, 150, False), (140, 140, True)],
)
def test_beside_each_other_is_within_two_hundred_metres(
    metres_north: int, metres_east: int, near: bool
) -> None:
    north, east = metres_north / 111_320, metres_east / (111_320 * 0.9304)  # cos 21.5°
    left = home(FIRST, place={"latitude": 21.5, "longitude": 111.0})
    right = home(
        SECOND,
        path=ABROAD,
        place={"latitude": 21.5 + north, "longitude": 111.0 + east},
        **OTHER_DEVICE,
    )
    assert (judge(left, right) is not None) is near


@pytest.mark.parametrize(
    "away",
    [
        {"population": "absent"},
        {"population": "overseas"},
        {"status": "moved_out"},
        {"presence": "away"},
    ],
)
def test_who_lives_elsewhere_may_be_recorded_in_two_places(away: Document) -> None:
    left = person("resident:01A", id_number=NUMBER)
    right = person("resident:01B", id_number=NUMBER, path=BESIDE, **OTHER_DEVICE)
    assert judge(left, right) is not None
    assert judge({**left, **away}, right) is None
    same_grid = person("resident:01B", id_number=NUMBER, household=SECOND, **OTHER_DEVICE)
    match = judge({**left, "household": FIRST, **away}, same_grid)
    assert match is not None
    assert match.reason == "same-id-number"


def test_odd_records_are_judged_without_an_error() -> None:
    odd = {**home(FIRST), "created": 5, "path": "odd", "place": {"latitude": "x"}, APART: "odd"}
    assert judge(odd, home(SECOND, path=PATH)) is None
    assert judge(home(SECOND), {**odd, "phone": 5}) is None


def test_the_one_that_was_created_earlier_stands_whatever_its_id() -> None:
    match = judge(home(SECOND), home(FIRST, **OTHER_DEVICE))
    assert match is not None
    assert (match.keeps, match.gives_way) == (SECOND, FIRST)
    undated = {name: value for name, value in home(FIRST).items() if name != "created"}
    match = judge(undated, home(SECOND))
    assert match is not None
    assert match.keeps == SECOND


def test_only_two_records_of_one_kind_can_be_one() -> None:
    assert judge(home(FIRST), home(FIRST, **OTHER_DEVICE)) is None
    assert judge(home(FIRST), {**home("resident:1"), "type": "resident"}) is None
    event = {**home("event:1"), "type": "event"}
    assert judge(event, {**event, "_id": "event:2"}) is None
    other_number = make_fictitious(date(1980, 1, 31), 3)
    one = person("resident:01A", id_number=NUMBER)
    assert judge(one, person("resident:01B", id_number=other_number, **OTHER_DEVICE)) is None


def test_the_same_id_number_without_a_name_is_not_sure() -> None:
    one = person("resident:01A", id_number=NUMBER)
    match = judge(one, person("resident:01B", id_number=NUMBER, name="", **OTHER_DEVICE))
    assert match is not None
    assert (match.reason, match.safe) == ("same-id-number", False)
