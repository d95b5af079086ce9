"""The field tables of docs/records.md are those of the models."""

from __future__ import annotations

import re

import pytest

from grid.models import RECORD_TYPES, field_policies
from grid.records_page import with_tables
from grid.schema_export import RECORDS_PAGE, record_schema


def test_the_page_shows_every_field_with_its_policy() -> None:
    page = RECORDS_PAGE.read_text("utf-8")
    for name in RECORD_TYPES:
        section = page.partition(f"### `{name}`, ")[2].partition("\n### ")[0]
        shown = dict(re.findall(r"^\| `(\w+)` \|.*\| ([a-z ]+?)(?: by `\w+`)? \|$", section, re.M))
        declared = field_policies(name)
        assert shown
        for field, policy in shown.items():
            assert declared[field].policy.value.replace("-", " ") == policy


def test_the_tables_are_those_of_the_models_now() -> None:
    page = RECORDS_PAGE.read_text("utf-8")
    assert with_tables(page, record_schema()) == page, "run `make types`"


def test_a_page_without_its_markers_is_told() -> None:
    with pytest.raises(ValueError, match="markers"):
        with_tables("# Records\n", record_schema())
