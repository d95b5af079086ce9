"""A task (任务): what somebody is asked to do, by when, and how far it has come."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grid.models.common import (
    MINIMUM,
    REVIEWED,
    SET,
    TEXT,
    Date,
    Key,
    LongText,
    Part,
    Record,
    RecordId,
    ShortText,
    TaskStatusCode,
    en,
)
from grid.models.parts import COUNTER, KEYED_SET, LOG, LogEntry, Media, Tally
from grid.policy import Merge, Policy


class TaskItem(Part):
    """One thing to do in a task, such as a household to call on."""

    key: Annotated[Key, Field(title="编号", json_schema_extra=en("Key"))]
    label: Annotated[ShortText | None, Field(title="名称", json_schema_extra=en("Item"))] = None
    record: Annotated[RecordId | None, Field(title="对象", json_schema_extra=en("About"))] = None
    result: Annotated[
        Literal["done", "not_done", "impossible"] | None,
        Field(title="结果", json_schema_extra=en("Result")),
    ] = None
    note: Annotated[LongText | None, Field(title="说明", json_schema_extra=en("Note"))] = None


class Task(Record):
    """One task of a grid."""

    LABEL: ClassVar[tuple[str, str]] = ("任务", "task")
    SCHEMA: ClassVar[int] = 1

    type: Annotated[Literal["task"], Field(title="类型", json_schema_extra=en("Type"))]
    title: Annotated[ShortText, Field(title="任务名称", json_schema_extra=en("Title")), REVIEWED]
    kind: Annotated[
        Literal["visit", "care", "check", "verify", "campaign", "event", "report", "other"],
        Field(title="任务类型", json_schema_extra=en("Kind")),
        REVIEWED,
    ]
    description: Annotated[
        LongText | None, Field(title="任务要求", json_schema_extra=en("What to do")), TEXT
    ] = None
    source: Annotated[
        ShortText | None, Field(title="交办来源", json_schema_extra=en("Asked by"))
    ] = None
    assignees: Annotated[
        list[ShortText],
        Field(title="执行人", json_schema_extra=en("Assigned to"), max_length=50),
        SET,
    ] = Field(default_factory=list)
    begins: Annotated[
        Date | None, Field(title="开始日期", json_schema_extra=en("Begins")), MINIMUM
    ] = None
    due: Annotated[Date | None, Field(title="完成期限", json_schema_extra=en("Due")), REVIEWED] = (
        None
    )
    urgency: Annotated[
        Literal["normal", "urgent", "major"] | None,
        Field(title="紧急程度", json_schema_extra=en("Urgency")),
        REVIEWED,
    ] = None
    targets: Annotated[
        list[RecordId], Field(title="任务对象", json_schema_extra=en("About"), max_length=500), SET
    ] = Field(default_factory=list)
    items: Annotated[
        list[TaskItem],
        Field(title="任务清单", json_schema_extra=en("Items"), max_length=500),
        KEYED_SET,
    ] = Field(default_factory=list)
    planned: Annotated[
        int | None,
        Field(title="计划数", json_schema_extra=en("Planned"), ge=0, le=1_000_000),
        REVIEWED,
    ] = None
    done: Annotated[Tally, Field(title="完成数", json_schema_extra=en("Done")), COUNTER] = Field(
        default_factory=dict
    )
    event: Annotated[RecordId | None, Field(title="相关事件", json_schema_extra=en("Event"))] = None
    status: Annotated[
        TaskStatusCode,
        Field(title="任务状态", json_schema_extra=en("Status")),
        Merge(Policy.STATE, lattice="task"),
    ] = "10"
    result: Annotated[
        LongText | None, Field(title="完成情况", json_schema_extra=en("Result")), TEXT
    ] = None
    log: Annotated[
        list[LogEntry], Field(title="办理过程", json_schema_extra=en("Steps"), max_length=1000), LOG
    ] = Field(default_factory=list)
    media: Annotated[
        list[Media],
        Field(title="照片和录音", json_schema_extra=en("Photos"), max_length=30),
        KEYED_SET,
    ] = Field(default_factory=list)
    note: Annotated[LongText | None, Field(title="备注", json_schema_extra=en("Note")), TEXT] = None
