"""Server time, in the two forms documents use. Nothing else in this room reads the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
    moment = _EPOCH + timedelta(milliseconds=now_ms())
    return moment.astimezone(CHINA).date().isoformat()
