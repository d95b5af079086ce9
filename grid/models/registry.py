"""The record types by name, and what their models say about fields: policies and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, cast, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from grid.dictionaries import DICTIONARIES, Dictionary
from grid.lifecycle import LATTICES, LifeCycle
from grid.models.campaign_record import CampaignRecord
from grid.models.common import Coded, Record
from grid.models.dispute import Dispute
from grid.models.event import Event
from grid.models.household import Household
from grid.models.organisation import Organisation
from grid.models.patrol import Patrol
from grid.models.premises import Premises
from grid.models.problems import FieldLabel
from grid.models.resident import Resident
from grid.models.task import Task
from grid.models.visit import Visit
from grid.policy import DEFAULT_MERGE, Merge, Policy

RECORD_TYPES: Final[dict[str, type[Record]]] = {
    "household": Household,
    "resident": Resident,
    "patrol": Patrol,
    "visit": Visit,
    "event": Event,
    "dispute": Dispute,
    "task": Task,
    "campaign-record": CampaignRecord,
    "place": Premises,
    "organisation": Organisation,
}
"""Record models by the name that stands in ``type`` and before the colon of ``_id``."""


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        yield info.alias or name, info


@cache
def field_policies(type_name: str) -> Mapping[str, Merge]:
    """Return the merge policy of each declared field; empty for an unknown type."""
    model = RECORD_TYPES.get(type_name)
    if model is None:
        return {}
    return {
        name: next((item for item in info.metadata if isinstance(item, Merge)), DEFAULT_MERGE)
        for name, info in _fields(model)
    }


@cache
def field_labels(type_name: str) -> Mapping[str, FieldLabel]:
    """Return the labels of each declared field, in the order of the model."""
    return _labels(RECORD_TYPES.get(type_name, Record))


@cache
def part_labels(type_name: str, field: str) -> Mapping[str, FieldLabel]:
    """Return the labels of the members of a field's objects; empty where it has no objects."""
    model = RECORD_TYPES.get(type_name, Record)
    info = dict(_fields(model)).get(field)
    part = None if info is None else _part(info.annotation)
    return {} if part is None else _labels(part)


def _labels(model: type[BaseModel]) -> dict[str, FieldLabel]:
    labels = {}
    for name, info in _fields(model):
        extra = cast(dict[str, str], info.json_schema_extra or {})
        labels[name] = FieldLabel(info.title or name, extra.get("en", name))
    return labels


def _part(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((part for one in get_args(annotation) if (part := _part(one))), None)


@cache
def dictionary_of(type_name: str, field: str) -> Dictionary | None:
    """Return the coded list of a field (dotted path into its objects), ``None`` for other fields.

    A member of an object is looked up in the model that the field holds, alone or in a list.
    """
    model: type[BaseModel] | None = RECORD_TYPES.get(type_name)
    info: FieldInfo | None = None
    for name in field.split("."):
        info = None if model is None else dict(_fields(model)).get(name)
        model = None if info is None else _part(info.annotation)
    coded = None if info is None else Coded.of(info)
    return None if coded is None else DICTIONARIES[coded.dictionary.name]


@cache
def life_cycle(type_name: str) -> LifeCycle | None:
    """Return the life cycle of a type's ``status``, ``None`` for a type without one."""
    merge = field_policies(type_name).get("status", DEFAULT_MERGE)
    return LATTICES[merge.lattice or ""] if merge.policy is Policy.STATE else None


def type_label(type_name: str) -> FieldLabel:
    """Return a record type's name for people; an unknown one stands for itself."""
    model = RECORD_TYPES.get(type_name)
    return FieldLabel(type_name, type_name) if model is None else FieldLabel(*model.LABEL)


def natural_id(document: Mapping[str, Any]) -> str | None:
    """Return the id that a record's natural key makes, ``None`` for a type without one.

    A record's id in the key stands without its type: ``campaign-record:<campaign>:<ULID>``.
    """
    type_name = document.get("type")
    model = RECORD_TYPES.get(type_name) if isinstance(type_name, str) else None
    if model is None or not model.NATURAL_KEY:
        return None
    parts = (str(document.get(name)).rpartition(":")[2] for name in model.NATURAL_KEY)
    return ":".join((str(type_name), *parts))


def natural_key(type_name: str) -> frozenset[str]:
    """Return the fields that a type's id is made of; none for a type whose ids are drawn."""
    return frozenset(RECORD_TYPES.get(type_name, Record).NATURAL_KEY)


def schema_version(type_name: str) -> int:
    """Return the schema number that this program writes for a type (1 for an unknown one)."""
    return RECORD_TYPES.get(type_name, Record).SCHEMA
