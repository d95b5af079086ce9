"""A merge as shown for review: its sides beside each other, what was decided, what is there now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conflicts.reasons import CANNOT_MERGE, REASONS
from conflicts.rules import RULES
from grid.masking import is_personal, mask_value
from grid.models import RECORD_TYPES
from grid.policy import Policy
from server import i18n
from server.console.fields import choices_of, label_of, text_of
from server.i18n import gettext as _

Document = Mapping[str, Any]
DELETION: Final = "_deleted"
"""The field that stands for whether the record is deleted."""
_UNTOUCHED: Final = frozenset({"updated", "created", "stamps", "schema", "merge"})
"""Fields every edit changes; their merge tells a reader nothing."""


@dataclass(frozen=True, slots=True)
class Author:
    """One side of a merge: whose edit it is."""

    rev: str
    by: str
    device: str
    at: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One side's value of one field."""

    rev: str
    text: str
    changed: bool
    taken: bool
    lost: bool
    is_now: bool
    """Whether the record has this very value now; masked values may look the same and differ."""
    by: str
    at: str | None
    """Who gave the value, and when, where that is not the edit that carried it; else empty."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of a merge; ``choices`` and ``typed`` tell how another value can be given."""

    field: str
    label: str
    rule: str
    asks: bool
    base: str
    cells: tuple[Cell, ...]
    merged: str
    joined: bool
    now: str
    changed_since: bool
    choices: Sequence[tuple[str, str]]
    typed: bool


def rule_name(policy: str, *, reviewed: bool) -> str:
    """Return a merge policy's name for people."""
    names = {
        Policy.LAST_WRITE: _("后写为准"),
        Policy.REVIEWED: _("后写为准 + 复核"),
        Policy.SET: _("逐项合并"),
        Policy.LOG: _("逐条累积"),
        Policy.STATE: _("按办理流程合并"),
        Policy.MINIMUM: _("取最早或最小"),
        Policy.MAXIMUM: _("取最晚或最大"),
        Policy.COUNTER: _("各机累计"),
        Policy.TEXT: _("逐行合并"),
    }
    known = names.get(Policy(policy)) if policy in set(Policy) else policy
    return f"{known} + {_('复核')}" if reviewed and policy != Policy.REVIEWED else str(known)


def reason_texts(decision: Document) -> list[str]:
    """Return why a person should look, a sentence for each reason with the fields it is about."""
    kind = str(decision.get("type") or "")
    sentences = []
    for code in decision["reviews"]:
        known = REASONS.get(code)
        fields = [label_of(kind, f["field"]) for f in decision["fields"] if f["review"] == code]
        if known is None:
            sentences.append(_("系统无法自动合并这条记录，各方内容都已保留，请人工处理。"))
        else:
            sentence = known.en if i18n.language() == "en" else known.zh
            sentences.append(sentence.format(field=_("、").join(fields)))
    return sentences


def reason_name(code: str) -> str:
    """Return a reason's short name, for filters and lists."""
    known = RULES.get(code) or REASONS.get(code, REASONS[CANNOT_MERGE])
    return known.name_en if i18n.language() == "en" else known.name_zh


def authors_of(decision: Document) -> list[Author]:
    """Return the sides of a merge in order of time."""
    known: dict[str, Author] = {}
    for field in decision["fields"]:
        for side in field["sides"]:
            known.setdefault(
                side["rev"],
                Author(side["rev"], side["by"] or "—", side["device"] or "", side["at"]),
            )
    return sorted(known.values(), key=lambda author: (author.at or "", author.rev))


def compared(decision: Document, record: Document | None, *, masked: bool) -> list[Compared]:
    """Return the fields of a merge, those that ask for a look first.

    ``record`` is the record as it is now, ``None`` when it is gone.
    """
    authors = authors_of(decision)
    shown = [
        _compared(decision, field, authors, record, masked=masked)
        for field in decision["fields"]
        if field["field"] not in _UNTOUCHED
    ]
    return sorted(shown, key=lambda row: not row.asks)


def _compared(
    decision: Document,
    field: Document,
    authors: Sequence[Author],
    record: Document | None,
    *,
    masked: bool,
) -> Compared:
    kind, name = str(decision.get("type") or ""), str(field["field"])

    def shown(value: Any) -> str:
        if name == DELETION:
            return _("删除") if value else _("保留")
        return text_of(kind, name, mask_value(name, value) if masked else value)

    if name == DELETION:
        record = None if record is None else {**record, DELETION: False}
    current = record.get(name) if record is not None else None
    choices = choices_of(kind, name)
    return Compared(
        name,
        _("整条记录") if name == DELETION else label_of(kind, name),
        rule_name(str(field["policy"]), reviewed=field["review"] is not None),
        field["review"] is not None,
        shown(field["base"]),
        tuple(_cell(field, author, shown, current) for author in authors),
        shown(field["value"]),
        field["chosen"] is None,
        shown(current),
        record is not None and current != field["value"],
        choices,
        not choices and _is_typed(kind, name, field),
    )


def _cell(field: Document, author: Author, shown: Callable[[Any], str], current: Any) -> Cell:
    side = next((s for s in field["sides"] if s["rev"] == author.rev), None)
    value = field["base"] if side is None else side["value"]
    changed = side is not None and bool(side["changed"])
    own = side if changed and side is not None and side["at"] != author.at else None
    return Cell(
        author.rev,
        shown(value),
        changed=changed,
        taken=field["chosen"] == author.rev,
        lost=author.rev in field["lost"],
        is_now=value == current,
        by="" if own is None else str(own["by"] or ""),
        at=None if own is None else own["at"],
    )


def _is_typed(kind: str, name: str, field: Document) -> bool:
    """Return whether a person can type a value: text and numbers, not lists and objects."""
    values = [field["base"], field["value"], *(side["value"] for side in field["sides"])]
    model = RECORD_TYPES.get(kind)
    declared = model is not None and name in model.model_fields
    return declared and all(
        value is None or isinstance(value, (str, int, float)) for value in values
    )


def read_value(field: Document, text: str) -> Any:
    """Return what a person typed as a value of the field's kind; raise ``ValueError``.

    An empty text takes the value out.
    """
    if not text.strip():
        return None
    values = [field["base"], field["value"], *(side["value"] for side in field["sides"])]
    sample = next((value for value in values if value is not None), "")
    if isinstance(sample, bool):
        return text == "true"
    if isinstance(sample, int):
        return int(text)
    return float(text) if isinstance(sample, float) else text.strip()


def has_personal(decision: Document) -> bool:
    """Return whether a merge is about personal fields."""
    kind = str(decision.get("type"))
    return any(is_personal(kind, field["field"]) for field in decision["fields"])
