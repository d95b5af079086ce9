"""Older schemas brought up to date: residents of schema 1, whose field was ``living_here``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.models import (
    RECORD_TYPES,
    UPCASTS,
    Recode,
    brought_up_to,
    field_labels,
    schema_version,
    upcast,
    validate_record,
)
from tests.grid.records import demo, one

OLD = "2026-11-24T08:00:00.000Z-0000-0000000a"
NEW = "2026-11-24T09:00:00.000Z-0000-0000000b"


def first_schema(**fields: Any) -> dict[str, Any]:
    """Return a resident as a phone with the first program wrote him."""
    record = {name: value for name, value in one("resident").items() if name != "presence"}
    return {**record, "schema": 1, **fields}


@pytest.mark.parametrize(("old", "new"), [(True, "here"), (False, "away"), (None, None)])
def test_a_resident_of_the_first_schema(old: bool | None, new: str | None) -> None:
    before = first_schema(living_here=old, stamps={"living_here": OLD, "name": NEW})
    kept = copy.deepcopy(before)
    after = upcast(before)
    assert before == kept
    assert "living_here" not in after
    assert (after["presence"], after["schema"]) == (new, 2)
    assert after["stamps"] == {"presence": OLD, "name": NEW}
    assert validate_record(before) == []
    same = after.keys() - {"presence", "schema", "stamps"}
    assert all(after[name] == before[name] for name in same)


def test_a_value_that_no_program_wrote_is_named_under_the_new_name() -> None:
    (problem,) = validate_record(first_schema(living_here="often"))
    assert (problem.field, problem.code) == ("presence", "not_in_list")
    assert upcast(first_schema(living_here=1))["presence"] == 1


def test_a_field_that_was_never_filled_stays_so() -> None:
    after = upcast(first_schema())
    assert "presence" not in after
    assert after["schema"] == 2
    emptied = upcast(first_schema(stamps={"living_here": OLD}))
    assert "presence" not in emptied
    assert emptied["stamps"] == {"presence": OLD}


@pytest.mark.parametrize(
    ("old_stamp", "new_stamp", "expected"),
    [
        (NEW, OLD, "away"),
        (OLD, NEW, "partly"),
        (None, OLD, "partly"),
        (OLD, None, "away"),
        (None, None, "partly"),
    ],
)
def test_an_old_program_on_a_new_record_the_later_stamp_stands(
    old_stamp: str | None, new_stamp: str | None, expected: str
) -> None:
    stamps = {"living_here": old_stamp, "presence": new_stamp}
    stamps = {name: stamp for name, stamp in stamps.items() if stamp is not None}
    record = one("resident", living_here=False, presence="partly", stamps=stamps, schema=2)
    after = upcast(record)
    assert (after["presence"], after["schema"]) == (expected, 2)
    assert "living_here" not in after
    assert list(after["stamps"]) in ([], ["presence"])


def test_a_newer_schema_than_ours_is_left_alone() -> None:
    record = first_schema(living_here=True, schema=3)
    assert upcast(record) is record


@pytest.mark.parametrize("schema", [None, "1", True, 1.5])
def test_what_states_no_schema_is_left_alone(schema: object) -> None:
    record = first_schema(living_here=True, schema=schema)
    assert upcast(record) is record
    del record["schema"]
    assert upcast(record) is record


@pytest.mark.parametrize("type_name", [None, 5, "household", "no such type"])
def test_types_without_rewrites_are_left_alone(type_name: object) -> None:
    record = first_schema(living_here=True, type=type_name)
    assert upcast(record) is record


def test_records_of_today_are_left_alone() -> None:
    for record in demo():
        assert upcast(record) == record


def test_rewrites_lead_to_the_schema_that_is_written_and_to_fields_that_there_are() -> None:
    for name, rewrites in UPCASTS.items():
        assert [rewrite.since for rewrite in rewrites] == sorted(one.since for one in rewrites)
        assert rewrites[-1].since <= schema_version(name)
        labels = field_labels(name)
        for rewrite in rewrites:
            assert rewrite.new in labels
            assert rewrite.old not in labels
    for name, model in RECORD_TYPES.items():
        assert model.SCHEMA == 1 or UPCASTS[name][-1].since == model.SCHEMA


values = st.none() | st.booleans() | st.sampled_from(["here", "away", "odd"]) | st.integers(0, 2)
stamps = st.dictionaries(
    st.sampled_from(["living_here", "presence", "name"]), st.sampled_from([OLD, NEW])
)
documents = st.fixed_dictionaries(
    {"type": st.just("resident"), "schema": st.integers(0, 3)},
    optional={
        "living_here": values,
        "presence": values,
        "name": values,
        "stamps": stamps | st.none() | st.just([]),
    },
)


@given(documents)
def test_once_is_as_good_as_twice_and_nothing_else_is_touched(document: Mapping[str, Any]) -> None:
    once = upcast(document)
    assert upcast(once) == once
    assert ("name" in once, once.get("name")) == ("name" in document, document.get("name"))
    if document["schema"] <= 2:
        assert once["schema"] == 2
        assert "living_here" not in once
    else:
        assert once is document


def test_two_steps_one_after_the_other() -> None:
    rewrites = (Recode(2, "a", "b", ((1, 2),)), Recode(3, "b", "c", ((2, "x"),)))
    document = {"schema": 1, "a": 1, "stamps": {"a": OLD}}
    assert brought_up_to(3, rewrites, document) == {"schema": 3, "c": "x", "stamps": {"c": OLD}}
    assert brought_up_to(3, rewrites, {"schema": 2, "b": 5}) == {"schema": 3, "c": 5}
