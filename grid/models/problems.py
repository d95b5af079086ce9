"""What can be wrong with a record, in words a gridworker and an integrator understand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic_core import ErrorDetails

from grid.models.common import (
    CLOCK_PATTERN,
    CREDIT_CODE_PATTERN,
    DATE_PATTERN,
    DEVICE_PATTERN,
    GRID_PATTERN,
    INSTANT_PATTERN,
    RECORD_ID_PATTERN,
    SHA256_PATTERN,
)


class FieldLabel(NamedTuple):
    """A field's name for people."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the field (dotted path), a code of ``MESSAGES``, and it said in two languages."""

    field: str
    code: str
    message_zh: str
    message_en: str


MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    "required": ("「{label}」必须填写", "{label} is required"),
    "wrong_type": ("「{label}」应为{zh}", "{label} should be {en}"),
    "not_in_list": ("「{label}」应为以下之一：{zh}", "{label} should be one of: {en}"),
    "too_long": ("「{label}」太长，最多 {zh} 个字", "{label} is longer than {en} characters"),
    "too_short": ("「{label}」不能为空", "{label} must not be empty"),
    "too_many": ("「{label}」最多 {zh} 项", "{label} has more than {en} entries"),
    "out_of_range": ("「{label}」应{zh}", "{label} should be {en}"),
    "bad_shape": ("「{label}」的写法不对，应为 {zh}", "{label} should be {en}"),
    "name_character": (
        "「{label}」里有不能用于姓名的符号（如表情、换行）",
        "{label} has characters that names do not have, such as emoji or line breaks",
    ),
    "name_separator": (
        "「{label}」的间隔号应为“·”，如 阿依古丽·买买提",
        "{label} should have the separator · (U+00B7)",
    ),
    "name_space": (
        "「{label}」前后不能有空格，中间最多一个空格",
        "{label} must not begin or end with a blank, nor have two in a row",
    ),
    "name_form": (
        "「{label}」应为规范编码（Unicode NFC）",
        "{label} should be in Unicode normalization form C",
    ),
    "id_number_shape": (
        "「{label}」应为 18 位：17 位数字，末位为数字或大写 X",
        "{label} should have 18 characters: 17 digits, then a digit or X",
    ),
    "id_number_date": (
        "「{label}」里的出生日期不存在",
        "{label} states a date that does not exist",
    ),
    "id_number_check": (
        "「{label}」的末位校验码不对，请核对",
        "{label} has a wrong check character",
    ),
    "bad_date": (
        "「{label}」应为存在的日期，如 1980-01-31",
        "{label} should be a date that exists, such as 1980-01-31",
    ),
    "bad_phone": (
        "「{label}」应为 5 到 20 位的电话号码",
        "{label} should be a phone number of 5 to 20 digits",
    ),
    "unknown_type": (
        "不认识的记录类型「{value}」，应为以下之一：{zh}",
        "unknown record type {value}; expected one of: {en}",
    ),
    "not_an_object": ("记录应为一个 JSON 对象", "a record should be a JSON object"),
    "more_problems": ("另有 {zh} 处问题没有列出", "{en} more problems are not listed"),
    # Warnings: nothing is refused for them.
    "id_birth_differs": (
        "「{label}」与身份证号里的出生日期不一致",
        "{label} differs from the date in the id number",
    ),
    "id_sex_differs": (
        "「{label}」与身份证号里的性别不一致",
        "{label} differs from the sex in the id number",
    ),
    "id_missing": (
        "没有「{label}」，也没有写明原因",
        "{label} is missing and no reason is given",
    ),
    "ends_before_start": ("「{label}」早于开始时间", "{label} is before the start"),
    "private_character": (
        "「{label}」里有自造字（旧编码），请改用标准字",
        "{label} has a private use character; use the standard one",
    ),
    "large_grid": (
        "本网格有 {zh} 户，超过建议的 50 户",
        "the grid has {en} households, more than the 50 advised",
    ),
    "small_grid": (
        "本网格有 {zh} 户，少于建议的 30 户",
        "the grid has {en} households, fewer than the 30 advised",
    ),
}

