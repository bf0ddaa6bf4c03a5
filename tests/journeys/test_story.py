"""The main job, end to end, in a real browser: a watched hour becomes a credit that the head teacher sees.

Beats come from the player only; the test speaks to the beat address only to forge.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.journeys import server
from tests.journeys.devices import DESKTOP, PHONE, SECOND, Device, Player, sign_in
from tests.journeys.server import ROOT, Academy
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
TITLE, LESSON = "水文资料怎么读", "第一讲 水位与流量"
LEARNER = "l018"
HALF_MS = 125_000


@dataclass(slots=True)
class Story:
    """Who takes part, and what they have in hand."""

    browser: Browser
    academy: Academy
    lecture: Path
    course: str = ""
    lesson: str = ""

    def enter(self, role: str, kind: dict[str, object], username: str = "") -> Device:
        """Somebody signs in on a new device."""
        return sign_in(self.browser, self.academy, self.academy.account(role, username), kind)


def test_a_watched_hour_becomes_a_credit_that_the_head_teacher_sees(
    academy: Academy, other_urls: DatabaseUrls, chromium: Browser, lecture: Path, tmp_path: Path
) -> None:
    story = Story(chromium, academy, lecture)
    _editor_publishes(story)
    reached = _learner_begins_on_a_phone(story)
    _a_forger_gets_nothing(story)
    _learner_finishes_on_another_device(story, reached)
    lines = _statement_says_why(story)
    _head_teacher_sees_it(story)
    _two_change_the_rules(story)
    assert _statement_says_why(story) == lines, "what was earned must not change with rules of next month"
    _operator_verifies_and_moves_house(story, other_urls, tmp_path)


def _editor_publishes(story: Story) -> None:
    """Upload through the field, describe, publish to the learner's class as required."""
    editor = story.enter("course_editor", DESKTOP)
    page = editor.page
    page.goto("/edit/new")
    page.locator("[name=title]").fill(TITLE)
    page.locator("[name=title_en]").fill("Reading hydrological records")
    page.locator("[name=provider]").select_option(index=0)
    page.locator("[name=category]").select_option(index=0)
    page.locator("[name=subject_bucket]").select_option("professional")
    page.locator("form:has([name=max_rate]) button[type=submit]").click()
    page.wait_for_url(re.compile(r"/edit/(?!new)[^/]+$"))
    story.course = page.url.rsplit("/", 1)[1]
    page.locator("#lesson-title").fill(LESSON)
    page.locator("#lesson-captions_zh").set_input_files(story.lecture.with_suffix(".vtt"))
    page.locator("#lesson-file").set_input_files(story.lecture)
    page.locator("form:has(#lesson-file) button[type=submit]").click()
    expect(page.locator("#lessons, [aria-labelledby=lessons], main").first).to_contain_text(LESSON, timeout=60 * SECOND)
    group = page.locator("#offer-group")
    group.select_option(label=group.locator("option", has_text=_class_name(story)).inner_text())
    page.locator("[name=offer-requirement_class][value=required]").check()
    page.locator("#offer-due").fill((date.today() + timedelta(days=9)).isoformat())
    page.locator("form:has(#offer-group) button[type=submit]").click()
    expect(page.locator(".notice, .flash").first).to_be_visible()
    assert editor.complaints == []
    editor.context.close()


def _class_name(story: Story) -> str:
    return {"class-1": "网络一班", "class-2": "网络二班"}[_class_code()]


def _class_code() -> str:
    with (ROOT / "content/sample/learners.csv").open(encoding="utf-8") as file:
        return next(row["class"] for row in csv.DictReader(file) if row["login"] == LEARNER)


def _learner_begins_on_a_phone(story: Story) -> int:
    """Home, course, player at 2×; another device and back; the network away; killed at half. Counted ms."""
    phone = story.enter("learner", PHONE, LEARNER)
    phone.page.goto("/")
    phone.page.get_by_role("link", name=TITLE).first.click()
    phone.page.wait_for_url(f"**/courses/{story.course}")
    story.lesson = phone.page.locator("a[href^='/lessons/']").first.get_attribute("href") or ""
    player = Player(phone, story.lesson)
    assert player.page.locator("[data-speed] option").last.get_attribute("value") == "2"
    player.play("2")
    player.until_counted(20 * SECOND, 25)
    assert abs(player.bar_ms() - player.counted_ms()) < 3 * SECOND
    _newest_device_wins(story, player)
    _network_goes_and_comes_back(phone, player)
    player.until_counted(HALF_MS, 60)
    assert player.tally("refused") == 0
    reached = player.counted_ms()
    assert phone.complaints == []
    player.kill()
    phone.context.close()
    return reached


