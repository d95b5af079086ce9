"""What can be wrong with a record, in words a gridworker and an integrator understand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the field (dotted path), a code of ``MESSAGES``, and it said in two languages."""

    field: str
    code: str
    message_zh: str
    message_en: str


MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "required": ("「{label}」必须填写", "{label} is required"),
    "wrong_type": ("「{label}」的格式不对，应为{expected}", "{label} should be {expected_en}"),
    "not_in_list": ("「{label}」不在可选项里", "{label} is not one of the choices"),
    "too_long": ("「{label}」太长，最多 {limit} 个字", "{label} is longer than {limit} characters"),
    "too_short": ("「{label}」不能为空", "{label} must not be empty"),
    "too_many": ("「{label}」最多 {limit} 项", "{label} has more than {limit} entries"),
    "out_of_range": ("「{label}」超出范围", "{label} is out of range"),
    "bad_shape": ("「{label}」的写法不对", "{label} is not written as expected"),
    "id_number_shape": (
        "身份证号应为 18 位数字，末位可以是 X",
        "an id number has 17 digits and a digit or X",
    ),
    "id_number_date": ("身份证号里的出生日期不存在", "the id number's birth date does not exist"),
    "id_number_check": ("身份证号的校验位不对，请核对", "the id number's check character is wrong"),
    "bad_date": (
        "「{label}」应为日期，如 1980-01-31",
        "{label} should be a date such as 1980-01-31",
    ),
    "bad_phone": (
        "「{label}」应为 5 到 20 位的电话号码",
        "{label} should be a phone number of 5–20 digits",
    ),
    "unknown_type": ("不认识的记录类型「{value}」", "unknown record type {value}"),
    "not_an_object": ("记录应为一个对象", "a record should be an object"),
}

# pydantic's error types → our codes; what is not here is of the wrong type.
CODES: Final[dict[str, str]] = {
    "missing": "required",
    "literal_error": "not_in_list",
    "enum": "not_in_list",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "too_long": "too_many",
    "string_pattern_mismatch": "bad_shape",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "greater_than": "out_of_range",
    "less_than": "out_of_range",
    "finite_number": "out_of_range",
}
EXPECTED: Final[dict[str, tuple[str, str]]] = {
    "string_type": ("文字", "text"),
    "int_type": ("整数", "a whole number"),
    "int_from_float": ("整数", "a whole number"),
    "float_type": ("数字", "a number"),
    "bool_type": ("是或否", "true or false"),
    "list_type": ("列表", "a list"),
    "dict_type": ("对象", "an object"),
    "model_type": ("对象", "an object"),
    "model_attributes_type": ("对象", "an object"),
}


def make_problem(field: str, code: str, label: tuple[str, str], **values: Any) -> Problem:
    """Return a problem with its messages filled in; ``label`` is the field's name in zh and en."""
    chinese, english = MESSAGES[code]
    return Problem(
        field,
        code,
        chinese.format(label=label[0], **values),
        english.format(label=label[1], **values),
    )
