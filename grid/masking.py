"""Masking of personal data for lists, exports and readers without the right to see it.

What is not known to be harmless is masked: members that no model declares too, because a newer
program may have put anything there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from grid.models import field_labels, part_labels

HIDDEN: Final = "***"
"""What stands for a value of which only its being there may be seen."""
_PLAIN: Final = frozenset({"path", "source_rev", "week", "moved_to"})
"""Members that the server adds to a record; they hold nothing personal."""
_NUMBERS: Final = re.compile(r"[0-9０-９]{7,}[Xx]?|[0-9０-９](?:[ \-－]?[0-9０-９Xx]){10,}")
"""Phones, id numbers and bank cards in a text: seven digits in a row, or eleven with blanks or
hyphens between them (a date has eight)."""
_PHONE: Final = re.compile(r"\+?(?:[0-9][ -]?){11,}")


def mask_name(name: str) -> str:
    """Keep the first character (code point): 陈水生 → 陈**; at most five asterisks. A name of one
    character loses it."""
    return name[: 1 if len(name) > 1 else 0] + "*" * max(1, min(len(name) - 1, 5))


def mask_phone(phone: str) -> str:
    """Keep the first three and last four: 12000001111 → 120****1111; shorter ones lose all."""
    if not _PHONE.fullmatch(phone):
        return HIDDEN
    return f"{phone[:3]}****{phone[-4:]}"


def mask_id_number(number: str) -> str:
    """Keep the region and the last four: 990000********0012; what is none loses all."""
    if len(number) != 18 or not number[:17].isdigit():
        return HIDDEN
    return f"{number[:6]}********{number[-4:]}"


def mask_text(text: str) -> str:
    """Replace a whole value: only that there is one can be seen."""
    return HIDDEN if text else text


def mask_numbers(text: str) -> str:
    """Replace phones and id numbers that somebody wrote into a free text."""
    return _NUMBERS.sub(HIDDEN, text)


def mask_date(text: str) -> str:
    """Keep the year: 1980-01-31 → 1980."""
    return text[:4] if text[:4].isdigit() else HIDDEN


MASKS: Final[Mapping[str, Callable[[str], str]]] = {
    "name": mask_name,
    "former_name": mask_name,
    "head_name": mask_name,
    "owner_name": mask_name,
    "guardian_name": mask_name,
    "reporter_name": mask_name,
    "met": mask_name,
    "id_number": mask_id_number,
    "phone": mask_phone,
    "owner_phone": mask_phone,
    "guardian_phone": mask_phone,
    "reporter_phone": mask_phone,
    "responsible_name": mask_name,
    "responsible_phone": mask_phone,
    "safety_name": mask_name,
    "safety_phone": mask_phone,
    "legal_name": mask_name,
    "legal_phone": mask_phone,
    "mediators": mask_name,
    "home_address": mask_text,
    "household_number": mask_text,
    "birth_date": mask_date,
    "registered_address": mask_text,
    "workplace": mask_text,
    "care": mask_text,
}
"""How each personal field of a record is masked; a field not named here is not personal."""
_FREE_TEXT: Final = frozenset(
    {
        "address",
        "note",
        "review_note",
        "description",
        "title",
        "needs",
        "verdict",
        "no_id_reason",
        "arrived_why",
        "occupation",
        "route",
        "tags",
        "skills",
        "hazards",
        "text",
        "label",
        "value",
        "outcome",
        "result",
        "evaluation",
        "questions",
        "organisations",
        "materials",
        "source",
        "id_kind",
    }
)
"""Fields, and members of their objects, in which people write what they like."""


def is_personal(type_name: str, field: str) -> bool:
    """Tell whether a field, or a member of its objects, is masked for those without a purpose."""
    return field in MASKS or not MASKS.keys().isdisjoint(part_labels(type_name, field))


def mask_value(field: str, value: Any) -> Any:
    """Return a field's value as those may see it who have not asked for it with a purpose."""
    mask = MASKS.get(field)
    if mask is not None:
        return _apply(mask, value)
    if field in _FREE_TEXT:
        return _apply(mask_numbers, value)
    if isinstance(value, list):
        return [mask_value(field, element) for element in value]
    if isinstance(value, dict):
        return {name: mask_value(name, member) for name, member in value.items()}
    return value


def mask_record(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a record with its personal fields masked; the record itself stays."""
    type_name = str(document.get("type"))
    known = field_labels(type_name)
    masked = {}
    for field, value in document.items():
        if field in known:
            masked[field] = mask_value(field, _without_unknown(type_name, field, value))
        elif field in _PLAIN or field.startswith("_"):
            masked[field] = value
        else:
            masked[field] = _apply(mask_text, value)
    return masked


def _without_unknown(type_name: str, field: str, value: Any) -> Any:
    """Hide the members that the model of a field's objects does not declare."""
    parts = part_labels(type_name, field)
    if not parts:
        return value
    if isinstance(value, list):
        return [_without_unknown(type_name, field, element) for element in value]
    if isinstance(value, dict):
        return {
            name: member if name in parts else _apply(mask_text, member)
            for name, member in value.items()
        }
    return value


def _apply(mask: Callable[[str], str], value: Any) -> Any:
    """Mask the texts in a value; where whole values are masked, numbers go with them."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_apply(mask, element) for element in value]
    if isinstance(value, dict):
        return {name: _apply(mask, member) for name, member in value.items()}
    if isinstance(value, bool) or value is None or mask is mask_numbers:
        return value
    return HIDDEN
