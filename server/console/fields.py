"""A record's fields as people read them: labels, words for codes, parts in plain lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from grid.dictionaries import (
    CHOICES,
    EVENT_CATEGORY,
    Dictionary,
    choice_label,
)
from grid.masking import is_personal
from grid.models import dictionary_of, field_labels, field_policies, type_label
from grid.policy import Policy
from server import i18n
from server.clock import utc_now
from server.console.display import moment, short_time
from server.i18n import gettext as _

Document = Mapping[str, Any]

_CATEGORIES: Final = "patrol.findings.category"
"""A text in which phones write the code of an event's category."""
REFERENCES: Final = frozenset(
    {"household", "head", "patrol", "event", "organisation", "resident", "targets", "record"}
)
"""Fields that hold the id of another record, or several."""
_HIDDEN: Final = frozenset(
    {
        *("type", "schema", "grid", "stamps", "merge"),
        *("path", "search", "refs", "identity", "source_rev", "week", "door", "key"),
        *("merged_into", "distinct_from", "absorbed"),
    }
)
_LAST: Final = ("created", "updated", "fictitious")
"""Fields that every record has: they follow what the record is about."""
TIMES: Final = frozenset(
    {"happened", "started", "ended", "visited", "at", "accepted", "first_told", "last_contact"}
)
"""Fields that hold a point in time."""
_FIRST_PARTS: Final = ("at", "label", "result", "value", "action", "category", "text")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a field's value; ``record`` is the id of the record it names, if it does."""

    text: str
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field as shown. ``personal`` fields are masked unless asked for with a purpose."""

    name: str
    label: str
    lines: tuple[Line, ...]
    personal: bool


def label_of(type_name: str, field: str) -> str:
    """Return a field's name for people; one that no model declares stands for itself."""
    label = field_labels(type_name).get(field)
    if label is None:
        return field
    return label.en if i18n.language() == "en" else label.zh


def type_name_of(document_type: str) -> str:
    """Return a record type's name for people; operations on grids can be under review too."""
    if document_type == "operation":
        return _("网格调整")
    label = type_label(document_type)
    return label.en if i18n.language() == "en" else label.zh


def coded_by(type_name: str, field: str) -> Dictionary | None:
    """Return the coded list of a field (dotted path), ``None`` where it has none."""
    if f"{type_name}.{field}" == _CATEGORIES:
        return EVENT_CATEGORY
    return dictionary_of(type_name, field)


def word_of(type_name: str, field: str, value: str) -> str:
    """Return the words of a code or choice; any other text stands for itself."""
    coded = coded_by(type_name, field)
    if coded is not None:
        return coded.label(value, i18n.language())
    return choice_label(type_name, field, value, i18n.language())


def choices_of(type_name: str, field: str) -> list[tuple[str, str]]:
    """Return the values that a field may have with their words; empty for free text."""
    coded = coded_by(type_name, field)
    known = coded.labels if coded else CHOICES.get(f"{type_name}.{field}", {})
    return [(value, word_of(type_name, field, value)) for value in known]


def fields_of(document: Document) -> list[Field]:
    """Return a record's filled fields in the order of its model, those it does not know last."""
    type_name = str(document.get("type", ""))
    labels = field_labels(type_name)
    names = [name for name in labels if name in document]
    names += sorted(name for name in document if name not in labels and name[0] != "_")
    names.sort(key=lambda name: name in _LAST)
    shown = []
    for name in names:
        value = document[name]
        if name in _HIDDEN or value is None or value in ([], ""):
            continue
        lines = lines_of(type_name, name, value)
        shown.append(Field(name, label_of(type_name, name), lines, is_personal(type_name, name)))
    return shown


