"""A grid is split while a phone in it is offline: the phone goes on in the successors."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ServerProcess
from tests.e2e.phone import PATIENCE_MS, Phone
from tests.e2e.test_two_phones import supervisor

pytestmark = pytest.mark.browser
GRID = "44090400400100104"
ROOM = "302"


def split(console: Page, url: str) -> None:
    """Split the grid by floors, after a look at the preview."""
    console.goto(f"{url}/console/grids/{GRID}/structure")
    console.get_by_role("link", name="拆分").click()
    for field, value in {"name1": "4栋低层", "to1": "600", "name2": "4栋高层"}.items():
        console.locator(f"[name={field}]").fill(value)
    console.locator("[name=rest]").select_option("2")
    console.get_by_role("button", name="预览").click()
    preview = console.locator("#preview")
    expect(preview).to_contain_text("4栋低层")
    expect(preview).to_contain_text("还没有办理")
    preview.get_by_role("button", name="确认办理").click()
    expect(console.locator("table")).to_contain_text("已生效")


def databases(phone: Phone) -> list[str]:
    """Return the names of the record databases on the phone."""
    names: list[str] = phone.page.evaluate(
        "indexedDB.databases().then((all) => all.map(({ name }) => name))"
    )
    return [name for name in names if "grid-" in name]


def test_an_offline_edit_ends_up_in_the_successor(
    browser: Browser, server: ServerProcess, phones: tuple[Phone, Phone]
) -> None:
    one, two = phones
    one.context.set_offline(True)
    household = one.edit_household(ROOM, phone="12000002222", note="家里新装了热水器")

    console = supervisor(browser, server.url)
    split(console, server.url)
    two.sync()
    expect(two.at("grid-change")).to_contain_text("4栋低层")

    one.context.set_offline(False)
    one.sync()
    for phone in phones:
        expect(phone.at("grid-change")).to_contain_text("滨海绿洲4栋", timeout=PATIENCE_MS)
        phone.at("grid-change-read").click()
        expect(phone.at("grid-change")).to_have_count(0)
        phone.open_household(ROOM)
        expect(phone.value("phone")).to_have_text("12000002222", timeout=PATIENCE_MS)
        expect(phone.value("note")).to_have_text("家里新装了热水器")
        assert not any(GRID in name for name in databases(phone)), databases(phone)

    console.goto(f"{server.url}/console/records/{household}")
    expect(console.locator(".crumbs")).to_contain_text("4栋低层")
    expect(console.locator("#fields")).to_contain_text("家里新装了热水器")
