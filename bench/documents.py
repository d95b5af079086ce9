"""Documents to write: household records of about 800 bytes, all different, same on every run."""

from __future__ import annotations

import random
from collections.abc import Callable

import orjson
from ulid import ULID

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华"
STREETS = ("迎宾大道", "海景路", "人民中路", "新安街", "东湖巷", "滨海绿洲")


def household(number: int) -> dict[str, object]:
    """Return the body of household ``number`` (no real person's)."""
    chance = random.Random(number)
    at = f"2026-03-{1 + number % 28:02d}T08:{number % 60:02d}:00.000Z-0000-phone{number % 7}"
    author = {"at": at, "by": f"worker{number % 9}", "device": f"phone{number % 7}"}
    members = [
        {
            "name": chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2)),
            "relation": chance.choice(("户主", "配偶", "子女", "父母")),
            "born": chance.randint(1935, 2025),
            "present": chance.random() < 0.8,
        }
        for _ in range(chance.randint(1, 4))
    ]
    return {
        "type": "household",
        "schema": 1,
        "grid": f"440904{number % 10**11:011d}",
        "created": author,
        "updated": author,
        "stamps": {"phone": at, "members": at},
        "address": f"{chance.choice(STREETS)}{chance.randint(1, 300)}号",
        "building": f"{chance.randint(1, 30)}栋",
        "room": f"{chance.randint(1, 33)}{chance.randint(1, 4):02d}",
        "phone": f"1990000{chance.randint(0, 9999):04d}",
        "house_use": chance.choice(("自住", "出租", "空置")),
        "position": {
            "lat": round(21.5 + chance.random() / 10, 6),
            "lon": round(111.0 + chance.random() / 10, 6),
            "system": "WGS-84",
            "accuracy": chance.randint(3, 60),
        },
        "members": members,
        "labels": chance.sample(["低保", "独居老人", "残疾", "退役军人", "党员户"], k=2),
        "note": "楼道堆物已劝导清理，下次走访复查。" if number % 3 else "",
    }


def household_id(number: int) -> str:
    """Return the id of household ``number``: a ULID, in the order of making, as on phones."""
    milliseconds = 1_772_352_000_000 + 40 * number
    chance = random.Random(-1 - number).getrandbits(80)
    return f"household:{ULID.from_bytes(milliseconds.to_bytes(6) + chance.to_bytes(10))}"


def plain(number: int) -> dict[str, object]:
    """Return household ``number`` as another system would put it: no bookkeeping of ours."""
    chance = random.Random(number)
    return {
        "type": "household",
        "address": f"{chance.choice(STREETS)}{chance.randint(1, 300)}号",
        "building": f"{chance.randint(1, 30)}栋",
        "room": f"{chance.randint(1, 33)}{chance.randint(1, 4):02d}",
        "phone": f"1200000{chance.randint(0, 9999):04d}",
        "head_name": chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2)),
        "residence_type": chance.choice(("registered", "rented")),
        "housing_use": "dwelling",
        "status": "living",
        "members": chance.randint(1, 6),
        "area": chance.randint(30, 300),
        "hazards": chance.sample(["私拉电线", "电动车入户", "煤气瓶", "危房"], k=2),
        "tags": chance.sample(["低保", "独居老人", "残疾", "军属", "出租屋"], k=2),
        "owner_name": chance.choice(SURNAMES) + chance.choice(GIVEN),
        "owner_phone": f"1200000{chance.randint(0, 9999):04d}",
        "note": "楼道堆物已劝导清理，下次走访复查。" * (number % 3),
    }


def batch(body: Callable[[int], dict[str, object]], first: int, count: int) -> bytes:
    """Return a ``_bulk_docs`` body of new documents."""
    numbers = range(first, first + count)
    return orjson.dumps({"docs": [{"_id": household_id(n), **body(n)} for n in numbers]})
