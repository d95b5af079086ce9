"""Judging a pushed document: may this person write this record here, and is it sound?

Pure: documents and the time come in, a refusal or nothing comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conflicts.clock import ClockError, ahead_ms, parse_clock
from grid.dictionaries import EVENT_STATUS
from grid.lifecycle import may_move
from grid.models import FieldLabel, field_labels, validate_record
from grid.permissions import SUPERVISORS, Actor, Role, field_refusals, may_push

TOO_FAR_AHEAD_MS: Final = 10 * 60 * 1000
"""A device clock this far ahead (milliseconds) is wrong; its work is accepted all the same."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document is not taken in: a code of the catalogue, a field, and it said in Chinese."""

    code: str
    reason: str
    field: str | None = None


REASONS: Final[Mapping[str, str]] = {
    "out-of-scope": "您已不负责这个网格，修改没有并入；内容已保存在服务器，由主管处理",
    "role-may-not-write": "您的账号只能查看，不能修改记录；内容已保存在服务器，由主管处理",
    "grid-closed": "这个网格已停用，修改没有并入；内容已保存在服务器，由主管处理",
    "bad-id": "记录编号应为「类型:编号」，如 household:01J…",
    "wrong-type": "记录编号与记录类型不一致",
    "wrong-grid": "记录写的网格与上传到的网格不一致",
    "wrong-author": "记录的修改人不是当前登录的账号",
    "field-not-allowed": "您的账号不能修改「{label}」",
    "status-not-allowed": "您的账号不能把事件从「{before}」改为「{after}」",
    "merge-note-changed": "合并说明由系统填写，不能修改",
    "invalid": "{message}",
}
"""The catalogue of refusals: code → sentence for the worker."""


def refusal(code: str, field: str | None = None, **values: str) -> Refusal:
    """Return a refusal of the catalogue with its sentence filled in."""
    return Refusal(code, REASONS[code].format(**values), field)


def judge_place(actor: Actor, path: Sequence[str], closed: bool) -> Refusal | None:
    """Tell why this person may write nothing at all in a grid; ``None`` when he may."""
    if not may_push(actor, path):
        lost = may_push(Actor(actor.user, actor.role, actor.device, frozenset(path)), path)
        return refusal("out-of-scope" if lost else "role-may-not-write")
    return refusal("grid-closed") if closed else None


def judge_document(
    actor: Actor,
    grid: str,
    doc_id: str,
    document: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    deleted: bool,
) -> Refusal | None:
    """Tell why a document is refused; ``None`` when it is sound.

    ``before`` is the nearest known state that the edit was made on; ``None`` for a new record or
    when nothing of its history is known.
    """
    prefix, colon, rest = doc_id.partition(":")
    if not colon or not prefix or not rest:
        return refusal("bad-id", "_id")
    if deleted:
        return None  # A tombstone may be bare; the body it buries is in the archive.
    if document.get("type") != prefix and isinstance(document.get("type"), str):
        return refusal("wrong-type", "type")
    problems = validate_record(document)
    if problems:
        message = "；".join(problem.message_zh for problem in problems[:3])
        return refusal("invalid", problems[0].field, message=message)
    if document["grid"] != grid:
        return refusal("wrong-grid", "grid")
    return _judge_change(actor, document, before)


def _judge_change(
    actor: Actor, document: Mapping[str, Any], before: Mapping[str, Any] | None
) -> Refusal | None:
    own = document["updated"]["by"] == actor.user
    if not own and actor.role not in SUPERVISORS and actor.role is not Role.INTEGRATOR:
        return refusal("wrong-author", "updated.by")
    if document.get("merge") != (before or {}).get("merge"):
        return refusal("merge-note-changed", "merge")
    forbidden = field_refusals(actor, before, document)
    if forbidden:
        labels = field_labels(str(document["type"]))
        label = labels.get(forbidden[0], FieldLabel(forbidden[0], forbidden[0]))
        return refusal("field-not-allowed", forbidden[0], label=label.zh)
    return _judge_status(actor, document, before)


def _judge_status(
    actor: Actor, document: Mapping[str, Any], before: Mapping[str, Any] | None
) -> Refusal | None:
    if document["type"] != "event":
        return None
    was = None if before is None else before.get("status")
    status = document.get("status", "10")
    if may_move(actor.role, was, status):
        return None
    from_label, to_label = _status_label(was), _status_label(status)
    return refusal("status-not-allowed", "status", before=from_label, after=to_label)


def _status_label(status: Any) -> str:
    return EVENT_STATUS.label(status) if isinstance(status, str) else "新事件"


def clock_ahead_ms(document: Mapping[str, Any], physical_ms: int) -> int:
    """Return how many milliseconds the document's last change lies ahead of the true time."""
    updated = document.get("updated")
    at = updated.get("at") if isinstance(updated, Mapping) else None
    try:
        return ahead_ms(parse_clock(at), physical_ms) if isinstance(at, str) else 0
    except ClockError:
        return 0
