"""Is a record sound? Problems refuse it; warnings are only told."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from grid.dictionaries import CHOICES
from grid.idnumber import birth_date, id_number_fault, sex_code
from grid.models.common import Record
from grid.models.problems import FieldLabel, Problem, make_problem, problem_of
from grid.models.registry import (
    RECORD_TYPES,
    dictionary_of,
    field_labels,
    part_labels,
    type_label,
)
from grid.models.upcast import upcast

MOST_PROBLEMS: Final = 20
"""More problems of one record than this are counted, not listed."""
FEWEST_HOUSEHOLDS: Final = 30
MOST_HOUSEHOLDS: Final = 50
"""Households that a household group should have; fewer or more is a warning, never a refusal."""

Location = tuple[int | str, ...]


def validate_record(document: object) -> list[Problem]:
    """Return what is wrong with a record, nothing when it is sound.

    Members with an underscore are the store's and not looked at; members we do not know are kept
    without a word. A record of an older schema is judged as what it is brought up to; one of a
    schema newer than ours is held only to the fields that every record has: its own program knows
    better.
    """
    if not isinstance(document, Mapping):
        return [make_problem("", "not_an_object", type_label("record"))]
    type_name = document.get("type")
    label = field_labels("")["type"]
    if not isinstance(type_name, str) or not type_name:
        return [make_problem("type", "required", label)]
    model = RECORD_TYPES.get(type_name)
    if model is None:
        names = "、".join(f"{name}（{type_label(name).zh}）" for name in RECORD_TYPES)
        english = ", ".join(RECORD_TYPES)
        value = type_name[:32]
        return [make_problem("type", "unknown_type", label, names, english, value=value)]
    version = document.get("schema")
    if isinstance(version, int) and version > model.SCHEMA:
        model = Record
    document = upcast(document)
    try:
        model.__pydantic_validator__.validate_python(document)
    except ValidationError as error:
        return _problems(type_name, error)
    return []


def _problems(type_name: str, error: ValidationError) -> list[Problem]:
    details = error.errors(include_url=False, include_input=False)
    problems = [
        problem_of(detail, _label(type_name, detail["loc"]), _choices(type_name, detail["loc"]))
        for detail in details[:MOST_PROBLEMS]
    ]
    rest = len(details) - len(problems)
    if rest:
        problems.append(make_problem("", "more_problems", type_label(type_name), rest, rest))
    return problems


def _label(type_name: str, location: Location) -> FieldLabel:
    """Return what a place in a record is called: 检查项 第 3 项 结果."""
    field = str(location[0])
    zh, en = field_labels(type_name).get(field, FieldLabel(field, field))
    parts = part_labels(type_name, field)
    for step in location[1:]:
        if isinstance(step, int):
            zh, en = f"{zh} 第 {step + 1} 项", f"{en} {step + 1}"
        else:
            label = parts.get(step) or FieldLabel(step, step)
            zh, en = f"{zh} {label.zh}", f"{en}, {label.en}"
    return FieldLabel(zh, en)


def _choices(type_name: str, location: Location) -> Mapping[str, tuple[str, str]] | None:
    path = ".".join(step for step in location if isinstance(step, str))
    if f"{type_name}.{path}" in CHOICES:
        return CHOICES[f"{type_name}.{path}"]
    dictionary = dictionary_of(type_name, path)
    return None if dictionary is None else dictionary.labels


def record_warnings(document: Mapping[str, Any]) -> list[Problem]:
    """Return what looks odd in a sound record; nobody's work is refused for it."""
    labels = field_labels(str(document.get("type")))
    warnings = []
    for field, label in labels.items():
        value = document.get(field)
        if isinstance(value, str) and any(unicodedata.category(one) == "Co" for one in value):
            warnings.append(make_problem(field, "private_character", label))
    if document.get("type") == "resident":
        warnings += _identity_warnings(document, labels)
    started, ended = document.get("started"), document.get("ended")
    if isinstance(started, str) and isinstance(ended, str) and ended < started:
        warnings.append(make_problem("ended", "ends_before_start", labels["ended"]))
    return warnings


def _identity_warnings(
    document: Mapping[str, Any], labels: Mapping[str, FieldLabel]
) -> list[Problem]:
    number = document.get("id_number")
    if not number:
        reason = document.get("no_id_reason")
        return [] if reason else [make_problem("id_number", "id_missing", labels["id_number"])]
    if not isinstance(number, str) or id_number_fault(number):
        return []
    warnings = []
    born, sex = document.get("birth_date"), document.get("sex")
    if born and born != str(birth_date(number)):
        warnings.append(make_problem("birth_date", "id_birth_differs", labels["birth_date"]))
    if sex in {"1", "2"} and sex != sex_code(number):
        warnings.append(make_problem("sex", "id_sex_differs", labels["sex"]))
    return warnings


def grid_warnings(households: int) -> list[Problem]:
    """Return warnings about a household group of so many households."""
    if FEWEST_HOUSEHOLDS <= households <= MOST_HOUSEHOLDS:
        return []
    code = "large_grid" if households > MOST_HOUSEHOLDS else "small_grid"
    return [make_problem("", code, type_label("household"), households, households)]
