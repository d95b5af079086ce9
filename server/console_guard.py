"""The door of ``/console``: lets in roles that work there, and forms that we made ourselves."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grid.permissions import CONSOLE_ROLES
from server.auth import SAFE_METHODS, Identity, home_of, identity_of
from server.problems import Problem, request_id_of
from server.runtime import runtime_in

FIELD: Final = "csrf_token"
HEADER: Final = "x-csrf-token"
_MAX_FORM: Final = 1024 * 1024


class ConsoleGuard:
    """Wraps the console. Whoever is not signed in is sent to sign in and comes back; an unsafe
    request must carry the session's CSRF token in a header or a form field."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        request = Request(scope, receive)
        identity = identity_of(request)
        if identity is None:
            await _sign_in_first(request)(scope, receive, send)
            return
        if identity.actor.role not in CONSOLE_ROLES:
            await RedirectResponse(home_of(identity.actor.role), 303)(scope, receive, send)
            return
        if scope["method"] not in SAFE_METHODS and identity.by_cookie:
            try:
                receive = await _checked(request, receive, identity)
            except Problem as problem:
                await problem.response(request_id_of(request))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _sign_in_first(request: Request) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if request.method not in SAFE_METHODS:
        return RedirectResponse("/sign-in", 303)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(here)}", 303)


async def _checked(request: Request, receive: Receive, identity: Identity) -> Receive:
    """Return a ``receive`` that gives the body again; raise ``Problem`` when the token is not
    the session's."""
    sessions = runtime_in(request.scope).sessions
    given = Headers(scope=request.scope).get(HEADER)
    if given is not None:
        if not sessions.csrf_fits(identity.session, given):
            raise Problem("cross-site")
        return receive
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            raise Problem("too-large", limit=_MAX_FORM)
    again = _replay(bytes(body), receive)
    async with Request(request.scope, _replay(bytes(body), receive)).form() as form:
        if not sessions.csrf_fits(identity.session, str(form.get(FIELD, ""))):
            raise Problem("cross-site")
    return again


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives ``body`` once and then what comes after it."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
