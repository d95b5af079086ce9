"""Says in the reader's language what is wrong with a value and what is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from server.i18n import gettext as _
from server.problems import Problem

_SENTENCES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "missing": lambda _c: _("必须填写"),
    "extra_forbidden": lambda _c: _("没有这一项"),
    "string_type": lambda _c: _("应为文字"),
    "string_too_short": lambda c: _("至少 {n} 个字符", n=c["min_length"]),
    "string_too_long": lambda c: _("最多 {n} 个字符", n=c["max_length"]),
    "string_pattern_mismatch": lambda c: _("格式应为 {pattern}", pattern=c["pattern"]),
    "string_unicode": lambda _c: _("文字编码不正确"),
    "int_parsing": lambda _c: _("应为整数"),
    "int_type": lambda _c: _("应为整数"),
    "int_from_float": lambda _c: _("应为整数"),
    "bool_parsing": lambda _c: _("应为 true 或 false"),
    "bool_type": lambda _c: _("应为 true 或 false"),
    "greater_than_equal": lambda c: _("不能小于 {n}", n=c["ge"]),
    "less_than_equal": lambda c: _("不能大于 {n}", n=c["le"]),
    "literal_error": lambda c: _("应为 {expected} 之一", expected=c["expected"]),
    "enum": lambda c: _("应为 {expected} 之一", expected=c["expected"]),
    "model_type": lambda _c: _("应为 JSON 对象"),
    "model_attributes_type": lambda _c: _("应为 JSON 对象"),
}


def explain(error: ValidationError, place: str) -> list[dict[str, str]]:
    """Return one entry per fault: where it is (``place`` is path, query or body), which field,
    the kind of fault, and a sentence."""
    return [_entry(fault, place) for fault in error.errors(include_url=False)]


def unknown_choice(place: str, field: str, choices: Iterable[str]) -> Problem:
    """Return the problem of a value that is none of ``choices``."""
    message = _("应为 {expected} 之一", expected=", ".join(choices))
    entry = {"in": place, "field": field, "kind": "enum", "message": message}
    return Problem("invalid-value", errors=[entry])


def _entry(fault: ErrorDetails, place: str) -> dict[str, str]:
    sentence = _SENTENCES.get(fault["type"])
    return {
        "in": place,
        "field": ".".join(str(part) for part in fault["loc"]),
        "kind": fault["type"],
        "message": sentence(fault.get("ctx", {})) if sentence else fault["msg"],
    }
