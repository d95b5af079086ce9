"""Who is asking: sessions by cookie, by bearer token, or by token in place of a password.

The middleware finds out and never refuses; what a route needs it asks for with ``require``. One
thing is refused here for all: an unsafe request from another site that rides on the cookie.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request, cookie_parser
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from grid.permissions import Actor, Role
from server import i18n
from server.problems import Problem
from server.runtime import Runtime, runtime_in
from server.sessions import Session
from sync.registry import Account

COOKIE: Final = "wangge_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person or system, and the session that says so."""

    account: Account
    actor: Actor
    session: Session
    by_cookie: bool

    def has_scope(self, scope: str) -> bool:
        """Return whether the session may do this; people may what their role may."""
        return self.session.scopes is None or scope in self.session.scopes


class AuthMiddleware:
    """Puts ``identity`` (or ``None``) and the reason for ``None`` into the request's state."""

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self._app = app
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cookies = cookie_parser(headers.get("cookie", ""))
        runtime = runtime_in(scope)
        i18n.use_language(
            i18n.negotiate(
                cookies.get(i18n.COOKIE),
                headers.get("accept-language"),
                runtime.settings.language,
            )
        )
        token, by_cookie = _token(headers, cookies)
        found = await identify(runtime, token, by_cookie=by_cookie) if token else "not-signed-in"
        state = scope.setdefault("state", {})
        state["identity"] = found if isinstance(found, Identity) else None
        state["identity_missing"] = found if isinstance(found, str) else None
        unsafe = by_cookie and scope["method"] not in SAFE_METHODS
        if unsafe and is_foreign(scope, self._public_url):
            await _stopped(scope)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _stopped(scope: Scope) -> Response:
    problem = Problem("cross-site")
    if scope["path"].startswith("/sync/"):
        error = {"error": "forbidden", "reason": i18n.gettext(problem.kind.title)}
        return JSONResponse({**error, "code": problem.kind.code}, problem.kind.status)
    return problem.response(scope["state"].get("request_id"))


def is_foreign(scope: Scope, public_url: str | None) -> bool:
    """Return whether a page of another site sent this request.

    Browsers send ``Origin`` with every unsafe request and ``Sec-Fetch-Site`` with all; a client
    that sends neither is no browser and has no cookie by accident.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    own = public_url or f"{scope['scheme']}://{headers.get('host', '')}"
    return origin_of(origin) != origin_of(own)


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address, the scheme's own port filled in."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, parts.hostname, port
    except ValueError:
        return "", None, None


def _token(headers: Headers, cookies: dict[str, str]) -> tuple[str | None, bool]:
    """Return the token and whether it came as a cookie. Clients that only know user name and
    password (CouchDB's replicator) send the token as the password."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip() or None, False
    if kind.lower() == "basic":
        try:
            pair = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None, False
        return pair.partition(":")[2] or None, False
    return cookies.get(COOKIE), COOKIE in cookies


async def identify(runtime: Runtime, token: str, *, by_cookie: bool) -> Identity | str:
    """Return who holds this token, or the code of the problem that says why nobody does."""
    session = await runtime.sessions.find(token)
    if session is None or session.expired:
        return "session-expired"
    account = await runtime.registry.account(session.user)
    if account is None or account.disabled:
        return "session-expired"
    actor = await runtime.registry.actor(session.user, session.device)
    return Identity(account, actor, session, by_cookie)


def identity_of(connection: HTTPConnection) -> Identity | None:
    """Return who is asking, or ``None``."""
    found: Identity | None = connection.scope["state"].get("identity")
    return found


def actor_of(connection: HTTPConnection) -> Actor:
    """Return the signed-in actor; raise ``Problem`` (401) when nobody is signed in."""
    return require(connection).actor


def require(connection: HTTPConnection, scope: str | None = None) -> Identity:
    """Return who is asking. Raise ``Problem``: 401 when nobody is signed in or no longer is, 403
    when an integrator's token lacks ``scope``."""
    identity = identity_of(connection)
    if identity is None:
        raise Problem(connection.scope["state"].get("identity_missing") or "not-signed-in")
    if scope is not None and not identity.has_scope(scope):
        raise Problem("missing-scope", scope=scope)
    return identity


def client_address(request: Request) -> str:
    """Return the network address of the client, as the trusted proxy tells it."""
    return request.client.host if request.client else "unknown"


def home_of(role: Role) -> str:
    """Return where a role works."""
    if role is Role.GRIDWORKER:
        return "/app/"
    return "/api/v1/openapi.json" if role is Role.INTEGRATOR else "/console/"
