"""The way in: ``/`` leads where the role works; sign-in and sign-out pages for the console."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from server import i18n
from server.auth import home_of, identity_of, is_foreign
from server.problems import Problem
from server.runtime import runtime_of
from server.sign_in import drop_cookie, set_cookie, sign_in, sign_out
from server.templating import page

_SEE_OTHER: Final = 303
_MAX_FORM: Final = 16 * 1024


async def home(request: Request) -> Response:
    """Send people where they work, or to sign in."""
    identity = identity_of(request)
    target = home_of(identity.actor.role) if identity else "/sign-in"
    return RedirectResponse(target, _SEE_OTHER)


async def sign_in_page(request: Request) -> Response:
    """Show the form."""
    return page(request, "sign_in.html", {"next": _local(request), "problem": None, "name": ""})


async def sign_in_form(request: Request) -> Response:
    """Check the form; go on to the page that was asked for, or say what is wrong."""
    runtime = runtime_of(request)
    async with request.form(max_files=0, max_fields=10, max_part_size=_MAX_FORM) as form:
        name, password = str(form.get("username", "")).strip(), str(form.get("password", ""))
        wanted = _local_address(str(form.get("next", "")))
    try:
        if is_foreign(request.scope, runtime.settings.public_url):
            raise Problem("cross-site")
        token, identity = await sign_in(runtime, request, name, password, None)
    except Problem as problem:
        context = {"next": wanted, "problem": problem.for_people(), "name": name}
        return page(request, "sign_in.html", context, problem.kind.status, problem.headers)
    role = identity.account.role
    response = RedirectResponse(wanted or home_of(role), _SEE_OTHER)
    set_cookie(response, runtime.settings, token, role)
    return response


async def sign_out_form(request: Request) -> Response:
    """End the session and show the sign-in page."""
    runtime = runtime_of(request)
    if identity := identity_of(request):
        await sign_out(runtime, identity.session)
    response = RedirectResponse("/sign-in", _SEE_OTHER)
    drop_cookie(response, runtime.settings)
    return response


async def choose_language(request: Request) -> Response:
    """Remember the language and go back to the page one came from."""
    chosen = request.path_params["language"]
    response = RedirectResponse(_local(request) or "/", _SEE_OTHER)
    if chosen in i18n.LANGUAGES:
        response.set_cookie(i18n.COOKIE, chosen, max_age=31_536_000, samesite="lax")
    return response


def _local(request: Request) -> str:
    return _local_address(request.query_params.get("next", ""))


def _local_address(address: str) -> str:
    """Return the address if it stays on this server, else nothing: a link to our sign-in page
    must not lead elsewhere afterwards."""
    fits = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if fits and address.isprintable() else ""


def routes() -> list[BaseRoute]:
    """Return the routes of the entrance."""
    return [
        Route("/", home),
        Route("/sign-in", sign_in_page, methods=["GET"]),
        Route("/sign-in", sign_in_form, methods=["POST"]),
        Route("/sign-out", sign_out_form, methods=["POST"]),
        Route("/language/{language}", choose_language),
    ]
