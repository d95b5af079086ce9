"""Password hashes: argon2id with the parameters OWASP recommends (19 MiB, 2 passes, 1 lane).

Hashing is slow on purpose, so it runs in threads, few at a time.
"""

from __future__ import annotations

from typing import Final

import anyio
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MINIMUM_LENGTH: Final = 8
MAXIMUM_LENGTH: Final = 256

_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY: Final = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, about 30 ms of work."""
    return _hasher.hash(password)


def outdated(password_hash: str) -> bool:
    """Return whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


class PasswordChecker:
    """Checks passwords in threads, ``threads`` at once at most."""

    def __init__(self, threads: int) -> None:
        self._limiter = anyio.CapacityLimiter(threads)

    async def check(self, password_hash: str | None, password: str) -> bool:
        """Return whether the password fits. With ``None`` (no such account) it takes as long and
        never fits, so that nobody can tell from the time who has an account."""
        fits = await run_sync(
            _verify, password_hash or _NOBODY, password[:MAXIMUM_LENGTH], limiter=self._limiter
        )
        return fits and password_hash is not None

    async def hash(self, password: str) -> str:
        """Return the hash of a password."""
        return await run_sync(hash_password, password, limiter=self._limiter)
