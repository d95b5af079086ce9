"""Validation: what is sound passes, what is not is named, and nothing is ever changed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.models import (
    RECORD_TYPES,
    field_labels,
    grid_warnings,
    record_warnings,
    schema_version,
    type_label,
    validate_record,
)
from grid.models.problems import MESSAGES
from grid.models.validation import MOST_PROBLEMS
from tests.grid.records import demo, one

CLOCK = "2026-11-24T08:09:10.123Z-0000-a1b2c3d4"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
types = st.sampled_from(sorted(RECORD_TYPES))


def faults(document: object) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in validate_record(document)]


def test_every_demo_record_is_sound() -> None:
    assert [problem for record in demo() for problem in validate_record(record)] == []


@pytest.mark.parametrize("type_name", sorted(RECORD_TYPES))
def test_the_smallest_record_of_each_type(type_name: str) -> None:
    trace = {"at": CLOCK, "by": "worker1", "device": "a1b2c3d4"}
    common = {"type": type_name, "schema": 1, "grid": "44090400400100104"}
    own: dict[str, dict[str, Any]] = {
        "household": {"address": "4栋101"},
        "resident": {"name": "强"},
        "patrol": {"started": "2026-11-24T08:09:10Z"},
        "visit": {"household": "household:1", "visited": "2026-11-24T08:09:10.1Z"},
        "event": {"category": "0601", "description": "灯不亮", "happened": "2026-11-24T08:09:10Z"},
        "dispute": {
            "title": "围墙",
            "category": "0103",
            "happened": "2026-11-24T08:09:10Z",
            "description": "围墙过界",
        },
        "task": {"title": "查低洼处", "kind": "check"},
        "campaign-record": {"campaign": "anti-fraud", "household": "household:1"},
        "place": {"title": "小卖部", "kind": "shop", "address": "4栋1号"},
        "organisation": {"title": "老人协会", "kind": "social", "address": "4栋2号"},
    }
    document = common | {"created": trace, "updated": trace} | own[type_name]
    assert faults(document) == []
    for name in document.keys() - {"type"}:
        rest = {key: value for key, value in document.items() if key != name}
        assert faults(rest) == [(name, "required")]


@given(types, st.dictionaries(st.text(min_size=1), json_values, max_size=4))
def test_unknown_members_are_kept_without_a_word(type_name: str, extra: dict[str, Any]) -> None:
    record = one(type_name)
    unknown = {name: value for name, value in extra.items() if name not in field_labels(type_name)}
    document = unknown | record
    before = copy.deepcopy(document)
    assert faults(document) == []
    assert document == before
    model = RECORD_TYPES[type_name].model_validate(document)
    assert model.model_dump(by_alias=True, exclude_unset=True) == document


@given(json_values)
def test_any_json_gets_an_answer_in_two_languages(document: Any) -> None:
    problems = validate_record(document)
    assert problems
    assert all(problem.message_zh and problem.message_en for problem in problems)


@given(types, st.data())
def test_any_value_in_any_field_gets_a_clear_answer(type_name: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(field_labels(type_name).keys() - {"type"})))
    problems = validate_record(one(type_name) | {field: data.draw(json_values)})
    for problem in problems:
        assert problem.field.split(".")[0] == field or problem.code == "more_problems"
        assert problem.code in MESSAGES
        said = problem.message_zh
        for step in problem.field.split("."):
            said = said.replace(step, "")
        assert "{" not in said
        assert field_labels(type_name)[field].zh in problem.message_zh or not problem.field


@given(types, st.integers(2, 1000), json_values)
def test_a_newer_schema_is_held_to_the_common_fields_only(
    type_name: str, newer: int, value: Any
) -> None:
    version = schema_version(type_name) + newer
    own = sorted(field_labels(type_name).keys() - field_labels("").keys())
    document = one(type_name, schema=version) | dict.fromkeys(own, value)
    assert faults(document) == []
    del document["created"]
    assert faults(document) == [("created", "required")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"grid": "4409040040010010"}, ("grid", "bad_shape")),
        ({"grid": "４４０９０４"}, ("grid", "bad_shape")),
        ({"schema": 0}, ("schema", "out_of_range")),
        ({"schema": True}, ("schema", "wrong_type")),
        ({"schema": "1"}, ("schema", "wrong_type")),
        ({"members": 1.5}, ("members", "wrong_type")),
        ({"members": 201}, ("members", "out_of_range")),
        ({"phone": "12345 ext 6"}, ("phone", "bad_phone")),
        ({"residence_type": "castle"}, ("residence_type", "not_in_list")),
        ({"last_visit": "2026-02-29"}, ("last_visit", "bad_date")),
        ({"last_visit": "2026-W48-2"}, ("last_visit", "bad_shape")),
        ({"last_visit": "20261124"}, ("last_visit", "bad_shape")),
        ({"stamps": {"address": "yesterday"}}, ("stamps.address", "bad_shape")),
        ({"address": "长" * 201}, ("address", "too_long")),
        ({"tags": ["a"] * 51}, ("tags", "too_many")),
        ({"tags": ["a", 1]}, ("tags.1", "wrong_type")),
        ({"head": "nobody"}, ("head", "bad_shape")),
        ({"place": {"latitude": 91.0, "longitude": 0.0}}, ("place.latitude", "out_of_range")),
        ({"area": float("inf")}, ("area", "out_of_range")),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert faults(one("household") | changes) == [expected]


def test_a_place_in_a_list_is_named_by_its_position() -> None:
    (problem,) = validate_record(
        one("patrol", checks=[{"key": "gas"}, {"key": "road", "result": "bad"}])
    )
    assert problem.field == "checks.1.result"
    assert "检查项 第 2 项 结果" in problem.message_zh
    assert "正常" in problem.message_zh


def test_many_problems_are_counted() -> None:
    problems = validate_record(one("event", log=[{}] * 500))
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1].code == "more_problems"
    assert "1980" in problems[-1].message_en


def test_warnings_refuse_nothing() -> None:
    resident = one("resident")
    odd = resident | {"birth_date": "1900-01-01", "sex": "1" if resident["sex"] == "2" else "2"}
    assert faults(odd) == []
    assert {problem.code for problem in record_warnings(odd)} == {
        "id_birth_differs",
        "id_sex_differs",
    }
    assert record_warnings(one("resident", id_number=None))[0].code == "id_missing"
    patrol = one("patrol", ended="2020-01-01T00:00:00Z")
    assert faults(patrol) == []
    assert record_warnings(patrol)[0].code == "ends_before_start"


def test_the_demo_has_nothing_odd() -> None:
    assert [problem for record in demo() for problem in record_warnings(record)] == []


@pytest.mark.parametrize(
    ("households", "code"),
    [(12, "small_grid"), (29, "small_grid"), (30, None), (50, None), (55, "large_grid")],
)
def test_the_size_of_a_grid_is_a_warning(households: int, code: str | None) -> None:
    warnings = grid_warnings(households)
    assert [warning.code for warning in warnings] == ([code] if code else [])
    assert all(str(households) in warning.message_zh for warning in warnings)


def test_labels_of_types() -> None:
    assert type_label("household").zh == "住户"
    assert type_label("unheard-of").zh == "unheard-of"
