"""Bad days: whatever network, server or phone do, the worker reads what happened, that his data is
safe, and what to do; and in the end everything arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.bad_network import BadNetwork
from tests.e2e.conftest import Demo
from tests.e2e.phone import PATIENCE_MS, Phone
from tests.e2e.test_two_phones import supervisor

pytestmark = pytest.mark.browser
BUILDING = "44090400400100104"
VILLAGE_GROUP = "44090400420500101"

CUT_BYTES = 420
"""The head of an answer comes through, and its lines do not."""

SignIn = Callable[..., Phone]


@pytest.fixture
def sign_in(browser: Browser) -> Iterator[SignIn]:
    """Sign workers in; no page of theirs may have failed at the end."""
    phones: list[Phone] = []

    def hand_out(url: str, user: str, **more: Any) -> Phone:
        phones.append(Phone(browser, url, user, **more))
        return phones[-1]

    yield hand_out
    for phone in phones:
        assert phone.errors == []
        phone.close()


def on_server(phone: Phone, grid: str, record: str) -> dict[str, Any]:
    """Return a record as the server has it, with its history's length."""
    found: dict[str, Any] = phone.page.evaluate(
        "url => fetch(url).then(answer => answer.json())",
        f"/sync/{grid}/{record}?revs=true",
    )
    return found


def fails_to_sync(phone: Phone, words: str) -> None:
    """Sync by hand and read why it did not work, and that nothing is lost."""
    phone.home()
    phone.at("sync-now").click()
    phone.sees(words)
    phone.sees("数据已存在本机")


def test_a_portal_and_answers_cut_in_the_middle(
    demo: Demo, network: BadNetwork, sign_in: SignIn
) -> None:
    phone = sign_in(network.url, "worker1")
    other = sign_in(demo.url, "worker2")
    household = phone.open_household("501")
    before = on_server(phone, BUILDING, household)

    # A network that wants a sign-in of its own answers everything, with status 200.
    network.portal()
    phone.edit_household("501", note="楼道灯已报修")
    fails_to_sync(phone, "这个网络要先在它的网页上登录")
    # The app itself is not taken in either: it opens anew, with what was written.
    phone.kill_page()
    phone.open_household("501")
    expect(phone.value("note")).to_have_text("楼道灯已报修")
    expect(phone.at("record-state").first).to_have_attribute("data-state", "waiting")
    assert network.portal_answers > 0

    # The server takes the edit in, but its answer breaks off: nobody knows.
    network.reset()
    network.cut("_exchange", CUT_BYTES)
    fails_to_sync(phone, "没有传完")
    assert network.cuts > 0
    network.reset()
    phone.sync()
    after = on_server(phone, BUILDING, household)
    assert after["note"] == "楼道灯已报修"
    assert after["_revisions"]["start"] == before["_revisions"]["start"] + 1

    # What others wrote breaks off on its way down, and comes whole the next time.
    network.cut("_exchange", CUT_BYTES)
    other.edit_household("501", members="6")
    other.sync()
    phone.home()
    phone.at("sync-now").click()
    phone.sees("没有传完")
    network.reset()
    phone.sync()
    phone.open_household("501")
    expect(phone.value("members")).to_have_text("6")


def test_an_expired_session_keeps_what_was_written(demo: Demo, sign_in: SignIn) -> None:
    phone = sign_in(demo.url, "worker3")
    phone.home()
    phone.at("tab-households").click()
    row = phone.at("household-row").first
    household = str(row.get_attribute("data-id"))
    row.click()
    expect(phone.at("household-edit")).to_be_visible()
    demo.user("passwd", "worker3", "--password-stdin", password="another-password\n")
    # The serving process believes a session for a few seconds before it looks again.
    while phone.context.request.get(f"{demo.url}/api/v1/session").status != 401:
        phone.page.wait_for_timeout(200)

    phone.at("household-edit").click()
    phone.at("field-note").fill("门前水管漏水")
    phone.at("save").click()
    fails_to_sync(phone, "登录已过期")
    phone.page.get_by_role("link", name="去登录").click()
    expect(phone.page.get_by_text("本机数据都在")).to_be_visible()
    expect(phone.at("sign-in-username")).to_have_value("worker3")
    phone.at("sign-in-password").fill("another-password")
    phone.at("sign-in-submit").click()
    phone.sees("全部已同步")
    assert on_server(phone, VILLAGE_GROUP, household)["note"] == "门前水管漏水"


