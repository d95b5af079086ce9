"""The main thread: two phones offline, one grid, merged and reviewed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ServerProcess
from tests.e2e.phone import PATIENCE_MS, Phone

pytestmark = pytest.mark.browser
ROOM = "302"


def supervisor(browser: Browser, url: str) -> Page:
    """Sign in to the console as the town's supervisor."""
    page = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{url}/sign-in")
    page.locator("input[name=username]").fill("town")
    page.locator("input[name=password]").fill("wangge-demo")
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/console/**")
    return page


def record_patrol(phone: Phone) -> None:
    """Walk a patrol with one problem, one finding, and the event that it becomes."""
    phone.home()
    phone.at("patrol-start").click()
    phone.at("check-fine").first.click()
    phone.at("check-problem").nth(1).click()
    phone.at("finding-text").fill("楼梯间有电动车充电，电线私拉")
    phone.at("finding-add").click()
    phone.at("finding-to-event").click()
    phone.page.locator('[data-testid="report-category"][data-code="03"]').click()
    phone.page.locator('[data-testid="report-category"][data-code="0303"]').click()
    phone.at("save").click()
    phone.at("patrol-end").click()
    phone.page.locator(".van-dialog__confirm").click()
    expect(phone.at("record-state").first).to_have_attribute("data-state", "waiting")


def add_resident(phone: Phone, room: str, name: str) -> None:
    """Add somebody to a household."""
    phone.open_household(room)
    phone.at("add-resident").click()
    phone.at("field-name").fill(name)
    phone.at("save").click()
    expect(phone.at("resident-row").last).to_be_visible()


def test_two_phones_meet(
    browser: Browser, server: ServerProcess, phones: tuple[Phone, Phone]
) -> None:
    one, two = phones
    one.open_household(ROOM)
    before = one.value("phone").inner_text()

    server.stop()

    # Same household: each changes a field of his own, and both the phone number.
    one.edit_household(ROOM, phone="12000002222", note="家里新装了热水器")
    two.edit_household(ROOM, phone="12000003333", members="7")
    record_patrol(one)
    add_resident(two, ROOM, "阿依古丽·𠮷䶮")
    one.home()
    one.sees("3 条待同步")
    # The system kills the app between save and sync; it opens again without the server.
    one.kill_page()
    one.home()
    one.sees("3 条待同步")
    one.open_household(ROOM)
    expect(one.value("phone")).to_have_text("12000002222")

    server.start()

    one.sync()
    two.sync()
    # Both converge to the same merged household, and each learns what became of his edit.
    for phone in phones:
        expect(phone.at("sync-sentence")).to_contain_text("全部已同步")
    for phone, other in ((one, "members"), (two, "note")):
        phone.open_household(ROOM)
        shown = {"members": "7", "note": "家里新装了热水器"}[other]
        expect(phone.value(other)).to_have_text(shown, timeout=PATIENCE_MS)
        expect(phone.at("record-state").first).to_have_attribute("data-state", "review")
        expect(phone.at("merge-sentence")).to_contain_text("联系电话")
        expect(phone.value("phone")).to_have_text("12000003333")
        expect(phone.at("resident-row").filter(has_text="阿依古丽·𠮷䶮")).to_have_count(1)

    # The supervisor finds one review of that household, with both values side by side.
    console = supervisor(browser, server.url)
    console.goto(f"{server.url}/console/reviews")
    rows = console.locator("a[href*='/console/reviews/decision']")
    expect(rows).to_have_count(1)
    rows.first.click()
    table = console.locator("table.sides")
    expect(table).to_contain_text("120****2222")
    expect(table).to_contain_text("120****3333")
    expect(console.locator("tr.asks")).to_have_count(1)
    expect(console.locator("tr.asks")).to_contain_text("联系电话")
    console.get_by_role("button", name="撤销合并").click()
    expect(console.locator(".notice.good")).to_contain_text("已撤销合并")

    # The phones follow: the old number is back, what only one had changed stays.
    for phone in phones:
        phone.sync()
        phone.open_household(ROOM)
        expect(phone.value("phone")).to_have_text(before, timeout=PATIENCE_MS)
        expect(phone.value("members")).to_have_text("7")
        expect(phone.value("note")).to_have_text("家里新装了热水器")
        expect(phone.at("merge-sentence")).to_contain_text("主管撤销了这次合并")

    # Patrol, finding and event arrived too, linked with each other.
    two.page.goto(f"{server.url}/app/events")
    row = two.at("event-row").filter(has_text="电动车充电")
    expect(row).to_have_count(1)
    row.click()
    two.page.get_by_text("来自巡查").click()
    expect(two.at("finding")).to_contain_text("电动车充电")
