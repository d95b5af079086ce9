"""Record models: the fields of each record type, and the merge policy of each field.

A model is the one source of validation, of JSON Schema, of the app's TypeScript types and of the
resolver's policy table.
"""

from grid.models.common import Record, Trace
from grid.models.event import Event
from grid.models.household import Household
from grid.models.patrol import Patrol
from grid.models.problems import Problem
from grid.models.registry import (
    RECORD_TYPES,
    FieldLabel,
    field_labels,
    field_policies,
    schema_version,
    type_label,
    validate_record,
    warnings_for,
)
from grid.models.resident import Resident
from grid.models.visit import Visit

__all__ = [
    "RECORD_TYPES",
    "Event",
    "FieldLabel",
    "Household",
    "Patrol",
    "Problem",
    "Record",
    "Resident",
    "Trace",
    "Visit",
    "field_labels",
    "field_policies",
    "schema_version",
    "type_label",
    "validate_record",
    "warnings_for",
]
