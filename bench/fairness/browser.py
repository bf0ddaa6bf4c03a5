"""Honest troubles and an evasion with the academy's own player in a real browser, each in one of its own.

What was played is what the browser's `video.played` says, less a little at both ends of each stretch: a page
hears four times a second where its picture stands.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.fairness.case import evasion, honest
from bench.fairness.checks import checked_lesson, keys, watched
from bench.fairness.scene import NotHere, Scene
from tests.conftest import CHROMIUM_FLAGS
from tests.factories import PASSWORD
from tests.journeys import devices
from tests.journeys.server import Academy, Account

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EDGE_MS = 700
KILLED_MS = 3000  # what a page keeps every two seconds may be that old when it is killed
PLAYED = """() => { const { played } = document.querySelector('video');
  return Array.from({ length: played.length }, (_, i) => [played.start(i) * 1000, played.end(i) * 1000]); }"""


class Tab:
    """The player page of one learner in one browser context."""

    def __init__(self, scene: Scene, browser: Browser, lesson: int, **more: Any) -> None:
        self.scene, self.lesson = scene, lesson
        place = scene.place
        academy = Academy(f"http://127.0.0.1:{place.ports[0]}", place.folder, place.environment, place.folder / "log")
        account = Account("learner", scene.learner.login, PASSWORD)
        self.device = devices.sign_in(browser, academy, account, devices.DESKTOP, **more)
        self.page = self.device.page
        self.load()

    def load(self) -> devices.Player:
        """Open the page (again). Generously, its viewing is open from now on."""
        begun = time.monotonic()
        self.scene.book.times.setdefault(self.scene.learner.id, []).append([begun, float("inf"), begun])
        self.player = devices.Player(self.device, f"/lessons/{self.lesson}")
        return self.player

    def run(self, seconds: float, rate: str = "2") -> Tab:
        """Play for so long."""
        self.player.play(rate)
        self.page.wait_for_timeout(seconds * 1000)
        return self

    def no_beats(self) -> None:
        """The network is away for reports."""
        self.page.route("**/beats", lambda route: route.abort())

    def beats(self) -> None:
        """It is back."""
        self.page.unroute("**/beats")

    def note(self, edge_ms: int = EDGE_MS) -> list[list[float]]:
        """Write down what the browser says was played since the page was loaded."""
        spans: list[list[float]] = self.page.evaluate(PLAYED)
        sure = [(int(start) + EDGE_MS, int(end) - edge_ms) for start, end in spans if end - start > EDGE_MS + edge_ms]
        self.scene.note("played", self.scene.learner.id, self.scene.newest_media(), sure)
        return spans

    def end(self) -> None:
        """Stop, write down what was played, and wait until all of it is told."""
        self.player.pause()
        self.note()
        self.settle()

    def settle(self, seconds: float = 20) -> None:
        """Wait until the page has nothing more to tell: the rows stand still, and have something."""
        before, until = None, time.monotonic() + seconds
        while time.monotonic() < until:
            now = self.scene.kept()
            if now == before and now[0]:
                return
            before = now
            self.page.wait_for_timeout(1700)


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A browser of this case alone, in this thread."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        raise NotHere("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *more])
        try:
            yield browser
        finally:
            browser.close()


@honest(browser=True)
def a_browser_reloads_with_unsent_beats(scene: Scene) -> None:
    """Unattended: in the academy's own player: no beat gets through, the page is loaded again, all of it counts."""
    with chromium() as browser:
        tab = Tab(scene, browser, scene.film())
        tab.run(4)
        tab.no_beats()
        tab.page.wait_for_timeout(2500)
        tab.note()
        tab.beats()
        tab.load()
        tab.run(3)
        tab.end()


@honest(browser=True)
def a_browser_killed_with_unsent_beats(scene: Scene) -> None:
    """Unattended: `kill -9` of the tab in mid-play: what it kept goes when the lesson is opened again."""
    with chromium() as browser:
        tab = Tab(scene, browser, scene.film())
        tab.run(4)
        tab.no_beats()
        tab.page.wait_for_timeout(2500)
        tab.note(KILLED_MS)
        tab.player.kill()
        tab.page.close()
        tab.device.page = tab.page = tab.device.context.new_page()
        tab.load()
        tab.run(3)
        tab.end()


@honest(browser=True)
def a_browser_whose_clock_is_wrong_by_years(scene: Scene) -> None:
    """Forged heartbeats: the device believes that it is 2003; its page is frozen for a while and wakes."""
    with chromium() as browser:
        tab = Tab(scene, browser, scene.film())
        tab.device.context.add_init_script("(() => { const now = Date.now; Date.now = () => now() - 7e11; })()")
        tab.load()
        tab.run(3)
        session = tab.device.context.new_cdp_session(tab.page)
        session.send("Page.setWebLifecycleState", {"state": "frozen"})
        time.sleep(2)
        session.send("Page.setWebLifecycleState", {"state": "active"})
        tab.page.wait_for_timeout(2000)
        tab.end()


@honest(browser=True)
def a_check_answered_by_keyboard(scene: Scene) -> None:
    """Pop-up: keyboard and no countdown: the confirmation in the academy's own player, by Tab and Enter alone."""
    with chromium() as browser:
        lesson = checked_lesson(scene, bank=8)
        watched(scene, lesson)  # by a player without a browser; now the page shows what waits
        tab = Tab(scene, browser, lesson)
        tab.page.locator("[data-check] form").first.wait_for(timeout=30_000)
        tab.page.wait_for_load_state("networkidle")
        check = scene.device().json("GET", f"/lessons/{lesson}/checks").body["checks"][0]
        _answer_by_keyboard(tab, keys(check, True)[0])
        until = time.monotonic() + 30
        while scene.kept()[1] and time.monotonic() < until:
            tab.page.wait_for_timeout(300)
        said = tab.page.locator("[data-check], .check-said").all_inner_texts()
        scene.must(not scene.kept()[1], f"the answer released what waited: {said}")


def _answer_by_keyboard(tab: Tab, key: str) -> None:
    """Space on the option, Tab to the button, Enter."""
    tab.page.locator(f"[data-check] input[name=chosen][value='{key}']").first.focus()
    tab.page.keyboard.press("Space")
    for _ in range(6):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("document.activeElement.matches('[data-check] [type=submit]')"):
            break
    tab.page.keyboard.press("Enter")


@evasion(browser=True)
def the_picture_sped_up_by_a_script(scene: Scene) -> None:
    """Rate override up to 10×, seek to end, focus spoofing: typed into the console of the academy's own player."""
    with chromium() as browser:
        tab = Tab(scene, browser, scene.film())
        tab.run(1)
        tab.page.evaluate(
            """() => { const video = document.querySelector('video');
              Object.defineProperty(document, 'hidden', { value: false });
              video.muted = true; video.playbackRate = 10; }"""
        )
        tab.page.wait_for_timeout(5000)
        tab.page.evaluate("() => { document.querySelector('video').currentTime = 80; }")
        tab.page.wait_for_timeout(1500)
        tab.settle()
