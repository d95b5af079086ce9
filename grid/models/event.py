"""An event (事件): something that somebody should see to, with its way through the levels."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    REVIEWED,
    SET,
    TEXT,
    EventCategoryCode,
    EventStatusCode,
    Instant,
    LongText,
    Name,
    Phone,
    Place,
    Record,
    RecordId,
    ShortText,
    en,
)
from grid.models.parts import LogEntry, Media
from grid.policy import Merge, Policy


class Event(Record):
    """One reported event."""

    LABEL: ClassVar[tuple[str, str]] = ("事件", "event")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[Literal["event"], Field(title="类型", json_schema_extra=en("Type"))]
    category: Annotated[
        EventCategoryCode, Field(title="类别", json_schema_extra=en("Category")), REVIEWED
    ]
    title: Annotated[ShortText | None, Field(title="标题", json_schema_extra=en("Title"))] = None
    description: Annotated[
        LongText, Field(title="情况描述", json_schema_extra=en("What happened")), TEXT
    ]
    happened: Annotated[Instant, Field(title="发现时间", json_schema_extra=en("Found"))]
    address: Annotated[ShortText | None, Field(title="地点", json_schema_extra=en("Where"))] = None
    place: Annotated[Place | None, Field(title="位置", json_schema_extra=en("Position"))] = None
    found_outside: Annotated[
        bool | None, Field(title="跨网格发现", json_schema_extra=en("Found outside own grid"))
    ] = None
    urgency: Annotated[
        Literal["normal", "urgent", "major"],
        Field(title="紧急程度", json_schema_extra=en("Urgency")),
        REVIEWED,
    ] = "normal"
    status: Annotated[
        EventStatusCode,
        Field(title="办理状态", json_schema_extra=en("Status")),
        Merge(Policy.STATE, lattice="event"),
    ] = "10"
    reporter_name: Annotated[
        Name | None, Field(title="反映人", json_schema_extra=en("Reported by"))
    ] = None
    reporter_phone: Annotated[
        Phone | None, Field(title="反映人电话", json_schema_extra=en("Reporter's phone"))
    ] = None
    household: Annotated[
        RecordId | None, Field(title="相关住户", json_schema_extra=en("Household"))
    ] = None
    patrol: Annotated[
        RecordId | None, Field(title="来自巡查", json_schema_extra=en("From patrol"))
    ] = None
    handled_here: Annotated[
        bool | None, Field(title="已自行处理", json_schema_extra=en("Handled on the spot"))
    ] = None
    supervision: Annotated[
        Literal["none", "ordinary", "yellow", "red"] | None,
        Field(title="督办级别", json_schema_extra=en("Supervision")),
        REVIEWED,
    ] = None
    verdict: Annotated[
        LongText | None, Field(title="裁定意见", json_schema_extra=en("Verdict")), TEXT
    ] = None
    restricted: Annotated[
        bool | None, Field(title="涉敏", json_schema_extra=en("Restricted")), REVIEWED
    ] = None
    log: Annotated[
        list[LogEntry],
        Field(title="办理过程", json_schema_extra=en("Steps"), max_length=1000),
        Merge(Policy.LOG, key="key"),
    ] = Field(default_factory=list)
    media: Annotated[
        list[Media],
        Field(title="照片和录音", json_schema_extra=en("Photos"), max_length=30),
        Merge(Policy.SET, key="key"),
    ] = Field(default_factory=list)
    also_seen: Annotated[
        list[ShortText],
        Field(title="我也看到", json_schema_extra=en("Also seen by"), max_length=200),
        SET,
    ] = Field(default_factory=list)
