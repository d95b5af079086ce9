"""A patrol (巡查): a walk through the grid with its checks and findings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from grid.models.common import (
    MAXIMUM,
    MINIMUM,
    TEXT,
    ClockText,
    Instant,
    LongText,
    Part,
    Place,
    Record,
    RecordId,
    ShortText,
    en,
)
from grid.policy import Merge, Policy

Key = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Check(Part):
    """One item of the checklist: looked at, and how it was."""

    key: Key
    label: ShortText | None = None
    result: Literal["fine", "problem", "not_checked"] = "not_checked"
    note: LongText | None = None


class Finding(Part):
    """Something found on the way; ``event`` names the event it became."""

    key: Key
    at: ClockText
    category: ShortText | None = None
    text: LongText
    place: Place | None = None
    event: RecordId | None = None


class Point(Part):
    """A coarse point of the way, taken only where the setting allows it."""

    key: Key
    at: ClockText
    place: Place


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
