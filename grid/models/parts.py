"""Member objects that several record types have: steps of a log, media, counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from grid.models.common import (
    SHA256_PATTERN,
    ClockText,
    DeviceId,
    Key,
    LongText,
    Part,
    ShortText,
    en,
)
from grid.policy import Merge, Policy


class LogEntry(Part):
    """One step of a record's way: append-only, never changed afterwards."""

    key: Annotated[Key, Field(title="编号", json_schema_extra=en("Key"))]
    at: Annotated[ClockText, Field(title="时间", json_schema_extra=en("When"))]
    by: Annotated[ShortText, Field(title="经办人", json_schema_extra=en("By"))]
    action: Annotated[ShortText, Field(title="动作", json_schema_extra=en("Step"))]
    before: Annotated[ShortText | None, Field(title="原状态", json_schema_extra=en("From"))] = None
    after: Annotated[ShortText | None, Field(title="新状态", json_schema_extra=en("To"))] = None
    note: Annotated[LongText | None, Field(title="说明", json_schema_extra=en("Note"))] = None


class Media(Part):
    """A photo or recording that travels apart; the record says what to expect."""

    key: Annotated[Key, Field(title="编号", json_schema_extra=en("Key"))]
    sha256: Annotated[
        str, Field(pattern=SHA256_PATTERN, title="摘要", json_schema_extra=en("SHA-256"))
    ]
    bytes: Annotated[int, Field(ge=0, title="大小（字节）", json_schema_extra=en("Size (bytes)"))]
    content_type: Annotated[
        ShortText | None, Field(title="格式", json_schema_extra=en("Format"))
    ] = None


Tally = dict[DeviceId, Annotated[int, Field(ge=0, le=1_000_000)]]
"""A count kept per device, so that two people who count at once are both counted."""

COUNTER = Merge(Policy.COUNTER)
LOG = Merge(Policy.LOG, key="key")
KEYED_SET = Merge(Policy.SET, key="key")
