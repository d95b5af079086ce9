"""The edges of each policy: values of mixed kinds, ties, several elements, nothing at all."""

from __future__ import annotations

from typing import Any

import pytest

from conflicts import FieldDecision, reasons
from tests.conflicts.test_odd_bookkeeping import A, B, clock, together
from tests.conflicts.test_policies import decided, merged
from tests.conflicts.world import FIRST, Document

REST = {name: FIRST.body[name] for name in ("type", "created", "updated")}


def both(
    name: str, base: Any, one: Any, two: Any, *, stamps: tuple[Document, Document] = ({}, {})
) -> list[tuple[Document, FieldDecision]]:
    """Merge two values of a field, the second written later, whichever has the higher revision.

    ``...`` is a field that is not there; ``stamps`` come on top of those of the field itself.
    """

    def body(value: Any, given: Document) -> Document:
        return {**REST, "stamps": given, **({} if value is ... else {name: value})}

    bodies = [
        body(one, {name: clock(1, 1), **stamps[0]}),
        body(two, {name: clock(2, 2), **stamps[1]}),
    ]
    results = [together(body(base, {}), *order) for order in (bodies, bodies[::-1])]
    return [(result.body, decided(result, name)) for result in results]


def one_of_each(outcomes: list[tuple[Document, FieldDecision]], name: str) -> tuple[Any, Any]:
    """Return the value and the lost values, the same in both orders of revisions."""
    values = [body.get(name, ...) for body, _ in outcomes]
    lost = [[side.value if side.present else ... for side in field.lost] for _, field in outcomes]
    assert values[0] == values[1]
    assert [type(value) for value in values[:1]] == [type(value) for value in values[1:]]
    assert sorted(map(repr, lost[0])) == sorted(map(repr, lost[1]))
    return values[0], lost[0]


# Minimum and maximum


@pytest.mark.parametrize(
    ("one", "two", "low", "high"),
    [
        ("b", ["x"], "b", ["x"]),
        (["x"], 5, 5, ["x"]),
        ([2], [1], [1], [2]),
        ({"b": 1}, "b", "b", {"b": 1}),
        (1, 1.0, 1, 1.0),
        (..., 7, 7, 7),
        (7, None, 7, 7),
    ],
)
def test_numbers_come_before_texts_and_texts_before_all_else(
    one: Any, two: Any, low: Any, high: Any
) -> None:
    for name, stands in (("first", low), ("last", high)):
        value, lost = one_of_each(both(name, 0.5, one, two), name)
        assert (value, type(value)) == (stands, type(stands))
        assert [repr(other) for other in lost] == [
            repr(other) for other in (one, two) if repr(other) != repr(stands)
        ]


def test_where_nobody_says_a_number_the_last_write_stands() -> None:
    assert one_of_each(both("first", 5, None, ...), "first") == (..., [None])
    assert one_of_each(both("last", 5, ..., None), "last") == (None, [...])


def test_an_extremum_carries_the_newest_stamp() -> None:
    for body, field in both("first", 5, 3, 4):
        assert (body["first"], body["stamps"]["first"]) == (3, clock(2, 2))
        assert field.chosen in (A, B)
        assert field.sides[[A, B].index(field.chosen)].value == 3


# Counter


def test_counter_what_was_counted_stays_when_another_drops_the_field() -> None:
    assert one_of_each(both("visits", {}, {"a": 1}, ...), "visits") == ({"a": 1}, [...])
    assert one_of_each(both("visits", {}, ..., {"a": 1}), "visits") == ({"a": 1}, [...])


def test_counter_equal_amounts_of_two_kinds_are_one_whatever_the_order() -> None:
    assert one_of_each(both("visits", {}, {"a": 1}, {"a": 1.0}), "visits")[0] == {"a": 1.0}
    outcome = one_of_each(both("visits", {}, {"a": 1.0}, {"a": 1}), "visits")
    assert repr(outcome) == repr(({"a": 1.0}, [{"a": 1}]))


