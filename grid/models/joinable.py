"""Records that may turn out to be registered twice: how one says that another stands for it.

Supervisors and the follower write these fields (docs/across.md); phones only follow them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from grid.models.common import Part, Record, RecordId, en
from grid.policy import Merge, Policy


class Absorbed(Part):
    """A duplicate whose content this record contains, as it was at ``rev``."""

    key: RecordId
    rev: str


class Joinable(Record):
    """A record that may be a duplicate of another, or stand for one."""

    merged_into: Annotated[
        RecordId | None, Field(title="已并入", json_schema_extra=en("Merged into"))
    ] = None
    distinct_from: Annotated[
        list[RecordId],
        Field(title="不是同一个", json_schema_extra=en("Not the same as"), max_length=200),
        Merge(Policy.SET),
    ] = Field(default_factory=list)
    absorbed: Annotated[
        list[Absorbed],
        Field(title="并入了", json_schema_extra=en("Contains"), max_length=200),
        Merge(Policy.SET, key="key"),
    ] = Field(default_factory=list)
