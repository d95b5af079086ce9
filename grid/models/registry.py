"""The record types by name, and what others ask of them: policies, labels, validation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from grid.models.common import Record
from grid.models.event import Event
from grid.models.household import Household
from grid.models.patrol import Patrol
from grid.models.problems import CODES, EXPECTED, MESSAGES, Problem, make_problem
from grid.models.resident import Resident
from grid.models.visit import Visit
from grid.policy import DEFAULT_MERGE, Merge

RECORD_TYPES: Final[dict[str, type[Record]]] = {
    "household": Household,
    "resident": Resident,
    "patrol": Patrol,
    "visit": Visit,
    "event": Event,
}
"""Record models by the name that stands in ``type`` and before the colon of ``_id``."""

LARGE_GRID_HOUSEHOLDS: Final = 50
"""Households above which a household group is called large: a warning, never a refusal."""


class FieldLabel(NamedTuple):
    """A field's name for people."""

    zh: str
    en: str


def _name(field: str, alias: str | None) -> str:
    return alias or field


@cache
def field_policies(type_name: str) -> Mapping[str, Merge]:
    """Return the merge policy of each declared field; empty for an unknown type."""
    model = RECORD_TYPES.get(type_name)
    if model is None:
        return {}
    return {
        _name(name, info.alias): next(
            (item for item in info.metadata if isinstance(item, Merge)), DEFAULT_MERGE
        )
        for name, info in model.model_fields.items()
    }


@cache
def field_labels(type_name: str) -> Mapping[str, FieldLabel]:
    """Return the labels of each declared field, in the order of the model."""
    model = RECORD_TYPES.get(type_name, Record)
    labels = {}
    for name, info in model.model_fields.items():
        extra = cast(dict[str, str], info.json_schema_extra or {})
        labels[_name(name, info.alias)] = FieldLabel(info.title or name, extra.get("en", name))
    return labels


def type_label(type_name: str) -> FieldLabel:
    """Return a record type's name for people; an unknown one stands for itself."""
    model = RECORD_TYPES.get(type_name)
    return FieldLabel(type_name, type_name) if model is None else FieldLabel(*model.LABEL)


def schema_version(type_name: str) -> int:
    """Return the schema number that this program writes for a type (1 for an unknown one)."""
    return RECORD_TYPES.get(type_name, Record).SCHEMA


def validate_record(document: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with a record, nothing when it is sound.

    Members with an underscore are the store's and not looked at; members we do not know are kept
    without a word. A record of a schema newer than ours is held only to the fields that every
    record has: its own program knows better.
    """
    type_name = document.get("type")
    if not isinstance(type_name, str) or not type_name:
        return [make_problem("type", "required", field_labels("")["type"])]
    model = RECORD_TYPES.get(type_name)
    if model is None:
        label = field_labels("")["type"]
        return [make_problem("type", "unknown_type", label, value=type_name[:32])]
    version = document.get("schema")
    if isinstance(version, int) and version > model.SCHEMA:
        model = Record
    try:
        model.__pydantic_validator__.validate_python(document)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return [_problem(type_name, detail) for detail in details]
    return []


def _problem(type_name: str, detail: ErrorDetails) -> Problem:
    field = ".".join(str(step) for step in detail["loc"]) or "type"
    top = field.split(".")[0]
    label = field_labels(type_name).get(top, FieldLabel(top, top))
    kind = detail["type"]
    if kind in MESSAGES:
        return make_problem(field, kind, label)
    code = CODES.get(kind, "wrong_type")
    context = detail.get("ctx", {})
    expected = EXPECTED.get(kind, ("另一种格式", "of another kind"))
    return make_problem(
        field,
        code,
        label,
        limit=context.get("max_length", ""),
        expected=expected[0],
        expected_en=expected[1],
    )


def warnings_for(households: int) -> list[str]:
    """Return warnings about a household group of so many households (codes, none refuse)."""
    return ["large_grid"] if households > LARGE_GRID_HOUSEHOLDS else []