def test_a_refused_record_is_kept_told_and_mended(demo: Demo, sign_in: SignIn) -> None:
    phone = sign_in(demo.url, "worker2")
    phone.open_household("601")
    phone.at("household-edit").click()
    phone.page.get_by_text("房屋信息").click()
    phone.at("field-area").fill("3000000")
    phone.at("save").click()
    good = phone.edit_household("602", note="同一批里的另一户")

    # One refused record holds up nothing else.
    phone.home()
    phone.at("sync-now").click()
    phone.sees("1 条被退回")
    assert on_server(phone, BUILDING, good)["note"] == "同一批里的另一户"
    phone.page.get_by_role("link", name="查看").click()
    row = phone.at("unsent-row")
    expect(row).to_contain_text("建筑面积")
    expect(row.get_by_test_id("record-state")).to_have_text("被退回")
    row.click()
    expect(phone.at("refusal")).to_contain_text("建筑面积")
    expect(phone.at("refusal")).to_contain_text("数据已安全保存在本机")
    expect(phone.value("area")).to_have_text("3000000")

    phone.at("household-edit").click()
    phone.page.get_by_text("房屋信息").click()
    phone.at("field-area").fill("300")
    phone.at("save").click()
    phone.sync()
    household = phone.open_household("601")
    expect(phone.at("record-state").first).to_have_attribute("data-state", "synced")
    assert on_server(phone, BUILDING, household)["area"] == 300


def test_a_clock_two_days_off_is_told_and_corrected(
    browser: Browser, demo: Demo, sign_in: SignIn
) -> None:
    off = timedelta(days=2)
    phone = sign_in(demo.url, "worker2", clock=datetime.now(UTC) + off)
    phone.home()
    expect(phone.at("clock-warning")).to_contain_text("快了 2 天")
    expect(phone.at("clock-warning")).to_contain_text("数据不受影响")
    household = phone.edit_household("701", note="钟表不准的一天")
    phone.sync()
    stored = on_server(phone, BUILDING, household)
    for stamp in (stored["updated"]["at"], stored["stamps"]["note"]):
        written = datetime.fromisoformat(stamp[:24])
        assert abs(written - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_grid_taken_away_while_edits_are_unsent(
    browser: Browser, demo: Demo, network: BadNetwork, sign_in: SignIn
) -> None:
    phone = sign_in(network.url, "worker1")
    network.portal()
    household = phone.edit_household("801", note="收回之前写的")
    demo.user("unassign", "worker1", BUILDING)
    network.reset()

    phone.home()
    phone.at("sync-now").click()
    phone.sees("1 条被退回")
    expect(phone.page.get_by_text("还没有给您分配网格")).to_be_visible()
    phone.page.get_by_role("link", name="查看").click()
    row = phone.at("unsent-row")
    expect(row).to_contain_text("您已不负责这个网格")
    expect(row).to_contain_text("数据已安全保存在本机")
    phone.page.get_by_text("看看写了什么").click()
    expect(phone.at("value-note")).to_contain_text("收回之前写的")
    # Other people's data does not stay on a phone that has no right to it any more.
    names = phone.page.evaluate("indexedDB.databases().then(all => all.map(one => one.name))")
    assert not [name for name in names if BUILDING in name]

    console = supervisor(browser, demo.url)
    console.goto(f"{demo.url}/console/quarantine")
    refused = console.locator("a[href*='/console/quarantine/refused']")
    refused.filter(has_text="801").click()
    expect(console.locator("dl.fields").first).to_contain_text("收回之前写的")
    console.get_by_role("button", name="接收").first.click()
    expect(console.locator(".notice.good")).to_be_visible()
    console.context.close()

    phone.home()
    phone.at("sync-now").click()
    phone.sees("全部已同步")
    phone.page.goto(f"{network.url}/app/me/unsent")
    expect(phone.at("unsent-row")).to_contain_text("主管已收下", timeout=PATIENCE_MS)
    phone.page.get_by_role("button", name="知道了").click()
    expect(phone.at("unsent-row")).to_have_count(0)
    demo.user("assign", "worker1", BUILDING)
    phone.sync_until_there("801")
    phone.open_household("801")
    expect(phone.value("note")).to_have_text("收回之前写的")
    assert household in phone.page.url or household.replace(":", "%3A") in phone.page.url
