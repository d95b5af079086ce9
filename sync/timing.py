"""Server time, in the two forms documents use. Nothing else in this room reads the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CHINA_AHEAD_MS: Final = 8 * 3_600_000
_DAY_MS: Final = 86_400_000


def now_ms() -> int:
    """Return milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def now_text() -> str:
    """Return the time as RFC 3339 UTC text with milliseconds: ``2026-11-24T08:09:10.123Z``."""
    return ms_text(now_ms())


def ms_text(milliseconds: int) -> str:
    """Return a time in milliseconds since 1970 as that text."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def china_day() -> str:
    """Return the date in China: ``2026-11-24``. Grid operations take effect by it."""
    return _china_date((now_ms() + _CHINA_AHEAD_MS) // _DAY_MS)


@lru_cache(4)
def _china_date(day: int) -> str:
    """Return the date of a day, counted from 1970-01-01 in China. Asked at every request."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()