def _newest_device_wins(story: Story, player: Player) -> None:
    """A second device opens the lesson: the first is told, and can take it back."""
    second = story.enter("learner", DESKTOP, LEARNER)
    other = Player(second, story.lesson)
    other.play("2")
    player.note()
    assert player.page.evaluate("document.querySelector('video').paused")
    before = player.counted_ms()
    player.page.locator("#player-note button").click()
    player.wait(lambda: player.counted_ms() > before, 20, "the phone counts again")
    other.note()
    assert other.page.evaluate("document.querySelector('video').paused")
    second.forgive("409 (Conflict)")
    assert second.complaints == []
    second.context.close()


def _network_goes_and_comes_back(phone: Device, player: Player) -> None:
    """Thirty seconds without a network while the picture runs: kept on the device, then counted."""
    before, began = player.counted_ms(), player.at_ms()
    phone.context.set_offline(True)
    player.page.wait_for_timeout(30 * SECOND)
    assert player.counted_ms() <= before + 7 * SECOND, "nothing counts that the server has not acknowledged"
    assert player.note()
    ran = player.at_ms() - began
    assert ran > 45 * SECOND, "the picture ran on"
    phone.context.set_offline(False)
    player.wait(lambda: player.counted_ms() >= before + ran - SECOND, 40, "all of the thirty seconds are counted")
    assert player.tally("refused") == 0
    phone.forgive("ERR_INTERNET_DISCONNECTED")
    phone.forgive("409 (Conflict)")


def _a_forger_gets_nothing(story: Story) -> None:
    """The whole lesson claimed at once, and a lease of one's own making."""
    forger = story.enter("learner", DESKTOP, LEARNER)
    player = Player(forger, story.lesson)
    player.play("2")
    player.wait(lambda: len(player.beats) >= 1, 10, "the player has sent a beat")
    counted = player.counted_ms()
    beat = json.loads(player.beats[-1])
    address = f"{story.academy.url}/beats"
    status, answer = server.post(
        address, json.dumps({"lease": beat["lease"], "seq": 10_000, "ranges": [[0, player.length_ms]]})
    )
    assert status == 200
    assert "faster_than_time" in json.dumps(answer["refused"])
    assert int(str(answer["coverage_ms"])) < counted + 30 * SECOND
    assert answer["mark"] is False
    lease = beat["lease"]
    spoilt = lease[:-1] + ("A" if lease[-1] != "A" else "B")
    status, answer = server.post(address, json.dumps({"lease": spoilt, "seq": 1, "ranges": [[0, player.length_ms]]}))
    assert status == 401
    forger.context.close()


