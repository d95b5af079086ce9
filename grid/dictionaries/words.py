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
    "resident.presence": {
        "here": ("常住本处", "lives here"),
        "partly": ("有时在住", "here at times"),
        "away": ("不在本处住", "lives elsewhere"),
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
    "dispute.parties.kind": {
        "resident": ("本地居民", "local resident"),
        "floating": ("流动人员", "floating"),
        "outsider": ("外来人员", "from elsewhere"),
        "organisation": ("单位代表", "for an organisation"),
        "other": ("其他", "other"),
    },
    "dispute.method": {
        "peoples_mediation": ("人民调解", "people's mediation"),
        "administrative_mediation": ("行政调解", "administrative mediation"),
        "judicial_mediation": ("司法调解", "judicial mediation"),
        "arbitration": ("仲裁", "arbitration"),
        "litigation": ("诉讼", "litigation"),
        "reconciliation": ("自行和解", "reconciliation"),
        "other": ("其他", "other"),
    },
    "dispute.warning": {
        "none": ("无", "none"),
        "blue": ("蓝色", "blue"),
        "yellow": ("黄色", "yellow"),
        "orange": ("橙色", "orange"),
        "red": ("红色", "red"),
    },
    "campaign-record.ways": {
        "door": ("上门", "at the door"),
        "phone": ("电话", "by phone"),
        "group": ("群聊", "in a group chat"),
        "leaflet": ("传单", "leaflet"),
        "broadcast": ("广播", "broadcast"),
        "meeting": ("会议", "meeting"),
        "other": ("其他", "other"),
    },
    "place.kind": {
        "shop": ("商铺", "shop"),
        "market": ("市场", "market"),
        "school": ("学校", "school"),
        "kindergarten": ("幼儿园", "kindergarten"),
        "rental_building": ("出租屋（楼）", "rental building"),
        "factory": ("厂房", "factory"),
        "workshop": ("作坊", "workshop"),
        "restaurant": ("餐饮", "restaurant"),
        "entertainment": ("娱乐场所", "entertainment"),
        "medical": ("医疗机构", "medical"),
        "elderly_care": ("养老机构", "care home"),
        "religious": ("宗教场所", "religious"),
        "construction": ("工地", "building site"),
        "harbour": ("渔港码头", "harbour"),
        "water": ("水域", "water"),
        "public": ("公共场所", "public place"),
        "other": ("其他", "other"),
    },
    "place.attention": {
        "ordinary": ("一般", "ordinary"),
        "raised": ("关注", "raised"),
        "key": ("重点", "key"),
    },
    "place.status": {
        "open": ("在营", "open"),
        "suspended": ("停业", "suspended"),
        "closed": ("关闭", "closed"),
        "demolished": ("已拆除", "demolished"),
    },
    "organisation.kind": {
        "enterprise": ("企业", "enterprise"),
        "self_employed": ("个体工商户", "self-employed"),
        "social": ("社会组织", "social organisation"),
        "institution": ("事业单位", "public institution"),
        "government": ("机关", "government office"),
        "committee": ("村（居）委会", "village or residents' committee"),
        "school": ("学校", "school"),
        "cooperative": ("合作社", "cooperative"),
        "other": ("其他", "other"),
    },
    "organisation.attention": {
        "ordinary": ("一般", "ordinary"),
        "raised": ("关注", "raised"),
        "key": ("重点", "key"),
    },
    "organisation.bodies": {
        "party": ("党组织", "party branch"),
        "union": ("工会", "union"),
        "youth_league": ("共青团", "youth league"),
        "women": ("妇联", "women's federation"),
    },
    "organisation.status": {
        "operating": ("正常", "operating"),
        "suspended": ("停业", "suspended"),
        "closed": ("注销", "closed"),
        "moved_out": ("已迁出", "moved out"),
    },
    "task.kind": {
        "visit": ("走访", "visit"),
        "care": ("关爱走访", "care"),
        "check": ("检查", "check"),
        "verify": ("核实", "verify"),
        "campaign": ("宣传", "campaign"),
        "event": ("事件处置", "event"),
        "report": ("填报", "report"),
        "other": ("其他", "other"),
    },
    "task.urgency": {
        "normal": ("普通", "normal"),
        "urgent": ("紧急", "urgent"),
        "major": ("重大", "major"),
    },
    "task.items.result": {
        "done": ("已办", "done"),
        "not_done": ("未办", "not done"),
        "impossible": ("无法办理", "cannot be done"),
    },
}
"""``type.field`` → value → words in Chinese and English."""


def choice_label(type_name: str, field: str, value: str, language: str = "zh") -> str:
    """Return the words of a choice; a value without words stands for itself."""
    words = CHOICES.get(f"{type_name}.{field}", {}).get(value)
    return value if words is None else words[1 if language == "en" else 0]
