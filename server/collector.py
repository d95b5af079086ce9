"""The garbage collector set for a server: documents come as thousands of small objects, nearly all
gone with their request; looking through them again and again is work for nothing."""

from __future__ import annotations

import gc
from typing import Final

_NEW_OBJECTS: Final = 20_000
"""Objects made since the last look before the collector looks at them."""


def tune_collector() -> None:
    """Look less often, and never again at what was loaded before serving."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
