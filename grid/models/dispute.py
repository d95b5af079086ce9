"""A dispute (矛盾纠纷): between whom, about what, and how it was settled.

Fields after GB/T 31000-2015, 矛盾纠纷排查化解.
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
    Date,
    DisputeCategoryCode,
    DisputeScaleCode,
    DisputeStatusCode,
    EducationCode,
    EthnicCode,
    Instant,
    Key,
    LongText,
    Name,
    Part,
    Phone,
    Place,
    Record,
    RecordId,
    SexCode,
    ShortText,
    en,
)
from grid.models.parts import KEYED_SET, LOG, LogEntry, Media
from grid.policy import Merge, Policy


class Party(Part):
    """Somebody the dispute is between."""

    key: Annotated[Key, Field(title="编号", json_schema_extra=en("Key"))]
    name: Annotated[Name, Field(title="姓名", json_schema_extra=en("Name"))]
    id_kind: Annotated[
        ShortText | None, Field(title="证件名称", json_schema_extra=en("Kind of paper"))
    ] = None
    id_number: Annotated[
        ShortText | None, Field(title="证件号码", json_schema_extra=en("Number of the paper"))
    ] = None
    sex: Annotated[SexCode | None, Field(title="性别", json_schema_extra=en("Sex"))] = None
    ethnic: Annotated[
        EthnicCode | None, Field(title="民族", json_schema_extra=en("Ethnic group"))
    ] = None
    education: Annotated[
        EducationCode | None, Field(title="学历", json_schema_extra=en("Education"))
    ] = None
    kind: Annotated[
        Literal["resident", "floating", "outsider", "organisation", "other"] | None,
        Field(title="人员类别", json_schema_extra=en("Kind of person")),
    ] = None
    phone: Annotated[Phone | None, Field(title="联系方式", json_schema_extra=en("Phone"))] = None
    home_address: Annotated[
        ShortText | None, Field(title="居住详址", json_schema_extra=en("Home address"))
    ] = None
    resident: Annotated[
        RecordId | None, Field(title="人员记录", json_schema_extra=en("Resident"))
    ] = None


class Dispute(Record):
    """One dispute from its registration to its follow-up."""

    LABEL: ClassVar[tuple[str, str]] = ("矛盾纠纷", "dispute")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[Literal["dispute"], Field(title="类型", json_schema_extra=en("Type"))]
    title: Annotated[ShortText, Field(title="纠纷名称", json_schema_extra=en("Title")), REVIEWED]
    category: Annotated[
        DisputeCategoryCode, Field(title="纠纷类别", json_schema_extra=en("Category")), REVIEWED
    ]
    scale: Annotated[
        DisputeScaleCode | None, Field(title="规模", json_schema_extra=en("Scale")), REVIEWED
    ] = None
    happened: Annotated[Instant, Field(title="发生时间", json_schema_extra=en("When it arose"))]
    accepted: Annotated[
        Instant | None, Field(title="受理时间", json_schema_extra=en("Accepted")), MINIMUM
    ] = None
    address: Annotated[ShortText | None, Field(title="发生地点", json_schema_extra=en("Where"))] = (
        None
    )
    place: Annotated[Place | None, Field(title="位置", json_schema_extra=en("Position"))] = None
    people: Annotated[
        int | None,
        Field(title="涉及人数", json_schema_extra=en("People involved"), ge=0, le=100_000),
        MAXIMUM,
    ] = None
    amount: Annotated[
        float | None,
        Field(
            title="涉及金额（元）",
            json_schema_extra=en("Amount (yuan)"),
            ge=0,
            le=1e12,
            allow_inf_nan=False,
        ),
        REVIEWED,
    ] = None
    description: Annotated[
        LongText, Field(title="纠纷简述", json_schema_extra=en("What it is about")), TEXT
    ]
    organisations: Annotated[
        list[ShortText],
        Field(title="涉及单位", json_schema_extra=en("Organisations involved"), max_length=30),
        SET,
    ] = Field(default_factory=list)
    parties: Annotated[
        list[Party],
        Field(title="当事人", json_schema_extra=en("Parties"), max_length=50),
        KEYED_SET,
    ] = Field(default_factory=list)
    event: Annotated[
        RecordId | None, Field(title="来自事件", json_schema_extra=en("From event"))
    ] = None
    household: Annotated[
        RecordId | None, Field(title="相关住户", json_schema_extra=en("Household"))
    ] = None
    deadline: Annotated[
        Date | None, Field(title="化解时限", json_schema_extra=en("To be settled by")), REVIEWED
    ] = None
    method: Annotated[
        Literal[
            "peoples_mediation",
            "administrative_mediation",
            "judicial_mediation",
            "arbitration",
            "litigation",
            "reconciliation",
            "other",
        ]
        | None,
        Field(title="化解方式", json_schema_extra=en("Way of settling")),
        REVIEWED,
    ] = None
    mediators: Annotated[
        list[ShortText],
        Field(title="调解人员", json_schema_extra=en("Mediators"), max_length=20),
        SET,
    ] = Field(default_factory=list)
    mediation_body: Annotated[
        ShortText | None, Field(title="化解组织", json_schema_extra=en("Mediating body")), REVIEWED
    ] = None
    responsible_name: Annotated[
        Name | None, Field(title="化解责任人", json_schema_extra=en("Person responsible")), REVIEWED
    ] = None
    responsible_phone: Annotated[
        Phone | None,
        Field(title="责任人电话", json_schema_extra=en("Phone of the person responsible")),
        REVIEWED,
    ] = None
    resolved: Annotated[
        bool | None, Field(title="化解是否成功", json_schema_extra=en("Settled")), REVIEWED
    ] = None
    outcome: Annotated[
        LongText | None, Field(title="化解情况", json_schema_extra=en("How it was settled")), TEXT
    ] = None
    warning: Annotated[
        Literal["none", "blue", "yellow", "orange", "red"] | None,
        Field(title="预警等级", json_schema_extra=en("Warning level")),
        REVIEWED,
    ] = None
    restricted: Annotated[
        bool | None, Field(title="涉敏", json_schema_extra=en("Restricted")), REVIEWED
    ] = None
    evaluated: Annotated[
        Date | None, Field(title="考评日期", json_schema_extra=en("Evaluated")), REVIEWED
    ] = None
    evaluation: Annotated[
        LongText | None, Field(title="考评意见", json_schema_extra=en("Evaluation")), TEXT
    ] = None
    status: Annotated[
        DisputeStatusCode,
        Field(title="办理状态", json_schema_extra=en("Status")),
        Merge(Policy.STATE, lattice="dispute"),
    ] = "10"
    log: Annotated[
        list[LogEntry], Field(title="办理过程", json_schema_extra=en("Steps"), max_length=1000), LOG
    ] = Field(default_factory=list)
    media: Annotated[
        list[Media],
        Field(title="照片和录音", json_schema_extra=en("Photos"), max_length=30),
        KEYED_SET,
    ] = Field(default_factory=list)
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
