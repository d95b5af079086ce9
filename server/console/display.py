"""How things are written for people: times, ages, numbers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from server.i18n import gettext as _

CHINA: Final = timezone(timedelta(hours=8))
"""All of China keeps one time."""
_CLOCK_TIME: Final = len("2026-11-24T08:09:10.123Z")


def moment(text: str | None) -> datetime | None:
    """Return the time that a clock (``2026-11-24T08:09:10.123Z-0000-a1b2c3d4``) or RFC 3339 text
    tells; ``None`` when there is none or it cannot be read."""
    if not text:
        return None
    if len(text) > _CLOCK_TIME and text[_CLOCK_TIME - 1] == "Z":
        text = text[:_CLOCK_TIME]
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=CHINA)


def short_time(text: str | None, now: datetime) -> str:
    """Return a time as ``11-23 09:12`` in China's time, with the year when it is another one."""
    when = moment(text)
    if when is None:
        return "—"
    local = when.astimezone(CHINA)
    same_year = local.year == now.astimezone(CHINA).year
    return local.strftime("%m-%d %H:%M" if same_year else "%Y-%m-%d %H:%M")


def full_time(text: str | None) -> str:
    """Return a time to the second in China's time."""
    when = moment(text)
    return when.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if when else "—"


def age(text: str | None, now: datetime) -> str:
    """Return how long ago a time was: minutes, hours, then days."""
    when = moment(text)
    if when is None:
        return "—"
    minutes = max(0, int((now - when).total_seconds() // 60))
    if minutes < 1:
        return _("不到 1 分钟")
    if minutes < 60:
        return _("{count} 分钟", count=minutes)
    if minutes < 48 * 60:
        return _("{count} 小时", count=minutes // 60)
    return _("{count} 天", count=minutes // (24 * 60))


def amount(number: int) -> str:
    """Return a number with its thousands set apart."""
    return f"{number:,}"
