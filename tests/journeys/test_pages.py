"""Every page of the story: nothing that axe-core finds, nothing on the console, no sideways scrolling, no
Chinese left over in English; and the way to a counted minute by keyboard alone."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys import server
from tests.journeys.devices import DESKTOP, PHONE, SECOND, Device, device, sign_in, speak, until
from tests.journeys.places import LEARNER, PLACES, Place
from tests.journeys.server import Academy
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# One worker for the whole file: it shares one academy.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journey-pages")]
SIZES = {"360": PHONE, "1280": DESKTOP}
# What axe cannot know: best practices are findings here too.
RULES = {"resultTypes": ["violations"]}
HAN = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """A sample academy on the embedded database, for all tests of this file."""
    folder = tmp_path_factory.mktemp("pages")
    with server.academy(folder, DatabaseUrls("", "", ""), DUXUE_BEAT_SECONDS="2") as found:
        yield found


class Visitors:
    """One device for everybody whose pages are visited, in one size and theme."""

    def __init__(self, browser: Browser, sample: Academy, kind: dict[str, Any], language: str) -> None:
        self.browser, self.sample, self.kind, self.language = browser, sample, kind, language
        self.devices: dict[str, Device] = {}

    def at(self, place: Place) -> Page:
        """The page of a place, opened by whose it is."""
        if place.who not in self.devices:
            found = device(self.browser, self.sample, self.kind) if not place.who else self._enter(place.who)
            if not place.who:
                found.page.goto("/sign-in")
            speak(found, self.language)
            self.devices[place.who] = found
        page = self.devices[place.who].page
        place.go(page)
        return page

    def _enter(self, who: str) -> Device:
        account = next(each for each in self.sample.accounts() if each.username == who)
        return sign_in(self.browser, self.sample, account, self.kind)

    def complaints(self) -> list[str]:
        """What the consoles said, except that an error page has the status of an error."""
        said = [each for found in self.devices.values() for each in found.complaints]
        return [each for each in said if "status of 404" not in each]

    def leave(self) -> None:
        """Close all."""
        for found in self.devices.values():
            found.context.close()


def _faults(page: Page) -> list[str]:
    """What axe-core finds, one line each, with the elements."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {node['target']} {node.get('failureSummary')}" for each in found for node in each["nodes"]]


def _too_wide(page: Page) -> str:
    """Which element sticks out at the right, if the page scrolls sideways."""
    found: str = page.evaluate(
        """(wide) => {
          if (document.documentElement.scrollWidth <= wide) return "";
          const out = Array.from(document.body.querySelectorAll("*"))
            .filter((each) => each.getBoundingClientRect().right > wide + 1);
          return out.map((each) => each.tagName + "." + each.className).slice(-3).join(", ") || "something";
        }""",
        (page.viewport_size or {"width": 0})["width"],  # a phone's own page grows with what sticks out
    )
    return found


@pytest.mark.parametrize(("size", "theme"), list(product(SIZES, ("light", "dark"))))
def test_pages_are_sound_in_every_size_and_theme(chromium: Browser, sample: Academy, size: str, theme: str) -> None:
    visitors = Visitors(chromium, sample, {**SIZES[size], "color_scheme": theme, "reduced_motion": "reduce"}, "zh-CN")
    wrong: list[str] = []
    for place in PLACES:
        page = visitors.at(place)
        wrong += [f"{place.name}: {fault}" for fault in _faults(page)]
        if stuck := _too_wide(page):
            wrong.append(f"{place.name}: wider than {size} pixels: {stuck}")
    wrong += visitors.complaints()
    visitors.leave()
    assert not wrong, "\n".join(wrong)


