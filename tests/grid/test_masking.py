"""Masking never reveals: what is hidden cannot be read from what is shown."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from grid.masking import (
    MASKS,
    is_personal,
    mask_id_number,
    mask_name,
    mask_numbers,
    mask_phone,
    mask_record,
    mask_value,
)
from grid.models import RECORD_TYPES, field_labels, part_labels
from tests.grid.records import demo, one
from tests.grid.test_idnumber import numbers

names = st.text(min_size=1, max_size=60)
phones = st.from_regex(r"\+?[0-9]{5,20}", fullmatch=True)


@given(names)
def test_a_name_keeps_one_character_at_most(name: str) -> None:
    masked = mask_name(name)
    assert masked.rstrip("*") in {"", name[0], name[0].rstrip("*")}
    assert masked.endswith("*")
    assert len(masked) <= 6


def test_rare_characters_and_names_of_one() -> None:
    assert mask_name("𠮷安") == "𠮷*"
    assert mask_name("阿依古丽·买买提") == "阿*****"
    assert mask_name("强") == "*"
    assert mask_name("") == "*"


@given(phones, phones)
def test_phones_that_differ_in_the_hidden_part_look_the_same(one: str, other: str) -> None:
    masked = mask_phone(one)
    if len(one.lstrip("+")) < 11:
        assert masked == "***"
    else:
        hidden = other.lstrip("+")[:4].rjust(len(one) - 7, "0")
        assert masked == mask_phone(one[:3] + hidden + one[-4:])


@given(numbers, numbers)
def test_id_numbers_that_differ_in_the_birth_date_look_the_same(one: str, other: str) -> None:
    assert mask_id_number(one) == mask_id_number(one[:6] + other[6:14] + one[14:])
    assert one[6:14] not in mask_id_number(one)


@given(numbers, st.text(max_size=20), st.text(max_size=20))
def test_an_id_number_in_a_note_is_not_shown(number: str, before: str, after: str) -> None:
    assert number not in mask_numbers(before + number + after)


def test_free_text_keeps_dates_and_house_numbers() -> None:
    text = "2026-11-24 08:09 到 4栋1203室，电话 138 0000 1111 和 0668-5123456"
    assert mask_numbers(text) == "2026-11-24 08:09 到 4栋1203室，电话 *** 和 ***"


def test_no_personal_value_of_the_demo_is_left_in_a_masked_record() -> None:
    for record in demo():
        text = json.dumps(mask_record(record), ensure_ascii=False)
        for field in ("id_number", "phone", "owner_phone", "guardian_phone", "household_number"):
            assert record.get(field, "\0") not in text
        for field in ("name", "head_name", "owner_name", "guardian_name"):
            if len(record.get(field, "")) > 1:
                assert f'"{record[field]}"' not in text
        for name in record.get("met", ()):
            assert len(name) == 1 or name not in text


def test_a_masked_record_keeps_what_is_not_personal() -> None:
    event = one("event")
    assert mask_record(event) == event
    household = one("household")
    masked = mask_record(household)
    assert masked.keys() == household.keys()
    assert {name for name in household if masked[name] != household[name]} <= MASKS.keys()


secrets = st.recursive(
    st.text(min_size=1).map(lambda text: f"秘密{text}") | st.integers(10**6, 10**11),
    lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.text(), inner, min_size=1),
    max_leaves=5,
)


@given(secrets)
def test_members_that_nobody_declared_are_hidden(secret: Any) -> None:
    masked = mask_record(one("household", wechat=secret))
    assert "秘密" not in json.dumps(masked, ensure_ascii=False)
    assert not any(leaf in json.dumps(masked["wechat"]) for leaf in _numbers(secret))
    nested = one("patrol", checks=[{"key": "gas", "result": "fine", "owner": secret}])
    assert "秘密" not in json.dumps(mask_record(nested), ensure_ascii=False)
    assert mask_record(nested)["checks"][0]["result"] == "fine"


def _numbers(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for member in value.values() for leaf in _numbers(member)]
    if isinstance(value, list):
        return [leaf for member in value for leaf in _numbers(member)]
    return [str(value)] if isinstance(value, int) else []


@given(st.sampled_from(sorted(MASKS)), secrets)
def test_a_personal_field_of_any_shape_is_hidden(field: str, secret: Any) -> None:
    text = json.dumps(mask_value(field, [secret]), ensure_ascii=False)
    assert "秘密" not in text


def test_masks_name_fields_that_exist() -> None:
    declared = {
        name
        for type_name in RECORD_TYPES
        for field in field_labels(type_name)
        for name in (field, *part_labels(type_name, field))
    }
    assert declared >= MASKS.keys()


def test_a_field_of_objects_is_personal_when_a_member_of_them_is() -> None:
    assert is_personal("dispute", "parties")
    assert is_personal("resident", "name")
    assert not is_personal("event", "log")
    assert not is_personal("household", "area")
    party = {"key": "1", "name": "陈水生", "phone": "12000001111"}
    party["id_number"] = "990000198001010012"
    (masked,) = mask_record(one("dispute", parties=[party]))["parties"]
    assert masked == {
        "key": "1",
        "name": "陈**",
        "id_number": "990000********0012",
        "phone": "120****1111",
    }
