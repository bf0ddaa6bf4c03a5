"""An article is read to its end, by keyboard alone and on a phone: every page counts, and the credit is there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.journeys.devices import DESKTOP, ON_SQLITE, PHONE, SECOND, Device, sign_in
from tests.journeys.keys import press_until
from tests.journeys.server import Academy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, ON_SQLITE]
LEARNER = "l018"
TITLE = "值班交接三步"
TEXT = "\n\n".join(f"## {name}\n\n{'先看记录，再当面说清。' * 30}" for name in ("接班前", "接班时", "交班后"))
PAGE_MS = 20 * SECOND  # a minute of reading for three pages


def test_an_article_is_read_by_keyboard_and_credited(academy: Academy, chromium: Browser) -> None:
    _publish(academy, chromium)
    reader = sign_in(chromium, academy, academy.account("learner", LEARNER), PHONE)
    page = reader.page
    page.goto("/courses")
    _follow(page, f"a:has-text('{TITLE}')")
    _follow(page, "a[href^='/lessons/']")
    lesson = page.url
    assert page.locator("section[data-page]:visible").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 360, "nothing lies beyond the screen"
    _wait(page, lambda: _counted(page) > 2 * SECOND, 15, "time counts while the page is open")
    _stands_still_while_hidden(page)
    _the_newest_device_wins(academy, chromium, page, lesson)
    _page_is_read(page, 1)
    page.keyboard.press("ArrowRight")
    _the_network_goes_and_comes_back(reader)
    _page_is_read(page, 2)
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-said]")).to_have_text("各页都读完了。", timeout=30 * SECOND)
    expect(page.locator("#credit")).to_contain_text("已记入账单", timeout=20 * SECOND)
    _wait(page, lambda: _counted(page) == 3 * PAGE_MS, 10, "all three pages are counted")
    assert page.locator(".leaf-state.is-done").count() == 3
    assert page.locator("#tally-refused").inner_text() == "0:00"
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith("#page-2")
    page.reload()
    expect(page.locator("#credit")).to_contain_text("已记入账单")
    reader.forgive("ERR_INTERNET_DISCONNECTED")
    reader.forgive("409 (Conflict)")
    assert reader.complaints == []


def _publish(academy: Academy, chromium: Browser) -> None:
    """An article of a minute, offered to all."""
    editor = sign_in(chromium, academy, academy.account("course_editor"), DESKTOP)
    page = editor.page
    page.goto("/edit/new")
    page.locator("[name=title]").fill(TITLE)
    for name in ("provider", "category"):
        page.locator(f"[name={name}]").select_option(index=0)
    page.locator("[name=subject_bucket]").select_option("professional")
    page.locator("form:has([name=max_rate]) button[type=submit]").click()
    page.wait_for_url(re.compile(r"/edit/(?!new)[^/]+$"))
    page.locator("#add-article summary").click()
    page.locator("#article-title").fill(TITLE)
    page.locator("#article-article").fill(TEXT)
    page.locator("#article-reading_minutes").fill("1")
    page.locator("form:has(#article-article) button[type=submit]").click()
    expect(page.locator("ol.parts")).to_contain_text(TITLE)
    page.locator("form:has(#offer-group) button[type=submit]").click()
    expect(page.locator(".notice").first).to_be_visible()
    assert editor.complaints == []
    editor.context.close()


def _follow(page: Page, selector: str) -> None:
    before = page.url
    press_until(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)


def _counted(page: Page) -> int:
    minutes, seconds = page.locator("#tally-counted").inner_text().split(":")
    return (int(minutes) * 60 + int(seconds)) * SECOND


def _wait(page: Page, holds: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        said = f"{page.locator('[data-said]').inner_text()!r}, counted {_counted(page)} ms"
        assert time.monotonic() < deadline, f"after {seconds} s it does not hold that {what}: {said}"
        page.wait_for_timeout(200)


def _progress(page: Page) -> int:
    found: int = page.evaluate("document.querySelector('[data-progress]').value")
    return found


def _stands_still_while_hidden(page: Page) -> None:
    """A page that is hidden is not read; what was read before is sent."""
    page.evaluate(
        """() => {
          Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    page.wait_for_timeout(SECOND)
    before = _progress(page)
    page.wait_for_timeout(4 * SECOND)
    assert _progress(page) == before
    page.evaluate("() => { delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange')); }")
    _wait(page, lambda: _progress(page) > before, 5, "time runs on")


def _the_newest_device_wins(academy: Academy, chromium: Browser, page: Page, lesson: str) -> None:
    """A second device opens the lesson: this one is told, its time stands, and it can take it back."""
    second = sign_in(chromium, academy, academy.account("learner", LEARNER), DESKTOP)
    second.page.goto(lesson)
    expect(page.locator("#player-note button")).to_be_visible(timeout=20 * SECOND)
    before = _counted(page)
    press_until(page, "#player-note button")
    page.keyboard.press("Enter")
    _wait(page, lambda: _counted(page) > before, 15, "this device counts again")
    expect(second.page.locator("#player-note button")).to_be_visible(timeout=20 * SECOND)
    second.forgive("409 (Conflict)")
    assert second.complaints == []
    second.context.close()


def _the_network_goes_and_comes_back(reader: Device) -> None:
    """Reading goes on without a network; what was kept is counted afterwards."""
    page = reader.page
    before = _counted(page)
    reader.context.set_offline(True)
    expect(page.locator("#player-note")).to_be_visible(timeout=20 * SECOND)
    page.wait_for_timeout(5 * SECOND)
    assert _counted(page) <= before + 4 * SECOND, "nothing counts that the server has not acknowledged"
    reader.context.set_offline(False)
    _wait(page, lambda: _counted(page) > before + 6 * SECOND, 30, "what was kept is counted")
    expect(page.locator("#player-note")).to_be_hidden()


def _page_is_read(page: Page, number: int) -> None:
    """The page says so when its time is full, and no more is asked of it."""
    expect(page.locator("[data-said]")).to_have_text("这一页读完了，继续。", timeout=40 * SECOND)
    assert page.evaluate("location.hash") in (f"#page-{number}", "")
    _wait(page, lambda: _counted(page) >= number * PAGE_MS, 10, f"page {number} is counted whole")
    assert _counted(page) == number * PAGE_MS
