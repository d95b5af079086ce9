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


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("十", "10"),
        ("拾贰", "12"),
        ("二十", "20"),
        ("廿三", "23"),
        ("一百廿", "120"),
        ("卅", "30"),
        ("卌五", "45"),
        ("三百二十", "320"),
        ("三千零五", "3005"),
        ("一二〇三", "1203"),
        ("〇九", "09"),
        ("12十", "1210"),
        ("两百", "200"),
        ("一二百", "1200"),
    ],
)
def test_numbers_in_characters(text: str, number: str) -> None:
    assert arabic(text) == number


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("3号楼", "3栋"),
        ("3號樓", "3栋"),
        ("3栋楼", "3栋"),
        ("3棟", "3栋"),
        ("3幢", "3栋"),
        ("3座", "3栋"),
        ("2單元", "2单元"),
        ("2门洞", "2单元"),
        ("2梯", "2单元"),
        ("5号房", "5室"),
        ("5房间", "5室"),
        ("5房", "5室"),
        ("5號房", "5室"),
        ("东村5號", "东村5"),
        ("东村门牌号5", "东村号5"),
        ("东村門牌5", "东村号5"),
        ("滨海小区", "滨海"),
        ("滨海小區", "滨海"),
        ("滨海门牌5", "滨海5"),
        ("12之3", "12-3"),
        ("12－003", "12-3"),
        ("-12-", "12"),
        ("东村_（5）", "东村5"),
    ],
)
def test_the_words_of_an_address(text: str, form: str) -> None:
    assert place_text(text) == form


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("滨海4栋2单元302室",), ("滨海", "4", "2", "302")),
        (("滨海4栋302室", "五栋", "三单元", "四零一"), ("滨海", "5", "3", "401")),
        (("滨海4-302",), ("滨海4-302", "", "", "")),
        (("滨海4-302", None, None, "302"), ("滨海", "4", "", "302")),
        (("滨海4-302", None, None, "303"), ("滨海4-302", "", "", "303")),
        (("滨海4-2-302",), ("滨海", "4", "2", "302")),
        (("滨海东村302", None, None, "302"), ("滨海东村", "", "", "302")),
        (("滨海1302", None, None, "302"), ("滨海1302", "", "", "302")),
        (("302", None, None, "302"), ("302", "", "", "302")),
        (("滨海302室302", None, None, "302"), ("滨海302室", "", "", "302")),
        (("滨海A栋", None, None, "甲-5"), ("滨海", "a", "", "甲-5")),
        (("滨海-4栋-",), ("滨海", "4", "", "")),
        ((None, "4栋", None, "3 - 2"), ("", "4", "", "3-2")),
    ],
)
def test_where_the_parts_of_a_door_are_found(
    given: tuple[str | None, ...], expected: tuple[str, ...]
) -> None:
    assert door(*given) == expected


def test_what_one_cannot_see_does_not_matter() -> None:
    assert plain("陈\u200b水\u00ad生\ufeff") == "陈水生"  # format characters
    assert plain("陈\x00水\x1f生") == "陈水生"  # control characters
    assert plain("陈\U000e0100水\ufe00生") == "陈水生"  # variation selectors
    assert person_name("陈-水_生(X)") == "陈水生x"


def test_a_prefix_counts_only_before_a_whole_phone_number() -> None:
    assert phone_number("86123456") == "86123456"
    assert phone_number("0086123456") == "0086123456"
    assert phone_number("1200000111122") == "1200000111122"
    assert code_text("abc-１2３x") == "ABC123X"
