"""The statement in a browser: from a line to its clauses and its viewing, other days, the print; in both languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.devices import DESKTOP, ON_SQLITE, PHONE, Device, sign_in, speak, until
from tests.journeys.server import Academy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, ON_SQLITE]
WORDS = {
    "zh-CN": {"why": "为什么是", "not": "不是", "clause": "第", "seen": "观看记录", "then": "已知的",
              "day": "这一天还没到"},
    "en": {"why": "Why", "not": "and not", "clause": "Clause", "seen": "What was watched", "then": "as known on",
           "day": "That day lies ahead"},
}  # fmt: skip


@pytest.mark.parametrize(("language", "kind"), [("zh-CN", PHONE), ("en", DESKTOP)])
def test_from_a_line_to_its_clauses_its_viewing_and_the_print(
    academy: Academy, chromium: Browser, language: str, kind: dict[str, object]
) -> None:
    learner, said = sign_in(chromium, academy, academy.account("learner", "l001"), kind), WORDS[language]
    page = learner.page
    page.goto("/statement")
    speak(learner, language)
    _sound(learner)
    _opens(page, said)
    _sound(learner)
    page.locator(".facts a[href*='/traces/']").click()
    page.wait_for_url("**/traces/**")
    expect(page.locator("h1")).to_contain_text(said["seen"])
    expect(page.locator("svg.viewing-svg:visible").first).to_be_visible()
    _sound(learner)
    page.go_back()
    page.locator(".steps-calc .by-clause a").first.click()
    page.wait_for_url("**/statement/rules/1#clause-*")
    expect(page.locator(".clauses li:target")).to_contain_text(said["clause"])
    _sound(learner)
    _other_days(page, said)
    learner.forgive("422")
    _sound(learner)
    _prints(page)
    assert learner.complaints == []
    learner.context.close()


def _sound(found: Device) -> None:
    """Axe finds nothing, and nothing sticks out."""
    violations = Axe().run(found.page, options={"resultTypes": ["violations"]}).response["violations"]
    assert not violations, (found.page.url, [(each["id"], each["nodes"][0]["target"]) for each in violations])
    wide = (found.page.viewport_size or {"width": 0})["width"]
    assert found.page.evaluate("document.documentElement.scrollWidth") <= wide, found.page.url


def _opens(page: Page, said: dict[str, str]) -> None:
    """An elective lesson: its weight stands in why, and in why not more, where the numbers add up."""
    page.locator(".entry .disclose").first.click()
    page.wait_for_url("**open=*")
    sheets = page.locator(".why-sheet")
    expect(sheets.first).to_contain_text(said["why"])
    expect(page.locator(".not-more h3")).to_contain_text(said["not"])
    left = [_number(text) for text in page.locator(".took tbody tr td:last-child").all_inner_texts()]
    steps = [_number(text) for text in page.locator(".took td.step").all_inner_texts()]
    assert round(left[0] + sum(steps), 3) == left[-1]
    page.locator("#asks details summary").first.click()
    expect(page.locator("#asks .needs").first).to_be_visible()


def _number(text: str) -> float:
    return float(re.sub(r"[^\d.-]", "", text.replace("−", "-")))


def _other_days(page: Page, said: dict[str, str]) -> None:
    page.goto("/statement")
    page.locator(".as-of summary").click()
    page.locator("[name=happened]").fill("2000-01-01")
    page.locator("[name=known]").fill("2999-01-01")
    page.locator(".as-of-form button").click()
    expect(page.locator(".as-of-form .error")).to_contain_text(said["day"])
    today = str(page.evaluate("new Date().toLocaleDateString('sv')"))
    page.locator("[name=happened]").fill(f"{today[:4]}-09-30")
    page.locator("[name=known]").fill(today)
    page.locator(".as-of-form button").click()
    page.wait_for_url("**known=*")
    expect(page.locator(".as-of-notice")).to_contain_text(said["then"])


def _prints(page: Page) -> None:
    """The link leads to everything on one page and asks for the printer once; on paper the head stands there."""
    page.goto("/statement")
    page.add_init_script("window.print = () => { window.printed = (window.printed || 0) + 1; };")
    page.locator("[data-print]").click()
    page.wait_for_url("**all=1*")
    until(page, "window.printed === 1")
    page.locator("[data-print]").click()
    until(page, "window.printed === 2")
    page.emulate_media(media="print")
    expect(page.locator(".print-head")).to_be_visible()
    expect(page.locator(".as-of")).to_be_hidden()
    page.emulate_media(media="screen")
