"""The player in real life: gaps, reloads, tabs in the background, two devices, sign-ins that end, wrong clocks, no
picture, no scripts. What the academy has counted is compared with what really ran."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Route, expect

from tests.journeys import server
from tests.journeys.devices import DESKTOP, PHONE, SECOND, Device, Player, sign_in, until
from tests.journeys.filming import Film, Studio
from tests.journeys.server import Academy
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-one")]
SIZES = pytest.mark.parametrize("kind", [PHONE, DESKTOP], ids=["360", "1280"])
# A picture tells its place every quarter of a second; where a jump begins, so much of it may be missing.
TOLD_MS = 300


class House:
    """An academy, its films, and its learners."""

    def __init__(self, browser: Browser, academy: Academy, studio: Studio) -> None:
        self.browser, self.academy, self.studio = browser, academy, studio

    def enter(self, login: str, kind: dict[str, Any] = DESKTOP, **more: Any) -> Device:
        """Signs in on a new device."""
        return sign_in(self.browser, self.academy, self.academy.account("learner", login), kind, **more)


@pytest.fixture(scope="module")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Academy, Studio]]:
    folder = tmp_path_factory.mktemp("player")
    with server.academy(folder, DatabaseUrls("", "", ""), DUXUE_BEAT_SECONDS="1") as found:
        studio = Studio(found, folder)
        yield found, studio
        studio.db.engine.dispose()


@pytest.fixture
def house(chromium: Browser, _served: tuple[Academy, Studio]) -> House:
    return House(chromium, *_served)


LEARNERS = iter(f"l{number:03d}" for number in range(20, 60))


@pytest.fixture
def login() -> str:
    """A learner whom no other test knows."""
    return next(LEARNERS)


def _block(page: Page) -> list[str]:
    """No beat gets through until `_unblock`; those that were tried."""
    tried: list[str] = []

    def refuse(route: Route) -> None:
        tried.append(route.request.post_data or "")
        route.abort()

    page.route("**/beats", refuse)
    return tried


# A page's last word that is lost on the way, as a phone without a network loses it.
LOST = "navigator.sendBeacon = () => true"


def _unblock(page: Page) -> None:
    page.unroute("**/beats")


def _ranges(beats: list[str]) -> list[list[int]]:
    return [pair for each in beats for pair in json.loads(each)["ranges"]]


def _total(pairs: list[tuple[int, int]]) -> int:
    return sum(end - start for start, end in pairs)


def _holes(pairs: list[tuple[int, int]]) -> list[int]:
    return [after[0] - before[1] for before, after in pairwise(pairs)]


def _settled(house: House, film: Film, login: str, player: Player, least_ms: int) -> list[tuple[int, int]]:
    """Wait until so much is counted; what the academy has."""
    player.wait(lambda: _total(house.studio.counted(film, login)) >= least_ms, 12, f"{least_ms} ms are counted")
    return house.studio.counted(film, login)


# What a browser itself says about what it has played.
PLAYED = """() => { const { played } = document.querySelector("video");
  return Array.from({ length: played.length }, (x, i) => [played.start(i) * 1000, played.end(i) * 1000]); }"""


@SIZES
def test_only_what_is_missing_is_played(house: House, login: str, kind: dict[str, Any]) -> None:
    film = house.studio.film(20)
    house.studio.watched(film, login, (0, 4000), (6000, 11000), (13_000, 20_000))
    device = house.enter(login, kind)
    player = Player(device, film.address)
    parts = player.page.locator("#segments li:has(.tag-skipped)")
    expect(parts).to_have_count(2)
    expect(parts.first).to_contain_text("0:04–0:06，2秒")
    everything = player.page.locator("#play-missing")
    expect(everything).to_contain_text("2段")
    everything.click()
    until(player.page, "!document.querySelector('video').paused")
    counted = _settled(house, film, login, player, film.length_ms)
    assert counted == [(0, film.length_ms)]
    until(player.page, "document.querySelector('video').paused")
    expect(parts).to_have_count(0)
    expect(everything).to_be_hidden()
    for start, end in _ranges(player.beats):
        assert 4000 <= start < end <= 6000 + 2 * TOLD_MS or 13_000 - 2000 <= start < end <= 13_000 + 2 * TOLD_MS
    assert device.complaints == []
    device.context.close()


def test_what_ran_is_what_counts(house: House, login: str) -> None:
    """Speeds, pauses, jumps there and back: no honest millisecond is refused, none falls between two ranges."""
    film = house.studio.film(40)
    device = house.enter(login)
    player = Player(device, film.address)
    page = player.page
    player.play("2")
    for rate in ("0.75", "2", "1.5", "2"):
        page.wait_for_timeout(500)
        page.locator("[data-speed]").select_option(rate)
    for _times in range(3):  # hardly stopped, on again
        page.keyboard.press("k")
        page.wait_for_timeout(60)
        page.keyboard.press("k")
        page.wait_for_timeout(400)
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(700)
    page.evaluate("document.querySelector('video').currentTime = 30")  # as the browser's own controls do
    page.wait_for_timeout(1500)
    page.locator("[data-scrub]").evaluate("e => { e.value = 36000; e.dispatchEvent(new Event('input')); }")
    player.wait(lambda: bool(page.evaluate("document.querySelector('video').ended")), 15, "it has ended")
    played = [(round(start), round(end)) for start, end in page.evaluate(PLAYED)]
    counted = _settled(house, film, login, player, _total(played) - 3 * TOLD_MS)
    page.wait_for_timeout(1500)
    counted = house.studio.counted(film, login)
    assert abs(_total(counted) - _total(played)) <= 3 * TOLD_MS, (counted, played)
    assert all(hole > 250 for hole in _holes(counted)), counted
    assert counted[-1][1] == film.length_ms
    assert player.tally("refused") == 0
    assert device.complaints == []
    device.context.close()


@SIZES
@pytest.mark.parametrize("storage", ["IndexedDB", "none of it"])
def test_a_reload_loses_nothing_that_was_not_sent(house: House, login: str, storage: str, kind: dict[str, Any]) -> None:
    film = house.studio.film(20)
    device = house.enter(login, kind)
    device.page.add_init_script(LOST)
    if storage == "none of it":  # as in private windows of old engines
        device.page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    player = Player(device, film.address)
    player.play("2")
    player.until_counted(SECOND, 8)
    tried = _block(player.page)
    player.wait(lambda: player.at_ms() > 9000, 12, "it runs on without a network")
    ran = player.at_ms()
    assert player.counted_ms() < 6000
    assert tried
    player.page.goto("/account")
    assert _total(house.studio.counted(film, login)) < 6000, "nothing got through"
    _unblock(player.page)
    player.page.goto(film.address)
    counted = _settled(house, film, login, player, ran - TOLD_MS)
    player.wait(lambda: player.counted_ms() >= 8 * SECOND, 8, "the page shows it, before anything is played")
    assert counted[0][0] == 0
    assert len(counted) == 1
    if storage == "IndexedDB":
        assert player.page.evaluate(STORED) == 0, "what is acknowledged is not kept"
    assert player.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('duxue.beats.'))") == []
    device.forgive("ERR_FAILED")
    assert device.complaints == []
    device.context.close()


STORED = """() => new Promise((done) => {
  const open = indexedDB.open("duxue");
  open.onsuccess = () => { const all = open.result.transaction("beats").objectStore("beats").getAllKeys();
    all.onsuccess = () => done(all.result.filter((key) => key.startsWith("duxue.beats.")).length
      + Object.keys(localStorage).filter((key) => key.startsWith("duxue.beats.")).length); };
})"""
# Cut what is kept into pieces of 50 ms, as an hour of jumping about would leave them; in IndexedDB or localStorage.
CUT = """(where) => new Promise((done) => {
  const open = indexedDB.open("duxue");
  open.onsuccess = () => {
    const store = open.result.transaction("beats", "readwrite").objectStore("beats");
    const keys = store.getAllKeys();
    keys.onsuccess = () => {
      const key = keys.result.find((each) => each.startsWith("duxue.beats."));
      const found = store.get(key);
      found.onsuccess = () => {
        const value = found.result;
        const pieces = [];
        for (const [start, end] of value.ranges) {
          for (let at = start; at < end; at += 50) pieces.push([at, Math.min(end, at + 50)]);
        }
        value.ranges = pieces;
        value.n += 1000;
        localStorage.removeItem(key);
        if (where === "localStorage") { localStorage.setItem(key, JSON.stringify(value)); store.delete(key); }
        else store.put(value, key);
        store.transaction.oncomplete = () => done(pieces.length);
      };
    };
  };
})"""


@pytest.mark.parametrize("where", ["IndexedDB", "localStorage"])
def test_hundreds_of_leftovers_go_in_several_beats(house: House, login: str, where: str) -> None:
    film = house.studio.film(20)
    device = house.enter(login)
    device.page.add_init_script(LOST)
    player = Player(device, film.address)
    _block(player.page)
    player.play("2")
    player.wait(lambda: player.at_ms() > 9000, 12, "it runs")
    player.pause()
    ran = player.at_ms()
    player.page.wait_for_timeout(500)
    other = device.context.new_page()  # a page of the same place that reports nothing
    other.goto("/account")
    player.page.close()
    pieces = other.evaluate(CUT, where)
    assert pieces > 128
    beats: list[str] = []
    other.on(
        "request", lambda request: beats.append(request.post_data or "") if request.url.endswith("/beats") else None
    )
    other.goto(film.address)
    deadline = 50  # what the first page said while it was closed may have come through: it is told again all the same
    while (_total(house.studio.counted(film, login)) < ran - TOLD_MS or len(beats) < 3) and deadline:
        other.wait_for_timeout(200)
        deadline -= 1
    assert [(start, abs(end - ran) <= 1) for start, end in house.studio.counted(film, login)] == [(0, True)]
    assert len(beats) >= 3
    assert all(len(json.loads(each)["ranges"]) <= 64 for each in beats)
    device.context.close()


# A tab in the background: hidden, its timers all but asleep.
HIDDEN = """() => {
  const later = window.setTimeout.bind(window);
  window.__sleep = () => {
    window.setTimeout = (act, ms) => later(act, Math.max(60000, ms || 0));
    Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  };
}"""


def test_a_tab_in_the_background_reports_on(house: House, login: str) -> None:
    film = house.studio.film(20)
    device = house.enter(login)
    device.page.add_init_script(f"({HIDDEN})()")
    player = Player(device, film.address)
    player.play("2")
    player.page.evaluate("window.__sleep()")
    before = len(player.beats)
    player.wait(lambda: player.at_ms() > 12_000, 12, "it runs on")
    assert len(player.beats) >= before + 3, "beats flow while timers sleep"
    assert _total(house.studio.counted(film, login)) > 8000
    assert house.studio.counted(film, login)[0][0] == 0
    assert len(house.studio.counted(film, login)) == 1
    assert device.complaints == []
    device.context.close()


def test_taken_over_with_a_backlog(house: House, login: str) -> None:
    film = house.studio.film(30)
    first, second = house.enter(login, PHONE), house.enter(login)
    player = Player(first, film.address)
    player.play("2")
    player.until_counted(SECOND, 8)
    _block(player.page)
    player.wait(lambda: player.at_ms() > 8000, 12, "it runs without a network")
    other = Player(second, film.address)
    ran = player.at_ms()
    other.play("1")
    _unblock(player.page)
    player.wait(lambda: "只计" in player.note() or "后打开" in player.note(), 15, "the first is told")
    until(player.page, "document.querySelector('video').paused")
    counted = _settled(house, film, login, player, ran - TOLD_MS)
    assert counted[0][0] == 0
    assert counted[0][1] >= ran - TOLD_MS, "the backlog from before the takeover counts"
    player.page.locator("#player-note button").click()
    other.note()
    until(player.page, "!document.querySelector('video').paused")
    player.wait(lambda: player.counted_ms() > 11 * SECOND, 15, "the first counts again")
    assert all(hole > 250 for hole in _holes(house.studio.counted(film, login)))
    first.context.close()
    second.context.close()


def test_a_sign_in_that_ends_in_mid_lecture(house: House, login: str) -> None:
    """Beats go on by the lease; opening anew leads to the sign-in page and back to the same second."""
    film = house.studio.film(30)
    device = house.enter(login)
    player = Player(device, film.address)
    player.play("2")
    player.until_counted(SECOND, 8)
    device.context.clear_cookies()
    before = player.counted_ms()
    player.until_counted(before + 4 * SECOND, 10)
    player.pause()
    account = house.academy.account("learner", login)
    page = player.page
    page.goto("/sign-in")
    _enter(page, account.username, account.password)
    page.goto(film.address)
    until(page, "document.querySelector('video').readyState >= 1")
    page.locator("[data-scrub]").evaluate("e => { e.value = 21000; e.dispatchEvent(new Event('input')); }")
    device.context.clear_cookies()
    page.locator("[data-do=play]").click()
    page.wait_for_url("**/sign-in**")
    _enter(page, account.username, account.password)
    page.wait_for_url(f"**{film.address}")
    until(page, "document.querySelector('video').currentTime > 20.5")
    assert abs(player.at_ms() - 21_000) < TOLD_MS
    device.forgive("400 (Bad")
    assert device.complaints == []
    device.context.close()


def _enter(page: Page, username: str, password: str) -> None:
    page.locator("[name=login]").fill(username)
    page.locator("[name=password]").fill(password)
    page.locator("form:has([name=password]) [type=submit]").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


# A device whose clock is wrong by `years`.
WRONG = """(years) => {
  const Real = Date;
  const shift = years * 365.25 * 86400e3;
  class Wrong extends Real {
    constructor(...given) { if (given.length) super(...given); else super(Real.now() + shift); }
    static now() { return Real.now() + shift; }
  }
  window.Date = Wrong;
}"""


def test_a_clock_that_is_years_wrong(house: House, login: str) -> None:
    film = house.studio.film(20)
    device = house.enter(login)
    device.page.add_init_script(LOST)
    device.page.add_init_script(f"({WRONG})(sessionStorage.getItem('later') ? 14 : -25)")
    player = Player(device, film.address)
    assert player.page.evaluate("new Date().getFullYear()") < 2010
    player.play("2")
    _block(player.page)
    player.wait(lambda: player.at_ms() > 8000, 12, "it runs")
    ran = player.at_ms()
    player.page.evaluate("sessionStorage.setItem('later', '1')")
    player.page.goto("/account")
    _unblock(player.page)
    player.page.goto(film.address)
    assert player.page.evaluate("new Date().getFullYear()") > 2030, "the clock was set meanwhile"
    counted = _settled(house, film, login, player, ran - TOLD_MS)
    assert len(counted) == 1
    device.context.close()


def test_by_keyboard_alone(house: House, login: str) -> None:
    film = house.studio.film(20)
    house.studio.watched(film, login, (0, 6000), (8000, 20_000))
    device = house.enter(login)
    player = Player(device, film.address)
    page = player.page
    page.keyboard.press("?")
    keys = page.locator("#keys")
    expect(keys).to_be_visible()
    expect(keys).to_be_focused()
    expect(keys).to_contain_text("只补看缺的")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(page.locator("[data-do=keys]")).to_be_focused()
    page.keyboard.press("g")
    until(page, "!document.querySelector('video').paused")
    assert 5900 < player.at_ms() < 8000
    assert _settled(house, film, login, player, film.length_ms) == [(0, film.length_ms)]
    until(page, "document.querySelector('video').paused")
    before = player.at_ms()
    page.keyboard.press("ArrowLeft")
    until(page, "!document.querySelector('video').seeking")
    assert abs(before - 5000 - player.at_ms()) < 50
    page.keyboard.press(">")
    expect(page.locator("[data-speed]")).to_have_value("1.25")
    expect(page.locator("#player-say")).to_have_text("速度1.25倍")
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("kk?g")  # letters are text here
    expect(page.locator("#note-text")).to_have_value("kk?g")
    page.locator("[data-do=back]").focus()
    page.keyboard.press("?")
    page.locator("#keys input").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(keys).to_be_hidden()
    page.reload()
    assert page.locator("[data-speed]").input_value() == "1.25", "the speed is remembered on the device"
    page.keyboard.press("?")
    expect(keys).to_be_hidden()
    assert device.complaints == []
    device.context.close()


@SIZES
def test_the_transcript_alone_completes_a_lesson(house: House, login: str, kind: dict[str, Any]) -> None:
    """No picture arrives. The lines are read at the lesson's pace, and the lesson is complete."""
    film = house.studio.film(12)
    device = house.enter(login, kind)
    device.page.route(re.compile(r"\.mp4|/media/|/content/"), lambda route: route.abort())
    player = Player(device, film.address)
    page = player.page
    offer = page.locator("#player-note button")
    expect(offer).to_be_visible()
    offer.click()
    expect(page.locator(".player-stage")).to_be_hidden()
    page.locator("[data-speed]").select_option("2")
    page.locator("[data-do=play]").click()
    expect(page.locator("#transcript-text .is-now")).to_contain_text("第2行")
    page.evaluate("() => { const now = performance.now.bind(performance); performance.now = () => now() + 3.6e6; }")
    page.wait_for_timeout(600)
    assert player.counted_ms() < 8 * SECOND, "an hour asleep is no hour read"
    page.evaluate(
        "() => { Object.defineProperty(document, 'visibilityState', { get: () => 'hidden', configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    at = page.locator("[data-time]").inner_text()
    page.wait_for_timeout(1500)
    assert page.locator("[data-time]").inner_text() == at, "nobody reads what is not on the screen"
    page.evaluate("() => { delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange')); }")
    assert _settled(house, film, login, player, film.length_ms) == [(0, film.length_ms)]
    expect(page.locator("#player-say")).to_have_text("这一讲全部计入了。")
    assert player.tally("refused") == 0
    device.forgive("ERR_FAILED")
    assert device.complaints == []
    device.context.close()


def test_in_order_means_no_further_than_seen(house: House, login: str) -> None:
    film = house.studio.film(30, in_order=True)
    house.studio.watched(film, login, (0, 9000))
    device = house.enter(login, PHONE)
    player = Player(device, film.address)
    page = player.page
    until(page, "document.querySelector('video').readyState >= 1")
    page.locator("[data-scrub]").evaluate("e => { e.value = 25000; e.dispatchEvent(new Event('input')); }")
    assert "9秒" in player.note()
    assert player.at_ms() <= 9000
    page.evaluate("document.querySelector('video').currentTime = 25")  # by the browser's own controls
    page.wait_for_timeout(300)
    assert player.at_ms() <= 9000
    page.locator("[data-do=play]").click()
    assert _settled(house, film, login, player, 12_000)[0][0] == 0
    assert device.complaints == []
    device.context.close()


@SIZES
def test_notes_at_their_place(house: House, login: str, kind: dict[str, Any]) -> None:
    film = house.studio.film(20)
    device = house.enter(login, kind)
    player = Player(device, film.address)
    page = player.page
    until(page, "document.querySelector('video').readyState >= 1")
    page.locator("[data-scrub]").evaluate("e => { e.value = 12000; e.dispatchEvent(new Event('input')); }")
    page.locator("[data-tab=notes]").click()
    page.locator("#note-text").fill("口径不同，数字就不同\n<b>再看一遍</b>")
    page.locator("[data-new] [type=submit]").click()
    note = page.locator(".note")
    expect(note).to_have_count(1)
    expect(note).to_contain_text("<b>再看一遍</b>")
    expect(note.locator("[data-go]")).to_have_text("0:12")
    expect(page.locator("#note-text")).to_have_value("")
    expect(page.locator("[data-note-count]")).to_have_text("1")
    page.locator("[data-scrub]").evaluate("e => { e.value = 0; e.dispatchEvent(new Event('input')); }")
    note.locator("[data-go]").click()
    assert player.at_ms() == 12_000
    note.locator("[data-change]").click()
    note.locator("textarea").fill("改过的")
    note.locator("form.note-form [type=submit]").click()
    expect(note.locator("[data-text]")).to_have_text("改过的")
    page.locator("#note-text").fill("x" * 2001, force=True)
    page.evaluate("document.getElementById('note-text').removeAttribute('maxlength')")
    page.locator("#note-text").fill("字" * 2001)
    page.locator("[data-new] [type=submit]").click()
    expect(page.locator("[data-error]")).to_contain_text("2001")
    assert len(page.locator("#note-text").input_value()) == 2001, "what could not be saved stays"
    page.locator("#note-text").fill("")
    note.locator("[data-remove]").click()
    expect(note).to_have_count(0)
    page.locator("[data-error] button").click()
    expect(note).to_have_count(1)
    page.reload()
    page.locator("[data-tab=notes]").click()
    expect(page.locator(".note [data-text]")).to_have_text("改过的")
    device.forgive("422")
    assert device.complaints == []
    device.context.close()


@SIZES
def test_without_scripts_the_page_says_what_it_needs(house: House, login: str, kind: dict[str, Any]) -> None:
    film = house.studio.film(20)
    device = house.enter(login, kind, java_script_enabled=False)
    page = device.page
    page.goto(film.address)
    assert "脚本" in page.content()
    assert page.locator("video").get_attribute("controls") is not None
    expect(page.locator("#note-text")).to_be_visible()
    page.locator("#note-text").fill("没有脚本也能记")
    page.locator("[data-new] [name=at]").fill("0:99")
    page.locator("[data-new] [type=submit]").click()
    expect(page.locator("[name=text]")).to_have_value("没有脚本也能记")
    expect(page.locator(".error")).to_be_visible()
    page.locator("[name=at]").fill("0:07")
    page.locator("main form [type=submit]").click()
    page.wait_for_url(f"**{film.address}#notes")
    expect(page.locator(".note")).to_contain_text("没有脚本也能记")
    page.locator(".note [data-change]").click()
    page.locator("[name=text]").fill("改了")
    page.locator("main form [type=submit]").click()
    expect(page.locator(".note [data-text]")).to_have_text("改了")
    page.locator(".note [data-remove]").click()
    expect(page.locator(".note")).to_have_count(0)
    device.context.close()


def test_a_long_list_folds_and_keeps_the_focus(house: House, login: str) -> None:
    film = house.studio.film(40)
    pairs = [(at, at + 1000) for at in range(0, 40_000, 2000)]
    house.studio.watched(film, login, *pairs)
    device = house.enter(login, PHONE)
    player = Player(device, film.address)
    parts = player.page.locator("#segments li:has(.tag)")
    expect(parts).to_have_count(4)
    player.page.locator("#segments .fold button").click()
    expect(parts).to_have_count(19)
    expect(player.page.locator("#segments .fold button")).to_be_focused()
    expect(player.page.locator("#segments .fold button")).to_have_attribute("aria-expanded", "true")
    assert device.complaints == []
    device.context.close()


def test_a_second_tab_harms_nothing(house: House, login: str) -> None:
    """It speaks for the first one's viewing as soon as it is loaded; the first one goes on and loses nothing."""
    film = house.studio.film(30)
    device = house.enter(login)
    player = Player(device, film.address)
    player.play("2")
    for _times in range(3):
        other = device.context.new_page()
        other.goto(film.address)
        other.wait_for_timeout(400)
        other.close()
        player.page.wait_for_timeout(400)
    player.wait(lambda: player.at_ms() > 14_000, 15, "it runs on")
    player.pause()
    ((start, end),) = _settled(house, film, login, player, player.at_ms() - TOLD_MS)
    assert (start, abs(end - player.at_ms()) <= 2) == (0, True), "a browser's position has fractions of a millisecond"
    assert player.tally("refused") == 0
    assert device.complaints == []
    device.context.close()


def test_what_waits_is_confirmed_from_the_list(house: House, login: str) -> None:
    film = house.studio.film(20)
    house.studio.watched(film, login, (0, 5000), waits=(5000, 9000))
    device = house.enter(login, PHONE)
    player = Player(device, film.address)
    part = player.page.locator("#segments li:has(.tag-pending)")
    expect(part).to_contain_text("0:05–0:09，4秒")
    expect(part).to_contain_text("网络")
    player.play("1")  # a little of it again: that much moves over by itself
    player.pause()
    part.locator("button").click()
    expect(player.page.locator("#checks button")).to_be_focused()
    player.page.keyboard.press("Enter")
    expect(part).to_have_count(0)
    assert house.studio.counted(film, login) == [(0, 9000)]
    assert player.counted_ms() >= 9 * SECOND
    assert device.complaints == []
    device.context.close()


def test_a_web_view_without_full_screen(house: House, login: str) -> None:
    film = house.studio.film(20)
    device = house.enter(login, PHONE)
    device.page.add_init_script(
        "delete Element.prototype.requestFullscreen; delete Element.prototype.webkitRequestFullscreen;"
        "HTMLVideoElement.prototype.webkitEnterFullscreen = undefined;"
    )
    player = Player(device, film.address)
    page = player.page
    page.locator("[data-do=full]").click()
    box = page.locator(".player").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 740)
    expect(page.locator("[data-do=full]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#player-say")).to_contain_text("占满窗口")
    page.keyboard.press("Escape")
    expect(page.locator("html")).not_to_have_class(re.compile("is-filled"))
    assert device.complaints == []
    device.context.close()


