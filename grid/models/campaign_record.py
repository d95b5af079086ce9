"""A campaign record (宣传记录): what one household was told in one campaign.

Its id is made of both, so that two workers who tick the same household meet in one document.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    MAXIMUM,
    MINIMUM,
    REVIEWED,
    SET,
    TEXT,
    CampaignStatusCode,
    Instant,
    Key,
    LongText,
    RecordId,
    ShortText,
    en,
)
from grid.models.joinable import Joinable
from grid.models.parts import COUNTER, Tally
from grid.policy import Merge, Policy


class CampaignRecord(Joinable):
    """One household in one campaign."""

    LABEL: ClassVar[tuple[str, str]] = ("宣传记录", "campaign record")
    SCHEMA: ClassVar[int] = 1
    NATURAL_KEY: ClassVar[tuple[str, ...]] = ("campaign", "household")

    type: Annotated[Literal["campaign-record"], Field(title="类型", json_schema_extra=en("Type"))]
    campaign: Annotated[Key, Field(title="宣传活动", json_schema_extra=en("Campaign")), REVIEWED]
    campaign_title: Annotated[
        ShortText | None, Field(title="活动名称", json_schema_extra=en("Campaign's title"))
    ] = None
    household: Annotated[RecordId, Field(title="住户", json_schema_extra=en("Household")), REVIEWED]
    status: Annotated[
        CampaignStatusCode,
        Field(title="宣传情况", json_schema_extra=en("Outcome")),
        Merge(Policy.STATE, lattice="campaign"),
    ] = "10"
    ways: Annotated[
        list[Literal["door", "phone", "group", "leaflet", "broadcast", "meeting", "other"]],
        Field(title="宣传方式", json_schema_extra=en("Ways"), max_length=10),
        SET,
    ] = Field(default_factory=list)
    attempts: Annotated[Tally, Field(title="上门次数", json_schema_extra=en("Calls")), COUNTER] = (
        Field(default_factory=dict)
    )
    first_told: Annotated[
        Instant | None, Field(title="首次告知", json_schema_extra=en("First told")), MINIMUM
    ] = None
    last_contact: Annotated[
        Instant | None, Field(title="最近联系", json_schema_extra=en("Last contact")), MAXIMUM
    ] = None
    met: Annotated[
        list[ShortText], Field(title="见到的人", json_schema_extra=en("Met"), max_length=50), SET
    ] = Field(default_factory=list)
    materials: Annotated[
        list[ShortText],
        Field(title="发放材料", json_schema_extra=en("Material handed out"), max_length=20),
        SET,
    ] = Field(default_factory=list)
    questions: Annotated[
        LongText | None, Field(title="群众反映", json_schema_extra=en("What people said")), TEXT
    ] = None
    worker: Annotated[ShortText | None, Field(title="宣传人", json_schema_extra=en("Who"))] = None
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