def test_counter_only_what_was_counted_since_can_be_lost() -> None:
    base = {"a": 2, "b": 1}
    assert one_of_each(both("visits", base, {"a": 5, "b": 1}, {"a": 2, "b": 4}), "visits") == (
        {"a": 5, "b": 4},
        [],
    )
    odd = both("visits", 7, {"a": 5}, {"a": 2})
    assert one_of_each(odd, "visits") == ({"a": 5}, [{"a": 2}])


def test_counter_a_side_that_has_the_whole_sum_is_named() -> None:
    for _, field in both("visits", {}, {"a": 1}, {"a": 1, "b": 2}):
        assert field.chosen is not None
        assert field.sides[[A, B].index(field.chosen)].value == {"a": 1, "b": 2}
    assert all(field.chosen is None for _, field in both("visits", {}, {"a": 1}, {"b": 2}))


@pytest.mark.parametrize("amount", ["many", True, None, [1]])
def test_counter_what_is_no_number_goes_by_last_write(amount: Any) -> None:
    assert one_of_each(both("visits", {}, {"a": amount}, {"b": 2}), "visits")[0] == {"b": 2}
    assert one_of_each(both("visits", {}, {"b": 2}, {"a": amount}), "visits")[0] == {"a": amount}


# Sets


def test_set_dropped_by_one_and_added_to_by_another_keeps_what_was_added() -> None:
    assert one_of_each(both("tags", ["t0"], ["t0", "x"], ...), "tags")[0] == ["x"]
    assert one_of_each(both("tags", ["t0"], ["t0", "x"], None), "tags")[0] == ["x"]


def test_set_dropped_and_emptied_goes_by_last_write() -> None:
    assert one_of_each(both("tags", ["t0"], None, ...), "tags")[0] is ...
    assert one_of_each(both("tags", ["t0"], ..., None), "tags")[0] is None


def test_set_an_element_written_twice_in_one_list_is_one() -> None:
    value, _ = one_of_each(both("tags", ["t0"], ["t0", "t0", "a"], ["t0", "b"]), "tags")
    assert value == ["a", "b", "t0"]


def test_set_elements_that_are_no_texts_are_told_apart() -> None:
    value, _ = one_of_each(both("tags", [6], [5, 6], [6, 7, "6"]), "tags")
    assert sorted(map(repr, value)) == ["'6'", "5", "6", "7"]
    value, _ = one_of_each(both("tags", [None, "t"], ["t", "x"], [None, "t", "y"]), "tags")
    assert value == ["t", "x", "y"]


def test_set_three_elements_under_one_key_are_kept_apart() -> None:
    odd = [{"id": "m", "name": name} for name in "一二三"]
    value, _ = one_of_each(both("members", [], odd, [{"id": "n"}]), "members")
    assert sorted(map(str, value)) == sorted(map(str, [*odd, {"id": "n"}]))


def test_set_a_lost_element_stays_in_the_decision_whatever_comes_after_it() -> None:
    one = [{"id": "a", "name": "一"}]
    two = [{"id": "a", "name": "二"}, {"id": "z", "name": "新"}]
    value, lost = one_of_each(both("members", [{"id": "a", "name": "原"}], one, two), "members")
    assert (value, lost) == (two, [one])


def test_set_changed_by_one_alone_is_his_with_his_stamp() -> None:
    bodies = [
        {**REST, "tags": ["t0", "x"], "stamps": {"tags": clock(1)}},
        {**REST, "tags": ["t0"], "stamps": {}},
    ]
    for order, rev in ((bodies, A), (bodies[::-1], B)):
        result = together({**REST, "tags": ["t0"], "stamps": {}}, *order)
        assert result.body["stamps"] == {"tags": clock(1)}
        assert decided(result, "tags").chosen == rev


