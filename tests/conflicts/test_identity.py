"""Identity keys: what they hold apart, and that they stay the same for ever.

They are kept in ``canonical`` and in its index; other keys for the same records would find no
duplicate until everything is projected anew.
"""

from __future__ import annotations

from typing import Any

import pytest

from conflicts.identity import born_of, door_of, id_of, identity_keys, number_of, person_of
from tests.conflicts.test_duplicates import ABROAD, BESIDE, FIRST, NUMBER, PATH, home, person

DOOR = "7dd1e3a08cddd09957b94c7b2a056244"
HOUSEHOLD_NUMBER = "b17f887ecc91b61f49e1ecdeac458003"
ID_NUMBER = "71381f57bc8b47eb1647ffad8444baa4"
PERSON = "afd002e9bffc40d6f5fef2dbf853e4a7"


@pytest.mark.parametrize(
    ("record", "keys"),
    [
        (home(FIRST), [DOOR]),
        (home(FIRST, household_number="１２３-45"), [DOOR, HOUSEHOLD_NUMBER]),
        (home(FIRST, household_number="123"), [DOOR]),
        (home(FIRST, address="面前山村"), []),
        (person("resident:1", id_number=NUMBER, phone="12000000001"), [ID_NUMBER, PERSON]),
        (person("resident:1", birth_date="1980-01-31", phone="+8612000000001"), [PERSON]),
        (person("resident:1", id_number=NUMBER), [ID_NUMBER]),
        (person("resident:1", id_number=NUMBER[:-1]), []),
        (person("resident:1", birth_date="1980-01-31", phone="123456"), []),
        ({"type": "event", "id_number": NUMBER, "address": "面前山村103号"}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_the_keys_of_a_record_for_ever(record: dict[str, Any], keys: list[str]) -> None:
    assert identity_keys(record, PATH) == sorted(keys)


def test_a_door_counts_within_a_town_and_a_household_number_within_a_district() -> None:
    one = home(FIRST, household_number="12345")
    assert identity_keys(one, BESIDE) == identity_keys(one, ABROAD) == identity_keys(one, PATH)
    other_town = identity_keys(one, ["440904", "440904005"])
    assert HOUSEHOLD_NUMBER in other_town
    assert DOOR not in other_town
    assert not set(identity_keys(one, ["440905", "440905001"])) & {DOOR, HOUSEHOLD_NUMBER}
    assert len(identity_keys(one, [])) == 2


def test_what_a_record_is_known_by() -> None:
    assert door_of({"address": "面前山村", "building": "3栋", "unit": "2", "room": "301"}) == (
        "面前山村",
        "3",
        "2",
        "301",
    )
    assert door_of({"address": 5}) == ("", "", "", "")
    assert (number_of({"household_number": "ab12"}), number_of({"household_number": 12345})) == (
        "AB12",
        "",
    )
    assert (id_of({"id_number": NUMBER.lower()}), id_of({"id_number": "1"})) == (NUMBER, "")
    assert born_of({"birth_date": "1981-02-03", "id_number": NUMBER}) == "1981-02-03"
    assert (born_of({"id_number": NUMBER}), born_of({})) == ("1980-01-31", "")
    told = {"name": "陈·水生", "birth_date": "1980-01-31", "phone": "1234567"}
    assert person_of(told) == ("陈水生", "1980-01-31", "1234567")
    for name in told:
        assert person_of({**told, name: ""}) is None


def test_a_text_that_is_no_valid_unicode_has_a_key_too() -> None:
    odd = person("resident:1", name="陈\ud800", birth_date="1980-01-31", phone="12000000001")
    (key,) = identity_keys(odd, PATH)
    assert len(key) == 32
    assert key != PERSON
