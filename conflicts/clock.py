"""Hybrid logical clock: time stamps that follow cause and effect and stay close to real time.

After Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks and Consistent Snapshots
in Globally Distributed Databases" (2014). Physical time is always passed in, so that everything
here is a function of its arguments.

Text form: ``2026-11-24T08:09:10.123Z-0000-a1b2c3d4``, UTC milliseconds, a counter of four
hexadecimal digits, a device id of eight; fixed width, and text order is clock order.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

MAX_AHEAD_MS: Final = 5 * 60 * 1000
"""How far, in milliseconds, a foreign clock may be ahead of ours and still be followed."""

MAX_COUNTER: Final = 0xFFFF
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last of fixed width
_TEXT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z-([0-9a-f]{4})-([0-9a-f]{8})", re.ASCII
)
_CLOCKS_KEPT: Final = 1024
"""Texts whose clocks are remembered: a record's stamps say the same few over and over."""
_DEVICE: Final = re.compile(r"[0-9a-f]{8}")


class ClockError(ValueError):
    """A text that is not a clock, or a time or device id that cannot be one."""


class Clock(NamedTuple):
    """One hybrid logical time stamp; tuples compare as their texts do."""

    milliseconds: int
    """Milliseconds since 1970-01-01 UTC."""
    counter: int
    device: str

    def __str__(self) -> str:
        return f"{_moment_text(self.milliseconds)}-{self.counter:04x}-{self.device}"


@lru_cache(256)
def _moment_text(milliseconds: int) -> str:
    """Return a time as text; the stamps of one batch mostly share it."""
    moment = (_EPOCH + timedelta(milliseconds=milliseconds)).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"


@lru_cache(_CLOCKS_KEPT)
def parse_clock(text: str) -> Clock:
    """Return the clock written in ``text``; raise ``ClockError`` saying what is wrong with it."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ClockError(
            f"{text!r} is not a clock: expected YYYY-MM-DDThh:mm:ss.mmmZ-cccc-dddddddd "
            "(UTC, four hexadecimal digits of counter, eight of device)"
        )
    year, month, day, hour, minute, second, milli = (int(part) for part in match.groups()[:7])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise ClockError(f"{text!r} is not a clock: {error}") from error
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    if seconds < 0:
        raise ClockError(f"{text!r} is not a clock: before 1970")
    return Clock(seconds * 1000 + milli, int(match[8], 16), match[9])


def is_clock(text: str) -> bool:
    """Tell whether ``text`` has the form of a clock, and so compares as one."""
    return _TEXT.fullmatch(text) is not None


def ahead_ms(foreign: Clock, physical_ms: int) -> int:
    """Return by how many milliseconds ``foreign`` is ahead of the true time; 0 if it is not."""
    return max(0, foreign.milliseconds - physical_ms)


class HybridClock:
    """The clock of one device. Keep ``last`` and give it back when the device starts again.

    A clock that is more than ``MAX_AHEAD_MS`` ahead of our physical time is never followed, be it a
    foreign one or our own from before the user set the phone right. The work stamped with it is
    accepted all the same; ``overwrite`` makes sure that whoever changes such a value next wins.
    """

    def __init__(self, device: str, last: Clock | None = None) -> None:
        if not _DEVICE.fullmatch(device):
            raise ClockError(f"{device!r} is not a device id: expected eight of 0-9 a-f")
        self.device = device
        self.last = last

    def now(self, physical_ms: int) -> Clock:
        """Return a stamp for an event at ``physical_ms``, above every stamp given before."""
        self.last = self._tick(self.last, physical_ms)
        return self.last

    def receive(self, foreign: Clock, physical_ms: int) -> Clock:
        """Take note of a foreign stamp and return a stamp for its receipt.

        The stamp is above ``foreign``, unless that is more than ``MAX_AHEAD_MS`` ahead of
        ``physical_ms``: such a clock is wrong and is left out of account.
        """
        seen = self.last
        if ahead_ms(foreign, physical_ms) <= MAX_AHEAD_MS and (seen is None or foreign > seen):
            seen = foreign
        self.last = self._tick(seen, physical_ms)
        return self.last

    def overwrite(self, stamp: Clock | None, physical_ms: int) -> Clock:
        """Return the stamp for changing a value that carries ``stamp``: above it, however wrong.

        The excess stays with that one value; the device's own clock does not jump along.
        """
        now = self.now(physical_ms)
        if stamp is None or now > stamp:
            return now
        return self._after(stamp)

    def _tick(self, seen: Clock | None, physical_ms: int) -> Clock:
        if not 0 <= physical_ms <= _LAST_MS:
            raise ClockError(f"{physical_ms} is not a time: expected milliseconds since 1970")
        if seen is None or ahead_ms(seen, physical_ms) > MAX_AHEAD_MS:
            return Clock(physical_ms, 0, self.device)
        if physical_ms > seen.milliseconds:
            return Clock(physical_ms, 0, self.device)
        return self._after(seen)

    def _after(self, stamp: Clock) -> Clock:
        if stamp.counter < MAX_COUNTER:
            return Clock(stamp.milliseconds, stamp.counter + 1, self.device)
        if stamp.milliseconds < _LAST_MS:
            return Clock(stamp.milliseconds + 1, 0, self.device)
        return stamp._replace(device=max(stamp.device, self.device))
