"""Demo households and the people in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from grid.demo import names
from grid.demo.maker import Maker
from grid.hierarchy import GridNode


@dataclass(slots=True)
class Home:
    """A household document and its residents' documents."""

    household: dict[str, Any]
    residents: list[dict[str, Any]] = field(default_factory=list)
    surname: str = ""

    @property
    def occupied(self) -> bool:
        """Whether somebody can be met there."""
        return self.household["status"] == "living" and bool(self.household["members"])


def make_homes(maker: Maker, node: GridNode, group: str, count: int) -> list[Home]:
    """Return so many ordinary households of a grid; ``group`` is the name of the grid above."""
    tower = "栋" in node.name
    homes = []
    for index in range(count):
        home = _empty_home(maker, node, group, index, tower=tower)
        maker.rng.choices(
            (_family, _three_generations, _elderly_couple, _single, _tenants),
            weights=(45, 20, 12, 8, 25 if tower else 8),
        )[0](maker, home)
        finish(maker, home)
        homes.append(home)
    return homes


def _empty_home(maker: Maker, node: GridNode, group: str, index: int, *, tower: bool) -> Home:
    place: dict[str, Any]
    if tower:
        floor, room = divmod(index, 4)
        number = f"{floor + 1}{room + 1:02d}"
        place = {
            "address": f"{node.name}{number}室",
            "building": node.name.removeprefix(group.removesuffix("小区")),
            "room": number,
        }
    else:
        place = {"address": f"{group}{index * 2 + 1 + int(node.code[-2:]) * 100}号"}
    household = maker.record(
        "household",
        maker.collection_moment(),
        **place,
        household_number=f"{maker.rng.randrange(10**8, 10**9)}",
        residence_type="registered",
        housing_use="dwelling",
        area=float(maker.rng.randrange(60, 180, 5)),
        status="living",
        members=0,
    )
    return Home(household, surname=names.surname(maker.rng))


def person(
    maker: Maker, home: Home, relation: str, age: int, sex: str | None = None, **fields: Any
) -> dict[str, Any]:
    """Add a resident to a home and return the document; ``fields`` override what is made up."""
    rng = maker.rng
    sex = sex or rng.choice("12")
    born = maker.birthday(age)
    own_line = relation in {"0", "2", "3", "4", "7"}
    family_name = home.surname if own_line else names.surname(rng)
    made = {
        "name": family_name + names.given_name(rng, sex),
        "household": home.household["_id"],
        "relation": relation,
        "sex": sex,
        "birth_date": born.isoformat(),
        "ethnic": "01",
        "population": "registered",
        "presence": "here",
        "status": "present",
        "registered_address": home.household["address"],
    }
    if "id_number" not in fields:
        made["id_number"] = maker.id_number(born, sex)
    if age >= 18:
        made |= _adult(maker, age)
    at = maker.collection_moment()
    resident = maker.record("resident", at, **{**made, **fields})
    home.residents.append(resident)
    return resident


def _adult(maker: Maker, age: int) -> dict[str, Any]:
    rng = maker.rng
    adult = {
        "marital": "10" if age < 25 else rng.choice(("20", "20", "20", "21", "40")),
        "education": rng.choice(("20", "30", "40", "60", "70", "80") if age < 60 else ("70", "80")),
        "politics": rng.choices(("13", "03", "01"), weights=(80, 10, 10))[0],
    }
    if age < 62:
        adult["occupation"] = rng.choice(("务农", "渔民", "务工", "个体户", "教师", "司机", "电工"))
    if age < 80:
        adult["phone"] = maker.phone()
    return adult


def _family(maker: Maker, home: Home) -> None:
    age = maker.rng.randint(28, 48)
    person(maker, home, "0", age, "1", marital="20")
    person(maker, home, "1", age - maker.rng.randint(0, 4), "2", marital="20")
    for _ in range(maker.rng.randint(1, 3)):
        sex = maker.rng.choice("12")
        child = maker.rng.randint(1, age - 24)
        person(maker, home, "2" if sex == "1" else "3", child, sex)


def _three_generations(maker: Maker, home: Home) -> None:
    _family(maker, home)
    person(maker, home, "5", maker.rng.randint(66, 85), "2")


def _elderly_couple(maker: Maker, home: Home) -> None:
    age = maker.rng.randint(66, 84)
    person(maker, home, "0", age, "1", marital="20")
    person(maker, home, "1", age - 2, "2", marital="20")


def _single(maker: Maker, home: Home) -> None:
    person(maker, home, "0", maker.rng.randint(24, 58))


def _tenants(maker: Maker, home: Home) -> None:
    home.household |= {
        "residence_type": "rented",
        "housing_use": "rental",
        "owner_name": names.surname(maker.rng) + names.given_name(maker.rng, "1"),
        "owner_phone": maker.phone(),
        "tags": ["出租屋"],
    }
    arrived = maker.birthday(maker.rng.randint(0, 3)).isoformat()
    for relation in ("0", "8", "8")[: maker.rng.randint(1, 3)]:
        person(
            maker,
            home,
            relation,
            maker.rng.randint(19, 45),
            population="floating",
            arrived=arrived,
            arrived_why="务工",
            registered_address=maker.rng.choice(
                ("虚构省虚构市甲县一村", "虚构省虚构市乙县二村", "虚构省虚构市丙镇三村")
            ),
        )


def finish(maker: Maker, home: Home) -> None:
    """Write into the household what follows from its people: head, phone, how many live there."""
    head = next((one for one in home.residents if one["relation"] == "0"), None)
    present = [
        one for one in home.residents if one["presence"] == "here" and one["status"] == "present"
    ]
    home.household["members"] = len(present)
    for name in ("head", "head_name", "phone"):
        home.household.pop(name, None)
    if head is not None:
        phone = head.get("phone") or next((p["phone"] for p in present if "phone" in p), None)
        home.household |= {"head": head["_id"], "head_name": head["name"]}
        if phone is not None:
            home.household["phone"] = phone
