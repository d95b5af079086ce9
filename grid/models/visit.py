"""A visit (走访) to a household: whom one met, what was talked about, what to do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    SET,
    TEXT,
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


class VisitItem(Part):
    """One matter of a visit and its answer; one visit serves every department's items."""

    key: Annotated[Key, Field(title="编号", json_schema_extra=en("Key"))]
    label: Annotated[ShortText | None, Field(title="名称", json_schema_extra=en("Item"))] = None
    value: Annotated[ShortText | None, Field(title="情况", json_schema_extra=en("Answer"))] = None
    note: Annotated[LongText | None, Field(title="说明", json_schema_extra=en("Note"))] = None


class Visit(Record):
    """One visit to one household."""

    LABEL: ClassVar[tuple[str, str]] = ("走访", "visit")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[Literal["visit"], Field(title="类型", json_schema_extra=en("Type"))]
    household: Annotated[RecordId, Field(title="走访住户", json_schema_extra=en("Household"))]
    visited: Annotated[Instant, Field(title="走访时间", json_schema_extra=en("Visited"))]
    worker: Annotated[ShortText | None, Field(title="走访人", json_schema_extra=en("Who"))] = None
    kind: Annotated[
        Literal["routine", "care", "safety", "campaign", "follow_up", "other"] | None,
        Field(title="走访类型", json_schema_extra=en("Kind")),
    ] = None
    outcome: Annotated[
        Literal["no_change", "updated", "not_home", "refused", "follow_up"] | None,
        Field(title="走访结果", json_schema_extra=en("Outcome")),
    ] = None
    met: Annotated[
        list[ShortText], Field(title="见到的人", json_schema_extra=en("Met"), max_length=50), SET
    ] = Field(default_factory=list)
    items: Annotated[
        list[VisitItem],
        Field(title="走访事项", json_schema_extra=en("Items"), max_length=100),
        Merge(Policy.SET, key="key"),
    ] = Field(default_factory=list)
    needs: Annotated[
        LongText | None, Field(title="困难及诉求", json_schema_extra=en("Needs")), TEXT
    ] = None
    place: Annotated[Place | None, Field(title="位置", json_schema_extra=en("Position"))] = None
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
