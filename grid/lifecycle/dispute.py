"""The life cycle of a dispute (矛盾纠纷): registered, mediated, agreed, resolved, followed up."""

from __future__ import annotations

from typing import Final

from grid.lifecycle.cycle import CONTESTED, LifeCycle
from grid.lifecycle.roles import CENTRE, FIELD, OFFICE

_AFTER: Final[dict[str, str | None]] = {
    "10": None,
    "20": "10", "91": "10", "92": "10",
    "30": "20",
    "40": "30", "45": "30",
    # A mediation that failed is handed over; an agreement and a hand-over exclude each other.
    "50": "45",
    "60": "40",
    "61": "60", "70": "60",
    "80": "70",
    "81": "80",
}  # fmt: skip

DISPUTE: Final = LifeCycle(
    name="dispute",
    after=_AFTER,
    steps={
        **{("10", to): CENTRE for to in ("20", "91")},
        **{("10", to): FIELD for to in ("30", "92")},
        ("20", "30"): FIELD,
        **{(state, "50"): CENTRE for state in ("20", "30", "45", "61", "81")},
        **{("30", to): FIELD for to in ("40", "45")},
        ("45", "30"): FIELD,
        **{("40", to): FIELD for to in ("45", "60")},
        ("50", "60"): OFFICE,
        ("50", "30"): OFFICE,
        ("60", "61"): FIELD,
        ("60", "70"): FIELD,
        ("61", "30"): FIELD,
        ("70", "80"): CENTRE,
        ("80", "81"): FIELD,
        ("81", "30"): FIELD,
        **{(CONTESTED, to): CENTRE for to in _AFTER},
    },
    first=frozenset({"10", "30", "40"}),
    centre=CENTRE,
    finished="60",
    closed=frozenset({"80", "91", "92"}),
)
"""A new dispute is registered, being mediated on the spot, or already agreed upon there."""
