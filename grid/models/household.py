"""A household (户): who lives behind one door, and how to reach them.

Fields after GB/T 31000-2015, 户籍人口, 实有房屋 and 出租房, as much as a gridworker needs.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    REVIEWED,
    SET,
    TEXT,
    Date,
    LongText,
    Name,
    Phone,
    Place,
    RecordId,
    ShortText,
    en,
)
from grid.models.joinable import Joinable
from grid.policy import Merge, Policy


class Household(Joinable):
    """One household of a household group."""

    LABEL: ClassVar[tuple[str, str]] = ("住户", "household")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[Literal["household"], Field(title="类型", json_schema_extra=en("Type"))]
    address: Annotated[
        ShortText, Field(title="门牌地址", json_schema_extra=en("Address")), REVIEWED
    ]
    building: Annotated[ShortText | None, Field(title="楼栋", json_schema_extra=en("Building"))] = (
        None
    )
    unit: Annotated[ShortText | None, Field(title="单元", json_schema_extra=en("Unit"))] = None
    room: Annotated[ShortText | None, Field(title="房号", json_schema_extra=en("Room"))] = None
    household_number: Annotated[
        ShortText | None, Field(title="户号", json_schema_extra=en("Household number")), REVIEWED
    ] = None
    head: Annotated[
        RecordId | None, Field(title="户主", json_schema_extra=en("Head of household")), REVIEWED
    ] = None
    head_name: Annotated[
        Name | None, Field(title="户主姓名", json_schema_extra=en("Head's name")), REVIEWED
    ] = None
    phone: Annotated[
        Phone | None, Field(title="联系电话", json_schema_extra=en("Phone")), REVIEWED
    ] = None
    residence_type: Annotated[
        Literal["registered", "rented", "vacant", "registered_absent", "other"] | None,
        Field(title="居住类型", json_schema_extra=en("Residence")),
    ] = None
    members: Annotated[
        int | None,
        Field(title="在住人数", json_schema_extra=en("People living here"), ge=0, le=200),
    ] = None
    housing_use: Annotated[
        Literal["dwelling", "rental", "shop", "mixed", "factory", "other"] | None,
        Field(title="房屋用途", json_schema_extra=en("Use of the house")),
    ] = None
    area: Annotated[
        float | None,
        Field(
            title="建筑面积（㎡）",
            json_schema_extra=en("Floor area (m²)"),
            ge=0,
            le=1e6,
            allow_inf_nan=False,
        ),
    ] = None
    owner_name: Annotated[
        Name | None, Field(title="房主姓名", json_schema_extra=en("Owner's name")), REVIEWED
    ] = None
    owner_phone: Annotated[
        Phone | None, Field(title="房主电话", json_schema_extra=en("Owner's phone")), REVIEWED
    ] = None
    tags: Annotated[
        list[ShortText], Field(title="标签", json_schema_extra=en("Tags"), max_length=50), SET
    ] = Field(default_factory=list)
    hazards: Annotated[
        list[ShortText],
        Field(title="隐患类型", json_schema_extra=en("Hazards"), max_length=50),
        SET,
    ] = Field(default_factory=list)
    status: Annotated[
        Literal["living", "moved_out", "demolished"] | None,
        Field(title="住户状态", json_schema_extra=en("Status")),
        REVIEWED,
    ] = None
    last_visit: Annotated[
        Date | None,
        Field(title="上次走访", json_schema_extra=en("Last visit")),
        Merge(Policy.MAXIMUM),
    ] = None
    place: Annotated[Place | None, Field(title="位置", json_schema_extra=en("Position"))] = None
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
    review_note: Annotated[
        LongText | None, Field(title="主管意见", json_schema_extra=en("Supervisor's remark")), TEXT
    ] = None
