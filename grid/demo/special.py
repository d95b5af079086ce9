"""The awkward cases that every list, form and merge has to stand.

Beside the 55 households of one building and the 12 of a hamlet: rare characters, long names, two
people of one name, an id number that ends in X, a newborn without one, absentees, tenants, people
who moved out, elderly alone, children left behind, and one person in two grids.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from grid.demo.households import Home, finish, person
from grid.demo.maker import Maker
from grid.idnumber import make_fictitious

HIGHRISE: Final = "44090400400100104"
"""滨海绿洲4栋: 55 households, more than a household group should have."""
HAMLET: Final = "44090400400400102"
"""A hamlet of 12 households, fewer than a household group should have."""
ALONE_GRID: Final = "44090400420500101"
"""面前山村第1住户小组: the other grid of the student who lives in ``HIGHRISE``."""

_STUDENT: Final = {
    "name": "林小满",
    "sex": "2",
    "birth_date": "2007-05-21",
    "occupation": "学生",
    "registered_address": "面前山村",
    "id_number": make_fictitious(date(2007, 5, 21), 902),
}


def special_homes(maker: Maker, homes: list[Home]) -> None:
    """Turn the first households of a grid into awkward ones: all cases in ``HIGHRISE`` and
    ``ALONE_GRID``, those of every village elsewhere."""
    everywhere: tuple[Callable[[Maker, Home], None], ...] = (
        _elderly_alone,
        _left_behind_child,
        _registered_absent,
    )
    rare = (
        _rare_characters,
        _newborn,
        _ethnic_name,
        _ends_in_x,
        _moved_out,
        _vacant,
    )
    full = maker.grid in {HIGHRISE, ALONE_GRID}
    # From the sixth on, so that the top of a list looks ordinary.
    places = iter(homes[5:])
    for case in (*everywhere, *(rare if full else ())):
        home = next(places)
        _clear(home)
        case(maker, home)
        finish(maker, home)
    if full:
        _same_name(next(places), next(places))
        _student(maker, next(places))


def _clear(home: Home) -> None:
    home.residents.clear()
    for name in ("owner_name", "owner_phone", "tags"):
        home.household.pop(name, None)
    home.household |= {"residence_type": "registered", "housing_use": "dwelling"}


def _elderly_alone(maker: Maker, home: Home) -> None:
    home.household["tags"] = ["关爱走访"]
    person(
        maker, home, "0", 83, "2", marital="30", care=["独居老人"], note="听力不好，请大声敲门。"
    )


def _left_behind_child(maker: Maker, home: Home) -> None:
    home.household["tags"] = ["关爱走访"]
    guardian = person(maker, home, "0", 67, "1", marital="20", phone=maker.phone())
    person(
        maker,
        home,
        "4",
        9,
        population="left_behind",
        care=["留守儿童"],
        guardian_name=guardian["name"],
        guardian_phone=guardian["phone"],
        note="父母在外务工，春节回家。",
    )


def _registered_absent(maker: Maker, home: Home) -> None:
    home.household |= {
        "residence_type": "registered_absent",
        "note": "空挂户，户口在此，人不在此。",
    }
    for relation, age in (("0", 45), ("1", 43)):
        person(maker, home, relation, age, population="absent", presence="away")


def _rare_characters(maker: Maker, home: Home) -> None:
    home.surname = "邵"
    person(maker, home, "0", 41, "1", name="邵𠮷安", marital="20")
    person(maker, home, "1", 39, "2", name="陈䶮", marital="20")
    person(maker, home, "2", 12, "1", name="邵𬀩")


def _newborn(maker: Maker, home: Home) -> None:
    person(maker, home, "0", 29, "1", marital="20")
    person(maker, home, "1", 27, "2", marital="20", care=["孕产妇"])
    born = maker.today.date() - timedelta(days=9)
    person(
        maker,
        home,
        "3",
        0,
        "2",
        name=f"{home.surname}小宝",
        birth_date=born.isoformat(),
        id_number=None,
        no_id_reason="新生儿，户口未上",
    )


def _ethnic_name(maker: Maker, home: Home) -> None:
    person(maker, home, "0", 34, "2", name="阿依古丽·买买提", ethnic="05", population="floating")
    person(
        maker,
        home,
        "1",
        36,
        "1",
        name="阿卜杜热合曼·阿卜杜如苏力",
        ethnic="05",
        population="floating",
    )
    home.household |= {"residence_type": "rented", "housing_use": "rental", "tags": ["出租屋"]}


def _ends_in_x(maker: Maker, home: Home) -> None:
    born = maker.birthday(52)
    number = next(
        number
        for sequence in range(903, 1000, 2)
        if (number := make_fictitious(born, sequence)).endswith("X")
    )
    person(maker, home, "0", 52, "1", id_number=number, birth_date=born.isoformat())


def _moved_out(maker: Maker, home: Home) -> None:
    home.household |= {"status": "moved_out", "note": "已搬到外地，房屋待售。"}
    for relation, age in (("0", 38), ("1", 37), ("2", 8)):
        person(maker, home, relation, age, status="moved_out", presence="away")


def _vacant(_maker: Maker, home: Home) -> None:
    home.household["residence_type"] = "vacant"


def _same_name(first: Home, second: Home) -> None:
    for home in (first, second):
        head = home.residents[0]
        head["name"] = home.household["head_name"] = "陈志强"


def _student(maker: Maker, home: Home) -> None:
    away = maker.grid == ALONE_GRID
    fields: dict[str, Any] = dict(_STUDENT)
    if away:
        fields |= {"population": "absent", "presence": "partly", "note": "在镇上读书，周末回家。"}
    else:
        fields |= {"population": "floating", "arrived_why": "读书", "arrived": "2025-09-01"}
    person(maker, home, "4" if away else "8", 19, **fields)
    finish(maker, home)
