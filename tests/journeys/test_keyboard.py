"""By keyboard alone, with the focus always to be seen: sign in, find a course, watch, answer, read the statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.journeys.devices import DESKTOP, SECOND, device, until
from tests.journeys.filming import Studio
from tests.journeys.server import Academy

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]
LOGIN, TITLE = "l021", "键盘短片"
MOST_STEPS = 90
# The ring may stand around what holds the field: a choice with its words, a search box.
SEEN = """() => {
  const one = document.activeElement;
  const around = [one, one.parentElement, ...(one.labels || [])].filter(Boolean);
  return around.map((each) => getComputedStyle(each))
    .some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none");
}"""


def press_until(page: Page, selector: str) -> None:
    """Tab until the element, or one around the focus, is there; it must be seen to have the focus."""
    for _step in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => Boolean(document.activeElement.closest(selector))", selector):
            label = "(document.activeElement.labels || [])[0]"
            around = page.evaluate(f"() => {{ const l = {label}; return l ? getComputedStyle(l).outlineStyle : ''; }}")
            assert page.evaluate(SEEN) != "none,none" or around not in ("", "none"), (
                f"nobody sees that {selector} has it"
            )
            return
    raise AssertionError(f"{selector} is not reached in {MOST_STEPS} steps with Tab on {page.url}")


def press(page: Page, selector: str) -> None:
    """Go there and press Enter."""
    press_until(page, selector)
    page.keyboard.press("Enter")


def test_from_the_door_to_the_statement(chromium: Browser, sample: Academy, tmp_path: Path) -> None:
    studio = Studio(sample, tmp_path)
    film = studio.film(30, title=TITLE, check_minutes=1)
    studio.ask(film, 3)
    studio.db.engine.dispose()
    found = device(chromium, sample, DESKTOP)
    page = found.page
    _signs_in(page, sample)
    _finds_the_course(page)
    page.wait_for_url(f"**{film.address}")
    _watches_and_answers(page)
    press(page, "a[href^='/courses/']")
    page.wait_for_url("**/courses/*")
    press(page, "a[href='/']")
    page.wait_for_url("**/")
    press(page, "a[href='/statement']")
    page.wait_for_url("**/statement")
    expect(page.locator("table.ledger")).to_contain_text(TITLE)
    press(page, "table.ledger a[href*='open=']")
    expect(page.locator(".why").first).to_be_visible()
    assert found.complaints == []
    found.context.close()


def _signs_in(page: Page, sample: Academy) -> None:
    account = sample.account("learner", LOGIN)
    page.goto("/sign-in")
    expect(page.locator("[name=login]")).to_be_focused()
    page.keyboard.type(account.username)
    page.keyboard.press("Tab")
    page.keyboard.type(account.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def _finds_the_course(page: Page) -> None:
    press(page, "a[href='/courses']")
    page.wait_for_url("**/courses")
    press_until(page, "main [name=q]")
    page.keyboard.type(TITLE)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")
    press(page, "main a[href^='/courses/']")
    page.wait_for_url("**/courses/*")
    press(page, "main a[href^='/lessons/']")


def _watches_and_answers(page: Page) -> None:
    """Play; the question comes to what was seen; the right answer begins with 对."""
    press(page, "[data-do=play]")
    press_until(page, "[data-speed]")
    page.keyboard.press("End")  # the fastest
    until(page, "document.querySelector('video').ended", 60)
    expect(page.locator("[data-check]")).to_have_count(1, timeout=15 * SECOND)
    press_until(page, "#checks input[name=chosen]")
    for _step in range(3):
        if page.evaluate("document.activeElement.closest('label').textContent.trim().startsWith('对')"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    press(page, "#checks button")
    expect(page.locator("[data-check]")).to_have_count(0, timeout=15 * SECOND)
    expect(page.locator("#tally-pending")).to_have_text("0:00")
    expect(page.locator(".credit-line")).to_be_visible(timeout=15 * SECOND)
