"""Names follow GB 18030 and are counted in code points; no range of characters is taken for all
of Chinese."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.models import record_warnings, validate_record
from tests.grid.records import one


def codes(name: str) -> list[str]:
    return [problem.code for problem in validate_record(one("resident", name=name))]


@pytest.mark.parametrize(
    "name",
    [
        "强",
        "陈水生",
        "邵𠮷安",  # U+20BB7, outside the basic plane
        "梁𬀩",  # U+2C029
        "陈䶮",  # U+4DAE
        "陈\ue863",  # the same in the private use area of older systems
        "𰻝𰻝",  # U+30EDD, extension G
        "陈\U000323a0",  # extension H, newer than the tables of Python 3.11
        "阿依古丽·买买提",
        "阿卜杜热合曼·阿卜杜如苏力·买买提",
        "Anna Maria J. Smith",
        "O'Neill-Brown",
        "〇三",
        "𠮷" * 60,
    ],
)
def test_names_that_people_have(name: str) -> None:
    assert codes(name) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "too_short"),
        ("𠮷" * 61, "too_long"),
        (" 陈水生", "name_space"),
        ("陈水生 ", "name_space"),
        ("陈　水生", "name_space"),
        ("陈  水生", "name_space"),
        ("陈水生😀", "name_character"),
        ("陈\n水生", "name_space"),
        ("陈\x07水生", "name_character"),
        ("陈\u200b水生", "name_character"),
        ("阿依古丽•买买提", "name_separator"),
        ("阿依古丽・买买提", "name_separator"),
        ("阿依古丽.买买提", "name_separator"),
        ("Ange\u0301lique", "name_form"),
    ],
)
def test_slips_are_told_apart(name: str, code: str) -> None:
    assert codes(name) == [code]


@given(st.text(st.characters(categories=["Lo"]), min_size=1, max_size=60))
def test_any_letters_in_normal_form_are_a_name(text: str) -> None:
    name = unicodedata.normalize("NFC", text)
    assert codes(name[:60]) == []


@given(st.text(max_size=70))
def test_any_text_gets_at_most_one_answer(text: str) -> None:
    assert len(codes(text)) <= 1


def test_an_old_private_character_is_only_warned_of() -> None:
    resident = one("resident", name="陈\ue863")
    assert validate_record(resident) == []
    assert "private_character" in {problem.code for problem in record_warnings(resident)}
