"""A resident (人): the common block of GB/T 31000-2015 with what 户籍, 流动 and 留守 add to it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    REVIEWED,
    SET,
    TEXT,
    Date,
    EducationCode,
    EthnicCode,
    IdNumber,
    KinshipCode,
    LongText,
    MaritalCode,
    Name,
    Phone,
    PoliticsCode,
    RecordId,
    SexCode,
    ShortText,
    en,
)
from grid.models.joinable import Joinable


class Resident(Joinable):
    """A person who lives, or is registered, in a grid."""

    LABEL: ClassVar[tuple[str, str]] = ("人员", "resident")
    SCHEMA: ClassVar[int] = 2

    type: Annotated[Literal["resident"], Field(title="类型", json_schema_extra=en("Type"))]
    name: Annotated[Name, Field(title="姓名", json_schema_extra=en("Name")), REVIEWED]
    former_name: Annotated[
        Name | None, Field(title="曾用名", json_schema_extra=en("Former name")), REVIEWED
    ] = None
    household: Annotated[
        RecordId | None, Field(title="所属住户", json_schema_extra=en("Household")), REVIEWED
    ] = None
    relation: Annotated[
        KinshipCode | None,
        Field(title="与户主关系", json_schema_extra=en("Relation to head")),
        REVIEWED,
    ] = None
    id_number: Annotated[
        IdNumber | None, Field(title="公民身份号码", json_schema_extra=en("Id number")), REVIEWED
    ] = None
    no_id_reason: Annotated[
        ShortText | None, Field(title="无身份证原因", json_schema_extra=en("Why no id number"))
    ] = None
    sex: Annotated[SexCode | None, Field(title="性别", json_schema_extra=en("Sex")), REVIEWED] = (
        None
    )
    birth_date: Annotated[
        Date | None, Field(title="出生日期", json_schema_extra=en("Born")), REVIEWED
    ] = None
    ethnic: Annotated[
        EthnicCode | None, Field(title="民族", json_schema_extra=en("Ethnic group"))
    ] = None
    marital: Annotated[
        MaritalCode | None, Field(title="婚姻状况", json_schema_extra=en("Marital status"))
    ] = None
    education: Annotated[
        EducationCode | None, Field(title="学历", json_schema_extra=en("Education"))
    ] = None
    politics: Annotated[
        PoliticsCode | None, Field(title="政治面貌", json_schema_extra=en("Political status"))
    ] = None
    occupation: Annotated[
        ShortText | None, Field(title="职业", json_schema_extra=en("Occupation"))
    ] = None
    workplace: Annotated[
        ShortText | None, Field(title="服务处所", json_schema_extra=en("Workplace"))
    ] = None
    phone: Annotated[
        Phone | None, Field(title="联系电话", json_schema_extra=en("Phone")), REVIEWED
    ] = None
    guardian_name: Annotated[
        Name | None, Field(title="监护人姓名", json_schema_extra=en("Guardian's name")), REVIEWED
    ] = None
    guardian_phone: Annotated[
        Phone | None, Field(title="监护人电话", json_schema_extra=en("Guardian's phone")), REVIEWED
    ] = None
    population: Annotated[
        Literal["registered", "floating", "left_behind", "absent", "overseas"] | None,
        Field(title="人口类别", json_schema_extra=en("Kind of resident")),
    ] = None
    registered_address: Annotated[
        ShortText | None,
        Field(title="户籍地详址", json_schema_extra=en("Registered address")),
        REVIEWED,
    ] = None
    presence: Annotated[
        Literal["here", "partly", "away"] | None,
        Field(title="居住情况", json_schema_extra=en("Lives here")),
    ] = None
    status: Annotated[
        Literal["present", "moved_out", "deceased"] | None,
        Field(title="人员状态", json_schema_extra=en("Status")),
        REVIEWED,
    ] = None
    arrived: Annotated[Date | None, Field(title="流入日期", json_schema_extra=en("Arrived"))] = None
    arrived_why: Annotated[
        ShortText | None, Field(title="流入原因", json_schema_extra=en("Reason for coming"))
    ] = None
    care: Annotated[
        list[ShortText], Field(title="关爱类别", json_schema_extra=en("Care"), max_length=20), SET
    ] = Field(default_factory=list)
    skills: Annotated[
        list[ShortText], Field(title="特长", json_schema_extra=en("Skills"), max_length=20), SET
    ] = Field(default_factory=list)
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
    review_note: Annotated[
        LongText | None, Field(title="主管意见", json_schema_extra=en("Supervisor's remark")), TEXT
    ] = None
