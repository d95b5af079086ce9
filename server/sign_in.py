"""Signing in and out, the same for the app, the console and integrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from grid.permissions import Role
from server.auth import COOKIE, Identity, client_address
from server.i18n import gettext as _
from server.passwords import outdated
from server.problems import Problem
from server.runtime import Runtime
from server.sessions import Session
from server.settings import Settings
from server.throttle import TooManyAttempts

LONG_LIVED: Final = frozenset({Role.GRIDWORKER, Role.LEAD})
"""Roles that work without a connection for days and must not be signed out meanwhile."""


async def sign_in(
    runtime: Runtime, request: Request, username: str, password: str, device: str | None
) -> tuple[str, Identity]:
    """Check name and password; return a new session's token and who it is.

    Raise ``Problem``: ``wrong-credentials``, ``account-disabled`` or ``too-many-attempts`` with
    ``Retry-After`` in seconds. Every outcome is in the audit log.
    """
    address = client_address(request)
    try:
        async with runtime.throttle.attempt(username, address):
            account = await runtime.registry.account(username)
            known_hash = account.password_hash if account else None
            if not await runtime.passwords.check(known_hash, password) or account is None:
                await runtime.throttle.failed(username, address)
                runtime.metrics.sign_in("refused")
                await runtime.audit.record("sign-in-refused", username, address=address)
                raise Problem("wrong-credentials")
            await runtime.throttle.succeeded(username)
    except TooManyAttempts as error:
        runtime.metrics.sign_in("throttled")
        raise _wait(error.wait) from None
    if account.disabled:
        raise Problem("account-disabled")
    if outdated(account.password_hash):
        fresh = await runtime.passwords.hash(password)
        account = await runtime.registry.set_password(username, fresh)
    token, session = await runtime.sessions.issue(
        username,
        lifetime=lifetime(runtime.settings, account.role),
        device=device,
        scopes=account.scopes if account.role is Role.INTEGRATOR else None,
    )
    if device:
        await runtime.registry.record_device(device, username)
    await runtime.audit.record("sign-in", username, device=device, address=address)
    runtime.metrics.sign_in("accepted")
    actor = await runtime.registry.actor(username, device)
    return token, Identity(account, actor, session, by_cookie=True)


async def sign_out(runtime: Runtime, session: Session) -> None:
    """End a session."""
    await runtime.sessions.revoke(session.id)
    await runtime.audit.record("sign-out", session.user, device=session.device)


def lifetime(settings: Settings, role: Role) -> timedelta:
    """Return how long a session of this role lasts."""
    if role in LONG_LIVED:
        return timedelta(days=settings.worker_session_days)
    return timedelta(hours=settings.console_session_hours)


def set_cookie(response: Response, settings: Settings, token: str, role: Role) -> None:
    """Put a session's token into the browser's cookie: out of scripts' reach, this site only."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(lifetime(settings, role).total_seconds()),
        httponly=True,
        samesite="lax",
        secure=settings.secure,
    )


def drop_cookie(response: Response, settings: Settings) -> None:
    """Take the session's cookie out of the browser."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=settings.secure)


def _wait(seconds: int) -> Problem:
    minutes = -(-seconds // 60)
    detail = _("登录失败次数过多，请 {minutes} 分钟后再试", minutes=minutes)
    return Problem(
        "too-many-attempts", detail, headers={"Retry-After": str(seconds)}, retry_after=seconds
    )
