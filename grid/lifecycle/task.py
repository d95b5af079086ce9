"""The life cycle of a task (任务): issued, under way, done, confirmed."""

from __future__ import annotations

from typing import Final

from grid.lifecycle.cycle import CONTESTED, LifeCycle
from grid.lifecycle.roles import CENTRE, FIELD

_AFTER: Final[dict[str, str | None]] = {
    "10": None,
    "20": "10", "91": "10",
    # A pause happens while it is under way: done, or impossible, is further.
    "30": "20",
    "60": "30", "92": "30",
    "61": "60", "70": "60",
}  # fmt: skip

TASK: Final = LifeCycle(
    name="task",
    after=_AFTER,
    steps={
        **{("10", to): FIELD for to in ("20", "60", "92")},
        **{("20", to): FIELD for to in ("30", "60", "92")},
        **{("30", to): FIELD for to in ("20", "60", "92")},
        **{(state, "91"): CENTRE for state in ("10", "20", "30", "61", "92")},
        ("60", "61"): CENTRE,
        ("60", "70"): CENTRE,
        **{("61", to): FIELD for to in ("20", "60")},
        ("92", "20"): CENTRE,
        **{(CONTESTED, to): CENTRE for to in _AFTER},
    },
    first=frozenset({"10", "20"}),
    centre=CENTRE,
    finished="60",
    closed=frozenset({"70", "91"}),
)
"""A new task is issued, or something that one sets oneself and has begun."""
