"""One form for what people write in many ways: doors, names, phones, numbers."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conflicts.normalise import (
    Door,
    arabic,
    code_text,
    door,
    person_name,
    phone_number,
    place_text,
    plain,
)

NUMBERS = "零一二三四五六七八九"
numbers = st.integers(1, 9999)


def chinese(number: int) -> str:
    """Write a number as people say it: 105 → 一百零五, 12 → 十二."""
    text, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("零" if zero and text else "") + NUMBERS[digit] + name
            zero = False
        elif text:
            zero = True
    return text.removeprefix("一") if text.startswith("一十") else text


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@given(numbers)
def test_a_number_in_characters_is_the_number(number: int) -> None:
    assert arabic(chinese(number)) == str(number)
    assert arabic("".join(NUMBERS[int(digit)] for digit in str(number))) == str(number)
    assert arabic(chinese(number).translate(str.maketrans("一二三", "壹贰叁"))) == str(number)


@given(
    st.sampled_from(["滨海绿洲", "面前山村", "三角圩八一路"]),
    st.integers(1, 40),
    st.integers(1, 9),
    st.integers(101, 3306),
    st.data(),
)
def test_however_a_door_is_written_it_is_the_same_door(
    street: str, building: int, unit: int, room: int, data: st.DataObject
) -> None:
    expected = Door(place_text(street), str(building), str(unit), str(room))

    def number(value: int) -> str:
        return data.draw(st.sampled_from([str(value), chinese(value), wide(str(value))]))

    block = data.draw(st.sampled_from(["栋", "幢", "座", "号楼", "棟"]))
    flat = data.draw(st.sampled_from(["室", "房", "号房", ""]))
    gap = data.draw(st.sampled_from(["", " ", "　", "，"]))
    whole = gap.join([street, number(building) + block, number(unit) + "单元", number(room) + flat])
    region = data.draw(st.sampled_from(["", "电白区", "广东省茂名市电白区电海街道安乐村委会"]))
    assert door(region + whole) == expected
    fields = (number(building) + block, number(unit), number(room) + flat)
    assert door(region + street, *fields) == expected
    assert door(region + whole, *fields) == expected
    assert door(f"{street}{building}-{unit}-{room}") == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("面前山村103号",), ("面前山村 一百零三號",)),
        (("面前山村103号",), ("安乐村委会面前山村１０３",)),
        (("滨海绿洲小区4栋", None, None, "302"), ("滨海绿洲", "四幢", None, "302室")),
        (("滨海绿洲4栋0302",), ("滨海绿洲4栋302室",)),
        (("滨海绿洲A座1201",), ("滨海绿洲ａ座１２０１房",)),
        (("面前山村12之3号",), ("面前山村12-3号",)),
    ],
)
def test_doors_that_are_one(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert door(*one) == door(*other)
    assert door(*one).exact


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("面前山村103号",), ("面前山村13号",)),
        (("面前山村12号3",), ("面前山村123号",)),
        (("滨海绿洲4栋302",), ("滨海绿洲5栋302",)),
        (("滨海绿洲4栋1单元302",), ("滨海绿洲4栋2单元302",)),
        (("滨海绿洲A座1201",), ("滨海绿洲B座1201",)),
        (("东山村5号",), ("西山村5号",)),
    ],
)
def test_doors_that_are_two(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert door(*one) != door(*other)


def test_a_village_is_no_door() -> None:
    assert not door("面前山村").exact
    assert not door(None).exact
    assert not door("滨海绿洲", "4栋").exact


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_has_a_door_that_is_its_own_form(a: str, b: str, c: str, d: str) -> None:
    found = door(a, b, c, d)
    assert door(a, b, c, d) == found
    for form in (plain, place_text, person_name, phone_number, code_text):
        once = form(a)
        assert form(once) == once, form


@given(st.text())
def test_width_case_and_blanks_do_not_matter(text: str) -> None:
    assert plain(" ".join(text)) == plain(text)
    assert plain(unicodedata.normalize("NFD", text)) == plain(unicodedata.normalize("NFC", text))


def test_names_of_gb_18030_are_one_whatever_wrote_them() -> None:
    assert person_name("\ue863") == person_name("䶮")
    assert person_name("\ue816") == "\U00020087"
    assert person_name("𠮷田") != person_name("吉田")
    for dot in "•・･‧∙⋅．。.｡ 　-":
        assert person_name(f"阿依古丽{dot}买买提") == person_name("阿依古丽·买买提")
    # All 80 characters of the private use area have moved to where every reader has them.
    moved = plain("".join(chr(0xE815 + number) for number in range(80)))
    assert not any(unicodedata.category(character) == "Co" for character in moved)
    assert len(set(moved)) == 80


@pytest.mark.parametrize(
    "text", ["12000001111", "+86 120-0000-1111", "８６12000001111", "0086 120 0000 1111"]
)
def test_phones_are_their_digits(text: str) -> None:
    assert phone_number(text) == "12000001111"
