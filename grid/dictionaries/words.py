"""Words for the values of short choice fields that no standard codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CHOICES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "household.residence_type": {
        "registered": ("户籍自住", "registered, living here"),
        "rented": ("出租", "rented"),
        "vacant": ("空置", "vacant"),
        "registered_absent": ("空挂户", "registered, absent"),
        "other": ("其他", "other"),
    },
    "household.housing_use": {
        "dwelling": ("自住", "dwelling"),
        "rental": ("出租屋", "rental"),
        "shop": ("商铺", "shop"),
        "mixed": ("住商混合", "dwelling and shop"),
        "factory": ("厂房", "factory"),
        "other": ("其他", "other"),
    },
    "household.status": {
        "living": ("在住", "living here"),
        "moved_out": ("已迁出", "moved out"),
        "demolished": ("已拆除", "demolished"),
    },
    "resident.population": {
        "registered": ("户籍人口", "registered"),
        "floating": ("流动人口", "floating"),
        "left_behind": ("留守人员", "left behind"),
        "absent": ("外出人员", "away"),
        "overseas": ("境外人员", "from abroad"),
    },
    "resident.status": {
        "present": ("在住", "present"),
        "moved_out": ("已迁出", "moved out"),
        "deceased": ("已故", "deceased"),
    },
    "patrol.checks.result": {
        "fine": ("正常", "fine"),
        "problem": ("有问题", "problem"),
        "not_checked": ("未查", "not checked"),
    },
    "visit.kind": {
        "routine": ("日常走访", "routine"),
        "care": ("关爱走访", "care"),
        "safety": ("安全检查", "safety"),
        "campaign": ("宣传走访", "campaign"),
        "follow_up": ("回访", "follow-up"),
        "other": ("其他", "other"),
    },
    "visit.outcome": {
        "no_change": ("整户无变化", "no change"),
        "updated": ("已更新", "updated"),
        "not_home": ("无人在家", "nobody home"),
        "refused": ("不便接待", "not convenient"),
        "follow_up": ("需再跟进", "to be followed up"),
    },
    "event.urgency": {
        "normal": ("普通", "normal"),
        "urgent": ("紧急", "urgent"),
        "major": ("重大", "major"),
    },
    "event.supervision": {
        "none": ("无", "none"),
        "ordinary": ("普通督办", "ordinary"),
        "yellow": ("黄牌督办", "yellow card"),
        "red": ("红牌督办", "red card"),
    },
}
"""``type.field`` → value → words in Chinese and English."""


def choice_label(type_name: str, field: str, value: str, language: str = "zh") -> str:
    """Return the words of a choice; a value without words stands for itself."""
    words = CHOICES.get(f"{type_name}.{field}", {}).get(value)
    return value if words is None else words[1 if language == "en" else 0]
