"""``make gallery``: the screenshots in ``docs/images``, taken from the running demo."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import QUIET_CHROMIUM, ROOT, ServerProcess, find_chromium
from tests.e2e.phone import Phone
from tests.e2e.test_two_phones import ROOM, add_resident, record_patrol, supervisor

IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Serve the demo on an empty folder, work in it as people do, and take the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = ServerProcess("demo", "--data", str(Path(folder) / "data"))
        server.start()
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=list(QUIET_CHROMIUM)
        )
        try:
            _take(browser, server)
        finally:
            browser.close()
            server.stop()


def _take(browser: Browser, server: ServerProcess) -> None:
    one = Phone(browser, server.url, "worker1", scale=2)
    two = Phone(browser, server.url, "worker2")
    server.stop()
    one.edit_household(ROOM, phone="12000002222", note="家里新装了热水器")
    two.edit_household(ROOM, phone="12000003333", members="7")
    record_patrol(one)
    add_resident(two, ROOM, "阿依古丽·𠮷䶮")
    one.home()
    one.sees("3 条待同步")
    home = _shot(one.page)
    server.start()
    one.sync()
    two.sync()
    one.open_household(ROOM)
    expect(one.at("merge-sentence")).to_be_visible()
    household = _shot(one.page)
    one.page.goto(f"{server.url}/app/households?show=rented")
    expect(one.at("household-row").first).to_be_visible()
    rented = _shot(one.page)
    one.page.goto(f"{server.url}/app/events/new")
    expect(one.at("report-category").first).to_be_visible()
    report = _shot(one.page)
    _side_by_side(browser, [home, rented, household, report], IMAGES / "phone.png")

    one.page.goto(f"{server.url}/app/me")
    one.at("size-large").click()
    one.home()
    large = [_shot(one.page)]
    one.open_household(ROOM)
    expect(one.at("merge-sentence")).to_be_visible()
    large.append(_shot(one.page))
    _side_by_side(browser, large, IMAGES / "large.png")

    console = supervisor(browser, server.url)
    _shot(console, IMAGES / "overview.png")
    console.goto(f"{server.url}/console/reviews")
    console.locator("a[href*='/console/reviews/decision']").first.click()
    expect(console.locator("table.sides")).to_be_visible()
    _shot(console, IMAGES / "review.png")


def _shot(page: Page, path: Path | None = None) -> bytes:
    page.wait_for_timeout(600)  # until nothing slides or fades any more
    return page.screenshot(path=path)


def _side_by_side(browser: Browser, shots: Sequence[bytes], path: Path) -> None:
    """Put phones' screenshots beside each other; the browser does it, it is here anyway."""
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots
    )
    style = "body{margin:0;display:inline-flex;gap:24px;padding:24px;background:#dfe3e8}"
    style += "img{width:360px;border-radius:12px}"
    page = browser.new_page(device_scale_factor=1.5)
    page.set_content(f"<style>{style}</style><body>{images}</body>")
    page.locator("body").screenshot(path=path)
    page.close()


if __name__ == "__main__":
    main()
