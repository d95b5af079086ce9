"""What every record has, and the kinds of field that records are made of."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from grid.dictionaries import (
    EDUCATION,
    ETHNIC,
    EVENT_CATEGORY,
    EVENT_STATUS,
    KINSHIP,
    MARITAL,
    POLITICS,
    SEX,
    Dictionary,
)
from grid.idnumber import id_number_fault
from grid.policy import Merge, Policy

CLOCK_PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z-[0-9a-f]{4}-[0-9a-f]{8}$"
"""A hybrid logical clock's text: UTC milliseconds, counter, device (``conflicts.clock``)."""


def _one_line(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise PydanticCustomError("bad_shape", "control characters")
    return text


def _date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("bad_date", "not a date") from None
    if len(text) != 10:
        raise PydanticCustomError("bad_date", "not a date")
    return text


def _phone(text: str) -> str:
    digits = text.removeprefix("+").replace("-", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 20):
        raise PydanticCustomError("bad_phone", "not a phone number")
    return text


def _id_number(text: str) -> str:
    fault = id_number_fault(text)
    if fault:
        raise PydanticCustomError(fault, "not an id number")
    return text


def en(label: str) -> dict[str, Any]:
    """Return the schema extra that holds a field's English label."""
    return {"en": label}


class _Coded:
    """Annotation of a text that must be a code of a dictionary."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.literal_schema(list(self.dictionary.labels))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "x-dictionary": self.dictionary.name}


SexCode = Annotated[str, _Coded(SEX)]
MaritalCode = Annotated[str, _Coded(MARITAL)]
EthnicCode = Annotated[str, _Coded(ETHNIC)]
EducationCode = Annotated[str, _Coded(EDUCATION)]
KinshipCode = Annotated[str, _Coded(KINSHIP)]
PoliticsCode = Annotated[str, _Coded(POLITICS)]
EventCategoryCode = Annotated[str, _Coded(EVENT_CATEGORY)]
EventStatusCode = Annotated[str, _Coded(EVENT_STATUS)]

# Lengths are counted in code points, so that a name of rare characters has its full room.
Name = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_one_line)]
ShortText = Annotated[str, StringConstraints(max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=4000)]
Date = Annotated[str, AfterValidator(_date)]
Phone = Annotated[str, AfterValidator(_phone)]
IdNumber = Annotated[str, AfterValidator(_id_number)]
ClockText = Annotated[str, StringConstraints(pattern=CLOCK_PATTERN)]
GridCode = Annotated[
    str, StringConstraints(pattern=r"^[1-9]\d{5}(\d{3}(\d{3}(\d{3}(\d{2})?)?)?)?$")
]
RecordId = Annotated[str, StringConstraints(min_length=3, max_length=200)]
Instant = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$")
]

REVIEWED = Merge(Policy.REVIEWED)
SET = Merge(Policy.SET)
TEXT = Merge(Policy.TEXT)
MINIMUM = Merge(Policy.MINIMUM)
MAXIMUM = Merge(Policy.MAXIMUM)


class Part(BaseModel):
    """A member object of a record; members we do not know are kept."""

    model_config = ConfigDict(extra="allow", strict=True)


class Trace(Part):
    """When (hybrid logical clock), by whom and on which device something was done."""

    at: ClockText
    by: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    device: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]


class Place(Part):
    """A position as the device gave it: degrees, metres of accuracy, coordinate system."""

    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    accuracy: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    crs: Annotated[str, StringConstraints(max_length=20)] = "WGS-84"


class MergeSide(Part):
    """One of the edits that met in a merge."""

    rev: str
    by: str | None = None
    device: str | None = None
    at: str | None = None
    deleted: bool | None = None


class MergedField(Part):
    """How a field was decided: the revision whose value stands (``None``: joined), who lost."""

    policy: str
    chosen: str | None = None
    lost: list[str] = Field(default_factory=list)


class MergeNote(Part):
    """What the server notes on a document that it merged; phones only read it."""

    parents: list[str]
    sides: list[MergeSide]
    fields: dict[str, MergedField]
    review: bool
    policy: int


class Record(BaseModel):
    """The fields that every record has. Members a model does not know are kept as they are."""

    model_config = ConfigDict(extra="allow", strict=True)
    LABEL: ClassVar[tuple[str, str]] = ("记录", "record")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[str, Field(title="类型", json_schema_extra=en("Type"))]
    record_schema: Annotated[
        int, Field(alias="schema", title="版本", json_schema_extra=en("Schema"), ge=1), MAXIMUM
    ]
    grid: Annotated[GridCode, Field(title="网格", json_schema_extra=en("Grid"))]
    created: Annotated[Trace, Field(title="建立", json_schema_extra=en("Created")), MINIMUM]
    updated: Annotated[
        Trace, Field(title="最后修改", json_schema_extra=en("Last changed")), MAXIMUM
    ]
    stamps: Annotated[
        dict[str, ClockText], Field(title="字段时钟", json_schema_extra=en("Field clocks"))
    ] = Field(default_factory=dict)
    merge: Annotated[MergeNote | None, Field(title="合并情况", json_schema_extra=en("Merge"))] = (
        None
    )
    fictitious: Annotated[
        bool | None, Field(title="虚构数据", json_schema_extra=en("Fictitious"))
    ] = None
