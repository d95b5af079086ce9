"""Demo patrols, visits and events of the last weeks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from grid.demo.households import Home
from grid.demo.maker import Maker, instant

_CHECKS: Final = (
    ("fire_exit", "消防通道"),
    ("e_bike", "电动车停放充电"),
    ("gas", "燃气使用"),
    ("wiring", "用电线路"),
    ("sanitation", "环境卫生"),
    ("road", "道路和井盖"),
    ("light", "路灯"),
)
_EVENTS: Final = (
    (
        "0301",
        "楼道停放电动车充电",
        "一辆电动车在楼道里充电，已劝离，车主答应改到充电棚。",
        "e_bike",
    ),
    ("0501", "路口堆放生活垃圾", "路口垃圾两天没有清运，有异味。", "sanitation"),
    ("0601", "路灯不亮", "巷口第二盏路灯不亮，晚上看不清路。", "light"),
    ("0603", "井盖松动", "井盖松动，车辆压过有响声，已放警示牌。", "road"),
    ("0303", "私拉电线", "从二楼拉线到一楼给冰柜供电，电线裸露。", "wiring"),
    ("0102", "邻里噪声纠纷", "楼上装修超过规定时间，楼下住户多次反映。", None),
    ("0604", "水管漏水", "水表后水管漏水，路面积水。", None),
    ("0306", "鱼塘边没有警示牌", "鱼塘边常有孩子玩水，没有警示牌和救生圈。", None),
    ("0702", "咨询高龄津贴", "老人满八十岁，家属问怎么申请高龄津贴。", None),
    ("0607", "树枝断落", "大风后树枝断落，挡住半边路。", "road"),
)
_WAYS: Final = (
    ("10",),
    ("10", "20"),
    ("10", "25"),
    ("10", "25", "60"),
    ("10", "20", "30", "40", "50"),
    ("10", "20", "30", "40", "50", "60", "70", "80"),
)
"""How far events have come: the states each went through."""
_CHINA: Final = timedelta(hours=8)
_STEP_WORDS: Final = {
    "10": "上报",
    "20": "受理",
    "25": "本级处置",
    "30": "上报镇街",
    "40": "派遣",
    "50": "签收处置",
    "60": "处置完毕",
    "70": "核查通过",
    "80": "结案",
}


def make_work(maker: Maker, homes: Sequence[Home]) -> Iterator[dict[str, Any]]:
    """Yield the patrols, visits and events of a grid."""
    events = [_event(maker, homes, choice) for choice in maker.rng.sample(_EVENTS, 4)]
    yield from events
    for days_ago in (1, 4, 9, 15):
        yield _patrol(maker, days_ago, events)
    occupied = [home for home in homes if home.occupied]
    for home in maker.rng.sample(occupied, min(8, len(occupied))):
        yield _visit(maker, home)


def _event(
    maker: Maker, homes: Sequence[Home], choice: tuple[str, str, str, str | None]
) -> dict[str, Any]:
    category, title, description, check = choice
    way = maker.rng.choice(_WAYS)
    # What somebody reported today is open; what is closed was reported a while ago.
    start = maker.moment(len(way) * 2 + maker.rng.randrange(3))
    home = maker.rng.choice(homes)
    event = maker.record(
        "event",
        start,
        category=category,
        title=title,
        description=description,
        happened=instant(start),
        address=home.household["address"],
        urgency="urgent" if category == "0303" else "normal",
        household=home.household["_id"] if check is None else None,
        log=[],
    )
    walk(maker, event, start, way, _STEP_WORDS, frozenset({"10", "25", "60"}))
    return event


def walk(
    maker: Maker,
    record: dict[str, Any],
    start: datetime,
    way: Sequence[str],
    words: Mapping[str, str],
    by_worker: frozenset[str],
) -> None:
    """Bring a record through its states, with one log entry a step; the town takes the steps that
    are not the gridworker's."""
    before: dict[str, Any] = {}
    for step, state in enumerate(way):
        in_grid = state in by_worker
        by = maker.user if in_grid else "town"
        clock = maker.clock(start + timedelta(hours=21 * step), None if in_grid else maker.office)
        entry = {"key": f"{step + 1:02d}", "at": clock, "by": by, "action": words[state]}
        record["log"].append(entry | before | {"after": state})
        if step:
            maker.touch(record, clock, "status", "log", by=by)
        before = {"before": state}
    record["status"] = way[-1]


def _patrol(maker: Maker, days_ago: int, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    start = maker.moment(days_ago)
    minutes = maker.rng.randint(25, 90)
    event = maker.rng.choice(events) if maker.rng.random() < 0.4 else None
    findings = []
    if event is not None:
        clock = maker.clock(start + timedelta(minutes=minutes // 2))
        findings = [
            {
                "key": "1",
                "at": clock,
                "category": event["category"],
                "text": event["title"],
                "event": event["_id"],
            }
        ]
    troubled = {
        check for category, _, _, check in _EVENTS if event and category == event["category"]
    }
    return maker.record(
        "patrol",
        start,
        started=instant(start),
        ended=instant(start + timedelta(minutes=minutes)),
        worker=maker.user,
        checks=[
            {"key": key, "label": label, "result": "problem" if key in troubled else "fine"}
            for key, label in _CHECKS
        ],
        findings=findings,
        note=None if findings else "无异常。",
    )


def _visit(maker: Maker, home: Home) -> dict[str, Any]:
    """Return a visit to a home, and note its day on the household if somebody was met."""
    at = maker.moment(maker.rng.randint(1, 60))
    rng = maker.rng
    met = [one["name"] for one in home.residents if one["presence"] == "here"]
    care = any(one.get("care") for one in home.residents)
    outcome = rng.choices(("no_change", "updated", "not_home"), weights=(70, 15, 15))[0]
    if outcome != "not_home":
        home.household["last_visit"] = (at + _CHINA).date().isoformat()
        maker.touch(home.household, maker.clock(at), "last_visit")
    return maker.record(
        "visit",
        at,
        household=home.household["_id"],
        visited=instant(at),
        worker=maker.user,
        kind="care" if care else "routine",
        outcome=outcome,
        met=[] if outcome == "not_home" else met[:1],
        items=[]
        if outcome == "not_home"
        else [
            {"key": "verify", "label": "核实住户信息", "value": "无误"},
            {"key": "fire_safety", "label": "用火用电用气安全", "value": "已提醒"},
        ],
        needs="希望有人帮忙买米和取药。" if care and outcome != "not_home" else None,
    )
