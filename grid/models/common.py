"""What every record has, and the kinds of field that records are made of."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated, Any, ClassVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from grid.dictionaries import (
    CAMPAIGN_STATUS,
    DISPUTE_CATEGORY,
    DISPUTE_SCALE,
    DISPUTE_STATUS,
    EDUCATION,
    ETHNIC,
    EVENT_CATEGORY,
    EVENT_STATUS,
    KINSHIP,
    MARITAL,
    POLITICS,
    SEX,
    TASK_STATUS,
    Dictionary,
)
from grid.idnumber import id_number_fault
from grid.policy import Merge, Policy

# Digits are written out: in these patterns \d would match the digits of every script.
_MOMENT = (
    r"^(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
)
CLOCK_PATTERN = _MOMENT + r"\.[0-9]{3}Z-[0-9a-f]{4}-[0-9a-f]{8}$"
"""A hybrid logical clock's text: UTC milliseconds, counter, device (``conflicts.clock``)."""
INSTANT_PATTERN = _MOMENT + r"(?:\.[0-9]{1,3})?Z$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
DEVICE_PATTERN = r"^[0-9a-f]{8}$"
GRID_PATTERN = r"^[1-9][0-9]{5}(?:[0-9]{3}(?:[0-9]{3}(?:[0-9]{3}(?:[0-9]{2})?)?)?)?$"
RECORD_ID_PATTERN = r"^[a-z][a-z-]*:[^\s]+$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
CREDIT_CODE_PATTERN = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
"""A unified social credit code (统一社会信用代码, GB 32100), none of I, O, S, V, Z."""

_NOT_IN_NAMES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "So", "Sk"})
"""Categories that no name has: control and format characters, emoji. Unassigned and private use
characters pass: they may be newer than our tables, or older than Unicode's."""
_OTHER_DOTS = frozenset("•・･‧∙⋅．。.｡")
"""What is typed instead of the separator ``·`` (U+00B7) of names such as 阿依古丽·买买提."""


def _name(text: str) -> str:
    if not unicodedata.is_normalized("NFC", text):
        raise PydanticCustomError("name_form", "not NFC")
    if text.isalpha():
        return text
    if text != " ".join(text.split()):
        raise PydanticCustomError("name_space", "blanks around or doubled")
    for position, character in enumerate(text):
        if unicodedata.category(character) in _NOT_IN_NAMES:
            raise PydanticCustomError("name_character", "not a character of names")
        # "J. Smith" has a dot after a Latin letter, 买买提.阿 one in the separator's place.
        if character in _OTHER_DOTS and not (position and text[position - 1].isascii()):
            raise PydanticCustomError("name_separator", "not the separator")
    return text


def _date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("bad_date", "not a date") from None
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


class Coded:
    """Annotation of a text that must be a code of a dictionary."""

    @staticmethod
    def of(info: FieldInfo) -> Coded | None:
        """Return the annotation of a field, also of one that may be ``None``."""
        places = [
            info.metadata,
            *(getattr(one, "__metadata__", ()) for one in get_args(info.annotation)),
        ]
        return next((item for place in places for item in place if isinstance(item, Coded)), None)

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


SexCode = Annotated[str, Coded(SEX)]
MaritalCode = Annotated[str, Coded(MARITAL)]
EthnicCode = Annotated[str, Coded(ETHNIC)]
EducationCode = Annotated[str, Coded(EDUCATION)]
KinshipCode = Annotated[str, Coded(KINSHIP)]
PoliticsCode = Annotated[str, Coded(POLITICS)]
EventCategoryCode = Annotated[str, Coded(EVENT_CATEGORY)]
EventStatusCode = Annotated[str, Coded(EVENT_STATUS)]
DisputeCategoryCode = Annotated[str, Coded(DISPUTE_CATEGORY)]
DisputeScaleCode = Annotated[str, Coded(DISPUTE_SCALE)]
DisputeStatusCode = Annotated[str, Coded(DISPUTE_STATUS)]
TaskStatusCode = Annotated[str, Coded(TASK_STATUS)]
CampaignStatusCode = Annotated[str, Coded(CAMPAIGN_STATUS)]

# Lengths are counted in code points, so that a name of rare characters has its full room.
Name = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_name)]
ShortText = Annotated[str, StringConstraints(max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=4000)]
Date = Annotated[str, StringConstraints(pattern=DATE_PATTERN), AfterValidator(_date)]
Phone = Annotated[str, AfterValidator(_phone)]
IdNumber = Annotated[str, AfterValidator(_id_number)]
ClockText = Annotated[str, StringConstraints(pattern=CLOCK_PATTERN)]
GridCode = Annotated[str, StringConstraints(pattern=GRID_PATTERN)]
RecordId = Annotated[
    str, StringConstraints(pattern=RECORD_ID_PATTERN, min_length=3, max_length=200)
]
DeviceId = Annotated[str, StringConstraints(pattern=DEVICE_PATTERN)]
CreditCode = Annotated[str, StringConstraints(pattern=CREDIT_CODE_PATTERN)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Instant = Annotated[str, StringConstraints(pattern=INSTANT_PATTERN)]

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

    at: Annotated[ClockText, Field(title="时间", json_schema_extra=en("When"))]
    by: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=64)],
        Field(title="人员", json_schema_extra=en("By")),
    ]
    device: Annotated[DeviceId, Field(title="设备", json_schema_extra=en("Device"))]


class RawPosition(Part):
    """A position in the coordinate system in which the device gave it."""

    latitude: Annotated[float, Field(allow_inf_nan=False)]
    longitude: Annotated[float, Field(allow_inf_nan=False)]
    crs: Annotated[str, StringConstraints(max_length=20)]


class Place(Part):
    """A position in degrees, metres of accuracy; ``raw`` where it was converted to be one of
    WGS-84 or CGCS2000."""

    latitude: Annotated[
        float,
        Field(ge=-90, le=90, allow_inf_nan=False, title="纬度", json_schema_extra=en("Latitude")),
    ]
    longitude: Annotated[
        float,
        Field(
            ge=-180, le=180, allow_inf_nan=False, title="经度", json_schema_extra=en("Longitude")
        ),
    ]
    accuracy: Annotated[
        float | None,
        Field(ge=0, allow_inf_nan=False, title="精度（米）", json_schema_extra=en("Accuracy (m)")),
    ] = None
    crs: Annotated[
        str, Field(max_length=20, title="坐标系", json_schema_extra=en("Coordinate system"))
    ] = "WGS-84"
    raw: Annotated[
        RawPosition | None, Field(title="原始位置", json_schema_extra=en("As the device gave it"))
    ] = None


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
    NATURAL_KEY: ClassVar[tuple[str, ...]] = ()
    """Fields that make up the part of ``_id`` after the type; empty where that is a ULID."""

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
