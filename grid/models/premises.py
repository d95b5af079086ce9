"""A place (场所): a shop, school, market, workshop or spot that is looked after.

Fields after GB/T 31000-2015, 校园及周边安全 and 社会治安, as much as a gridworker needs. The class
is not called Place, which is a position in ``grid.models.common``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    MAXIMUM,
    REVIEWED,
    SET,
    TEXT,
    Date,
    LongText,
    Name,
    Phone,
    Place,
    Record,
    RecordId,
    ShortText,
    en,
)
from grid.models.parts import KEYED_SET, Media


class Premises(Record):
    """One place of a grid."""

    LABEL: ClassVar[tuple[str, str]] = ("场所", "place")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[Literal["place"], Field(title="类型", json_schema_extra=en("Type"))]
    title: Annotated[
        ShortText, Field(title="场所名称", json_schema_extra=en("Name of the place")), REVIEWED
    ]
    kind: Annotated[
        Literal[
            "shop",
            "market",
            "school",
            "kindergarten",
            "rental_building",
            "factory",
            "workshop",
            "restaurant",
            "entertainment",
            "medical",
            "elderly_care",
            "religious",
            "construction",
            "harbour",
            "water",
            "public",
            "other",
        ],
        Field(title="场所类型", json_schema_extra=en("Kind")),
        REVIEWED,
    ]
    address: Annotated[ShortText, Field(title="地址", json_schema_extra=en("Address")), REVIEWED]
    place: Annotated[Place | None, Field(title="位置", json_schema_extra=en("Position"))] = None
    organisation: Annotated[
        RecordId | None, Field(title="所属单位", json_schema_extra=en("Organisation")), REVIEWED
    ] = None
    licence: Annotated[
        ShortText | None, Field(title="执照号", json_schema_extra=en("Licence number")), REVIEWED
    ] = None
    owner_name: Annotated[
        Name | None, Field(title="负责人", json_schema_extra=en("Person in charge")), REVIEWED
    ] = None
    owner_phone: Annotated[
        Phone | None,
        Field(title="负责人电话", json_schema_extra=en("Phone of the person in charge")),
        REVIEWED,
    ] = None
    safety_name: Annotated[
        Name | None,
        Field(title="安全责任人", json_schema_extra=en("Responsible for safety")),
        REVIEWED,
    ] = None
    safety_phone: Annotated[
        Phone | None,
        Field(title="安全责任人电话", json_schema_extra=en("Phone for safety")),
        REVIEWED,
    ] = None
    staff: Annotated[
        int | None, Field(title="从业人数", json_schema_extra=en("Staff"), ge=0, le=1_000_000)
    ] = None
    capacity: Annotated[
        int | None, Field(title="容纳人数", json_schema_extra=en("Capacity"), ge=0, le=1_000_000)
    ] = None
    area: Annotated[
        float | None,
        Field(
            title="建筑面积（㎡）",
            json_schema_extra=en("Floor area (m²)"),
            ge=0,
            le=1e7,
            allow_inf_nan=False,
        ),
    ] = None
    floors: Annotated[
        int | None, Field(title="层数", json_schema_extra=en("Floors"), ge=0, le=300)
    ] = None
    hazards: Annotated[
        list[ShortText],
        Field(title="隐患类型", json_schema_extra=en("Hazards"), max_length=50),
        SET,
    ] = Field(default_factory=list)
    attention: Annotated[
        Literal["ordinary", "raised", "key"] | None,
        Field(title="关注程度", json_schema_extra=en("Attention")),
        REVIEWED,
    ] = None
    last_check: Annotated[
        Date | None, Field(title="上次检查", json_schema_extra=en("Last check")), MAXIMUM
    ] = None
    status: Annotated[
        Literal["open", "suspended", "closed", "demolished"] | None,
        Field(title="场所状态", json_schema_extra=en("Status")),
        REVIEWED,
    ] = None
    tags: Annotated[
        list[ShortText], Field(title="标签", json_schema_extra=en("Tags"), max_length=50), SET
    ] = Field(default_factory=list)
    media: Annotated[
        list[Media], Field(title="照片", json_schema_extra=en("Photos"), max_length=30), KEYED_SET
    ] = Field(default_factory=list)
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
    review_note: Annotated[
        LongText | None, Field(title="主管意见", json_schema_extra=en("Supervisor's remark")), TEXT
    ] = None
