"""Demo disputes, tasks, places, organisations, and records of one campaign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from grid.demo.households import Home
from grid.demo.maker import Maker, instant
from grid.demo.work import walk
from grid.dictionaries import DISPUTE_STATUS
from grid.models import natural_id

CAMPAIGN: Final = "anti-fraud-2026"
_DISPUTES: Final = (
    ("0102", "装修噪声引起的邻里纠纷", "楼上装修到夜里，楼下住户多次找上门，双方争吵。"),
    ("0103", "宅基地边界纠纷", "两家对围墙位置说法不一，各自拿出旧图纸。"),
    ("0106", "工钱拖欠纠纷", "装修队说户主欠工钱三千元，户主说没有做完。"),
    ("0109", "停车位纠纷", "两户都说楼下车位归自己用，互相堵车。"),
)
_DISPUTE_WAYS: Final = (
    ("10",),
    ("10", "30"),
    ("10", "20", "30", "40"),
    ("10", "20", "30", "40", "60", "70", "80"),
)
_PLACES: Final = (
    ("便民小卖部", "shop", ("电动车入户",)),
    ("早餐店", "restaurant", ("煤气瓶",)),
    ("村文化室", "public", ()),
    ("鱼塘", "water", ("无警示牌",)),
    ("五金加工作坊", "workshop", ("私拉电线",)),
)
_ORGANISATIONS: Final = (("海产品收购站", "self_employed"), ("老人协会", "social"))
_TASKS: Final = (
    ("台风前查看低洼处住户", "check", "逐户查看排水和门窗，老人先联系村委会。", "urgent"),
    ("核实出租屋登记", "verify", "核对承租人姓名和人数，缺的补登。", "normal"),
    ("走访独居老人", "care", "每周一次，问身体和吃饭情况。", "normal"),
)


def make_ground(maker: Maker, homes: Sequence[Home]) -> Iterator[dict[str, Any]]:
    """Yield what a grid has besides its people and daily work."""
    yield _dispute(maker, homes)
    yield _task(maker)
    for title, kind, hazards in maker.rng.sample(_PLACES, 2):
        yield maker.record(
            "place",
            maker.collection_moment(),
            title=title,
            kind=kind,
            address=maker.rng.choice(homes).household["address"],
            owner_name=maker.rng.choice(homes).household.get("head_name"),
            owner_phone=maker.phone(),
            hazards=list(hazards),
            attention="raised" if hazards else "ordinary",
            status="open",
        )
    title, kind = maker.rng.choice(_ORGANISATIONS)
    yield maker.record(
        "organisation",
        maker.collection_moment(),
        title=title,
        kind=kind,
        address=maker.rng.choice(homes).household["address"],
        phone=maker.phone(),
        staff=maker.rng.randint(2, 12),
        status="operating",
    )
    occupied = [home for home in homes if home.occupied]
    for home in maker.rng.sample(occupied, min(5, len(occupied))):
        yield _campaign_record(maker, home)


def _dispute(maker: Maker, homes: Sequence[Home]) -> dict[str, Any]:
    category, title, description = maker.rng.choice(_DISPUTES)
    way = maker.rng.choice(_DISPUTE_WAYS)
    start = maker.moment(len(way) * 3 + maker.rng.randrange(3))
    sides = maker.rng.sample([home for home in homes if home.residents], 2)
    dispute = maker.record(
        "dispute",
        start,
        category=category,
        title=title,
        description=description,
        scale="01",
        happened=instant(start),
        address=sides[0].household["address"],
        household=sides[0].household["_id"],
        people=2,
        parties=[
            {"key": str(number), "name": home.residents[0]["name"], "kind": "resident"}
            for number, home in enumerate(sides, 1)
        ],
        status="10",
        log=[],
    )
    words = {state: DISPUTE_STATUS.label(state) for state in way}
    walk(maker, dispute, start, way, words, frozenset({"10", "30", "40", "60"}))
    return dispute


def _task(maker: Maker) -> dict[str, Any]:
    title, kind, description, urgency = maker.rng.choice(_TASKS)
    at = maker.moment(maker.rng.randint(1, 6))
    return maker.record(
        "task",
        at,
        title=title,
        kind=kind,
        description=description,
        urgency=urgency,
        source="电海街道",
        assignees=[maker.user],
        due=(maker.today + timedelta(days=maker.rng.randint(1, 20))).date().isoformat(),
        planned=10,
        done={maker.device: maker.rng.randint(0, 10)},
        status=maker.rng.choice(("10", "20")),
    )


def _campaign_record(maker: Maker, home: Home) -> dict[str, Any]:
    at = maker.moment(maker.rng.randint(1, 25))
    status = maker.rng.choices(("10", "20", "30", "31"), weights=(2, 4, 3, 1))[0]
    record = maker.record(
        "campaign-record",
        at,
        campaign=CAMPAIGN,
        campaign_title="反诈宣传",
        household=home.household["_id"],
        status=status,
        ways=["door"],
        attempts={maker.device: maker.rng.randint(1, 3)},
        first_told=None if status == "10" else instant(at),
        last_contact=instant(at),
        worker=maker.user,
    )
    return {**record, "_id": natural_id(record)}
