"""What the phone keeps by itself: drafts, unsent work and the app, through a killed page, a stopped
server, a full storage and a new version; and the sync that starts by itself again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from pwa.paths import STATIC
from tests.e2e.bad_network import BadNetwork
from tests.e2e.conftest import Demo
from tests.e2e.phone import PATIENCE_MS, Phone

pytestmark = pytest.mark.browser
NO_ROOM = """() => {
    IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };
}"""


def test_drafts_and_unsent_work_survive_the_killed_app(browser: Browser, tmp_path: Path) -> None:
    server = Demo(tmp_path / "data")
    server.start()
    try:
        phone = Phone(browser, server.url, "worker1")
    finally:
        server.stop()

    # An edit saved, an event and a patrol only begun; then the system kills the app.
    phone.edit_household("302", note="已保存，还没有上传")
    phone.home()
    phone.at("tab-report").click()
    phone.page.locator('[data-testid="report-category"][data-code="03"]').click()
    phone.at("field-description").fill("三楼窗台花盆松动，")
    expect(phone.at("draft-kept")).to_have_text("已存草稿")
    address = phone.page.url
    phone.kill_page()

    # The same address (a restored tab) opens without the server, with what was typed.
    phone.page.goto(address)
    expect(phone.at("field-description")).to_have_value("三楼窗台花盆松动，")
    expect(phone.page.get_by_text("这是上次没写完的内容")).to_be_visible()
    phone.home()
    phone.at("patrol-start").click()
    phone.at("check-problem").first.click()
    phone.at("finding-text").fill("消防栓被挡")
    phone.at("finding-add").click()
    phone.at("finding-text").fill("还没记下的半句")
    # The last keys go to the disk when the app leaves the screen.
    phone.page.evaluate("dispatchEvent(new Event('pagehide'))")
    phone.kill_page()

    # And so does the first page: unsent work, the draft, and the patrol under way.
    phone.home()
    phone.sees("1 条待同步，联网后自动上传，数据已存在本机")
    phone.at("patrol-continue").click()
    expect(phone.at("check-problem").first).to_have_attribute("aria-pressed", "true")
    expect(phone.at("finding")).to_contain_text("消防栓被挡")
    expect(phone.at("finding-text")).to_have_value("还没记下的半句")

    # A full phone: nothing is lost of what was there, and the worker is told before he leaves.
    phone.home()
    phone.at("draft-row").click()
    phone.page.evaluate(NO_ROOM)
    phone.at("save").click()
    expect(phone.at("save-fault")).to_contain_text("没有保存：手机存储空间不足。草稿还在")
    phone.at("field-description").fill("三楼窗台花盆松动，怕掉下来")
    expect(phone.at("draft-kept")).to_have_text("正在存…")
    phone.kill_page()
    phone.home()
    phone.at("draft-row").click()
    expect(phone.at("field-description")).to_have_value("三楼窗台花盆松动，")
    phone.at("field-description").fill("三楼窗台花盆松动，怕掉下来")
    phone.at("save").click()
    expect(phone.at("event-status")).to_be_visible()
    expect(phone.at("record-state").first).to_have_attribute("data-state", "waiting")

    # Signing out is refused while anything is unsent.
    phone.page.goto(f"{server.url}/app/me")
    phone.at("sign-out").click()
    expect(phone.page.locator(".van-dialog")).to_contain_text("还有 2 条没有上传")
    phone.page.locator(".van-dialog__confirm").click()

    # The server is back: both go up, once.
    server.start()
    try:
        phone.sync()
        phone.page.goto(f"{server.url}/app/events")
        expect(phone.at("event-row").filter(has_text="怕掉下来")).to_have_count(1)
        assert phone.errors == []
    finally:
        phone.close()
        server.stop()


def test_a_new_version_is_offered_and_never_forced(
    browser: Browser, demo: Demo, network: BadNetwork
) -> None:
    phone = Phone(browser, network.url, "worker1")
    phone.home()
    phone.at("tab-report").click()
    phone.page.locator('[data-testid="report-category"][data-code="03"]').click()
    phone.at("field-description").fill("写到一半")
    phone.page.evaluate("window.sameAsBefore = true")

    newer = (STATIC / "build" / "sw.js").read_bytes() + b"\n// a newer version\n"
    network.instead("/app/sw.js", newer, "text/javascript", "Service-Worker-Allowed: /app/")
    registration = "navigator.serviceWorker.getRegistration('/app/')"
    phone.page.evaluate(f"{registration}.then(found => found.update()).then(() => true)")
    # It is on the phone and waits: nothing moves under the worker's hands.
    phone.page.wait_for_function(f"{registration}.then(found => !!found.waiting)")
    expect(phone.at("update-offer")).to_have_count(0)
    phone.at("field-description").press_sequentially("，接着写")
    expect(phone.at("draft-kept")).to_have_text("已存草稿")
    assert phone.page.evaluate("window.sameAsBefore") is True

    # Off the form it is offered; it may be put off; it is taken when the worker says so.
    phone.at("back").click()
    expect(phone.at("update-offer")).to_be_visible()
    phone.at("update-later").click()
    expect(phone.at("update-offer")).to_have_count(0)
    assert phone.page.evaluate("window.sameAsBefore") is True
    phone.home()
    phone.at("update-take").click()
    phone.page.wait_for_function(f"{registration}.then(found => !found.waiting)")
    phone.at("draft-row").click()
    expect(phone.at("field-description")).to_have_value("写到一半，接着写")
    assert phone.errors == []
    phone.close()


def test_sync_starts_by_itself_in_one_tab(browser: Browser, demo: Demo) -> None:
    phone = Phone(browser, demo.url, "worker2")
    asked: list[Request] = []

    def runs_of(page: Page) -> int:
        """Count the sync runs a page has begun: each is one exchange when little is new."""
        return sum(
            request.frame.page is page and request.url.endswith("/sync/_exchange")
            for request in asked
        )

    def next_run_of(page: Page, cause: str) -> None:
        """Wait for the end of one more run of that page after something happened in it."""
        expect(page.get_by_test_id("sync-now")).to_have_text("同步")
        with page.expect_request("**/sync/_exchange"):
            page.evaluate(cause)
        expect(page.get_by_test_id("sync-now")).to_have_text("同步")

    phone.context.on("request", lambda request: asked.append(request))
    # On opening; here with a clock of our own, to come to the regular run soon.
    leader = phone.page
    leader.clock.install()
    with leader.expect_request("**/sync/_exchange"):
        phone.home()
    phone.sees("全部已同步")
    # When there is a connection again, when the app is looked at again, and by the timer.
    next_run_of(leader, "dispatchEvent(new Event('online'))")
    next_run_of(leader, "document.dispatchEvent(new Event('visibilitychange'))")
    with leader.expect_request("**/sync/_exchange"):
        leader.clock.fast_forward("06:15")
    expect(leader.get_by_test_id("sync-now")).to_have_text("同步")

    # A second tab does not sync: it asks the leading one to.
    second = phone.context.new_page()
    second.goto(f"{demo.url}/app/")
    expect(second.get_by_test_id("sync-sentence")).to_contain_text("全部已同步")
    with leader.expect_request("**/sync/_exchange"):
        second.get_by_test_id("sync-now").click()
    assert runs_of(second) == 0
    # The leading tab is closed: the other one takes over at once.
    expect(leader.get_by_test_id("sync-now")).to_have_text("同步")
    with second.expect_request("**/sync/_exchange"):
        leader.close()
    expect(second.get_by_test_id("sync-sentence")).to_contain_text(
        "全部已同步", timeout=PATIENCE_MS
    )

    # Nothing but exchanges went to the databases, and one stream tells of news at a time.
    assert not [url for url in (one.url for one in asked) if "/sync/" in url and "_exch" not in url]
    assert [one for one in asked if one.url.endswith("/api/v1/events")]
    phone.close()
