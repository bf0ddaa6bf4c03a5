"""By keyboard alone, with the focus always to be seen: sign in, find a course, watch, answer, read the statement; and
at a desk, on a phone's width: import a roster, find a person of it, undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.journeys.devices import DESKTOP, PHONE, SECOND, device, until
from tests.journeys.filming import Studio
from tests.journeys.keys import press, press_until
from tests.journeys.server import Academy, Account
from tests.roster.books import as_csv, person

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]
LOGIN, TITLE = "l021", "键盘短片"


def test_from_the_door_to_the_statement(chromium: Browser, sample: Academy, tmp_path: Path) -> None:
    studio = Studio(sample, tmp_path)
    film = studio.film(30, title=TITLE, check_minutes=1)
    studio.ask(film, 3)
    studio.db.engine.dispose()
    found = device(chromium, sample, DESKTOP)
    page = found.page
    _signs_in(page, sample.account("learner", LOGIN))
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


def test_a_roster_is_imported_and_undone_at_a_desk_as_narrow_as_a_phone(
    chromium: Browser, sample: Academy, tmp_path: Path
) -> None:
    roster = tmp_path / "名册.csv"
    roster.write_bytes(as_csv([person(9001), person(9002), person(9003, 手机号码="12")]))
    found = device(chromium, sample, PHONE)
    page = found.page
    _signs_in(page, sample.account("academy_admin"))
    page.goto("/desk/import")
    _whole(page)
    # Heard from here on: Chromium is told so beside what comes next, and a key may be quicker.
    page.on("filechooser", lambda chooser: chooser.set_files(roster))
    press_until(page, "main [type=file]")
    page.keyboard.press("Space")
    until(page, "document.querySelector('main [type=file]').files.length === 1")
    press_until(page, "main [name=source]")
    page.keyboard.type("键盘")
    press(page, "main form[enctype] [type=submit]")
    expect(page.locator(".diff-bar")).to_have_count(1, timeout=30 * SECOND)
    assert "新增2" in (page.locator(".diff-bar").get_attribute("aria-label") or "")
    _whole(page)
    press(page, ".diff-tabs a[href*='show=wrong']")
    page.wait_for_url("**show=wrong")
    expect(page.locator(".wrong-table")).to_contain_text("手机号码")
    _whole(page)
    press(page, ".apply-bar [type=submit]")
    expect(page.locator("form[action$='/undo']")).to_have_count(1, timeout=30 * SECOND)
    _whole(page)
    address = page.url
    _finds(page, "壬零零甲")
    page.goto(address)
    press(page, "form[action$='/undo'] button")
    expect(page.locator("#undone")).to_have_count(1, timeout=30 * SECOND)
    _whole(page)
    assert found.complaints == []
    found.context.close()


def _finds(page: Page, name: str) -> None:
    """In the list of accounts."""
    page.goto("/desk/accounts")
    press_until(page, "main [name=q]")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")
    expect(page.locator("main tbody")).to_contain_text(name)
    _whole(page)


def _whole(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 360, f"{page.url}: something lies beyond the screen"


def _signs_in(page: Page, account: Account) -> None:
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
