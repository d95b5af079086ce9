"""States of the life cycles in ``grid.lifecycle`` other than the event's, and disputes' lists."""

from __future__ import annotations

from grid.dictionaries.events import EVENT_CATEGORY
from grid.dictionaries.lists import Dictionary, parse_labels

DISPUTE_CATEGORY = Dictionary(
    "dispute_category",
    1,
    "project; cf. GB/T 31000-2015",
    {
        code: words
        for code, words in EVENT_CATEGORY.labels.items()
        if code.startswith("01") and len(code) == 4
    },
)
"""The event categories of disputes, so that an event that grows into a dispute keeps its code."""

DISPUTE_SCALE = Dictionary(
    "dispute_scale",
    1,
    "GB/T 31000-2015",
    parse_labels("""
    01|个体性|individual
    02|一般群体性|of a group
    03|重大群体性|of a large group
"""),
)

DISPUTE_STATUS = Dictionary(
    "dispute_status",
    1,
    "project",
    parse_labels("""
    10|已登记|registered
    20|已受理|accepted
    30|调解中|being mediated
    40|已达成协议|agreement reached
    45|调解不成|mediation failed
    50|已移交|handed over
    60|已化解|resolved, to be followed up
    61|回访未化解|not resolved after all
    70|回访属实|follow-up fine
    80|已结案|closed
    81|再次激化|flared up again
    91|不予受理|declined
    92|已撤回|withdrawn
    99|待裁定|contested
"""),
)

TASK_STATUS = Dictionary(
    "task_status",
    1,
    "project",
    parse_labels("""
    10|待接收|issued
    20|进行中|under way
    30|暂停|paused
    60|已完成|done, to be confirmed
    61|退回重做|to be done again
    70|已确认|confirmed
    91|已取消|cancelled
    92|无法完成|cannot be done
    99|待裁定|contested
"""),
)

CAMPAIGN_STATUS = Dictionary(
    "campaign_status",
    1,
    "project",
    parse_labels("""
    10|未联系上|not met
    20|已告知|told
    30|已协助办理|helped
    31|自愿不办|declined
    99|待裁定|contested
"""),
)
