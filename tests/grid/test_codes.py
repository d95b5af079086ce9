"""Codes of five levels: round trip, and a clear word about every other text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.codes import LENGTHS, CodeError, is_code, parse_code
from grid.models.common import GRID_PATTERN

codes = st.sampled_from(LENGTHS).flatmap(
    lambda length: st.from_regex(rf"[1-9][0-9]{{{length - 1}}}", fullmatch=True)
)


@given(codes)
def test_a_code_reads_back_as_it_was_written(text: str) -> None:
    code = parse_code(text)
    assert str(code) == text
    assert LENGTHS[code.level - 1] == len(text)


@given(codes)
def test_the_first_parent_is_one_level_up_and_a_prefix(text: str) -> None:
    code = parse_code(text)
    parent = code.first_parent
    if code.level == 1:
        assert parent is None
    else:
        assert parent is not None
        assert parent.level == code.level - 1
        assert text.startswith(parent.text)


@given(st.one_of(st.text(), st.from_regex(r"[0-9]{0,20}", fullmatch=True)))
def test_every_text_is_a_code_or_refused_with_a_reason(text: str) -> None:
    if is_code(text):
        assert parse_code(text).text == text
    else:
        with pytest.raises(CodeError, match=r"\d|digits"):
            parse_code(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("44090", "has 5"),
        ("044090", "begin with 0"),
        ("44090a", "only the digits"),
        ("４４０９０４", "only the digits"),
        ("990000198001010012", "has 18"),
    ],
)
def test_what_is_wrong_is_said(text: str, word: str) -> None:
    with pytest.raises(CodeError, match=word):
        parse_code(text)


@given(st.one_of(codes, st.text(max_size=20), st.from_regex(r"[0-9٠-٩]{6,17}", fullmatch=True)))
def test_records_accept_the_same_codes(text: str) -> None:
    import re

    assert bool(re.fullmatch(GRID_PATTERN, text)) == is_code(text)
