"""The app and the exchange: a first sync that is cut again and again, news that come by themselves,
and a network that does not let exchanges through."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.bad_network import BadNetwork
from tests.e2e.conftest import Demo
from tests.e2e.phone import Phone
from tests.e2e.test_bad_days import BUILDING, on_server

pytestmark = pytest.mark.browser
ONE_SEGMENT = 15_000
"""Bytes of an answer, packed, in which the first hundred documents come whole, and no more."""
NO_SEGMENT = 2_000
CUT = "没有传完"
COUNT = """grid => new Promise((resolve) => {
    const opening = indexedDB.open(`_pouch_wangge-worker1-grid-${grid}`);
    opening.onsuccess = () => {
        const db = opening.result;
        const asked = db.transaction('document-store').objectStore('document-store').count();
        asked.onsuccess = () => { db.close(); resolve(asked.result); };
    };
})"""


def documents(phone: Phone) -> int:
    """Count the documents of the building's database on worker1's phone."""
    count: int = phone.page.evaluate(COUNT, BUILDING)
    return count


def test_a_first_sync_cut_again_and_again_comes_whole_and_the_app_works_meanwhile(
    browser: Browser, demo: Demo, network: BadNetwork
) -> None:
    network.stall("_exchange", ONE_SEGMENT, NO_SEGMENT)
    phone = Phone(browser, network.url, "worker1", first="已有 100 条，还有 148 条")
    # What a person needs first is there while the sync runs, and takes an edit.
    phone.at("tab-households").click()
    expect(phone.at("household-row").first).to_be_visible()
    phone.at("household-row").first.click()
    expect(phone.at("household-edit")).to_be_visible()
    held = documents(phone)
    assert held == 100

    # Broken off, and again before anything came: what was there stays.
    network.break_off()
    phone.home()
    phone.sees(CUT)
    household = phone.edit_household("301", note="第一次同步还没完")
    expect(phone.at("record-state").first).to_have_attribute("data-state", "waiting")
    phone.home()
    phone.sees(CUT)
    assert documents(phone) == held
    assert network.cuts >= 2

    # The next one goes on from there by itself, and is cut once more.
    network.stall("_exchange", ONE_SEGMENT, NO_SEGMENT)
    phone.sees("已有 200 条")
    network.break_off()
    phone.sees(CUT)
    network.reset()
    phone.sync()
    assert documents(phone) == on_the_server(phone)
    assert on_server(phone, BUILDING, household)["note"] == "第一次同步还没完"
    # What it has cost is told.
    phone.at("tab-me").click()
    expect(phone.at("usage-today")).to_have_text(re.compile(r"^今天 \d+ KB · 联网 \d+ 秒$"))
    assert phone.errors == []
    phone.close()


def on_the_server(phone: Phone) -> int:
    """Return how many documents the server has in the building's database."""
    count: int = phone.page.evaluate(
        "url => fetch(url).then((answer) => answer.json()).then((info) => info.doc_count)",
        f"/sync/{BUILDING}/",
    )
    return count


def test_an_edit_shows_on_the_other_phone_by_itself(browser: Browser, demo: Demo) -> None:
    one, two = Phone(browser, demo.url, "worker1"), Phone(browser, demo.url, "worker2")
    one.open_household("401")
    two.edit_household("401", members="8", note="另一部手机上看得到")
    expect(one.value("members")).to_have_text("8")
    # And back, though nobody touched a button.
    two.open_household("401")
    one.edit_household("401", note="收到")
    expect(two.value("note")).to_have_text("收到")
    for phone in (one, two):
        assert phone.errors == []
        phone.close()


def test_a_network_that_mangles_exchanges_is_gone_round(
    browser: Browser, demo: Demo, network: BadNetwork
) -> None:
    network.instead("/sync/_exchange", b"\x1f\x8b\x00 repacked", "application/octet-stream")
    phone = Phone(browser, network.url, "worker2")
    household = phone.edit_household("801", note="代理改写了回答")
    phone.sync()
    assert on_server(phone, BUILDING, household)["note"] == "代理改写了回答"
    expect(phone.page.locator(".sync.good")).to_be_visible()

    # Lines that are no exchange's do no harm either; on another network it is exchanges again.
    network.instead("/sync/_exchange", b'{"rows":[]}\n', "application/x-ndjson")
    with phone.page.expect_request("**/sync/_exchange"):
        phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.edit_household("802", note="又一次")
    phone.sync()
    network.reset()
    with phone.page.expect_response("**/sync/_exchange") as told:
        phone.page.evaluate("dispatchEvent(new Event('online'))")
    assert told.value.headers["content-type"] == "application/x-ndjson"
    phone.sees("全部已同步")
    assert phone.errors == []
    phone.close()
