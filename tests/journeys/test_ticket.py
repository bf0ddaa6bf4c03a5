""" "My time is wrong", from the learner's click to granted time in the ledger, on a phone and on a desktop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.journeys.devices import DESKTOP, PHONE, SECOND, Device, Player, sign_in
from tests.journeys.server import Academy

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
COURSE = "公文写作：通知与函的区别"  # without presence checks: chance has no part in the amounts
WORDS = "课间断网，后半段看完了，没有计上"
REASON = "当天在教室里看完，当场核对过"
# Who watches on what, and on what the head teacher answers.
PEOPLE = (("l026", PHONE, DESKTOP), ("l028", DESKTOP, PHONE))


def test_from_the_click_to_granted_time_in_the_ledger(academy: Academy, chromium: Browser) -> None:
    for login, learners, teachers in PEOPLE:
        learner = sign_in(chromium, academy, academy.account("learner", login), learners)
        lesson = _watches_a_little(learner)
        ticket = _says_what_is_wrong(learner, lesson)
        amount = _head_teacher_grants(chromium, academy, ticket, teachers)
        _ledger_says_who_and_why(learner, lesson, ticket, amount)
        assert learner.complaints == []
        learner.context.close()
    assert "differences 0" in academy.duxue("credits", "verify")


def _fits(device: Device) -> None:
    page = device.page
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def _watches_a_little(learner: Device) -> str:
    """The beginning, then a jump: most of the lesson does not count."""
    page = learner.page
    page.goto("/courses")
    page.get_by_role("link", name=COURSE).first.click()
    page.wait_for_url("**/courses/*")
    lesson = page.locator("main a[href^='/lessons/']").first.get_attribute("href") or ""
    player = Player(learner, lesson)
    player.play("1")
    player.until_counted(6 * SECOND, 30)
    page.evaluate("document.querySelector('video').currentTime += 60")
    before = player.counted_ms()
    player.until_counted(before + 6 * SECOND, 30)
    player.pause()
    assert not page.locator(".credit-line").is_visible()
    return lesson


def _says_what_is_wrong(learner: Device, lesson: str) -> str:
    """By the link under the coverage bar; the time line is read first; a text that is too short stays."""
    page = learner.page
    page.locator(f"a[href='{lesson}/ticket']").click()
    page.wait_for_url(f"**{lesson}/ticket")
    expect(page.locator("#counts .segments li").first).to_contain_text("跳过")
    assert page.locator("#viewings svg.viewing-svg:visible .run-counted").count() >= 2
    page.locator("#viewings summary").first.click()
    expect(page.locator("#viewings table").first).to_be_visible()
    _fits(learner)
    send = page.locator("form:has([name=text]) button[type=submit]")
    page.locator("[name=text]").fill("短")
    send.click()
    expect(page.locator("#text-error")).to_be_visible()
    learner.forgive("422")
    page.locator("[name=text]").fill(WORDS)
    send.dblclick()
    expect(page).to_have_url(re.compile(r"/tickets/[^/]+$"), timeout=30 * SECOND)  # the first sending is broken off
    expect(page.locator("main .tag-pending").first).to_contain_text("待答复")
    expect(page.locator(".said")).to_contain_text(WORDS)
    _fits(learner)
    ticket = page.url.rsplit("/", 1)[1]
    page.goto("/tickets")
    assert page.locator("main .tickets > li").count() == 1
    page.goto(f"{lesson}/ticket")
    assert page.url.endswith(f"/tickets/{ticket}"), "one open ticket a lesson"
    return ticket


def _head_teacher_grants(browser: Browser, academy: Academy, ticket: str, kind: dict[str, Any]) -> str:
    """From the class's count to the ticket; without a reason nothing is granted. Hours credited, as the page says."""
    teacher = sign_in(browser, academy, academy.account("head_teacher", "head1"), kind)
    page = teacher.page
    page.goto("/classes/class-1")
    page.locator("a[href='/classes/class-1/tickets']").click()
    page.locator(f"main a[href$='{ticket}']").click()
    expect(page.locator(".said")).to_contain_text(WORDS)
    expect(page.locator("#counts .segments")).to_contain_text("跳过")
    _fits(teacher)
    grant = page.locator("form[action$='/grant'] button[type=submit]")
    grant.click()
    expect(page.locator("#reason-error")).to_be_visible()
    teacher.forgive("422")
    boxes = page.locator("[name=parts]")
    assert boxes.count() >= 2
    assert all(boxes.nth(place).is_checked() for place in range(boxes.count())), "all that is missing is proposed"
    page.locator("[name=reason]").fill(REASON)
    grant.click()
    said = page.locator(".flashes").inner_text()
    found = re.search(r"入账([\d.]+)学时", said)
    assert found, said
    expect(page.locator("main .tag-counted").first).to_contain_text("已补计")
    assert not page.locator("form[action$='/grant']").count()
    _fits(teacher)
    assert teacher.complaints == []
    teacher.context.close()
    return found.group(1)


def _ledger_says_who_and_why(learner: Device, lesson: str, ticket: str, amount: str) -> None:
    page = learner.page
    player = Player(learner, lesson)
    assert player.counted_ms() == player.length_ms // SECOND * SECOND
    expect(page.locator(".ticket-note")).to_contain_text(REASON)
    expect(page.locator(".credit-line").first).to_contain_text(amount)
    page.locator(".ticket-note a").click()
    expect(page.locator(".said .is-answer")).to_contain_text(REASON)
    page.goto("/statement")
    line = page.locator("table.ledger tr.entry", has_text="更正").first
    expect(line.locator(".amount")).to_contain_text(f"+{amount}")
    line.locator("a.disclose").click()
    why = page.locator(".why-row")
    for words in (REASON, "补计人", "据申诉单补计"):
        expect(why).to_contain_text(words)
    _fits(learner)
    why.locator(f"a[href='/tickets/{ticket}']").click()
    page.wait_for_url(f"**/tickets/{ticket}")
