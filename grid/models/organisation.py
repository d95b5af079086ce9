"""An organisation (单位): an enterprise, a social organisation, an office.

Fields after GB/T 31000-2015, 非公有制经济组织和社会组织.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    MAXIMUM,
    REVIEWED,
    SET,
    TEXT,
    CreditCode,
    Date,
    LongText,
    Name,
    Phone,
    Place,
    Record,
    ShortText,
    en,
)


class Organisation(Record):
    """One organisation with its seat in a grid."""

    LABEL: ClassVar[tuple[str, str]] = ("单位", "organisation")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[Literal["organisation"], Field(title="类型", json_schema_extra=en("Type"))]
    title: Annotated[
        ShortText,
        Field(title="单位名称", json_schema_extra=en("Name of the organisation")),
        REVIEWED,
    ]
    kind: Annotated[
        Literal[
            "enterprise",
            "self_employed",
            "social",
            "institution",
            "government",
            "committee",
            "school",
            "cooperative",
            "other",
        ],
        Field(title="单位类别", json_schema_extra=en("Kind")),
        REVIEWED,
    ]
    credit_code: Annotated[
        CreditCode | None,
        Field(title="统一社会信用代码", json_schema_extra=en("Social credit code")),
        REVIEWED,
    ] = None
    licence: Annotated[
        ShortText | None,
        Field(title="执照或登记证号", json_schema_extra=en("Licence number")),
        REVIEWED,
    ] = None
    authority: Annotated[
        ShortText | None, Field(title="登记机关", json_schema_extra=en("Registered with"))
    ] = None
    approved: Annotated[
        Date | None, Field(title="批准日期", json_schema_extra=en("Approved")), REVIEWED
    ] = None
    address: Annotated[ShortText, Field(title="地址", json_schema_extra=en("Address")), REVIEWED]
    place: Annotated[Place | None, Field(title="位置", json_schema_extra=en("Position"))] = None
    legal_name: Annotated[
        Name | None,
        Field(title="法定代表人", json_schema_extra=en("Legal representative")),
        REVIEWED,
    ] = None
    legal_phone: Annotated[
        Phone | None,
        Field(title="法定代表人电话", json_schema_extra=en("Phone of the representative")),
        REVIEWED,
    ] = None
    safety_name: Annotated[
        Name | None,
        Field(title="治保负责人", json_schema_extra=en("Responsible for security")),
        REVIEWED,
    ] = None
    safety_phone: Annotated[
        Phone | None,
        Field(title="治保负责人电话", json_schema_extra=en("Phone for security")),
        REVIEWED,
    ] = None
    phone: Annotated[
        Phone | None, Field(title="单位电话", json_schema_extra=en("Phone")), REVIEWED
    ] = None
    staff: Annotated[
        int | None, Field(title="员工数", json_schema_extra=en("Staff"), ge=0, le=1_000_000)
    ] = None
    dangerous_goods: Annotated[
        bool | None, Field(title="是否危化", json_schema_extra=en("Dangerous goods")), REVIEWED
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
    party_members: Annotated[
        int | None,
        Field(title="党员人数", json_schema_extra=en("Party members"), ge=0, le=1_000_000),
    ] = None
    bodies: Annotated[
        list[Literal["party", "union", "youth_league", "women"]],
        Field(title="党群组织", json_schema_extra=en("Party and mass bodies"), max_length=10),
        SET,
    ] = Field(default_factory=list)
    funding: Annotated[
        ShortText | None, Field(title="资金来源", json_schema_extra=en("Funding"))
    ] = None
    foreign_ties: Annotated[
        bool | None, Field(title="境外背景", json_schema_extra=en("Ties abroad")), REVIEWED
    ] = None
    last_check: Annotated[
        Date | None, Field(title="上次走访", json_schema_extra=en("Last visit")), MAXIMUM
    ] = None
    status: Annotated[
        Literal["operating", "suspended", "closed", "moved_out"] | None,
        Field(title="单位状态", json_schema_extra=en("Status")),
        REVIEWED,
    ] = None
    tags: Annotated[
        list[ShortText], Field(title="标签", json_schema_extra=en("Tags"), max_length=50), SET
    ] = Field(default_factory=list)
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
    review_note: Annotated[
        LongText | None, Field(title="主管意见", json_schema_extra=en("Supervisor's remark")), TEXT
    ] = None
