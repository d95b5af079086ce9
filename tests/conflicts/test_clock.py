"""The hybrid logical clock: order, text form, and clocks that are wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conflicts.clock import (
    MAX_AHEAD_MS,
    MAX_COUNTER,
    Clock,
    ClockError,
    HybridClock,
    ahead_ms,
    is_clock,
    parse_clock,
)

LAST_MS = 253_402_300_799_999
NOW = 1_795_507_200_000
TWO_DAYS = 2 * 24 * 3_600_000
milliseconds = st.integers(0, LAST_MS)
devices = st.text("0123456789abcdef", min_size=8, max_size=8)
clocks = st.builds(Clock, milliseconds, st.integers(0, MAX_COUNTER), devices)


def test_the_agreed_text_form() -> None:
    assert str(Clock(1_795_507_750_123, 0, "a1b2c3d4")) == "2026-11-24T08:09:10.123Z-0000-a1b2c3d4"


@given(clocks)
def test_text_and_back(clock: Clock) -> None:
    assert parse_clock(str(clock)) == clock
    assert is_clock(str(clock))
    assert len(str(clock)) == 38


@given(clocks, clocks)
def test_text_order_is_clock_order(left: Clock, right: Clock) -> None:
    assert (left < right) == (str(left) < str(right))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not a clock"),
        ("2026-11-24", "expected YYYY-MM-DD"),
        ("2026-11-24T08:09:10.123Z-0000-A1B2C3D4", "expected YYYY-MM-DD"),
        ("2026-11-24T08:09:10.123Z-0000-a1b2c3d4 ", "expected YYYY-MM-DD"),
        ("２026-11-24T08:09:10.123Z-0000-a1b2c3d4", "expected YYYY-MM-DD"),
        ("2026-13-24T08:09:10.123Z-0000-a1b2c3d4", "month must be in 1..12"),
        ("1969-12-31T23:59:59.999Z-0000-a1b2c3d4", "before 1970"),
    ],
)
def test_a_text_that_is_no_clock_is_named(text: str, told: str) -> None:
    with pytest.raises(ClockError, match="is not a clock") as caught:
        parse_clock(text)
    assert told in str(caught.value)


@pytest.mark.parametrize("device", ["", "a1b2c3d", "A1B2C3D4", "a1b2c3d4e", "g1b2c3d4"])
def test_a_device_id_has_eight_hexadecimal_digits(device: str) -> None:
    with pytest.raises(ClockError, match="expected eight"):
        HybridClock(device)


@pytest.mark.parametrize("time", [-1, LAST_MS + 1])
def test_a_time_out_of_range_is_refused(time: int) -> None:
    with pytest.raises(ClockError, match="milliseconds since 1970"):
        HybridClock("a1b2c3d4").now(time)


@given(st.lists(st.integers(NOW - 1000, NOW + 1000), min_size=2, max_size=20))
def test_stamps_of_one_device_rise_whatever_its_physical_time_does(times: list[int]) -> None:
    clock = HybridClock("a1b2c3d4")
    stamps = [clock.now(time) for time in times]
    assert stamps == sorted(set(stamps))


@given(st.integers(NOW - MAX_AHEAD_MS, NOW + MAX_AHEAD_MS), st.integers(0, MAX_COUNTER), devices)
def test_a_stamp_after_receipt_is_above_what_was_received(
    time: int, counter: int, device: str
) -> None:
    clock = HybridClock("a1b2c3d4")
    foreign = Clock(time, counter, device)
    received = clock.receive(foreign, NOW)
    assert received > foreign
    assert clock.now(NOW) > received
    assert received.milliseconds <= max(time + 1, NOW)


def test_physical_time_ahead_of_everything_seen_starts_the_counter_anew() -> None:
    clock = HybridClock("a1b2c3d4", last=Clock(NOW - 5, 7, "a1b2c3d4"))
    assert clock.now(NOW) == Clock(NOW, 0, "a1b2c3d4")
    assert clock.now(NOW) == Clock(NOW, 1, "a1b2c3d4")
    assert clock.receive(Clock(NOW, 9, "ffffffff"), NOW) == Clock(NOW, 10, "a1b2c3d4")
    assert clock.receive(Clock(NOW, 3, "ffffffff"), NOW) == Clock(NOW, 11, "a1b2c3d4")


def test_a_full_counter_moves_on_to_the_next_millisecond() -> None:
    clock = HybridClock("a1b2c3d4", last=Clock(NOW, MAX_COUNTER, "a1b2c3d4"))
    assert clock.now(NOW) == Clock(NOW + 1, 0, "a1b2c3d4")


def test_a_clock_two_days_ahead_is_not_followed() -> None:
    clock = HybridClock("a1b2c3d4")
    assert clock.receive(Clock(NOW + TWO_DAYS, 0, "ffffffff"), NOW) == Clock(NOW, 0, "a1b2c3d4")
    assert clock.receive(Clock(NOW + MAX_AHEAD_MS + 1, 0, "ffffffff"), NOW).milliseconds == NOW
    followed = clock.receive(Clock(NOW + MAX_AHEAD_MS, 0, "ffffffff"), NOW)
    assert followed.milliseconds == NOW + MAX_AHEAD_MS


def test_whoever_changes_a_value_stamped_two_days_ahead_still_wins_and_keeps_his_own_time() -> None:
    clock = HybridClock("a1b2c3d4")
    wrong = Clock(NOW + TWO_DAYS, 4, "ffffffff")
    assert clock.overwrite(wrong, NOW) == Clock(NOW + TWO_DAYS, 5, "a1b2c3d4")
    assert clock.now(NOW) == Clock(NOW, 1, "a1b2c3d4")
    assert clock.overwrite(Clock(NOW - 5, 0, "ffffffff"), NOW) == Clock(NOW, 2, "a1b2c3d4")
    assert clock.overwrite(None, NOW) == Clock(NOW, 3, "a1b2c3d4")


def test_a_device_whose_user_set_its_clock_right_does_not_stay_in_the_future() -> None:
    clock = HybridClock("a1b2c3d4", last=Clock(NOW + TWO_DAYS, 0, "a1b2c3d4"))
    assert clock.now(NOW) == Clock(NOW, 0, "a1b2c3d4")


@given(clocks, st.integers(0, LAST_MS))
def test_overwriting_is_always_above_except_at_the_end_of_time(over: Clock, time: int) -> None:
    stamp = HybridClock("ffffffff").overwrite(over, time)
    assert stamp > over or over >= Clock(LAST_MS, MAX_COUNTER, "ffffffff")


def test_how_far_ahead() -> None:
    assert ahead_ms(Clock(NOW + 5, 0, "a1b2c3d4"), NOW) == 5
    assert ahead_ms(Clock(NOW - 5, 0, "a1b2c3d4"), NOW) == 0


def test_a_value_that_this_very_stamp_was_written_with_is_overwritten_all_the_same() -> None:
    stamp = Clock(NOW, 0, "a1b2c3d4")
    assert HybridClock("a1b2c3d4").overwrite(stamp, NOW) == Clock(NOW, 1, "a1b2c3d4")


def test_the_end_of_time() -> None:
    assert HybridClock("a1b2c3d4").now(LAST_MS) == Clock(LAST_MS, 0, "a1b2c3d4")
    for ours, theirs in (("00000001", "ffffffff"), ("ffffffff", "00000001")):
        clock = HybridClock(ours, last=Clock(LAST_MS, MAX_COUNTER, theirs))
        assert clock.now(LAST_MS) == Clock(LAST_MS, MAX_COUNTER, "ffffffff")
