"""Judging a pushed document: may this person write this record here, and is it sound?

Pure: documents and the time come in, a refusal or nothing comes out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from conflicts.clock import Clock, ClockError, ahead_ms, parse_clock
from grid.lifecycle import LifeCycle
from grid.models import (
    FieldLabel,
    dictionary_of,
    field_labels,
    life_cycle,
    natural_id,
    type_label,
    validate_record,
)
from grid.permissions import (
    PUSH_ROLES,
    SUPERVISORS,
    Actor,
    Role,
    field_refusals,
    in_scope,
    may_delete,
)
from sync.keepable import MOST_LEVELS, too_deep

_ID: Final = re.compile(r"([a-z][a-z0-9-]{0,39}):[0-9A-Za-z][0-9A-Za-z._:-]{0,180}")
_MAY_DELETE_OTHERS: Final = SUPERVISORS | {Role.DISPATCHER, Role.INTEGRATOR}
_PEERS: Final = SUPERVISORS | {Role.INTEGRATOR}
"""Roles whose pushes may carry what others wrote (another server's replication)."""

Author = tuple[str, str]
"""Account name and device id in a document's ``updated``."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document is not taken in: a code of the catalogue, a field, and it said in Chinese."""

    code: str
    reason: str
    field: str | None = None


REASONS: Final[Mapping[str, str]] = {
    "grid-revoked": "您已不负责这个网格，修改没有并入；内容已保存在服务器，由主管处理",
    "role-may-not-write": "您的账号只能查看，不能修改记录；内容已保存在服务器，由主管处理",
    "grid-closed": "这个网格已停用，修改没有并入；内容已保存在服务器，由主管处理",
    "unreadable": "{fault}（{message}）；内容已保存在服务器，由主管处理",
    "left-out": "服务器上没有这条 {day} 之前建的记录，可能早已删除；内容已保存在服务器，由主管处理",
    "bad-history": "记录的版本历史前后不符，服务器无法并入；内容已保存在服务器，由主管处理",
    "bad-id": "记录编号应为「类型:编号」，如 household:01J…",
    "wrong-type": "记录编号是「{expected}」，内容却是「{found}」",
    "wrong-key": "这种记录的编号由内容决定，应为 {expected}",
    "wrong-grid": "记录写的网格是 {found}，上传到的网格是 {expected}",
    "wrong-author": "记录的修改人「{found}」不是当前登录的账号，也没有在这台手机上登录过",
    "field-not-allowed": "您的账号不能修改「{label}」",
    "status-not-allowed": "您的账号不能把{what}从「{before}」改为「{after}」",
    "own-work": "办结的人不能核查自己办的{what}，请由他人核查",
    "delete-not-allowed": "您的账号不能删除这条记录：只能删除自己建立的；事件、纠纷请改为撤回",
    "too-deep": "记录的内容层层嵌套，超过 {most} 层；内容已保存在服务器，由主管处理",
    "merge-note-changed": "合并说明由系统填写，不能修改",
    "invalid": "{message}",
}
"""The catalogue of refusals: code → sentence for the worker."""


def refusal(code: str, field: str | None = None, **values: str) -> Refusal:
    """Return a refusal of the catalogue with its sentence filled in."""
    return Refusal(code, REASONS[code].format(**values), field)


_UNREADABLE: Final[Mapping[str | None, str]] = {
    "_attachments": "记录里不能夹带附件，照片请单独上传",
    "_revisions": "记录的版本历史前后不符",
    "_rev": "记录的版本号格式不对",
    "_id": "记录编号格式不对",
    "_deleted": "记录的删除标记应为是或否",
}
"""What is wrong with a document that the wire could not take, by the member at fault."""


def unreadable(error: str, field: str | None, message: str) -> Refusal:
    """Return the refusal of a document that the wire could not take, for its error word."""
    fault = "记录太大，一条最多 256 KB" if error == "document_too_large" else "服务器读不懂这条记录"
    return refusal("unreadable", field, fault=_UNREADABLE.get(field, fault), message=message[:300])


def judge_place(actor: Actor, path: Sequence[str], closed: bool) -> Refusal | None:
    """Tell why this person may write nothing at all in a grid; ``None`` when he may."""
    if actor.role not in PUSH_ROLES:
        return refusal("role-may-not-write")
    if not in_scope(actor, path):
        return refusal("grid-revoked")
    return refusal("grid-closed") if closed else None


def judge_shape(
    grid: str,
    doc_id: str,
    document: Mapping[str, Any],
    deleted: bool,
    text: bytes | None = None,
) -> Refusal | None:
    """Tell why nobody may write such a document into this grid; ``None`` when it is sound.

    ``text`` is the document's JSON, where it is at hand.
    """
    match = _ID.fullmatch(doc_id)
    if match is None:
        return refusal("bad-id", "_id")
    if too_deep(document, text):
        return refusal("too-deep", most=str(MOST_LEVELS))
    found = document.get("type", match[1] if deleted else None)
    if isinstance(found, str) and found != match[1]:
        return refusal("wrong-type", "type", expected=match[1], found=found[:40])
    found = document.get("grid", grid if deleted else None)
    if isinstance(found, str) and found != grid:
        return refusal("wrong-grid", "grid", expected=grid, found=found[:40] or "空")
    if deleted:
        return None  # A tombstone may be bare; what it buries is in the archive.
    problems = validate_record(document)
    if problems:
        message = "；".join(problem.message_zh for problem in problems[:3])
        return refusal("invalid", problems[0].field, message=message)
    return None


def judge_merge_note(
    document: Mapping[str, Any], before: Mapping[str, Any] | None
) -> Refusal | None:
    """Refuse a merge note that the resolver did not write, sound or not."""
    known = before or {}
    if "merge" in document and document["merge"] != known.get("merge"):
        return refusal("merge-note-changed", "merge")
    return None


def judge_key(
    doc_id: str, document: Mapping[str, Any], before: Mapping[str, Any] | None
) -> Refusal | None:
    """Refuse a new record whose id is not what its natural key makes.

    A record that is there keeps its id, whatever becomes of the fields in its key.
    """
    expected = natural_id(document) if before is None else None
    if expected is None or expected == doc_id:
        return None
    return refusal("wrong-key", "_id", expected=expected[:200])


def judge_change(
    actor: Actor,
    document: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    deleted: bool,
    vouched: Collection[Author] = (),
) -> Refusal | None:
    """Tell why this person may not make this change; ``None`` when he may.

    ``before`` is the nearest known state that the edit was made on; ``None`` for a new record or
    when nothing of its history is known. ``vouched`` are authors other than the actor whose work
    he may bring along.
    """
    author = foreign_author(actor, document)
    if author is not None and author not in vouched:
        return refusal("wrong-author", "updated.by", found=author[0][:40])
    if deleted:
        return None if _may_delete(actor, before) else refusal("delete-not-allowed")
    forbidden = field_refusals(actor, before, document)
    if forbidden:
        labels = field_labels(str(document["type"]))
        label = labels.get(forbidden[0], FieldLabel(forbidden[0], forbidden[0]))
        return refusal("field-not-allowed", forbidden[0], label=label.zh)
    cycle = life_cycle(str(document["type"]))
    return None if cycle is None else _judge_status(actor, cycle, document, before)


def foreign_author(actor: Actor, document: Mapping[str, Any]) -> Author | None:
    """Return who a document says made it, if that is not the actor himself."""
    trace = document.get("updated")
    if not isinstance(trace, Mapping) or trace.get("by") == actor.user:
        return None
    return str(trace.get("by")), str(trace.get("device"))


def may_bring(actor: Actor, author: Author, users_of_device: Collection[str]) -> bool:
    """Tell whether the actor may push what another person wrote.

    On a phone that several share, what one left unsent may go up while another is signed in.
    Supervisors and other systems replicate what any known person made on a known device.
    """
    user, device = author
    return user in users_of_device and (actor.role in _PEERS or device == actor.device)


def _may_delete(actor: Actor, before: Mapping[str, Any] | None) -> bool:
    if before is None:
        return True  # nobody but the actor has seen it
    if before.get("merged_into"):
        return False  # references to it are followed through it
    created = before.get("created")
    own = isinstance(created, Mapping) and created.get("by") == actor.user
    return may_delete(actor, str(before.get("type"))) and (own or actor.role in _MAY_DELETE_OTHERS)


def _judge_status(
    actor: Actor,
    cycle: LifeCycle,
    document: Mapping[str, Any],
    before: Mapping[str, Any] | None,
) -> Refusal | None:
    type_name = str(document["type"])
    beginning = min(cycle.first)
    was = None if before is None else before.get("status", beginning)
    status = document.get("status", beginning)
    what = type_label(type_name).zh
    if not cycle.may_move(actor.role, was, status):
        labels = [_status_label(type_name, state) for state in (was, status)]
        return refusal("status-not-allowed", "status", what=what, before=labels[0], after=labels[1])
    if cycle.verifies_own_work(actor.user, before, status):
        return refusal("own-work", "status", what=what)
    return None


def _status_label(type_name: str, status: Any) -> str:
    if not isinstance(status, str):
        return f"新{type_label(type_name).zh}"
    dictionary = dictionary_of(type_name, "status")
    return status if dictionary is None else dictionary.label(status)


def clock_ahead_ms(document: Mapping[str, Any], physical_ms: int) -> int:
    """Return how many milliseconds the document's last change lies ahead of the true time."""
    updated = document.get("updated")
    at = updated.get("at") if isinstance(updated, Mapping) else None
    if not isinstance(at, str) or at < _clock_text(physical_ms + 1):
        return 0
    try:
        return ahead_ms(parse_clock(at), physical_ms)
    except ClockError:
        return 0


@lru_cache(16)
def _clock_text(physical_ms: int) -> str:
    """Return the lowest clock of a time: texts sort as the clocks do."""
    return str(Clock(physical_ms, 0, "00000000"))
