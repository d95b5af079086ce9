"""The rules that hold across documents: what each is called, how grave it is, who hears what.

``docs/across.md`` shows the same table to people. In a sentence ``{one}`` and ``{other}`` stand
for the records' titles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from . import reasons
from .duplicates import (
    SAME_DOOR,
    SAME_HOUSEHOLD_NUMBER,
    SAME_ID_NUMBER,
    SAME_PERSON,
    TWO_HOUSEHOLDS,
)

MERGE: Final = "merge"
DUPLICATE: Final = "duplicate"
HOUSEHOLD: Final = "household"
ORPHAN: Final = "orphan"
STRUCTURE: Final = "structure"
REFUSED: Final = "refused"

TWO_HEADS: Final = "two-heads"
ORPHANS: Final = "residents-without-household"
OUTSIDE: Final = "household-outside-grids"

LOW: Final = 1
NORMAL: Final = 2
HIGH: Final = 3


class Rule(NamedTuple):
    """One rule: the kind of review it opens, its severity (1–3), its name and sentence."""

    kind: str
    severity: int
    name_zh: str
    name_en: str
    zh: str
    en: str


RULES: Final[Mapping[str, Rule]] = {
    SAME_ID_NUMBER: Rule(
        DUPLICATE,
        NORMAL,
        "同一人重复登记",
        "Same person twice",
        "两条登记的公民身份号码相同，应是同一个人。",
        "Both records have the same id number: they should be one person.",
    ),
    SAME_PERSON: Rule(
        DUPLICATE,
        NORMAL,
        "疑似同一人",
        "Possibly the same person",
        "两条登记的姓名、出生日期和电话都相同，可能是同一个人。",
        "Name, birth date and phone are the same: they may be one person.",
    ),
    TWO_HOUSEHOLDS: Rule(
        DUPLICATE,
        HIGH,
        "一人登记在两户",
        "One person in two households",
        "同一个人同时登记为在两户居住，请确认住在哪一户。",
        "One person is recorded as living in two households; please find out which.",
    ),
    SAME_DOOR: Rule(
        DUPLICATE,
        NORMAL,
        "同一户重复登记",
        "Same household twice",
        "两条登记是同一个门牌，可能是同一户。",
        "Both records have the same door: they may be one household.",
    ),
    SAME_HOUSEHOLD_NUMBER: Rule(
        DUPLICATE,
        NORMAL,
        "户号相同",
        "Same household number",
        "两户的户号相同而门牌不同，请核对。",
        "Two households have the same number but different doors; please check.",
    ),
    TWO_HEADS: Rule(
        HOUSEHOLD,
        NORMAL,
        "一户两个户主",
        "Two heads of one household",
        "这一户有不止一个人登记为户主，请选定一个。",
        "More than one person is recorded as head of this household; please choose one.",
    ),
    ORPHANS: Rule(
        ORPHAN,
        HIGH,
        "人员没有住户",
        "Residents without a household",
        "这一户已被删除或不存在，但还有人登记住在这里。",
        "This household is deleted or was never there, yet people are recorded as living in it.",
    ),
    OUTSIDE: Rule(
        STRUCTURE,
        HIGH,
        "住户不在任何网格",
        "Household outside every grid",
        "这一户所在的网格已停用或不存在，请移到现在的网格。",
        "The grid of this household is closed or unknown; please move it to a grid of today.",
    ),
}
"""What opens a review across documents, by the code that stands in the review."""

_OF_MERGES: Final[Mapping[str, int]] = {
    reasons.TEXT_OVERLAP: LOW,
    reasons.STATE_CONTESTED: HIGH,
    reasons.EDITED_AND_DELETED: HIGH,
    reasons.CANNOT_MERGE: HIGH,
    reasons.UNPLACED: HIGH,
}


def severity_of(codes: tuple[str, ...]) -> int:
    """Return how grave a review is that was opened for these reasons: 1 low, 2 normal, 3 high."""
    known = [
        RULES[code].severity if code in RULES else _OF_MERGES.get(code, NORMAL) for code in codes
    ]
    return max(known, default=LOW)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a rule found: about which records, the first of them the one it is filed at.

    ``id`` depends on the subject alone, so everybody who finds the same files the same review.
    """

    rule: str
    about: tuple[str, ...]
    subjects: tuple[str, ...]

    @property
    def id(self) -> str:
        """Return the id of the review."""
        return finding_id(RULES[self.rule].kind, *self.about)


def finding_id(kind: str, *about: str) -> str:
    """Return the id of the review that a kind of rule opens about these records."""
    subject = "\0".join(sorted(about)).encode()
    return f"across:{kind}:{hashlib.md5(subject, usedforsecurity=False).hexdigest()}"
