"""Giving a field of a record a value it had before: one more edit, like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from grid.models import upcast, validate_record
from grid.permissions import Actor, may_push
from sync.editing import stamped
from sync.history import NoSuchRevision, read_past
from sync.judging import judge_change
from sync.paths import database_of
from sync.store import DocumentStore, Write
from sync.timing import now_ms

_ATTEMPTS: Final = 5
NEVER_RESTORED: Final = frozenset(
    {"type", "schema", "grid", "created", "updated", "stamps", "merge"}
)
"""Fields that are not a person's to set back."""

MESSAGES: Final[Mapping[str, str]] = {
    "record-gone": "这条记录已被删除，无法恢复其中的内容",
    "no-such-revision": "没有这个版本，或它已过保存期限",
    "not-allowed": "{reason}",
    "invalid-value": "以前的内容不符合现在的要求：{message}",
    "nothing-to-restore": "现在的内容与那时相同，不需要恢复",
    "busy": "这条记录正被频繁修改，请稍后再试",
}
"""Why a value cannot be restored: code → sentence."""


class RestoreError(Exception):
    """A restoring that is not possible; ``code`` is one of ``MESSAGES``."""

    def __init__(self, code: str, **values: str) -> None:
        self.code = code
        self.message = MESSAGES[code].format(**values)
        super().__init__(f"{code}: {self.message}")


async def restore(
    store: DocumentStore,
    grid: str,
    path: tuple[str, ...],
    doc_id: str,
    rev: str,
    field: str,
    actor: Actor,
) -> str:
    """Give ``field`` the value it had in revision ``rev``; return the new revision.

    ``path`` runs from the district to the grid. It is the actor's edit, judged like any other: he
    may write there, set this field and take this step. Raises ``RestoreError``.
    """
    if not may_push(actor, path):
        raise RestoreError("not-allowed", reason="这条记录不在您可以修改的范围内")
    past = await read_past(store, grid, doc_id)
    try:
        old = past.body(rev)
    except NoSuchRevision:
        raise RestoreError("no-such-revision") from None
    for _ in range(_ATTEMPTS):
        found = await store.get(database_of(grid), doc_id)
        if found is None or found.deleted:
            raise RestoreError("record-gone")
        before = dict(upcast(orjson.loads(found.body)))
        after = _with(before, old, field, actor)
        write = Write(doc_id, orjson.dumps(after), None, (found.rev,))
        (result,) = await store.write(database_of(grid), [write])
        if result.rev is not None:
            return result.rev
    raise RestoreError("busy")


def _with(
    before: dict[str, Any], old: Mapping[str, Any], field: str, actor: Actor
) -> dict[str, Any]:
    """Return the record with the field as it was, judged; raise ``RestoreError``."""
    missing = object()
    if field in NEVER_RESTORED or before.get(field, missing) == old.get(field, missing):
        raise RestoreError("nothing-to-restore")
    after = {name: value for name, value in before.items() if name != field}
    if field in old:
        after[field] = old[field]
    after = stamped(before, after, actor, now_ms())
    for problem in validate_record(after):
        if problem.field.partition(".")[0] == field:
            raise RestoreError("invalid-value", message=problem.message_zh)
    refused = judge_change(actor, after, before, deleted=False)
    if refused is not None:
        raise RestoreError("not-allowed", reason=refused.reason)
    return after