def test_set_an_element_is_judged_by_its_own_stamp() -> None:
    base = {**REST, "tags": ["t0"], "stamps": {"tags/t0": clock(1)}}
    kept = {**base, "tags": ["t0", "a"], "stamps": {"tags/t0": clock(1), "tags": clock(3)}}
    removed = {**base, "tags": ["b"], "stamps": {"tags/t0": clock(1), "tags": clock(2)}}
    for order in ((kept, removed), (removed, kept)):
        assert together(base, *order).body["tags"] == ["a", "b"]


def test_set_without_a_base_an_element_without_a_stamp_of_its_own_counts_by_that_of_the_list() -> (
    None
):
    def body(name: str, stamps: Document) -> Document:
        return {**REST, "members": [{"id": "m", "name": name}], "stamps": stamps}

    one = body("一", {"members": clock(1), "members/m": clock(1)})
    two = body("二", {"members": clock(2)})
    for order in ((one, two), (two, one)):
        result = together(None, *order)
        assert result.body["members"] == two["members"]
        assert [side.value for side in decided(result, "members").lost] == [one["members"]]


def test_set_elements_with_equal_stamps_go_by_device() -> None:
    def body(name: str, device: str) -> Document:
        updated = {**REST["updated"], "device": device}
        stamps = {"members": clock(1)}
        return {
            **REST,
            "updated": updated,
            "members": [{"id": "m", "name": name}],
            "stamps": stamps,
        }

    for names in ("一二", "二一"):
        one, two = body(names[0], "00000001"), body(names[1], "00000002")
        for order in ((one, two), (two, one)):
            result = together({**REST, "members": [], "stamps": {}}, *order)
            assert result.body["members"] == two["members"]


# Log


def entry(name: str, at: Any = None, **more: Any) -> Document:
    return {"id": name, "at": clock(0) if at is None else at, **more}


def test_log_an_entry_changed_by_one_is_not_set_back_by_who_added_another_later() -> None:
    one, two = [entry("e", text="新")], [entry("e"), entry("f")]
    assert one_of_each(both("log", [entry("e")], one, two), "log") == ([one[0], two[1]], [])


def test_log_whoever_left_out_an_entry_is_named_whatever_comes_after_it() -> None:
    value, lost = one_of_each(both("log", [entry("e")], [], [entry("e"), entry("z")]), "log")
    assert (value, lost) == ([entry("e"), entry("z")], [[]])


def test_log_an_entry_left_out_by_one_and_changed_by_another_stands_as_changed() -> None:
    two = [entry("e", text="新")]
    assert one_of_each(both("log", [entry("e")], [], two), "log") == (two, [])


def test_log_entries_without_a_time_come_first_by_key() -> None:
    value, _ = one_of_each(both("log", [], ["b", entry("d")], [entry("c", 5), "a"]), "log")
    assert value == ["a", "b", entry("c", 5), entry("d")]


def test_log_dropped_by_both_goes_by_last_write() -> None:
    assert one_of_each(both("log", [], None, ...), "log") == (..., [None])
    assert one_of_each(both("log", [], ..., None), "log") == (None, [...])


# Text


def test_text_a_clash_keeps_the_lines_before_and_after_it() -> None:
    result = merged({"note": "一\n甲\n三"}, {"note": "一\n乙\n三"}, base={"note": "一\n原\n三"})
    assert result.body["note"] == "一\n甲\n乙\n三"
    assert result.decision.reviews == (reasons.TEXT_OVERLAP,)


def test_text_a_repeated_line_is_kept_as_often_as_whoever_wrote_it_most() -> None:
    for times in ((2, 3), (3, 2), (1, 3), (2, 2)):
        one, two = (
            "\n".join([*["同"] * count, end]) for count, end in zip(times, "甲乙", strict=True)
        )
        result = merged({"note": one}, {"note": two}, base={"note": "原"})
        assert result.body["note"].split("\n").count("同") == max(times)


def test_text_emptied_by_both_goes_by_last_write() -> None:
    assert one_of_each(both("note", "原", "", ...), "note")[0] is ...
    assert one_of_each(both("note", "原", ..., ""), "note")[0] == ""
    assert one_of_each(both("note", "原", "", None), "note")[0] is None