# pydantic's error types → our codes; what is not here is of the wrong type.
_CODES: Final[Mapping[str, str]] = {
    "missing": "required",
    "literal_error": "not_in_list",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "too_long": "too_many",
    "string_pattern_mismatch": "bad_shape",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
}
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("文字", "text"),
    "int_type": ("整数", "a whole number"),
    "float_type": ("数字", "a number"),
    "bool_type": ("是或否", "true or false"),
    "list_type": ("列表", "a list"),
    "dict_type": ("对象", "an object"),
    "model_type": ("对象", "an object"),
}
_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    CLOCK_PATTERN: (
        "时钟，如 2026-11-24T08:09:10.123Z-0000-a1b2c3d4",
        "a clock such as 2026-11-24T08:09:10.123Z-0000-a1b2c3d4",
    ),
    INSTANT_PATTERN: (
        "世界协调时，如 2026-11-24T08:09:10.123Z",
        "a UTC time such as 2026-11-24T08:09:10.123Z",
    ),
    DATE_PATTERN: ("日期，如 1980-01-31", "a date such as 1980-01-31"),
    DEVICE_PATTERN: ("8 位十六进制的设备编号", "a device id of eight digits 0-9 a-f"),
    GRID_PATTERN: ("6、9、12、15 或 17 位数字的网格编码", "a code of 6, 9, 12, 15 or 17 digits"),
    RECORD_ID_PATTERN: ("记录编号，如 household:01J…", "a record id such as household:01J…"),
    CREDIT_CODE_PATTERN: (
        "18 位统一社会信用代码（数字和大写字母）",
        "a unified social credit code of 18 digits and capital letters",
    ),
    SHA256_PATTERN: ("64 位十六进制的摘要", "a SHA-256 digest of 64 digits 0-9 a-f"),
}


def make_problem(
    field: str, code: str, label: FieldLabel, zh: object = "", en: object = "", **values: Any
) -> Problem:
    """Return a problem with its messages filled in; ``zh`` and ``en`` say what is expected."""
    chinese, english = MESSAGES[code]
    return Problem(
        field,
        code,
        chinese.format(label=label.zh, zh=zh, **values),
        english.format(label=label.en, en=en, **values),
    )


def problem_of(
    detail: ErrorDetails, label: FieldLabel, choices: Mapping[str, tuple[str, str]] | None
) -> Problem:
    """Return the problem that an error of pydantic stands for; ``choices`` are the field's."""
    field = ".".join(str(step) for step in detail["loc"])
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in MESSAGES and kind != "too_long":
        return make_problem(field, kind, label)
    code = _CODES.get(kind, "wrong_type")
    zh, en = _expected(code, kind, context, choices)
    return make_problem(field, code, label, zh, en)


def _expected(
    code: str,
    kind: str,
    context: Mapping[str, Any],
    choices: Mapping[str, tuple[str, str]] | None,
) -> tuple[object, object]:
    if code in {"too_long", "too_many"}:
        return context["max_length"], context["max_length"]
    if code == "bad_shape":
        return _SHAPES[context["pattern"]]
    if code == "not_in_list":
        return _listed(choices or {}, context)
    if code == "out_of_range":
        if "ge" in context:
            return f"不小于 {context['ge']:.12g}", f"at least {context['ge']:.12g}"
        if "le" in context:
            return f"不大于 {context['le']:.12g}", f"at most {context['le']:.12g}"
        return "为有限的数", "finite"
    return _KINDS.get(kind, ("另一种格式", "of another kind"))


def _listed(choices: Mapping[str, tuple[str, str]], context: Mapping[str, Any]) -> tuple[str, str]:
    """Name the choices; of a long list the first few."""
    shown = list(choices.items())[:12]
    if not shown:
        return context["expected"], context["expected"]
    more = "…" if len(shown) < len(choices) else ""
    zh = "、".join(f"{code}（{words[0]}）" for code, words in shown)
    en = ", ".join(f"{code} ({words[1]})" for code, words in shown)
    return zh + more, en + more
