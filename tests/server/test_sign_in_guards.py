"""Password hashes and the brake on guessing."""

from __future__ import annotations

import asyncio

import pytest

from server import passwords
from server.passwords import PasswordChecker, hash_password, outdated
from server.throttle import SignInThrottle, TooManyAttempts


async def test_a_password_fits_its_own_hash_only() -> None:
    checker = PasswordChecker(2)
    stored = await checker.hash("wangge-演示")

    assert stored.startswith("$argon2id$")
    assert await checker.check(stored, "wangge-演示")
    assert not await checker.check(stored, "wangge-演")
    assert not await checker.check("not a hash", "wangge-演示")
    assert not outdated(stored)
    assert stored != hash_password("wangge-演示")


async def test_an_unknown_account_costs_what_a_wrong_password_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One hash with the same parameters, so that the time tells nobody who has an account."""
    checker = PasswordChecker(1)
    stored = hash_password("right")
    checked: list[str] = []

    def verify(known: str, password: str) -> bool:
        checked.append(known)
        return passwords_verify(known, password)

    passwords_verify = passwords._verify
    monkeypatch.setattr(passwords, "_verify", verify)
    assert not await checker.check(stored, "wrong")
    assert not await checker.check(None, "wrong")
    assert not await checker.check(None, "nobody has this password")

    of_a_real_one, of_nobody, _ = checked
    assert of_a_real_one == stored
    assert of_nobody.split("$")[:4] == stored.split("$")[:4]


async def test_hashing_leaves_the_event_loop_free() -> None:
    checker = PasswordChecker(1)
    stored = hash_password("right")
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await checker.check(stored, "right")
    counting.cancel()

    assert turns > 10


async def test_failures_of_an_account_bar_it_and_success_clears_them() -> None:
    throttle = SignInThrottle("3 per minute", "100 per minute")
    for _ in range(2):
        async with throttle.attempt("a", "10.0.0.1"):
            await throttle.failed("a", "10.0.0.1")
    async with throttle.attempt("a", "10.0.0.1"):
        await throttle.succeeded("a")
    for _ in range(3):
        async with throttle.attempt("a", "10.0.0.1"):
            await throttle.failed("a", "10.0.0.1")

    with pytest.raises(TooManyAttempts) as caught:
        async with throttle.attempt("a", "10.0.0.2"):
            raise AssertionError
    assert 0 < caught.value.wait <= 60
    async with throttle.attempt("b", "10.0.0.1"):
        pass


async def test_failures_of_an_address_bar_it_for_every_account() -> None:
    throttle = SignInThrottle("100 per minute", "3 per minute")
    for name in "abc":
        async with throttle.attempt(name, "10.0.0.1"):
            await throttle.failed(name, "10.0.0.1")

    with pytest.raises(TooManyAttempts):
        async with throttle.attempt("d", "10.0.0.1"):
            raise AssertionError


async def test_attempts_at_once_do_not_slip_past_the_limit() -> None:
    throttle = SignInThrottle("3 per minute", "100 per minute")
    tried = 0

    async def guess() -> None:
        nonlocal tried
        async with throttle.attempt("a", "10.0.0.1"):
            tried += 1
            await asyncio.sleep(0.001)
            await throttle.failed("a", "10.0.0.1")

    outcomes = await asyncio.gather(*(guess() for _ in range(20)), return_exceptions=True)

    assert tried == 3
    assert sum(isinstance(outcome, TooManyAttempts) for outcome in outcomes) == 17
