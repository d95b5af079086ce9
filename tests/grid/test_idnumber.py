"""GB 11643: the check character finds every slip of one digit and every swap of neighbours."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.idnumber import (
    FICTITIOUS_REGION,
    birth_date,
    check_character,
    id_number_fault,
    make_fictitious,
    sex_code,
)

days = st.dates(date(1900, 1, 1), date(2099, 12, 31))
numbers = st.builds(make_fictitious, days, st.integers(0, 999))


def test_the_standards_own_example() -> None:
    assert id_number_fault("11010519491231002X") is None
    assert check_character("11010519491231002") == "X"


@given(days, st.integers(0, 999))
def test_a_made_up_number_is_valid_and_nobodys(born: date, sequence: int) -> None:
    number = make_fictitious(born, sequence)
    assert id_number_fault(number) is None
    assert number.startswith(FICTITIOUS_REGION)
    assert birth_date(number) == born
    assert sex_code(number) == ("1" if sequence % 2 else "2")


@given(numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_found(number: str, place: int, character: str) -> None:
    wrong = number[:place] + character + number[place + 1 :]
    assert (id_number_fault(wrong) is None) == (wrong == number)


@given(numbers, st.integers(0, 15))
def test_two_swapped_digits_are_found(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert (id_number_fault(swapped) is None) == (swapped == number)


@given(st.text(max_size=20))
def test_any_text_gets_an_answer(text: str) -> None:
    assert id_number_fault(text) in {
        None,
        "id_number_shape",
        "id_number_date",
        "id_number_check",
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "id_number_shape"),
        ("99000019800101001", "id_number_shape"),
        ("11010519491231002x", "id_number_shape"),
        ("１10105194912310021", "id_number_shape"),
        ("990000198002300014", "id_number_date"),
        ("990000198001010010", "id_number_check"),
    ],
)
def test_faults_are_told_apart(text: str, fault: str) -> None:
    assert id_number_fault(text) == fault
