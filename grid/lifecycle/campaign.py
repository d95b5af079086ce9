"""How far a household has come in a campaign (宣传活动): not met, told, helped or declined."""

from __future__ import annotations

from typing import Final

from grid.lifecycle.cycle import CONTESTED, LifeCycle
from grid.lifecycle.roles import FIELD

_AFTER: Final[dict[str, str | None]] = {
    "10": None,
    "20": "10",
    "30": "20", "31": "20",
}  # fmt: skip

CAMPAIGN: Final = LifeCycle(
    name="campaign",
    after=_AFTER,
    # Whoever ticked the wrong box corrects it himself.
    steps={(start, to): FIELD for start in (*_AFTER, CONTESTED) for to in _AFTER if start != to},
    first=frozenset(_AFTER),
    centre=FIELD,
    closed=frozenset({"20", "30", "31"}),
)
