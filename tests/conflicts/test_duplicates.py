"""Duplicates: found whichever comes first, safe only when sure, joined without loss, taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conflicts.clock import Clock
from conflicts.duplicates import judge
from conflicts.identity import identity_keys
from conflicts.joining import Joined, absorb, absorbed, derived_revision, redirected, release
from conflicts.references import final, followed, references
from grid.idnumber import make_fictitious
from grid.models import field_policies
from grid.policy import Policy

PATH = ["440904", "440904004", "440904004205", "440904004205001", "44090400420500101"]
BESIDE = [*PATH[:4], "44090400420500102"]
ABROAD = [*PATH[:2], "440904004001", "440904004001001", "44090400400100104"]
FIRST, SECOND = "household:01A", "household:01B"
NOON = 1_795_176_000_000
NUMBER = make_fictitious(date(1980, 1, 31), 1)


def stamp(seconds: int, device: str) -> str:
    return str(Clock(NOON + seconds * 1000, 0, device))


def record(
    doc_id: str, path: list[str] = PATH, device: str = "aaaaaaa1", at: int = 0, **fields: Any
) -> dict[str, Any]:
    trace = {"at": stamp(at, device), "by": f"worker-{device}", "device": device}
    return {
        "_id": doc_id,
        "type": doc_id.partition(":")[0],
        "schema": 1,
        "grid": path[-1],
        "path": path,
        "created": trace,
        "updated": trace,
        "stamps": {},
        **fields,
    }


def home(doc_id: str, *more: Any, **fields: Any) -> dict[str, Any]:
    return record(doc_id, *more, **{"address": "面前山村103号", **fields})


def person(doc_id: str, *more: Any, **fields: Any) -> dict[str, Any]:
    return record(doc_id, *more, **{"name": "陈水生", **fields})


OTHER_DEVICE = {"device": "bbbbbbb2", "at": 60}


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ({}, {}, ("same-door", False)),
        ({"phone": "12000000001"}, {"phone": "+8612000000001"}, ("same-door", True)),
        ({"phone": "12000000001"}, {"phone": "12000000002"}, ("same-door", False)),
        ({"head_name": "买买提·阿"}, {"head_name": "买买提•阿", "area": 9.0}, ("same-door", True)),
        ({"household_number": "12345"}, {"household_number": "12346"}, None),
        ({"household_number": "12345"}, {"household_number": "１２３４５", "address": "东村9号"},
         ("same-household-number", False)),
        ({"status": "moved_out"}, {}, None),
        ({"distinct_from": [SECOND]}, {}, None),
        ({"merged_into": SECOND}, {}, None),
        ({}, {"address": "面前山村105号"}, None),
        ({}, {"path": BESIDE}, ("same-door", False)),
        ({}, {"path": ABROAD}, None),
        ({"phone": "12000000001"}, {"path": ABROAD, "phone": "12000000001"}, ("same-door", False)),
        ({"place": {"latitude": 21.5, "longitude": 111.0}},
         {"path": ABROAD, "place": {"latitude": 21.501, "longitude": 111.001}},
         ("same-door", False)),
        ({"place": {"latitude": 21.5, "longitude": 111.0}},
         {"path": ABROAD, "place": {"latitude": 21.6, "longitude": 111.0}}, None),
    ],
)  # fmt: skip
def test_households(
    one: dict[str, Any], other: dict[str, Any], verdict: tuple[str, bool] | None
) -> None:
    left = home(FIRST, **one)
    right = home(SECOND, **{**OTHER_DEVICE, **other})
    match = judge(left, right)
    assert (None if match is None else (match.reason, match.safe)) == verdict
    assert judge(right, left) == match
    if match is not None:
        assert (match.keeps, match.gives_way) == (FIRST, SECOND)
        shared = set(identity_keys(left, left["path"])) & set(identity_keys(right, right["path"]))
        assert shared, "it would not have been found by index"


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ({"id_number": NUMBER}, {"id_number": NUMBER}, ("same-id-number", True)),
        ({"id_number": NUMBER}, {"id_number": NUMBER, "name": "陈水胜"}, ("same-id-number", False)),
        ({"id_number": NUMBER}, {"id_number": NUMBER, "device": "aaaaaaa1"},
         ("same-id-number", False)),
        ({"id_number": NUMBER}, {"id_number": NUMBER, "path": BESIDE}, ("same-id-number", False)),
        ({"id_number": NUMBER, "presence": "away"}, {"id_number": NUMBER, "path": BESIDE}, None),
        ({"id_number": NUMBER, "status": "moved_out"}, {"id_number": NUMBER, "path": BESIDE}, None),
        ({"id_number": NUMBER, "household": FIRST}, {"id_number": NUMBER, "household": SECOND},
         ("two-households", False)),
        ({"phone": "12000000001", "birth_date": "1980-01-31"},
         {"phone": "12000000001", "id_number": NUMBER}, ("same-person", False)),
        ({"phone": "12000000001"}, {"phone": "12000000001"}, None),
        ({}, {}, None),
    ],
)  # fmt: skip
def test_people(
    one: dict[str, Any], other: dict[str, Any], verdict: tuple[str, bool] | None
) -> None:
    left = person("resident:01A", **one)
    right = person("resident:01B", **{**OTHER_DEVICE, **other})
    match = judge(left, right)
    assert (None if match is None else (match.reason, match.safe)) == verdict
    assert judge(right, left) == match


values = st.fixed_dictionaries(
    {},
    optional={
        "phone": st.sampled_from(["12000000001", "12000000002"]),
        "area": st.sampled_from([80.0, 90.0]),
        "members": st.integers(0, 3),
        "tags": st.lists(st.sampled_from(["甲", "乙", "丙"]), unique=True),
        "note": st.sampled_from(["甲", "乙", "甲\n乙"]),
        "last_visit": st.sampled_from(["2026-01-01", "2026-02-01"]),
        "unknown": st.sampled_from(["x", "y"]),
    },
)


def content(body: dict[str, Any]) -> dict[str, Any]:
    own = {"stamps", "updated", "absorbed", "_id", "path"}
    return {name: value for name, value in body.items() if name not in own}


def joined(one: dict[str, Any], other: dict[str, Any]) -> Joined:
    return absorb(one, "1-a", other, SECOND, "1-b", None)


@given(values, values)
def test_joining_loses_nothing_and_is_noted(one: Any, other: Any) -> None:
    left, right = home(FIRST, **one), home(SECOND, **{**OTHER_DEVICE, **other})
    result = joined(left, right)
    assert result == joined(left, right)
    assert absorbed(result.body, SECOND) == {"key": SECOND, "rev": "1-b", "from": "1-a"}
    for name in {**one, **other}:
        now = result.body[name]
        if name in one and name in other and one[name] not in ([],) and other[name] not in ([],):
            sides = (one[name], other[name])
            if name == "tags":
                assert set(now) == {*one[name], *other[name]}
            elif name == "note":
                assert set(now.split("\n")) == {*one[name].split("\n"), *other[name].split("\n")}
            else:
                assert now in sides
        else:
            assert now == (one.get(name) or other.get(name) or one.get(name, other.get(name)))
    # Joined again with nothing new it stays what it is.
    again = absorb(result.body, "2-a", right, SECOND, "1-b", right).body
    assert content(again) == content(result.body)


@given(values, values, values)
def test_taken_back_only_what_was_changed_since_remains(one: Any, other: Any, later: Any) -> None:
    before = home(FIRST, **one)
    duplicate = home(SECOND, **{**OTHER_DEVICE, **other})
    after = joined(before, duplicate).body
    now = dict(after)
    stamps = dict(now["stamps"])
    for number, (name, value) in enumerate(later.items()):
        now[name] = value
        stamps[name] = stamp(100 + number, "ccccccc3")
    now["stamps"] = stamps
    back = release(now, duplicate, SECOND, before, after).body
    assert "absorbed" not in back
    policies = field_policies("household")
    for name in {**one, **other, **later}:
        if after.get(name) == now.get(name):
            assert back.get(name) == before.get(name), name
        elif policies.get(name) is None or policies[name].policy is not Policy.SET:
            assert back.get(name) == now.get(name), name
        else:
            new = set(now.get(name, ())) - set(after.get(name, ()))
            kept = set(now.get(name, ())) & set(before.get(name, ()))
            assert set(back.get(name, ())) == new | kept
    assert back["updated"]["at"] >= now["updated"]["at"]


@given(values, values, values)
def test_a_late_edit_of_the_duplicate_comes_through(one: Any, other: Any, later: Any) -> None:
    left, right = home(FIRST, **one), home(SECOND, **{**OTHER_DEVICE, **other})
    after = joined(left, right).body
    edited = {**right, **later}
    edited["stamps"] = {name: stamp(500, "bbbbbbb2") for name in later}
    edited["updated"] = {**right["updated"], "at": stamp(500, "bbbbbbb2")}
    result = absorb(after, "2-a", edited, SECOND, "2-b", right)
    assert absorbed(result.body, SECOND) == {"key": SECOND, "rev": "2-b", "from": "1-a"}
    for name, value in later.items():
        if name not in ("tags", "note", "last_visit"):
            assert result.body[name] == value


def test_what_a_rule_writes_is_the_same_from_everybody() -> None:
    one, other = home(FIRST), home(SECOND, **OTHER_DEVICE)
    first = redirected(other, one, FIRST, "system")
    assert first == redirected(other, one, FIRST, "system")
    assert first.revision("1-b") == derived_revision("1-b", first.body)
    assert first.body["stamps"]["merged_into"] > other["created"]["at"]
    taken_back = redirected(first.body, one, None, "system").body
    assert "merged_into" not in taken_back
    assert taken_back["stamps"]["merged_into"] > first.body["stamps"]["merged_into"]


def test_references_are_found_and_followed_everywhere() -> None:
    dispute = {
        "type": "dispute",
        "household": SECOND,
        "parties": [{"resident": "resident:01B", "role": "甲方"}, {"name": "resident 01B"}],
        "met": ["resident:01A", "resident:01B"],
        "stamps": {"household": SECOND},
        "note": "household:",
    }
    assert references(dispute) == [
        "household:", SECOND, "resident:01A", "resident:01B",
    ]  # fmt: skip
    led = followed(dispute, {SECOND: FIRST, "resident:01B": "resident:01A"})
    assert (led["household"], led["met"]) == (FIRST, ["resident:01A"])
    assert led["parties"][0]["resident"] == "resident:01A"
    assert led["stamps"] == dispute["stamps"]
    assert followed(dispute, {}) == dispute


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef")), st.sampled_from("abcdef")
)
def test_redirects_lead_to_one_end_from_wherever_one_starts(
    leads: dict[str, str], one: str
) -> None:
    end = final(one, leads)
    assert final(end, leads) == end
    if one in leads:
        assert final(leads[one], leads) == end
    # Whoever still leads on stands in a circle, and all of the circle lead to him.
    if end in leads:
        assert final(leads[end], leads) == end
