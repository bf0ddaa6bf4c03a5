"""A slow line and a broken one: what is quick needs no word, what is slow is said, and nothing is undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from tests.journeys.devices import DESKTOP, PHONE, Device, sign_in, until
from tests.journeys.places import LEARNER
from tests.journeys.server import Academy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def learner(chromium: Browser, sample: Academy, request: pytest.FixtureRequest) -> Iterator[Device]:
    """Somebody on My year."""
    found = sign_in(chromium, sample, sample.account("learner", LEARNER), request.param)
    found.page.goto("/")
    yield found
    found.context.close()


# What the page says from a click on, kept where the next page finds it: [ms after the click, words, buttons at work].
WATCH = """() => {
  const said = document.getElementById("waits");
  const seen = [];
  const look = () => {
    const busy = Array.from(document.querySelectorAll(".btn[aria-busy=true]"), (each) => each.textContent.trim());
    seen.push([Math.round(performance.now() - window.clickedAt), said.textContent, busy]);
    sessionStorage.setItem("seen", JSON.stringify(seen));
  };
  const changes = { subtree: true, childList: true, characterData: true };
  new MutationObserver(look).observe(document.body, { ...changes, attributes: true, attributeFilter: ["aria-busy"] });
}"""
CLICK = "(each) => { window.clickedAt = performance.now(); each.click(); }"


def _slowly(page: Page, address: str, selector: str) -> list[tuple[int, str, list[str]]]:
    """Press something whose page takes a second and more to come; what was said meanwhile."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))
    page.evaluate(WATCH)
    page.locator(selector).first.evaluate(CLICK)
    page.wait_for_timeout(1200)
    held[0].continue_()
    page.wait_for_url(address)
    found = [(ms, words, busy) for ms, words, busy in json.loads(page.evaluate("sessionStorage.getItem('seen')"))]
    expect(page.locator("#waits")).to_be_hidden()
    return found


def test_what_takes_long_is_said_and_what_is_quick_is_not(learner: Device) -> None:
    expect(learner.page.locator("#waits")).to_be_hidden()
    seen = _slowly(learner.page, "**/statement", "main a[href='/statement']")
    assert seen[0][0] >= 380, "for a while nothing is said"
    assert seen[-1][1] == "还在打开"
    assert learner.complaints == []


def test_a_button_that_was_pressed_shows_that_it_works(learner: Device) -> None:
    learner.page.goto("/certificates/new")
    seen = _slowly(learner.page, "**/certificates/new?*", "main form button[type=submit]")
    assert seen[0][0] >= 380
    assert seen[-1][1:] == ("还在打开", ["看合计"])


def test_without_network_the_page_says_what_stays(learner: Device) -> None:
    page, said = learner.page, learner.page.locator("#waits")
    learner.context.set_offline(True)
    expect(said).to_have_text("网络断了。这一页还在，写下的字留在这个标签页里。")
    learner.context.set_offline(False)
    expect(said).to_have_text("网络恢复了。")
    expect(said).to_be_hidden(timeout=8000)
    page.locator("main a[href='/statement']").first.click()
    page.wait_for_url("**/statement")


def test_a_picture_that_has_run_dry_says_so(chromium: Browser, sample: Academy) -> None:
    found = sign_in(chromium, sample, sample.account("learner", LEARNER), DESKTOP)
    page = found.page
    held: list[Route] = []
    material = f"http://localhost:{sample.environment['CONTENT_PORT']}/**"
    arrives = False
    page.route(material, lambda route: route.continue_() if arrives else held.append(route))
    page.goto("/lessons/2")
    note = page.locator("[data-buffering]")
    expect(note).to_be_hidden()
    page.locator("[data-do=play]").click()
    expect(note).to_have_text("画面还在路上。播放时才计时，不丢时间。")
    arrives = True
    for route in held:
        with suppress(Error):  # the player may have given that request up
            route.continue_()
    until(page, "document.querySelector('video').currentTime > 0.3", 30)
    expect(note).to_be_hidden()
    found.context.close()