def _learner_finishes_on_another_device(story: Story, reached: int) -> None:
    """It goes on where it was; a beat sent twice counts once; the credit appears before the page is left."""
    desk = story.enter("learner", DESKTOP, LEARNER)
    player = Player(desk, story.lesson)
    assert player.counted_ms() >= reached, "what was acknowledged is here"
    assert not player.page.locator(".credit-line").is_visible()
    player.play("2")
    assert player.at_ms() > reached - 15 * SECOND, "it resumes where it was"
    player.until_counted(reached + 15 * SECOND, 30)
    _a_beat_twice_counts_once(story, player)
    player.page.locator("[data-do=play]").click()
    expect(player.page.locator(".credit-line")).to_be_visible(timeout=120 * SECOND)
    player.wait(lambda: player.counted_ms() >= player.length_ms // SECOND * SECOND, 60, "all of it is counted")
    assert player.tally("refused") == 0
    assert desk.complaints == []
    desk.context.close()


def _a_beat_twice_counts_once(story: Story, player: Player) -> None:
    player.pause()
    player.page.wait_for_timeout(SECOND)
    counted = player.counted_ms()
    _status, first = server.post(f"{story.academy.url}/beats", player.beats[-1])
    status, again = server.post(f"{story.academy.url}/beats", player.beats[-1])
    assert status == 200
    assert first == again
    player.page.reload()
    assert player.counted_ms() == counted
    player.page.locator("[data-speed]").select_option("2")


def _statement_says_why(story: Story) -> list[str]:
    """The line of this lesson opens to its reasons; all lines, as read, for comparing."""
    phone = story.enter("learner", PHONE, LEARNER)
    page = phone.page
    page.goto("/statement")
    rows = [_plain(text) for text in page.locator("table.ledger tbody tr").all_inner_texts()]
    entry = page.locator("table.ledger tbody tr", has_text=LESSON).first
    entry.locator("a").first.click()
    why = page.locator(".why").first
    expect(why).to_be_visible()
    expect(why).to_contain_text("0.093")
    assert phone.complaints == []
    phone.context.close()
    return rows


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _head_teacher_sees_it(story: Story) -> None:
    """The class page shows the learner with the new hour."""
    number = _class_code()[-1]
    teacher = story.enter("head_teacher", DESKTOP, f"head{number}")
    page = teacher.page
    page.goto(f"/classes/{_class_code()}")
    name = _learner_name()
    page.get_by_role("link", name=name).first.click()
    expect(page.locator("main")).to_contain_text(LESSON)
    expect(page.locator("main")).to_contain_text("0.093")
    assert teacher.complaints == []
    teacher.context.close()


def _learner_name() -> str:
    with (ROOT / "content/sample/learners.csv").open(encoding="utf-8") as file:
        return next(row["name"] for row in csv.DictReader(file) if row["login"] == LEARNER)


def _next_month() -> date:
    return (date.today().replace(day=1) + timedelta(days=32)).replace(day=1)


def _two_change_the_rules(story: Story) -> None:
    """A new version from the first of next month on, under which a lesson counts half: one writes it, another
    publishes it."""
    reviewer = story.enter("credit_reviewer", DESKTOP)
    page = reviewer.page
    page.goto("/rules/drafts/new")
    page.locator("main [name=title]").fill("课程按一半计")
    page.locator("#new button[type=submit]").click()
    page.wait_for_url(re.compile(r"/rules/drafts/\d+$"))
    draft = page.url
    assert f"effective = {_next_month().isoformat()}" in page.locator("textarea.toml-text").input_value()
    page.locator("#row-convert-0 > summary").click()
    page.locator("#row-convert-0 [name='f|convert|0|amount']").fill("length / 90")
    page.locator("#row-convert-0 button[value='save:row-convert-0']").click()
    expect(page.locator("#publishing")).to_contain_text("length / 90")
    page.locator("#publishing form[action$='/propose'] button").click()
    expect(page.locator("#decision")).to_be_visible()
    assert reviewer.complaints == []
    reviewer.context.close()
    _another_publishes(story, draft)


def _another_publishes(story: Story, draft: str) -> None:
    admin = story.enter("academy_admin", DESKTOP)
    page = admin.page
    page.goto(draft)
    expect(page.locator("#decision")).to_contain_text("length / 90")
    page.locator("#decision form[action$='/publish'] button").click()
    page.wait_for_url(re.compile(r"/rules/\d+$"))
    expect(page.locator("main")).to_contain_text(_next_month().isoformat())
    assert admin.complaints == []
    admin.context.close()


def _operator_verifies_and_moves_house(story: Story, other: DatabaseUrls, tmp_path: Path) -> None:
    """`verify` finds no difference; a backup restored elsewhere has equal heads and verifies against them."""
    academy = story.academy
    found = json.loads(academy.duxue("credits", "verify", "--json"))
    assert found["differences"] == 0
    assert found["evidence"] > 0
    archive, heads = tmp_path / "academy.tar", tmp_path / "heads.json"
    academy.duxue("backup", str(archive))
    academy.duxue("credits", "heads", "--out", str(heads))
    elsewhere = server.settings_for(tmp_path / "elsewhere", other)
    server.run(elsewhere, "restore", str(archive))
    moved = json.loads(server.run(elsewhere, "credits", "heads"))
    assert moved == json.loads(heads.read_text(encoding="utf-8"))
    again = json.loads(server.run(elsewhere, "credits", "verify", "--json", "--heads", str(heads)))
    assert again["differences"] == 0
    assert again["evidence"] == found["evidence"]