def lines_of(type_name: str, field: str, value: Any) -> tuple[Line, ...]:
    """Return a field's value as lines of plain text."""
    if isinstance(value, list):
        if field in REFERENCES:
            return tuple(Line(str(one), record=str(one)) for one in value)
        if all(isinstance(element, str) for element in value):
            return (Line(_("、").join(word_of(type_name, field, text) for text in value)),)
        return tuple(Line(_part(type_name, field, element)) for element in value)
    if isinstance(value, str) and field in REFERENCES and ":" in value:
        return (Line(value, record=value),)
    if _is_count(type_name, field) and isinstance(value, Mapping):
        amounts = [one for one in value.values() if isinstance(one, int | float)]
        return (Line(str(sum(amounts))),)
    return (Line(_scalar(type_name, field, value)),)


def _is_count(type_name: str, field: str) -> bool:
    """Tell whether a field is counted per device; people read the sum."""
    merge = field_policies(type_name).get(field)
    return merge is not None and merge.policy is Policy.COUNTER


def text_of(type_name: str, field: str, value: Any) -> str:
    """Return a field's value as text, its lines under each other; a dash for nothing."""
    if value is None or value == [] or value == "":
        return "—"
    return "\n".join(line.text for line in lines_of(type_name, field, value))


def _scalar(type_name: str, field: str, value: Any) -> str:
    last = field.rpartition(".")[2]
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, str):
        if last in TIMES and moment(value):
            return short_time(value, utc_now())
        return word_of(type_name, field, value)
    if isinstance(value, Mapping):
        return _part(type_name, field, value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else orjson.dumps(value).decode()


def _part(type_name: str, field: str, part: Any) -> str:
    """Return a member object as one line: what it is first, the rest after it."""
    if not isinstance(part, Mapping):
        return _scalar(type_name, field, part)
    known = _PARTS.get(_shape(part))
    if known is not None:
        return known(part)
    names = [name for name in _FIRST_PARTS if part.get(name)]
    names += [name for name in part if name not in names and name not in _HIDDEN and part[name]]
    return " · ".join(_scalar(type_name, f"{field}.{name}", part[name]) for name in names)


def _shape(part: Mapping[str, Any]) -> str:
    if {"at", "by", "device"} <= part.keys():
        return "trace"
    if {"latitude", "longitude"} <= part.keys():
        return "place"
    return "media" if "sha256" in part else ""


def _trace(part: Mapping[str, Any]) -> str:
    return " · ".join(
        (short_time(part["at"], utc_now()), str(part["by"]), _("设备 {id}", id=part["device"]))
    )


def _position(part: Mapping[str, Any]) -> str:
    text = f"{part['latitude']:.5f}, {part['longitude']:.5f}"
    accuracy = part.get("accuracy")
    margin = f" ±{accuracy:.0f} m" if isinstance(accuracy, (int, float)) else ""
    return f"{text}{margin} ({part.get('crs', 'WGS-84')})"


def _media(part: Mapping[str, Any]) -> str:
    kilobytes = -(-int(part.get("bytes", 0)) // 1024)
    return _("附件 {kind} {size} KB", kind=part.get("content_type") or "", size=kilobytes)


_PARTS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "trace": _trace,
    "place": _position,
    "media": _media,
}


def title_of(document: Document) -> str:
    """Return what a record is called in a heading or a list; mask the record before."""
    kind = str(document.get("type", ""))
    if kind == "household":
        room = str(document.get("room") or "")
        address = str(document.get("address") or "")
        where = address if room in address else f"{address} {room}".strip()
        return where or type_name_of(kind)
    if kind == "resident":
        return str(document.get("name") or type_name_of(kind))
    if kind == "campaign-record":
        return str(document.get("campaign_title") or document.get("campaign") or type_name_of(kind))
    if kind in ("task", "place", "organisation"):
        return str(document.get("title") or type_name_of(kind))
    if kind in ("event", "dispute"):
        category = str(document.get("category") or "")
        return str(document.get("title") or word_of(kind, "category", category))
    when = document.get("started") or document.get("visited")
    return f"{type_name_of(kind)} {short_time(when, utc_now())}" if when else type_name_of(kind)
