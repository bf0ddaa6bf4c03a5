"""Renditions at the editor's desk, and a lesson that learners cannot open before it is prepared."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from app.base.db import Database
from app.courses.measuring import measure
from app.courses.models import Course, MediaVersion
from app.courses.renditions import making
from app.courses.renditions.models import Rendition
from app.factory import Academy
from tests import factories
from tests.factories.media import make_audio, make_video
from tests.factories.web import browser, strict, token_in
from tests.study.editing import actions, file, lessons, post


@pytest.fixture(scope="module")
def old_film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds that no browser plays."""
    path = tmp_path_factory.mktemp("old") / "old.avi"
    return make_video(path, 2, fps=25, sound=2, codec="mpeg4", audio_codec="libmp3lame").read_bytes()


@pytest.fixture
def at(editor: FlaskClient, web_db: Database, old_film: bytes) -> str:
    """The page of a lesson that is to be prepared."""
    assert post(editor, "/edit/c1/lessons", "lesson-", title="旧片", file=file(old_film, "旧.avi")).status_code == 302
    return f"/edit/c1/lessons/{lessons(web_db)[1].id}"


def make(app: Academy, db: Database) -> None:
    version = lessons(db)[1].media_version_id
    making.make_all(db, app.extensions["duxue.settings"], version)


def numbers(db: Database) -> dict[str, int]:
    with db.reading() as session:
        return dict(session.execute(select(Rendition.kind, Rendition.id)).tuples().all())


def test_a_film_to_be_prepared_is_taken_and_says_so(
    editor: FlaskClient, academy_app: Academy, web_db: Database, at: str
) -> None:
    page = strict(editor.get(at))
    assert "Browsers cannot play this file as it is" in page
    assert page.count(">Waits<") == 2
    assert 'data-open="2"' in page
    assert "rendition.request" in actions(web_db)
    make(academy_app, web_db)
    ready = strict(editor.get(f"{at}/renditions"))
    assert ready.count(">Ready<") == 2
    assert 'data-open="0"' in ready
    assert "Browsers cannot play" not in ready
    assert "<html" not in ready, "it is a piece of the page"


def test_giving_up_and_trying_again(editor: FlaskClient, web_db: Database, at: str) -> None:
    number = numbers(web_db)["360p"]
    assert post(editor, f"{at}/renditions/{number}/cancel").status_code == 302
    assert "Given up" in strict(editor.get(at))
    again = post(editor, f"{at}/renditions/{number}/cancel")
    assert again.status_code == 409
    assert "not being made any more" in again.text
    assert post(editor, f"{at}/renditions/{number}/retry").status_code == 302
    assert "It is in line again." in strict(editor.get(at))
    assert {"rendition.cancel", "rendition.retry"} <= set(actions(web_db))
    assert post(editor, f"/edit/c1/lessons/1/renditions/{number}/cancel").status_code == 404, "of another lesson"


def test_a_failure_says_what_to_do(editor: FlaskClient, web_db: Database, at: str) -> None:
    for code in ("time", "size", "space", "memory", "unreadable", "length", "missing", "crashed", "cover"):
        with web_db.writing() as session:
            session.execute(update(Rendition).where(Rendition.kind == "360p").values(state="failed", error=code))
        page = strict(editor.get(at))
        assert "Not made" in page
        assert "Try again" in page


def test_a_lesson_of_before_is_made_to_stream(editor: FlaskClient, web_db: Database, clip: bytes) -> None:
    """As an older release attached it: without renditions."""
    assert post(editor, "/edit/c1/lessons", "lesson-", title="二", file=file(clip, "二.mp4")).status_code == 302
    at = f"/edit/c1/lessons/{lessons(web_db)[1].id}"
    with web_db.writing() as session:
        session.execute(delete(Rendition))
    assert "Nothing has been made of this file" in strict(editor.get(at))
    assert post(editor, f"{at}/renditions").status_code == 302
    assert ">Waits<" in strict(editor.get(at))
    assert list(numbers(web_db)) == ["360p"]


def test_sound_that_streams_well_needs_nothing(editor: FlaskClient, web_db: Database, tmp_path: Path) -> None:
    raw = make_audio(tmp_path / "talk.mp3", 2).read_bytes()
    assert post(editor, "/edit/c1/lessons", "lesson-", title="音", file=file(raw, "音.mp3")).status_code == 302
    at = f"/edit/c1/lessons/{lessons(web_db)[1].id}"
    assert post(editor, f"{at}/renditions").status_code == 302
    assert "streams well as it is" in strict(editor.get(at))


def test_a_learner_waits_for_the_first_rendition(
    editor: FlaskClient, academy_app: Academy, web_db: Database, at: str
) -> None:
    with web_db.writing() as session:
        factories.offer(session, session.scalars(select(Course).where(Course.code == "c1")).one(), None)
    learner, lesson = browser(academy_app, "l001", language="en"), lessons(web_db)[1]
    page = learner.get(f"/lessons/{lesson.id}")
    assert "This lesson is being prepared." in strict(page)
    assert "<video" not in page.text
    headers = {"X-CSRFToken": token_in(learner.get("/account")), "Accept": "application/json"}
    refused = learner.post("/viewings", json={"lesson": lesson.id}, headers=headers)
    assert refused.status_code == 409
    assert "still being prepared" in refused.get_json()["text"]
    make(academy_app, web_db)
    ready = strict(learner.get(f"/lessons/{lesson.id}"))
    assert "/hls/master.m3u8" in ready
    assert "media.avi" not in ready
    opened = learner.post("/viewings", json={"lesson": lesson.id}, headers=headers)
    assert opened.status_code == 200
    assert opened.get_json()["length_ms"] == lesson.length_ms


def test_the_cover_of_sound(editor: FlaskClient, academy_app: Academy, web_db: Database, tmp_path: Path) -> None:
    """Drawn from the title until the file's own is there; for who may open the lesson, nobody else."""
    path = make_audio(tmp_path / "talk.wav", 2, "pcm_s16le")
    assert (
        post(editor, "/edit/c1/lessons", "lesson-", title="谈话<b>", file=file(path.read_bytes(), "a.wav")).status_code
        == 302
    )
    version = lessons(web_db)[1].media_version_id
    found = editor.get(f"/covers/{version}")
    assert found.mimetype == "image/svg+xml"
    assert "谈话&lt;b&gt;" in found.text
    assert editor.get("/covers/1").status_code == 404, "a film has none"
    assert browser(academy_app, "l001").get(f"/covers/{version}").status_code == 404, "not offered"


def test_a_version_that_is_the_same_asks_for_nothing_more(
    editor: FlaskClient, web_db: Database, at: str, old_film: bytes
) -> None:
    before = numbers(web_db)
    assert post(editor, f"{at}/file", "lesson-", file=file(old_film, "旧.avi")).status_code == 302
    assert numbers(web_db) == before
    with web_db.reading() as session:
        assert factories.count(session, MediaVersion) == 2


def test_measured_facts_are_the_plan(tmp_path: Path) -> None:
    measured = measure(make_video(tmp_path / "c.mov", 2, turn=90, size=(640, 480)))
    assert (measured.width, measured.height, measured.playable) == (480, 640, True)
