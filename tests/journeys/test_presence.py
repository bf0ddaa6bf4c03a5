"""A question about the content, and a network that was away for longer than the academy takes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import TimeoutError as Timeout
from playwright.sync_api import expect

from tests.journeys import server
from tests.journeys.devices import DESKTOP, ON_SQLITE, PHONE, SECOND, Device, Player, sign_in, until
from tests.journeys.filming import Film, Studio
from tests.journeys.keys import press_until
from tests.journeys.server import Academy
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = [pytest.mark.browser, ON_SQLITE]
SIZES = pytest.mark.parametrize("kind", [PHONE, DESKTOP], ids=["360", "1280"])


@pytest.fixture
def strict(urls: DatabaseUrls, tmp_path: Path) -> Iterator[tuple[Academy, Studio]]:
    """An academy that takes five seconds without a word, no more."""
    more = {"DUXUE_BEAT_SECONDS": "1", "DUXUE_CEILING_SECONDS": "5"}
    with server.academy(tmp_path, urls, **more) as found:
        studio = Studio(found, tmp_path)
        yield found, studio
        studio.db.engine.dispose()


def entered(browser: Browser, academy: Academy, login: str, kind: dict[str, Any]) -> Device:
    return sign_in(browser, academy, academy.account("learner", login), kind)


def total(studio: Studio, film: Film, login: str) -> int:
    return sum(end - start for start, end in studio.counted(film, login))


def test_questions_and_a_long_absence(chromium: Browser, strict: tuple[Academy, Studio]) -> None:
    """One academy, both sizes, one after the other: starting the product is the long part of it."""
    academy, studio = strict
    for login, kind in (("l020", PHONE), ("l021", DESKTOP)):
        by_keyboard_alone(chromium, academy, studio, login, kind)
        away(chromium, academy, studio, login, kind, 60, 15, 5)
    wrong_answers(chromium, academy, studio, "l022", PHONE)


def by_keyboard_alone(browser: Browser, academy: Academy, studio: Studio, login: str, kind: dict[str, Any]) -> None:
    """Watch, be asked, answer, be counted: no pointer, nothing but keys."""
    film = studio.film(30, check_minutes=1)
    studio.ask(film, 3)
    device = entered(browser, academy, login, kind)
    player = Player(device, film.address)
    page = device.page
    assert page.locator("[data-check]").count() == 0, "nothing is asked before"
    page.keyboard.press("k")
    until(page, "document.querySelector('video').ended", 60)
    check = page.locator("[data-check]")
    expect(check).to_have_count(1, timeout=10 * SECOND)
    before = total(studio, film, login)
    assert before < film.length_ms, "what follows the question waits"
    # Chance may put the check into the last second, and the page tells whole ones.
    rest = (film.length_ms - before) // SECOND * SECOND
    player.wait(lambda: player.tally("pending") >= rest, 10, "all that follows the question waits")
    expect(page.locator(".check-said")).to_contain_text("随堂题")
    press_until(page, "#checks input[name=chosen]")
    for _i in range(3):
        if page.evaluate("document.activeElement.closest('label').textContent.trim().startsWith('对')"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    press_until(page, "#checks button")
    page.keyboard.press("Enter")
    expect(page.locator(".check-said")).to_contain_text("已计入")
    expect(page.locator(".check-said")).to_contain_text("讲解")
    expect(check).to_have_count(0)
    assert page.evaluate("document.activeElement.className").startswith("check-said"), "the focus is not lost"
    player.wait(lambda: total(studio, film, login) == film.length_ms, 10, "all of it counts")
    expect(page.locator("#tally-pending")).to_have_text("0:00")
    assert device.complaints == []
    device.context.close()


def wrong_answers(browser: Browser, academy: Academy, studio: Studio, login: str, kind: dict[str, Any]) -> None:
    """Three wrong answers: another question each time, then the stretch has to be watched and answered again."""
    film = studio.film(30, check_minutes=1)
    studio.ask(film, 4)
    device = entered(browser, academy, login, kind)
    player = Player(device, film.address)
    page = device.page
    player.play("2")
    until(page, "document.querySelector('video').ended", 60)
    seen = []
    for number in (1, 2, 3):
        legend = page.locator("#checks legend")
        expect(legend).to_have_count(1, timeout=10 * SECOND)
        seen.append(legend.inner_text())
        page.locator("#checks button").click()
        expect(page.locator("#checks .error:visible")).to_contain_text("请先选")
        page.locator("#checks label.choice", has_text="错").first.click()
        page.locator("#checks button").click()
        expect(page.locator(".check-said")).to_contain_text("再答一次" if number < 3 else "重看")
        if number < 3:  # the page shows the next one before it is answered
            expect(legend).not_to_have_text(seen[-1])
    assert len(set(seen)) == 3
    expect(page.locator("#checks legend")).to_have_count(0)
    player.wait(lambda: player.tally("pending") == 0, 10, "nothing waits any more")
    page.locator("[data-do=play]").click()  # it stands where that part begins
    expect(page.locator("#checks legend")).to_have_count(1, timeout=40 * SECOND)
    press_slowly(player, page.locator("#checks label.choice", has_text="对"))
    until(page, "document.querySelector('video').paused", 60)
    page.locator("#checks button").click()
    player.wait(lambda: total(studio, film, login) == film.length_ms, 15, "all of it counts")
    assert device.complaints == []
    device.context.close()


def press_slowly(player: Player, choice: Locator) -> None:
    """Press, wait until the page has asked what waits once more, let go: it is chosen, whatever came meanwhile."""
    page = player.page
    choice.hover()
    # Where chance put the check into the last second, nothing more comes.
    with suppress(Timeout), page.expect_response(lambda answer: answer.url.endswith("/checks"), timeout=3 * SECOND):
        page.mouse.down()
    page.wait_for_timeout(100)  # what came is shown
    page.mouse.up()
    expect(choice.locator("input")).to_be_checked()


def away(
    browser: Browser, academy: Academy, studio: Studio, login: str, kind: dict[str, Any], seconds: int, cut: int,
    ceiling: int,
) -> None:  # fmt: skip
    """The network is away in mid-lesson for longer than the ceiling: what waits is counted by one answer."""
    film = studio.film(seconds)
    device = entered(browser, academy, login, kind)
    player = Player(device, film.address)
    page = device.page
    player.play("1")
    player.until_counted(4 * SECOND, 20)
    device.context.set_offline(True)
    begun = player.at_ms()
    page.wait_for_timeout(cut * SECOND)
    played = player.at_ms() - begun
    assert played > (cut - 2) * SECOND, "the picture ran on"
    assert "存在这台设备" in player.note()
    device.context.set_offline(False)
    confirm = page.locator("[data-check=away] button")
    expect(confirm).to_have_count(1, timeout=60 * SECOND)
    page.keyboard.press("k")
    player.wait(lambda: player.counted_ms() > begun, 40, "what came within the ceiling counts")
    assert player.tally("pending") >= (cut - 2 * ceiling - 3) * SECOND
    page.wait_for_timeout(2 * SECOND)
    assert confirm.count() == 1
    confirm.click()
    expect(page.locator("[data-check]")).to_have_count(0)
    expect(page.locator("#tally-pending")).to_have_text("0:00")
    ran = player.at_ms()
    player.wait(lambda: total(studio, film, login) >= ran - 2 * SECOND, 15, "every second that ran counts")
    assert len(studio.counted(film, login)) == 1, "no hole"
    assert player.tally("refused") == 0
    device.forgive("ERR_INTERNET_DISCONNECTED")
    assert device.complaints == []
    device.context.close()


@pytest.mark.proof
def test_ten_real_minutes_without_network(chromium: Browser, academy: Academy, tmp_path: Path) -> None:
    """The same with the ceiling as it is: two minutes."""
    studio = Studio(academy, tmp_path)
    away(chromium, academy, studio, "l020", PHONE, 660, 600, 120)
    studio.db.engine.dispose()
