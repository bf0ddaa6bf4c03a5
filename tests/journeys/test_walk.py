"""Every address of the URL map, opened by every role that may, in both languages; what a browser finds on each kind
of page, in both themes, from 320 pixels on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from app.base.db import Database
from app.base.settings import load
from app.rules.access import ROLES
from tests.journeys import fronts, reading, soundness, walking
from tests.journeys.conftest import REGISTRATION
from tests.journeys.devices import Device, device, until
from tests.journeys.furnish import furnish
from tests.journeys.places import LEARNER, PLACES, TEACHER
from tests.journeys.server import Academy
from tests.journeys.walking import Found, Reader, Walk
from tools import words

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]
LANGUAGES = {"zh-CN": "zh_Hans_CN", "en": "en"}
# Each language in both themes, each theme at both sizes; what axe-core sees hangs on these only. One kind of page comes
# in English in one of its two looks, the next in the other: axe-core takes most of the time here.
LOOKS = {"zh-CN": [[(1280, "light"), (360, "dark")]], "en": [[(1280, "dark")], [(360, "light")]]}
MOST_SHIFT = 0.05
MOST_KINDS = 5  # of one address
POLICY = re.compile(r"default-src 'self'; script-src 'self'; style-src 'self'; [^;]*; .*frame-ancestors 'self'")


@dataclass
class World:
    """The academy, who reads in which language, and what the walk found (in Chinese)."""

    academy: Academy
    walk: Walk
    readers: dict[str, dict[str, Reader]] = field(default_factory=dict)

    def kinds(self) -> list[Found]:
        """A few pages that show everything that pages are built of: what adds nothing is not looked at again."""
        frames: set[str] = set()
        mains: dict[str, set[str]] = {}
        counts: dict[str, int] = {}
        chosen = []
        for page in self.walk.pages:
            known = mains.setdefault(page.endpoint, set())
            new = page.reading.main - known if counts.get(page.endpoint, 0) < MOST_KINDS else set()
            if new or page.reading.frame - frames:
                known |= page.reading.main
                frames |= page.reading.frame
                counts[page.endpoint] = counts.get(page.endpoint, 0) + 1
                chosen.append(page)
        return chosen


def _readers(academy: Academy, locale: str) -> dict[str, Reader]:
    logins = {"learner": LEARNER, "head_teacher": TEACHER}
    accounts = [None, *(academy.account(role, logins.get(role, "")) for role in ROLES)]
    found = {reader.role: reader for reader in (Reader(academy, each) for each in accounts)}
    for reader in found.values():
        reader.speak(locale)
    return found


@pytest.fixture(scope="module")
def world(sample: Academy) -> Iterator[World]:
    """Walk in Chinese; the accounts speak Chinese at the end as before."""
    given = furnish(load(sample.environment), LEARNER, 2)
    english = _readers(sample, LANGUAGES["en"])
    chinese = _readers(sample, LANGUAGES["zh-CN"])
    made = World(sample, Walk(fronts.application(sample)), {"en": english, "zh-CN": chinese})
    for reader in chinese.values():
        walking.crawl(made.walk, reader)
    for reader in chinese.values():
        walking.reach(made.walk, reader, given)
    yield made
    made.walk.app.extensions["duxue.db"].engine.dispose()


def test_everybody_reaches_what_the_table_gives_them(world: World) -> None:
    """And no link leads nowhere."""
    assert world.walk.wrong == []
    assert walking.unreached(world.walk) == []
    assert len(world.walk.pages) > 200


def test_no_page_asks_for_what_its_policy_forbids(world: World) -> None:
    """A strict policy on every answer; no script, style or handler in the page itself; the language is said."""
    wrong = []
    for page in world.walk.pages:
        policy = page.answer.headers["Content-Security-Policy"] or ""
        if not POLICY.match(policy) or "unsafe" in policy:
            wrong.append(f"{page}: {policy or 'no policy'}")
        if page.reading.blocked:
            wrong.append(f"{page}: {page.reading.blocked}")
        if page.reading.lang != "zh-CN":
            wrong.append(f"{page}: speaks {page.reading.lang!r}")
    assert wrong == []


def test_english_pages_say_nothing_in_chinese(world: World) -> None:
    """Data may be Chinese (people, titles without an English one, what somebody wrote): nothing else may."""
    db = Database(load(world.academy.environment).database_url)
    data = [*reading.data_of(db), REGISTRATION]
    db.engine.dispose()
    assert len(data) > 100
    wrong = []
    for page in world.walk.pages:
        if page.endpoint == "base.styleguide":  # for those who build the academy: one language
            continue
        answer = world.readers["en"][page.role].get(page.path)
        found = reading.read(answer.html)
        if (answer.status, found.lang) != (200, "en"):
            wrong.append(f"{page}: answers {answer.status} in {found.lang!r}")
        wrong += [f"{page}: {text}" for text in reading.chinese_left(found, data)]
    assert wrong == [], "\n".join(dict.fromkeys(wrong))


class Looker:
    """Opens pages in a browser as whoever may see them; one context for each role."""

    def __init__(self, browser: Browser, world: World, language: str, url: str = "") -> None:
        self.browser, self.world, self.language = browser, world, language
        self.url = url or world.academy.url
        self.devices: dict[str, Device] = {}
        self.wrong: list[str] = []

    def at(self, role: str) -> Device:
        """A browser that goes on where the reader without scripts is signed in."""
        if role not in self.devices:
            kind: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
            found = device(self.browser, self.world.academy, kind, locale=self.language, base_url=self.url)
            jar = self.world.readers[self.language][role].jar
            found.context.add_cookies([{"name": each.name, "value": each.value or "", "url": self.url} for each in jar])
            self.devices[role] = found
        return self.devices[role]

    def say(self, page: Found, what: list[str]) -> None:
        """Note what is wrong with a page."""
        self.wrong += [f"{page}: {each}" for each in what]

    def leave(self) -> list[str]:
        """Close all; everything that was wrong, what the consoles said included."""
        said = [each for found in self.devices.values() for each in found.complaints]
        for found in self.devices.values():
            found.context.close()
        return [*self.wrong, *said]


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_kind_of_page_is_sound(chromium: Browser, world: World, language: str) -> None:
    """axe-core finds nothing in either theme; nothing scrolls sideways at 320 pixels or at 200 %; under reduced motion
    nothing moves; nothing shifts; nobody but the academy and its material is asked."""
    looker = Looker(chromium, world, language)
    for number, kind in enumerate(world.kinds()):
        page = looker.at(kind.role).page
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(kind.path)
        if (moved := soundness.shift(page)) > MOST_SHIFT:
            looker.say(kind, [f"shifts by {moved:.3f}"])
        looker.say(kind, soundness.loses_nothing(page))
        looker.say(kind, [f"moves: {each}" for each in soundness.moving(page)])
        for wide, theme in LOOKS[language][number % len(LOOKS[language])]:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": wide, "height": 800})
            looker.say(kind, [f"{wide} {theme}: {each}" for each in soundness.faults(page)])
    wrong = looker.leave()
    assert not wrong, "\n".join(wrong)


def test_states_that_no_link_leads_to_are_sound(chromium: Browser, world: World) -> None:
    """Pages of errors, and what opens with a click."""
    looker = Looker(chromium, world, "zh-CN")
    roles = {each.username: each.role for each in world.academy.accounts()}
    for place in (each for each in PLACES if each.status != 200 or each.press):
        found = looker.at(roles.get(place.who, ""))
        place.go(found.page)
        looker.wrong += [f"{place.name}: {each}" for each in soundness.faults(found.page)]
        looker.wrong += [f"{place.name}: {each}" for each in soundness.loses_nothing(found.page)]
        found.forgive("status of 404")
    wrong = looker.leave()
    assert not wrong, "\n".join(wrong)


def test_longer_words_still_fit(chromium: Browser, world: World, tmp_path: Path) -> None:
    """Every word accented and 40 % longer, as a language might have it: nothing is cut off, nothing sticks out."""
    words.write_pseudo(words.ROOT, tmp_path)
    with fronts.front(world.academy, words=tmp_path) as url:
        looker, said = Looker(chromium, world, "en", url), 0
        for kind in world.kinds():
            page = looker.at(kind.role).page
            page.goto(kind.path)
            said += page.locator("body").inner_text().count("‹")
            for wide in (1280, 360):
                page.set_viewport_size({"width": wide, "height": 800})
                looker.say(kind, [f"{wide}: {each}" for each in soundness.clipped(page)])
                if stuck := soundness.too_wide(page):
                    looker.say(kind, [f"{wide}: sideways: {stuck}"])
        wrong = looker.leave()
    assert said > 1000, "the words are those of the other catalogue"
    assert not wrong, "\n".join(wrong)


def test_the_checks_find_what_is_wrong(chromium: Browser, world: World) -> None:
    """None of the checks is blind: a page spoilt on purpose fails all of them."""
    looker = Looker(chromium, world, "zh-CN")
    found = looker.at("")
    page = found.page
    page.goto("/sign-in")
    assert not soundness.faults(page)
    assert not soundness.loses_nothing(page)
    assert not soundness.moving(page)
    assert not soundness.clipped(page)
    page.wait_for_timeout(600)  # what follows a new size within half a second is no shift
    page.evaluate(
        """() => {
          const box = document.createElement("div");
          const wide = '<table width="1400" height="400"><tr><td>x</td></tr></table>';
          box.innerHTML = '<input type="text">' + wide + '<p>\\u2039long\\u203a</p>';
          document.querySelector("main").prepend(box);
          const last = box.lastChild;
          const style = { width: "10px", overflow: "hidden", whiteSpace: "nowrap", transition: "color 1s" };
          Object.assign(last.style, style);
        }"""
    )
    page.wait_for_timeout(100)
    assert soundness.shift(page) > MOST_SHIFT
    assert any("label" in each for each in soundness.faults(page))
    assert len(soundness.loses_nothing(page)) == 3
    assert soundness.moving(page)
    assert soundness.clipped(page)
    assert not found.complaints
    page.evaluate("() => document.body.setAttribute('style', 'color: red')")
    until(page, "true")
    page.wait_for_timeout(200)
    assert any("Content Security Policy" in each for each in looker.leave())


def test_a_chinese_word_is_found_and_data_are_not() -> None:
    html = "<html lang='en'><body><h1>课程 of 张三</h1><p lang='zh'>课程</p><b title='账单'>x</b></body></html>"
    assert reading.chinese_left(reading.read(html), ["张三"]) == ["课程 of 张三", "账单"]
    assert reading.chinese_left(reading.read(html), ["张三", "课程", "账单"]) == []