def test_the_checks_find_what_is_wrong(chromium: Browser, sample: Academy) -> None:
    """None of the checks is blind: a page spoilt on purpose fails all three."""
    visitors = Visitors(chromium, sample, PHONE, "zh-CN")
    page = visitors.at(PLACES[0])
    assert not _faults(page)
    assert not _too_wide(page)
    page.evaluate(
        """() => {
          const box = document.createElement("div");
          box.innerHTML = '<input type="text"><table width="900"><tr><td>x</td></tr></table>';
          document.querySelector("main").append(box);
        }"""
    )
    assert any("label" in each for each in _faults(page))
    assert _too_wide(page)
    assert not visitors.complaints()
    page.evaluate("() => document.body.setAttribute('style', 'color: red')")
    page.wait_for_timeout(200)
    assert any("Content Security Policy" in each for each in visitors.complaints())
    visitors.leave()


# Data may be Chinese on an English page: people, units' and courses' own titles where no English one was given,
# captions, the text of an article, quotations. What the product itself says may not.
WORDS = """() => {
  const chrome = "title, h1, h2, nav a, label, legend, button, th, dt, caption, summary, option, .hint, .btn";
  const ours = (each) => !each.closest("[lang^=zh], .transcript, .article, video, .cover, svg");
  const said = Array.from(document.querySelectorAll(chrome)).filter(ours).map((each) => each.textContent.trim());
  const labels = Array.from(document.querySelectorAll("[aria-label], [placeholder]")).filter(ours)
    .map((each) => each.getAttribute("aria-label") || each.getAttribute("placeholder"));
  return said.concat(labels);
}"""


def test_english_pages_have_no_chinese_words(chromium: Browser, sample: Academy) -> None:
    names = _names()
    visitors = Visitors(chromium, sample, DESKTOP, "en")
    wrong = []
    for place in PLACES:
        page = visitors.at(place)
        for text in page.evaluate(WORDS):
            for name in names:
                text = text.replace(name, "")
            if HAN.search(text):
                wrong.append(f"{place.name}: {text[:80]}")
    for found in visitors.devices.values():
        speak(found, "zh-CN")
    visitors.leave()
    assert not wrong, "\n".join(wrong)


def _names() -> list[str]:
    """People's names, which stay as they are in every language; the mark of the house, and the other language."""
    folder = server.ROOT / "content/sample"
    with (folder / "learners.csv").open(encoding="utf-8") as file:
        learners = [row["name"] for row in csv.DictReader(file)]
    staff = [each["name"] for each in tomllib.loads((folder / "academy.toml").read_text("utf-8"))["staff"]]
    return sorted([*learners, *staff, "中文", "笃学"], key=len, reverse=True)


def _press_until(page: Page, selector: str, most: int = 60) -> None:
    """Tab until the element has the focus, and see that it can be seen to have it."""
    for _step in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            style = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement);"
                " return [s.outlineStyle, s.boxShadow].join(); }"
            )
            assert style != "none,none", f"{selector} has the focus, but nobody sees it"
            return
    raise AssertionError(f"{selector} is not reached in {most} steps with Tab on {page.url}")


def test_a_counted_minute_by_keyboard_alone(chromium: Browser, sample: Academy) -> None:
    found = device(chromium, sample, DESKTOP)
    page = found.page
    account = sample.account("learner", LEARNER)
    page.goto("/sign-in")
    expect(page.locator("[name=login]")).to_be_focused()
    page.keyboard.type(account.username)
    page.keyboard.press("Tab")
    page.keyboard.type(account.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    _press_until(page, "main a[href='/lessons/2']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lessons/2")
    _press_until(page, "[data-do=play]")
    before = page.locator("#tally-counted").inner_text()
    page.keyboard.press("Enter")
    until(page, "!document.querySelector('video').paused")
    expect(page.locator("#tally-counted")).not_to_have_text(before, timeout=20 * SECOND)
    page.keyboard.press("Enter")
    until(page, "document.querySelector('video').paused")
    page.goto("/")
    _press_until(page, "a[href='/statement']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/statement")
    _press_until(page, "table.ledger a[href*='open=']")
    page.keyboard.press("Enter")
    expect(page.locator(".why").first).to_be_visible()
    assert found.complaints == []
    found.context.close()
