"""A worker's phone: the app in a browser context of its own, used as a person uses it."""

from __future__ import annotations

import time
from datetime import datetime

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    TimeoutError,
    ViewportSize,
    expect,
)

PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
SIZE: ViewportSize = {"width": 360, "height": 780}


class Phone:
    """One phone with the app open and a worker signed in."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        user: str,
        password: str = "wangge-demo",
        scale: float = 1,
        clock: datetime | None = None,
        first: str = "全部已同步",
    ) -> None:
        """Sign in, and wait until the first sync has come to what ``first`` says."""
        self.url = url
        self.user = user
        self.errors: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport=SIZE,
            device_scale_factor=scale,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        self.context.set_default_timeout(PATIENCE_MS)
        if clock is not None:
            self.context.clock.install(time=clock)
        self.page = self._new_page()
        self.page.goto(f"{url}/app/")
        self.at("sign-in-username").fill(user)
        self.at("sign-in-password").fill(password)
        self.at("sign-in-submit").click()
        self.sees(first)
        # From now on the app opens without the server.
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def at(self, test_id: str) -> Locator:
        """Return the element with that test id."""
        return self.page.get_by_test_id(test_id)

    def sees(self, words: str) -> None:
        """Wait until the sentence on the state of everything says so."""
        expect(self.at("sync-sentence")).to_contain_text(words, timeout=PATIENCE_MS)

    def home(self) -> None:
        """Go to the first page by its address, as one opens the app."""
        self.page.goto(f"{self.url}/app/")
        expect(self.at("sync-sentence")).to_be_visible()

    def sync(self) -> None:
        """Sync by hand and wait until everything is on the server."""
        self.home()
        self.at("sync-now").click()
        self.sees("全部已同步")

    def sync_until_there(self, room: str) -> None:
        """Sync by hand, again if need be, until a household is on the phone: a server may know of
        an account's new grid a second late."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < deadline:
            self.sync()
            self.at("tab-households").click()
            try:
                self._row(room).wait_for(timeout=3_000)
                return
            except TimeoutError:
                continue
        raise AssertionError(f"household {room} did not come")

    def _row(self, room: str) -> Locator:
        return self.page.locator(f'[data-testid="household-row"][data-room="{room}"]')

    def open_household(self, room: str) -> str:
        """Open a household by its room and return its id."""
        self.home()
        self.at("tab-households").click()
        row = self._row(room)
        household = row.get_attribute("data-id")
        row.click()
        assert household
        return household

    def edit_household(self, room: str, **fields: str) -> str:
        """Change fields of a household and save."""
        household = self.open_household(room)
        self.at("household-edit").click()
        for field, value in fields.items():
            self.at(f"field-{field}").fill(value)
        self.at("save").click()
        expect(self.at("household-edit")).to_be_visible()
        return household

    def value(self, field: str) -> Locator:
        """Return the shown value of a field of the open record, personal data uncovered."""
        cover = self.at("show-personal")
        if cover.get_attribute("aria-pressed") == "false":
            cover.click()
        return self.at(f"value-{field}").locator("dd")

    def kill_page(self) -> None:
        """Kill the app as the system does: no unload handlers, nothing said."""
        self.page.close(run_before_unload=False)
        self.page = self._new_page()

    def close(self) -> None:
        """Put the phone away."""
        self.context.close()
