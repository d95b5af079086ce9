"""Pages: Jinja2 templates with translation, the signed-in person and hashed asset addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from server import i18n
from server.auth import identity_of
from server.runtime import runtime_of

_HERE: Final = Path(__file__).parent
TEMPLATES: Final = _HERE / "templates"
STATIC: Final = _HERE / "static"
VERSION: Final = version("wangge")


def environment(folder: Path) -> Environment:
    """Return a Jinja2 environment that escapes, knows ``_`` and fails on unknown names."""
    env = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(_=i18n.gettext, gettext=i18n.gettext, static=static, version=VERSION)
    return env


@cache
def static(name: str) -> str:
    """Return the address of a file in ``server/static`` with a hash, so it can be cached."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


_pages: Final = environment(TEMPLATES)


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a page for the person of this request; it is not cached."""
    identity = identity_of(request)
    values = {
        "request": request,
        "actor": identity.actor if identity else None,
        "account": identity.account if identity else None,
        "csrf_token": runtime_of(request).sessions.csrf_token(identity.session) if identity else "",
        "language": i18n.language(),
        **(context or {}),
    }
    text = _pages.get_template(template).render(values)
    return HTMLResponse(text, status_code, {"Cache-Control": "no-store", **(headers or {})})
