"""The worker's app: how much has to be loaded, and how soon it opens with the server down."""

from __future__ import annotations

import gzip
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from playwright.sync_api import expect, sync_playwright

from bench.report import Row, at_most, missing
from bench.targets import free_port, scratch
from pwa.paths import STATIC
from tests.conftest import QUIET_CHROMIUM, ServerProcess, find_chromium
from tests.e2e.phone import Phone

NAMES = ("app_size", "cold_start")
SIZE_GOAL_KIB = 150
START_GOAL_MS = 2_000
THROTTLE = 4
ROUNDS = 7


def measure(names: Sequence[str]) -> Iterator[Row]:
    """Measure the critical JavaScript and the cold offline start."""
    if "app_size" in names:
        note = "entry and all it imports at once, gzip -9"
        yield at_most("app_size", "KiB", critical_kib(STATIC / "build"), SIZE_GOAL_KIB, note)
    if "cold_start" in names:
        if find_chromium() is None:
            yield missing("cold_start", "ms", START_GOAL_MS, "not measured: no Chromium here")
            return
        with scratch() as directory:
            milliseconds = _cold_start(directory)
        note = f"new page, server stopped, processor slowed {THROTTLE} times, 55 households"
        yield at_most("cold_start", "ms", milliseconds, START_GOAL_MS, note)


def critical_kib(build: Path) -> float:
    """Return the gzipped size in KiB of the scripts without which the first page does not show."""
    manifest = orjson.loads((build / ".vite" / "manifest.json").read_bytes())
    (entry,) = (name for name, chunk in manifest.items() if chunk.get("isEntry"))
    files = {manifest[name]["file"] for name in _imports(manifest, entry)}
    return sum(len(gzip.compress((build / name).read_bytes(), 9)) for name in files) / 1024


def _imports(manifest: Mapping[str, Any], entry: str) -> set[str]:
    found: set[str] = set()
    left = [entry]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += manifest[name].get("imports", [])
    return found


def _cold_start(directory: Path) -> float:
    server = ServerProcess("demo", "--data", str(directory / "data"), port=free_port())
    server.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=list(QUIET_CHROMIUM)
        )
        try:
            phone = Phone(browser, server.url, "worker1")
            server.stop()
            return statistics.median(_one_start(phone) for _ in range(ROUNDS))
        finally:
            browser.close()
            server.stop()


def _one_start(phone: Phone) -> float:
    phone.kill_page()
    slow = phone.context.new_cdp_session(phone.page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
    phone.page.goto(f"{phone.url}/app/", wait_until="commit")
    expect(phone.at("sync-sentence")).to_be_visible()
    expect(phone.page.locator(".count strong").last).to_have_text("55")
    milliseconds: float = phone.page.evaluate("performance.now()")
    return milliseconds
