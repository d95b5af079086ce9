"""Why a merge asks for a person, and what it did to a worker's edit: codes and their sentences.

In a sentence ``{field}`` stands for the field's name as people know it, ``{value}`` for the value
that stands now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

FIELD_CLASH: Final = "field-clash"
TEXT_OVERLAP: Final = "text-overlap"
STATE_CONTESTED: Final = "state-contested"
STATE_RETURNED: Final = "state-returned"
EDITED_AND_DELETED: Final = "edited-and-deleted"
CANNOT_MERGE: Final = "cannot-merge"
UNPLACED: Final = "unplaced"
OPERATION: Final = "grid-operation"
JOINED: Final = "joined"
OVERTAKEN: Final = "overtaken"


class Reason(NamedTuple):
    """One code in words: a short name, a sentence for supervisors, an account for the worker."""

    name_zh: str
    name_en: str
    zh: str
    en: str
    worker_zh: str
    worker_en: str


REASONS: Final[Mapping[str, Reason]] = {
    FIELD_CLASH: Reason(
        name_zh="字段冲突",
        name_en="Field clash",
        zh="多人同时把“{field}”改成了不同的内容，暂用最后修改的一个，请复核。",
        en="Several people changed “{field}” to different values at the same time. "
        "The latest is used for now; please review.",
        worker_zh="您改的“{field}”与另一位网格员同时修改，暂用“{value}”，等待复核。",
        worker_en="You and another worker changed “{field}” at the same time. "
        "“{value}” is used for now and awaits review.",
    ),
    TEXT_OVERLAP: Reason(
        name_zh="文字重叠",
        name_en="Overlapping text",
        zh="多人同时改了“{field}”的同一处文字，各自的文字都已保留，请整理。",
        en="Several people changed the same lines of “{field}” at the same time. "
        "All versions are kept; please tidy up.",
        worker_zh="您与另一位网格员同时改了“{field}”的同一处文字，两人写的都已保留，等待整理。",
        worker_en="You and another worker changed the same lines of “{field}” at the same time. "
        "Both are kept and await tidying up.",
    ),
    STATE_CONTESTED: Reason(
        name_zh="状态待裁定",
        name_en="Contested state",
        zh="“{field}”同时被改成了互相排斥的状态，现为待裁定，请裁定。",
        en="“{field}” was moved at the same time to states that exclude each other. "
        "It is contested now; please decide.",
        worker_zh="您改的“{field}”与他人同时作出的处理不一致，两种处理都已保留，等待裁定。",
        worker_en="Your change of “{field}” disagrees with one made at the same time. "
        "Both are kept and await a decision.",
    ),
    STATE_RETURNED: Reason(
        name_zh="退回与推进",
        name_en="Returned and advanced",
        zh="有人把“{field}”退回上一步，同时另有人继续推进。暂按推进后的状态，请复核。",
        en="Somebody moved “{field}” back while somebody else moved it on. "
        "The further state is used for now; please review.",
        worker_zh="“{field}”一人退回、一人推进，暂按“{value}”，等待复核。",
        worker_en="One person moved “{field}” back while another moved it on. "
        "“{value}” is used for now and awaits review.",
    ),
    EDITED_AND_DELETED: Reason(
        name_zh="改动与删除",
        name_en="Edited and deleted",
        zh="有人删除了这条记录，同时另有人修改了它。记录已保留，请确认是否删除。",
        en="Somebody deleted this record while somebody else changed it. "
        "It is kept; please confirm whether it should be deleted.",
        worker_zh="这条记录一人删除、一人修改，现已保留，等待复核。",
        worker_en="One person deleted this record while another changed it. "
        "It is kept for now and awaits review.",
    ),
    CANNOT_MERGE: Reason(
        name_zh="无法自动合并",
        name_en="Cannot be merged",
        zh="系统无法自动合并这条记录，各方内容都已保留，请人工处理。",
        en="This record could not be merged automatically. All versions are kept; "
        "please settle it by hand.",
        worker_zh="这条记录无法自动合并，您填的内容已保留，等待人工处理。",
        worker_en="This record could not be merged automatically. What you entered is kept and "
        "awaits a person.",
    ),
    UNPLACED: Reason(
        name_zh="去向待定",
        name_en="No grid decided",
        zh="原网格已停用，没有规则说明这一户归哪个网格，请指定。",
        en="The old grid was closed and no rule says which grid this household belongs to. "
        "Please choose.",
        worker_zh="原网格已停用，这一户归哪个网格还没有定，等待指定；您填的内容已保留。",
        worker_en="The old grid was closed and it is open which grid this household belongs to. "
        "What you entered is kept.",
    ),
    OPERATION: Reason(
        name_zh="网格调整",
        name_en="Grid operation",
        zh="一次网格调整没有照原样生效，请核对。",
        en="An operation on grids did not take effect as ordered. Please check.",
        worker_zh="网格有调整，等待核对。",
        worker_en="Grids were changed; this awaits a check.",
    ),
}
"""What opens a review."""

OUTCOMES: Final[Mapping[str, Reason]] = {
    JOINED: Reason(
        name_zh="自动合并",
        name_en="Merged",
        zh="“{field}”同时有多处修改，已合并，无需复核。",
        en="“{field}” was changed in several places at the same time and merged.",
        worker_zh="您改的“{field}”与别人的修改已自动合并。",
        worker_en="Your change of “{field}” was merged with another one.",
    ),
    OVERTAKEN: Reason(
        name_zh="采用较新内容",
        name_en="Later value used",
        zh="“{field}”同时有多处修改，采用最后修改的内容，其余保留在合并记录中。",
        en="“{field}” was changed in several places at the same time. The latest value is used; "
        "the others are kept in the merge record.",
        worker_zh="您改的“{field}”另有人作了更新的修改，现为“{value}”；您填的内容仍保留在记录中。",
        worker_en="Somebody changed “{field}” later than you; it is “{value}” now. "
        "Yours is kept in the record.",
    ),
}
"""What else may have become of an edit; nobody needs to look."""


def outcome_for(note: Mapping[str, Any], rev: str) -> dict[str, str]:
    """Return what a merge did to the edit ``rev``: a code for each field that others changed too.

    ``note`` is the ``merge`` member of the merged document. Fields taken over as they were are not
    listed; neither is a field where this edit's value stands without need of review.
    """
    outcome: dict[str, str] = {}
    for name, field in note["fields"].items():
        if field["review"] is not None:
            outcome[name] = field["review"]
        elif rev in field["lost"]:
            outcome[name] = OVERTAKEN
        elif field["chosen"] is None:
            outcome[name] = JOINED
    return outcome


def worker_account(code: str, field: str, value: str, *, english: bool = False) -> str:
    """Return one sentence for the worker; raise ``KeyError`` for a code that does not exist."""
    reason = REASONS[code] if code in REASONS else OUTCOMES[code]
    sentence = reason.worker_en if english else reason.worker_zh
    return sentence.format(field=field, value=value)
