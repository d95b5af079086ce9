"""Record models: the fields of each record type, and the merge policy of each field.

A model is the one source of validation, of JSON Schema, of the app's TypeScript types and of the
resolver's policy table.
"""

from grid.models.campaign_record import CampaignRecord
from grid.models.common import Record, Trace
from grid.models.dispute import Dispute
from grid.models.event import Event
from grid.models.household import Household
from grid.models.organisation import Organisation
from grid.models.patrol import Patrol
from grid.models.premises import Premises
from grid.models.problems import FieldLabel, Problem
from grid.models.registry import (
    RECORD_TYPES,
    dictionary_of,
    field_labels,
    field_policies,
    life_cycle,
    natural_id,
    natural_key,
    part_labels,
    schema_version,
    type_label,
)
from grid.models.resident import Resident
from grid.models.task import Task
from grid.models.upcast import UPCASTS, Recode, brought_up_to, upcast
from grid.models.validation import grid_warnings, record_warnings, validate_record
from grid.models.visit import Visit

__all__ = [
    "RECORD_TYPES",
    "UPCASTS",
    "CampaignRecord",
    "Dispute",
    "Event",
    "FieldLabel",
    "Household",
    "Organisation",
    "Patrol",
    "Premises",
    "Problem",
    "Recode",
    "Record",
    "Resident",
    "Task",
    "Trace",
    "Visit",
    "brought_up_to",
    "dictionary_of",
    "field_labels",
    "field_policies",
    "grid_warnings",
    "life_cycle",
    "natural_id",
    "natural_key",
    "part_labels",
    "record_warnings",
    "schema_version",
    "type_label",
    "upcast",
    "validate_record",
]
