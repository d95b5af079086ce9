"""What the demo's town tells its gridworkers: notices, one of them urgent, and a checklist."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

TOWN: Final = "440904004"
"""Code of the town whose gridworkers the demo's accounts are."""

_TYPHOON: Final = (
    "台风预计今天夜间登陆，请各网格员今天下午完成：\n"
    "一、逐户提醒收好阳台花盆和杂物，关好门窗；\n"
    "二、走访独居老人和低洼处住户，需要转移的先登记再联系村委会；\n"
    "三、查看排水口，发现堵塞马上上报。\n"
    "巡查时注意自身安全，风雨大时不要外出。"
)
_FIRE: Final = (
    "近期电动车充电起火增多。请在本月走访时查看楼梯间、门厅有无充电和私拉电线，"
    "当面劝导，不能当场处理的拍照上报。宣传单可到街道办领取。"
)
_ITEMS: Final = (
    ("stairs", "楼梯、门厅有无电动车充电"),
    ("wires", "有无私拉电线"),
    ("exits", "消防通道、安全出口是否畅通"),
    ("drains", "排水口、沟渠有无堵塞"),
    ("rubbish", "垃圾、杂物有无乱堆"),
    ("strangers", "有无陌生人员或可疑情况"),
)


def demo_bulletins(today: date) -> list[dict[str, Any]]:
    """Return the town's bulletin documents, each with ``_id``."""
    return [
        _notice("typhoon", today, 0, "台风防御通知：今天下午完成排查", _TYPHOON, urgent=True),
        _notice("fire", today - timedelta(days=6), 1, "开展电动车充电安全排查", _FIRE),
        {
            "_id": "checklist:safety",
            "type": "checklist",
            "title": "日常安全巡查",
            "items": [{"key": key, "label": label} for key, label in _ITEMS],
        },
    ]


def _notice(
    name: str, day: date, hour: int, title: str, text: str, *, urgent: bool = False
) -> dict[str, Any]:
    return {
        "_id": f"notice:{name}",
        "type": "notice",
        "title": title,
        "text": text,
        "at": f"{day}T{hour:02}:30:00Z",
        "urgent": urgent,
    }
