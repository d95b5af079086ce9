"""Server time, in the two forms documents use."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Return milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def now_text() -> str:
    """Return the time as RFC 3339 UTC text with milliseconds: ``2026-11-24T08:09:10.123Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
