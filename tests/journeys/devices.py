"""A person's device: a browser context of its own, signed in; and the player page as its user sees it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error, expect

from tests.journeys.server import Academy, Account

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
SECOND = 1000
# For journeys whose requests are tried on both databases without a browser.
ON_SQLITE = pytest.mark.parametrize(
    "urls", [pytest.param("sqlite", marks=pytest.mark.xdist_group("journeys-one"))], indirect=True
)
NO_TRANSITION = "Transition was aborted"


@dataclass
class Device:
    """One browser with its own cookies and storage. `complaints` are the errors that its pages showed.

    `ours` are the addresses that pages may ask: the academy's and its material's.
    """

    context: BrowserContext
    page: Page
    ours: tuple[str, ...]
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Collect console errors, uncaught exceptions, violations of the content security policy, and requests to
        anybody else."""
        self.page.on("console", self._console)
        self.context.on("request", self._request)
        self.page.on("pageerror", self._error)

    def forgive(self, what: str) -> None:
        """Drop the complaints that hold these words: a browser calls every refusal an error of the page."""
        self.complaints[:] = [each for each in self.complaints if what not in each]

    def _request(self, request: Request) -> None:
        if not request.url.startswith((*self.ours, "data:", "blob:")):
            self.complaints.append(f"{self.page.url} asks {request.url}")

    def _error(self, error: Error) -> None:
        if NO_TRANSITION not in error.message:
            self.complaints.append(f"{self.page.url}: {error}")

    def _console(self, message: ConsoleMessage) -> None:
        # A page that is left before it is there changes without a transition, and Chromium says so.
        if message.type in ("error", "warning") and NO_TRANSITION not in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")


def device(browser: Browser, academy: Academy, kind: dict[str, Any], **more: Any) -> Device:
    """A new device, speaking Chinese as most do, in the academy's time zone."""
    options = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "base_url": academy.url, **kind, **more}
    context = browser.new_context(**options)
    context.set_default_timeout(15 * SECOND)
    material = f"http://localhost:{academy.environment['CONTENT_PORT']}"
    found = Device(context, context.new_page(), (f"{options['base_url']}/", f"{material}/"))
    found.listen()
    return found


def sign_in(browser: Browser, academy: Academy, account: Account, kind: dict[str, Any], **more: Any) -> Device:
    """A new device on which this person has just signed in through the form."""
    found = device(browser, academy, kind, **more)
    found.page.goto("/sign-in")
    found.page.locator("[name=login]").fill(account.username)
    found.page.locator("[name=password]").fill(account.password)
    found.page.locator("form:has([name=password]) [type=submit]").click()
    found.page.wait_for_url(lambda url: "/sign-in" not in url)
    return found


def until(page: Page, script: str, seconds: float = 15) -> None:
    """Wait until an expression holds in the page. (`wait_for_function` would evaluate a string inside the page,
    which the content security policy refuses.)"""
    deadline = time.monotonic() + seconds
    while not page.evaluate(script):
        assert time.monotonic() < deadline, f"after {seconds} s it does not hold: {script}"
        page.wait_for_timeout(100)


def speak(found: Device, language: str) -> None:
    """Let this device show the academy in `zh-CN` or `en`, by the button that every page has."""
    if found.page.locator("html").get_attribute("lang") != language:
        button = found.page.locator("form.language button:visible")
        if not button.count():
            found.page.locator(".rail-menu summary").click()
        button.first.click()
        found.page.locator(f"html[lang='{language}']").wait_for(state="attached")


def _ms(text: str) -> int:
    """Milliseconds of `1:02:03`."""
    total = 0
    for part in text.strip().split(":"):
        total = total * 60 + int(part)
    return total * SECOND


class Player:
    """The player page of one device. `beats` are the bodies it has sent, in order."""

    def __init__(self, device: Device, address: str) -> None:
        self.page = device.page
        self.beats: list[str] = []
        self.page.on("request", self._note)
        self.page.goto(address)
        self.length_ms = int(self.page.locator("[data-scrub]").get_attribute("max") or 0)

    def _note(self, request: Request) -> None:
        if request.url.endswith("/beats") and request.post_data:
            self.beats.append(request.post_data)

    def play(self, rate: str = "2") -> None:
        """Choose a speed and press play; the position must move."""
        self.page.locator("[data-speed]").select_option(rate)
        before = self.at_ms()
        self.page.locator("[data-do=play]").click()
        self.wait(lambda: self.at_ms() > before + SECOND, 15, "the picture runs")

    def pause(self) -> None:
        """Press pause and wait until what was played is acknowledged."""
        self.page.locator("[data-do=play]").click()
        until(self.page, "document.querySelector('video').paused")

    def at_ms(self) -> int:
        """Where the picture stands, as the browser has it."""
        seconds: float = self.page.evaluate("document.querySelector('video').currentTime")
        return round(seconds * SECOND)

    def counted_ms(self) -> int:
        """What the page says is counted."""
        return self.tally("counted")

    def tally(self, kind: str) -> int:
        """A figure under the coverage bar, in ms (whole seconds)."""
        return _ms(self.page.locator(f"#tally-{kind}").inner_text())

    def bar_ms(self) -> int:
        """How much of the coverage bar is drawn as counted, in ms of the lesson."""
        share: float = self.page.evaluate(
            """() => {
              const bar = Array.from(document.querySelectorAll('#coverage svg.coverage-bar'))
                .find((each) => each.getBoundingClientRect().width > 0);
              const wide = bar.viewBox.baseVal.width;
              return Array.from(bar.querySelectorAll('rect.counted'))
                .reduce((sum, each) => sum + each.width.baseVal.value, 0) / wide;
            }"""
        )
        return round(share * self.length_ms)

    def wait(self, holds: Callable[[], bool], seconds: float, what: str) -> None:
        """Let the page run until something holds; AssertionError with `what` after so many seconds."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"after {seconds} s it does not hold that {what}: {self.state()}"
            self.page.wait_for_timeout(200)

    def until_counted(self, ms: int, seconds: float) -> None:
        """Watch until so much is counted."""
        self.wait(lambda: self.counted_ms() >= ms, seconds, f"{ms} ms are counted")

    def state(self) -> str:
        """One line about the page, for failures."""
        note = self.page.locator("#player-note")
        said = note.inner_text() if note.is_visible() else ""
        return f"at {self.at_ms()} ms, counted {self.counted_ms()} ms, {len(self.beats)} beats, note {said!r}"

    def note(self) -> str:
        """What the page tells its user now."""
        expect(self.page.locator("#player-note")).to_be_visible(timeout=20 * SECOND)
        return self.page.locator("#player-note").inner_text()

    def kill(self) -> None:
        """`kill -9` of the tab's process: no unload, no last word. (It takes the browser's other tabs with it.)"""
        browser = self.page.context.browser
        assert browser is not None
        session = browser.new_browser_cdp_session()
        running: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")["processInfo"]
        for process in running:
            if process["type"] == "renderer":
                os.kill(process["id"], signal.SIGKILL)
        with pytest.raises(Error, match="crashed"):
            self.page.wait_for_timeout(5 * SECOND)
