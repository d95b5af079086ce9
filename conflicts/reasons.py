"""Why a merge asks for a person: codes, with a sentence for supervisors and one for the worker."""

from __future__ import annotations

from typing import Final, NamedTuple

FIELD_CLASH: Final = "field-clash"
TEXT_OVERLAP: Final = "text-overlap"
STATE_CONTESTED: Final = "state-contested"
EDITED_AND_DELETED: Final = "edited-and-deleted"


class Reason(NamedTuple):
    """The sentences of one reason; ``{field}`` stands for the field's name as people know it."""

    zh: str
    en: str
    worker_zh: str
    worker_en: str


REASONS: Final = {
    FIELD_CLASH: Reason(
        zh="多人同时把“{field}”改成了不同的内容，暂用最后修改的一个，请复核。",
        en="Several people changed “{field}” to different values at the same time. "
        "The latest is used for now; please review.",
        worker_zh="您改的“{field}”与另一位网格员同时修改，暂用最后修改的内容，等待复核。",
        worker_en="You and another worker changed “{field}” at the same time. "
        "The latest value is used for now and awaits review.",
    ),
    TEXT_OVERLAP: Reason(
        zh="多人同时改了“{field}”的同一处文字，各自的文字都已保留，请整理。",
        en="Several people changed the same lines of “{field}” at the same time. "
        "Both versions are kept; please tidy up.",
        worker_zh="您与另一位网格员同时改了“{field}”的同一处文字，两人写的都已保留，等待整理。",
        worker_en="You and another worker changed the same lines of “{field}” at the same time. "
        "Both are kept and await tidying up.",
    ),
    STATE_CONTESTED: Reason(
        zh="“{field}”被同时推进到两个不能并存的状态，已转为待裁定，请裁定。",
        en="“{field}” was moved to two states at the same time that exclude each other. "
        "It is now contested; please decide.",
        worker_zh="您改的“{field}”与他人同时作出的处理不一致，两种处理都已保留，等待裁定。",
        worker_en="Your change of “{field}” disagrees with one made at the same time. "
        "Both are kept and await a decision.",
    ),
    EDITED_AND_DELETED: Reason(
        zh="有人删除了这条记录，同时另有人修改了它。记录已保留，请确认是否删除。",
        en="Somebody deleted this record while somebody else changed it. "
        "It is kept; please confirm whether it should be deleted.",
        worker_zh="这条记录一人删除、一人修改，现已保留，等待复核。",
        worker_en="One person deleted this record while another changed it. "
        "It is kept for now and awaits review.",
    ),
}

SETTLED: Final = Reason(
    zh="“{field}”同时有多处修改，已按规则合并，无需复核。",
    en="“{field}” was changed in several places at the same time and merged by rule.",
    worker_zh="您改的“{field}”与别人的修改已自动合并。",
    worker_en="Your change of “{field}” was merged with another automatically.",
)
"""What is said of a field that several changed and that needs no review."""

OVERTAKEN: Final = Reason(
    zh="“{field}”同时有多处修改，采用了最后修改的内容；其余内容保留在合并记录中。",
    en="“{field}” was changed in several places at the same time. The latest value is used; "
    "the others are kept in the merge record.",
    worker_zh="您改的“{field}”后来有人作了更新的修改，现采用较新的内容；您填的内容仍保留在记录中。",
    worker_en="Somebody changed “{field}” later than you. The later value is used; "
    "yours is kept in the record.",
)
"""What is said of a field whose value lost to a later one without need of review."""


def reason(code: str) -> Reason:
    """Return the sentences of a code; raise ``KeyError`` for a code that does not exist."""
    return REASONS[code]