# Whoever overrides the browser's own speed runs ahead of the clock.
FASTER = """() => {
  const video = document.querySelector("video");
  const own = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "playbackRate");
  own.set.call(video, 12);
  Object.defineProperty(video, "playbackRate", { get: () => 2, set() {} });
}"""


def test_what_is_refused_says_why_and_when(house: House, login: str) -> None:
    """Also after a reload; and it can be made good with one press."""
    film = house.studio.film(59)
    device = house.enter(login)
    player = Player(device, film.address)
    player.play("2")
    player.page.evaluate(FASTER)
    part = player.page.locator("#segments li:has(.tag-refused)").first
    expect(part).to_be_visible(timeout=15 * SECOND)
    expect(part.locator(".why-text")).to_have_text(re.compile(r"\d+月\d+日.*\d\d:\d\d，.*时间"))
    player.pause()
    player.page.wait_for_timeout(1500)
    player.page.reload()
    expect(part.locator(".why-text")).to_have_text(re.compile(r"\d+月\d+日.*\d\d:\d\d，.*时间"))
    before = player.counted_ms()
    part.locator("button").click()
    player.wait(lambda: player.counted_ms() > before, 10, "what was refused counts when it is played again")
    assert _total(house.studio.counted(film, login)) < 50_000
    device.context.close()
