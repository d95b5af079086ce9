"""The life cycle of an event (事件): reported, accepted, handled, verified, closed."""

from __future__ import annotations

from typing import Final

from grid.lifecycle.cycle import CONTESTED, LifeCycle
from grid.lifecycle.roles import CENTRE, FIELD, OFFICE

_AFTER: Final[dict[str, str | None]] = {
    "10": None,
    "11": "10", "12": "10", "91": "10", "92": "10",
    "20": "10",
    "25": "20", "93": "20", "30": "20",
    "40": "30",
    "41": "40", "50": "40",
    # Joint handling, a pause and an extension happen while it is handled: done is further.
    "55": "50", "52": "55", "51": "52",
    "60": "51",
    "61": "60", "70": "60",
    "80": "70",
    "81": "80", "90": "80",
}  # fmt: skip

EVENT: Final = LifeCycle(
    name="event",
    after=_AFTER,
    steps={
        **{("10", to): CENTRE for to in ("11", "12", "20", "91", "93")},
        **{("10", to): FIELD for to in ("25", "92")},
        ("11", "10"): FIELD,
        ("11", "92"): FIELD,
        **{("20", to): CENTRE for to in ("25", "30", "40", "91", "93")},
        ("25", "60"): FIELD,
        ("25", "30"): FIELD,
        ("30", "40"): CENTRE,
        ("40", "50"): OFFICE,
        ("40", "41"): OFFICE,
        ("41", "30"): CENTRE,
        ("41", "40"): CENTRE,
        **{("50", to): OFFICE for to in ("51", "52", "55", "60")},
        **{(state, to): OFFICE for state in ("51", "52", "55") for to in ("50", "60")},
        ("60", "61"): FIELD,
        ("60", "70"): FIELD,
        ("61", "50"): OFFICE,
        ("61", "25"): FIELD,
        ("70", "80"): CENTRE,
        ("80", "81"): CENTRE,
        ("80", "90"): CENTRE,
        ("81", "30"): CENTRE,
        ("81", "25"): CENTRE,
        **{(CONTESTED, to): CENTRE for to in _AFTER},
    },
    first=frozenset({"10", "25", "60"}),
    centre=CENTRE,
    finished="60",
    closed=frozenset({"12", "80", "90", "91", "92", "93"}),
)
"""A new event is reported, being handled on the spot, or already handled there."""

OPEN_STATES: Final = EVENT.open
"""States of an event in which something is still to be done."""
