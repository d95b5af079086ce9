"""The main pages for everybody's eyes and fingers: axe-core's rules, targets large enough to hit,
nothing cut off; on the phone in the standard and the large size, in the console on a laptop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ROOT
from tests.e2e.conftest import Demo
from tests.e2e.phone import Phone
from tests.e2e.test_two_phones import supervisor

pytestmark = pytest.mark.browser
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
RULES = (
    "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
)
CUT_OFF = """least => {
    const name = node => `${node.tagName} ${node.className} ${node.textContent.trim()}`;
    const seen = node => node.checkVisibility() && node.getClientRects().length > 0;
    const wide = document.documentElement.scrollWidth > innerWidth ? ['wider than the screen'] : [];
    const cut = [...document.querySelectorAll('#app *')].filter(node =>
        seen(node) && node.children.length === 0 && node.textContent.trim()
        && node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0
        && getComputedStyle(node).display !== 'inline').map(name);
    const targets = '#app :is(a, button, input, select, textarea, summary)';
    const small = [...document.querySelectorAll(targets)]
        .filter(seen)
        .filter(node => {
            const { width, height } = node.getBoundingClientRect();
            return Math.min(width, height) < least - 0.5;
        }).map(node => `small: ${name(node)} ${node.getBoundingClientRect().height}`);
    return [...wide, ...cut, ...small];
}"""
SIZES = {"normal": 44, "large": 60}


def faults(page: Page) -> list[str]:
    """Return what axe finds wrong, one line for each rule and place."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(RULES)
    return [
        f"{page.url}: {rule['id']}: {place['html'][:160]} {place.get('failureSummary', '')[:200]}"
        for rule in found["violations"]
        for place in rule["nodes"]
    ]


@pytest.fixture
def phone(browser: Browser, demo: Demo) -> Iterator[Phone]:
    """Sign a worker in."""
    worker = Phone(browser, demo.url, "worker1")
    yield worker
    assert worker.errors == []
    worker.close()


@pytest.mark.parametrize(("size", "light"), [("normal", "light"), ("large", "dark")])
def test_the_phones_pages(phone: Phone, size: str, light: Any) -> None:
    household = phone.open_household("302")
    phone.page.emulate_media(color_scheme=light, reduced_motion="reduce")
    phone.page.goto(f"{phone.url}/app/me")
    phone.at(f"size-{size}").click()
    resident = first_of(phone, f"/households/{household}", "resident-row")
    event = first_of(phone, "/events", "event-row")
    wrong: list[str] = []
    for path, there in (
        ("/sign-in", "sign-in-submit"),
        ("/", "sync-sentence"),
        ("/households", "household-row"),
        (f"/households/{household}", "household-edit"),
        (f"/households/{household}/edit", "save"),
        (f"/households/{household}/residents/new", "save"),
        (f"/residents/{resident}", "resident-edit"),
        ("/patrol", "patrol-end"),
        ("/events", "event-row"),
        (f"/events/{event}", "event-status"),
        ("/events/new", "save"),
        (f"/visits/new?household={household}", "save"),
        ("/me", "sign-out"),
        ("/me/unsent", "sync-sentence"),
    ):
        phone.page.goto(f"{phone.url}/app{path}")
        expect(phone.at(there).first).to_be_visible()
        wrong += faults(phone.page)
        wrong += [f"{path}: {line}" for line in phone.page.evaluate(CUT_OFF, SIZES[size])]
    assert wrong == []


def first_of(phone: Phone, path: str, rows: str) -> str:
    """Return the id of the first record that a page lists."""
    phone.page.goto(f"{phone.url}/app{path}")
    return str(phone.at(rows).first.get_attribute("data-id"))


def test_the_consoles_pages(browser: Browser, demo: Demo) -> None:
    console = supervisor(browser, demo.url)
    town = f"{demo.url}/console/grids/440904004"
    wrong = faults(console)
    console.goto(f"{town}/households?q=黄")
    record = console.locator("#found tbody a").first.get_attribute("href")
    wrong += faults(console)
    for address in (
        f"{demo.url}{record}",
        f"{town}/events",
        f"{town}/households?q=没有这个人",
        f"{demo.url}/console/grids/44090400400100104",
        f"{demo.url}/console/reviews",
        f"{demo.url}/console/quarantine",
    ):
        console.goto(address)
        wrong += faults(console)
    console.context.close()
    signed_out = browser.new_page()
    signed_out.goto(f"{demo.url}/sign-in")
    wrong += faults(signed_out)
    signed_out.close()
    assert wrong == []
