"""A patrol (巡查): a walk through the grid with its checks and findings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    MAXIMUM,
    MINIMUM,
    TEXT,
    ClockText,
    Instant,
    Key,
    LongText,
    Part,
    Place,
    Record,
    RecordId,
    ShortText,
    en,
)
from grid.policy import Merge, Policy


class Check(Part):
    """One item of the checklist: looked at, and how it was."""

    key: Annotated[Key, Field(title="编号", json_schema_extra=en("Key"))]
    label: Annotated[ShortText | None, Field(title="名称", json_schema_extra=en("Item"))] = None
    result: Annotated[
        Literal["fine", "problem", "not_checked"],
        Field(title="结果", json_schema_extra=en("Result")),
    ] = "not_checked"
    note: Annotated[LongText | None, Field(title="说明", json_schema_extra=en("Note"))] = None


class Finding(Part):
    """Something found on the way; ``event`` names the event it became."""

    key: Annotated[Key, Field(title="编号", json_schema_extra=en("Key"))]
    at: Annotated[ClockText, Field(title="时间", json_schema_extra=en("When"))]
    category: Annotated[ShortText | None, Field(title="类别", json_schema_extra=en("Category"))] = (
        None
    )
    text: Annotated[LongText, Field(title="情况", json_schema_extra=en("What was found"))]
    place: Annotated[Place | None, Field(title="位置", json_schema_extra=en("Position"))] = None
    event: Annotated[RecordId | None, Field(title="事件", json_schema_extra=en("Event"))] = None


class Point(Part):
    """A coarse point of the way, taken only where the setting allows it."""

    key: Annotated[Key, Field(title="编号", json_schema_extra=en("Key"))]
    at: Annotated[ClockText, Field(title="时间", json_schema_extra=en("When"))]
    place: Annotated[Place, Field(title="位置", json_schema_extra=en("Position"))]


class Patrol(Record):
    """One patrol from its start to its end."""

    LABEL: ClassVar[tuple[str, str]] = ("巡查", "patrol")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[Literal["patrol"], Field(title="类型", json_schema_extra=en("Type"))]
    started: Annotated[Instant, Field(title="开始时间", json_schema_extra=en("Started")), MINIMUM]
    ended: Annotated[
        Instant | None, Field(title="结束时间", json_schema_extra=en("Ended")), MAXIMUM
    ] = None
    worker: Annotated[ShortText | None, Field(title="巡查人", json_schema_extra=en("Who"))] = None
    route: Annotated[ShortText | None, Field(title="路线", json_schema_extra=en("Route"))] = None
    checks: Annotated[
        list[Check],
        Field(title="检查项", json_schema_extra=en("Checks"), max_length=200),
        Merge(Policy.SET, key="key"),
    ] = Field(default_factory=list)
    findings: Annotated[
        list[Finding],
        Field(title="发现", json_schema_extra=en("Findings"), max_length=200),
        Merge(Policy.SET, key="key"),
    ] = Field(default_factory=list)
    points: Annotated[
        list[Point],
        Field(title="途经点", json_schema_extra=en("Way points"), max_length=500),
        Merge(Policy.LOG, key="key"),
    ] = Field(default_factory=list)
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
