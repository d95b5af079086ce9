"""Masking of personal data for lists, exports and readers without the right to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final


def mask_name(name: str) -> str:
    """Keep the first character (code point): 陈水生 → 陈**; at most five asterisks."""
    if not name:
        return name
    return name[0] + "*" * max(1, min(len(name) - 1, 5))


def mask_phone(phone: str) -> str:
    """Keep the first three and last four: 12000001111 → 120****1111; shorter ones lose all."""
    if len(phone) < 8:
        return "*" * len(phone)
    return f"{phone[:3]}****{phone[-4:]}"


def mask_id_number(number: str) -> str:
    """Keep the region and the last four: 990000********0012; shorter ones lose all."""
    if len(number) < 15:
        return "*" * len(number)
    return number[:6] + "*" * (len(number) - 10) + number[-4:]


def mask_text(text: str) -> str:
    """Replace a whole value: only that there is one can be seen."""
    return "***" if text else text


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
    "birth_date": lambda text: text[:4],
    "registered_address": mask_text,
    "workplace": mask_text,
    "religion": mask_text,
    "health": mask_text,
    "care": mask_text,
}
"""How each personal field of a record is masked; a field not named here is not personal."""


def mask_value(field: str, value: Any) -> Any:
    """Return a field's value as those may see it who have not asked for it with a purpose."""
    mask = MASKS.get(field)
    if mask is None:
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [mask_value(field, element) for element in value]
    return None if value is None else "***"


def mask_record(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a record with its personal fields masked; the record's own stays."""
    return {
        field: mask_value(field, value) if field in MASKS else value
        for field, value in document.items()
    }
