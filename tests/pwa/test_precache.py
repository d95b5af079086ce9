"""The list of files that the service worker keeps: what the app needs offline, and nothing else."""

from __future__ import annotations

import re

import orjson

from pwa.paths import STATIC
from server.web.worker_app import entry_assets
from tests.conftest import ROOT

BUILD = STATIC / "build"
MANIFEST = orjson.loads((BUILD / ".vite" / "manifest.json").read_bytes())


def kept() -> dict[str, str | None]:
    """Return the service worker's list: address and, where its name has no hash, its revision."""
    text = (BUILD / "sw.js").read_text("utf-8")
    (found,) = re.findall(r'\[\{"revision":.*?\}\]', text)
    entries = orjson.loads(found)
    return {entry["url"]: entry["revision"] for entry in entries}


def needed() -> set[str]:
    """Return the addresses of everything a page of the app may load: the shell, all scripts and
    styles that are reached from its entry, and what the install manifest names."""
    (entry,) = (name for name, chunk in MANIFEST.items() if chunk.get("isEntry"))
    chunks: set[str] = set()
    left = [entry]
    while left:
        name = left.pop()
        if name not in chunks:
            chunks.add(name)
            left += [*MANIFEST[name].get("imports", ()), *MANIFEST[name].get("dynamicImports", ())]
    files = {MANIFEST[name]["file"] for name in chunks}
    files |= {style for name in chunks for style in MANIFEST[name].get("css", ())}
    install = orjson.loads((STATIC / "manifest.webmanifest").read_bytes())
    icons = {icon["src"] for icon in install["icons"]}
    return {"/app/", "/app/manifest.webmanifest"} | icons | {f"/app/{file}" for file in files}


def test_exactly_what_the_app_needs_is_kept() -> None:
    assert set(kept()) == needed()


def test_the_shell_asks_for_nothing_that_is_not_kept() -> None:
    assets = entry_assets(MANIFEST)
    template = (ROOT / "pwa" / "templates" / "shell.html").read_text("utf-8")
    asked = set(re.findall(r'(?:href|src)="(/[^"{]+)"', template))
    assert asked | {assets.js, *assets.css, *assets.preload} <= set(kept())


def test_what_may_change_under_the_same_address_has_a_revision() -> None:
    for address, revision in kept().items():
        assert (revision is None) == address.startswith("/app/assets/"), address
        file = address.removeprefix("/app/")
        assert not file or (BUILD / file).is_file() or (STATIC / file).is_file(), address


def test_no_script_in_the_build_is_out_of_reach() -> None:
    built = {f"/app/assets/{file.name}" for file in (BUILD / "assets").iterdir()}
    assert built <= set(kept())
