"""A film that no browser plays is uploaded, made to stream, and watched through hls.js; what counts is what ran."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from app.base import clock
from app.base.db import Database
from app.base.settings import load
from app.classes import service as classes
from app.courses.models import Course, Lesson, MediaVersion
from tests.factories.media import make_video, remade
from tests.journeys import server
from tests.journeys.devices import DESKTOP, SECOND, Device, Player, sign_in, until
from tests.journeys.server import Academy
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-one")]
SECONDS = 24


@pytest.fixture
def academy(sqlite_database: DatabaseUrls, tmp_path: Path) -> Iterator[Academy]:
    """What streams does not depend on the database; the queue's tests run on both."""
    with server.academy(tmp_path, sqlite_database, DUXUE_BEAT_SECONDS="1") as found:
        yield found


@pytest.fixture
def db(academy: Academy) -> Iterator[Database]:
    found = Database(load(academy.environment).database_url)
    yield found
    found.engine.dispose()


def film(folder: Path, name: str, *options: str) -> Path:
    """Moving pictures with a tone, in any format that ffmpeg writes."""
    source = folder / "source.mp4"
    if not source.exists():
        make_video(source, SECONDS, fps=25, sound=SECONDS, size=(640, 480))
    return remade(source, folder / name, *options)


def uploaded(chromium: Browser, academy: Academy, path: Path) -> Device:
    """An editor on the page of the lesson that was just made of this file."""
    editor = sign_in(chromium, academy, academy.account("course_editor"), DESKTOP)
    page = editor.page
    page.goto("/edit")
    page.locator("main table a[href^='/edit/']").first.click()
    page.locator("#lesson-title").fill("旧片")
    page.locator("#lesson-file").set_input_files(path)
    page.locator("form:has(#lesson-file) button[type=submit]").click()
    expect(page.locator(".flashes")).to_contain_text("0分24秒", timeout=90 * SECOND)
    page.locator("#lessons a", has_text="旧片").click()
    return editor


def lesson_of(db: Database, title: str = "旧片") -> tuple[int, int]:
    """The lesson's number and its media version's; its course is offered to everybody from now on, without checks: what
    a check holds back would say nothing of streams."""
    with db.writing() as session:
        found = session.execute(
            select(Lesson.id, MediaVersion.id, Course.id)
            .join(MediaVersion, MediaVersion.lesson_id == Lesson.id)
            .join(Course, Course.id == Lesson.course_id)
            .where(Lesson.title == title)
        ).one()
        session.execute(update(Course).where(Course.id == found[2]).values(check_minutes=0))
        classes.offer_course(session, found[2], None, "elective", clock.now().date(), None, None)
        return found[0], found[1]


def source(player: Player) -> str:
    said: str = player.page.evaluate("document.querySelector('video').currentSrc")
    return said


def test_an_old_film_is_made_to_stream_and_watched(
    chromium: Browser, academy: Academy, db: Database, tmp_path: Path
) -> None:
    editor = uploaded(chromium, academy, film(tmp_path, "old.avi", "-c:v", "mpeg4", "-c:a", "libmp3lame"))
    box = editor.page.locator("[data-renditions]")
    expect(box.locator(".tag-counted")).to_have_count(3, timeout=120 * SECOND)  # by itself, without a reload
    expect(box).to_have_attribute("data-open", "0")
    assert editor.complaints == []
    lesson, _version = lesson_of(db)
    learner = sign_in(chromium, academy, academy.account("learner", "l007"), DESKTOP)
    asked: list[str] = []
    learner.page.on("request", lambda request: asked.append(request.url))
    player = Player(learner, f"/lessons/{lesson}")
    player.play("2")
    assert source(player).startswith("blob:")
    player.until_counted(8 * SECOND, 30)
    assert player.page.evaluate("document.querySelector('video').videoHeight") in (360, 480)
    learner.page.locator("[data-quality]").select_option("sound")
    until(learner.page, "document.querySelector('video').videoHeight === 0", 20)
    player.wait(lambda: player.counted_ms() >= (SECONDS - 1) * SECOND, 40, "all of it is counted")
    assert player.tally("refused") == 0
    material = {urlsplit(url).path.rsplit("/", 1)[1] for url in asked if "/hls/" in url}
    assert {"master.m3u8", "sound.m3u8", "audio.mp4"} <= material
    assert material & {"360p.mp4", "720p.mp4"}
    assert learner.complaints == []


def test_when_the_stream_breaks_the_uploaded_file_goes_on(
    chromium: Browser, academy: Academy, db: Database, tmp_path: Path
) -> None:
    editor = uploaded(chromium, academy, film(tmp_path, "new.mp4", "-c", "copy", "-movflags", "faststart"))
    expect(editor.page.locator("[data-renditions] .tag-counted")).to_have_count(3, timeout=120 * SECOND)
    lesson, _version = lesson_of(db)
    learner = sign_in(chromium, academy, academy.account("learner", "l007"), DESKTOP)
    pieces: list[str] = []

    def carry(route: Route) -> None:
        pieces.append(route.request.url)
        # The head and two segments arrive, eight seconds; then the line is dead for them.
        route.abort() if len(pieces) > 3 else route.continue_()

    learner.page.route("**/hls/*.mp4", carry)
    player = Player(learner, f"/lessons/{lesson}")
    player.play("1")
    player.wait(lambda: source(player).endswith("/media.mp4"), 60, "the file itself plays")
    reached = player.at_ms()
    player.wait(lambda: player.at_ms() > max(reached, 9 * SECOND), 30, "it goes on where it was")
    player.wait(lambda: player.counted_ms() >= 9 * SECOND, 30, "all of it counts, without a gap")
    assert player.tally("refused") == 0
