"""``/app/``: the worker's app. The server only hands out its files; everything else it does itself.

Files with a hash in their name are kept for ever, the service worker and the shell are asked for
anew each time. The shell is the same for everybody: it is cached for use without a connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from pwa.paths import STATIC, TEMPLATES
from server.templating import environment
from server.web.files import REVALIDATE, HashedFiles

BUILD: Final = STATIC / "build"
_PREFIX: Final = "/app/"
_pages: Final = environment(TEMPLATES)


@dataclass(frozen=True, slots=True)
class Assets:
    """Addresses of the built entry: its script, its styles, and scripts to fetch early."""

    js: str
    css: tuple[str, ...]
    preload: tuple[str, ...]


def entry_assets(manifest: Mapping[str, Any]) -> Assets:
    """Return the addresses of the entry in a vite manifest."""
    entry = next(chunk for chunk in manifest.values() if chunk.get("isEntry"))
    imported = [manifest[name] for name in entry.get("imports", ())]
    css = [*entry.get("css", ()), *(name for chunk in imported for name in chunk.get("css", ()))]
    return Assets(
        js=_PREFIX + entry["file"],
        css=tuple(_PREFIX + name for name in dict.fromkeys(css)),
        preload=tuple(_PREFIX + chunk["file"] for chunk in imported),
    )


def shell(request: Request) -> Response:
    """Answer with the app's page, whatever the view that the address names."""
    manifest = BUILD / ".vite" / "manifest.json"
    if not manifest.is_file():
        raise HTTPException(503, "the app is not built; run: npm run build")
    assets = entry_assets(orjson.loads(manifest.read_bytes()))
    text = _pages.get_template("shell.html").render(assets=assets)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"Cache-Control": REVALIDATE, "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(text, headers=headers)


async def app_file(request: Request) -> Response:
    """Answer with a file of the app, or with the shell for the address of a view."""
    name: str = request.path_params["name"]
    if "." not in name.rpartition("/")[2]:
        return shell(request)
    path = _find(name)
    if path is None:
        raise HTTPException(404)
    headers = {"Cache-Control": REVALIDATE}
    if name == "sw.js":
        headers["Service-Worker-Allowed"] = _PREFIX
    response = FileResponse(path, headers=headers, stat_result=path.stat())
    if request.headers.get("if-none-match") == response.headers["etag"]:
        return Response(status_code=304, headers={**headers, "ETag": response.headers["etag"]})
    return response


def _find(name: str) -> Path | None:
    for folder in (BUILD, STATIC):
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            return path
    return None


def routes() -> list[BaseRoute]:
    """Return the routes of the app."""
    return [
        Route("/app", lambda _request: RedirectResponse(_PREFIX, 308)),
        Mount("/app/assets", HashedFiles(BUILD / "assets", hash_in_name=True)),
        Route("/app/{name:path}", app_file),
    ]
