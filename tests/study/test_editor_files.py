"""Films, sound and articles at the editor's desk."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.base.db import Database
from app.base.storage import Store
from app.courses import measuring, uploads
from app.courses.models import Lesson, MediaVersion, Upload
from app.factory import Academy
from app.study.editor import taking
from tests import factories
from tests.factories.media import make_video
from tests.factories.web import browser, strict, token_in
from tests.study.editing import file, lessons, post, upload

SRT = b"1\n00:00:01,000 --> 00:00:01,900\nHello\n"


def test_a_film_by_plain_form(editor: FlaskClient, web_db: Database, academy_app: Academy, clip: bytes) -> None:
    answer = post(
        editor, "/edit/c1/lessons", "lesson-", title="第二节", file=file(clip, "二.mp4"),
        captions_zh=file(SRT, "a.srt"),
    )  # fmt: skip
    assert answer.status_code == 302
    assert "二.mp4 is taken in: 0 min 2 s" in strict(editor.get("/edit/c1"))
    made = lessons(web_db)[1]
    assert (made.title, made.title_en, made.kind, made.length_ms) == ("第二节", "第二节", "video", 2000)
    page = strict(editor.get(f"/edit/c1/lessons/{made.id}"))
    assert "二.mp4" in page
    assert "Chinese" in page
    with web_db.reading() as session:
        version = session.get(MediaVersion, made.media_version_id)
        assert version is not None
    settings = academy_app.extensions["duxue.settings"]
    assert Store(settings.files_dir).path(version.sha256).read_bytes() == clip
    assert not list(uploads.folder(settings).iterdir())


def test_a_film_by_upload(editor: FlaskClient, web_db: Database, clip: bytes) -> None:
    key = upload(editor, clip)
    assert post(editor, "/edit/c1/lessons", "lesson-", title="二", upload=key).status_code == 302
    assert lessons(web_db)[1].length_ms == 2000
    again = post(editor, "/edit/c1/lessons", "lesson-", title="三", upload=key)
    assert again.status_code == 422
    assert "no longer exists" in again.text
    assert len(lessons(web_db)) == 2


def test_a_wrong_field_keeps_the_upload(editor: FlaskClient, web_db: Database, clip: bytes) -> None:
    key = upload(editor, clip)
    answer = post(editor, "/edit/c1/lessons", "lesson-", title="", upload=key)
    assert answer.status_code == 422
    assert f'value="{key}"' in answer.text
    assert "This file is here already" in answer.text
    wrong = file(b"1\n00:00:09,000 --> 00:00:01,000\nx\n", "bad.srt")
    answer = post(editor, "/edit/c1/lessons", "lesson-", title="二", upload=key, captions_en=wrong)
    assert answer.status_code == 422
    assert "bad.srt: Line 2" in answer.text
    assert f'value="{key}"' in answer.text
    assert "二</a>" not in answer.text, "a lesson that is rolled back must not be shown"
    with web_db.reading() as session:
        assert factories.count(session, Lesson) == 1
    assert post(editor, "/edit/c1/lessons", "lesson-", title="二", upload=key).status_code == 302


def test_a_file_that_cannot_be_used(editor: FlaskClient, web_db: Database) -> None:
    key = upload(editor, b"no film at all\n" * 20)
    answer = post(editor, "/edit/c1/lessons", "lesson-", title="二", upload=key)
    assert answer.status_code == 422
    assert "not video or audio" in answer.text
    assert key not in answer.text
    assert 'value="二"' in answer.text
    with web_db.reading() as session:
        found = session.get(Upload, key)
        assert found is not None
        assert found.used_at is not None, "the sweep takes it"
        assert factories.count(session, Lesson) == 1


def test_an_unfinished_upload_waits(editor: FlaskClient) -> None:
    headers = {"Tus-Resumable": "1.0.0", "X-CSRFToken": token_in(editor.get("/edit/new")), "Upload-Length": "9"}
    key = editor.post("/uploads", headers=headers).headers["Location"].rsplit("/", 1)[1]
    answer = post(editor, "/edit/c1/lessons", "lesson-", title="二", upload=key)
    assert answer.status_code == 422
    assert "not finished" in answer.text


def test_no_file(editor: FlaskClient) -> None:
    answer = post(editor, "/edit/c1/lessons", "lesson-", title="二")
    assert answer.status_code == 422
    assert "Choose a file." in answer.text


def test_large_forms_only_for_editors(editor: FlaskClient, academy_app: Academy) -> None:
    academy_app.config["MAX_CONTENT_LENGTH"] = 1000
    big = {"lesson-file": (io.BytesIO(b"x" * 5000), "a.mp4"), "csrf_token": "x"}
    assert browser(academy_app).post("/edit/c1/lessons", data=big).status_code == 413
    mine = post(editor, "/edit/c1/lessons", "lesson-", title="t", file=file(b"x" * 5000, "a.mp4"))
    assert mine.status_code == 422
    assert "not video or audio" in mine.text


def test_a_new_file_is_a_new_version(editor: FlaskClient, web_db: Database, tmp_path: Path) -> None:
    raw = make_video(tmp_path / "a.mp4", 3).read_bytes()
    assert post(editor, "/edit/c1/lessons/1/file", "lesson-", file=file(raw, "a.mp4")).status_code == 302
    assert lessons(web_db)[0].length_ms == 3000
    assert "a.mp4" in strict(editor.get("/edit/c1/lessons/1"))
    answer = post(editor, "/edit/c1/lessons/1/captions", "new-", captions_en=file(SRT, "x.srt"))
    assert answer.status_code == 302
    assert post(editor, "/edit/c1/lessons/1/captions", "new-").status_code == 422
    wrong = post(editor, "/edit/c1/lessons/1/captions", "new-", captions_en=file(b"x", "x.srt"))
    assert wrong.status_code == 422
    assert "x.srt: Line 1" in wrong.text


def test_articles(editor: FlaskClient, web_db: Database) -> None:
    text = "## 一\n\n<script>x</script>"
    answer = post(editor, "/edit/c1/articles", "article-", title="读", article=text, reading_minutes="6")
    assert answer.status_code == 302
    made = lessons(web_db)[1]
    assert (made.kind, made.length_ms) == ("article", 360_000)
    page = strict(editor.get(f"/edit/c1/lessons/{made.id}"))
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    wrong = post(editor, "/edit/c1/articles", "article-", title="读", article="kept text", reading_minutes="0")
    assert wrong.status_code == 422
    assert "kept text" in wrong.text
    assert "Between 1 and 480." in wrong.text
    changed = post(editor, f"/edit/c1/lessons/{made.id}/article", "article-", article="neu", reading_minutes="7")
    assert changed.status_code == 302
    assert lessons(web_db)[1].length_ms == 420_000


def test_no_lock_is_held_while_a_film_is_measured(
    editor: FlaskClient, web_db: Database, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(path: Path) -> measuring.Measured:
        with web_db.writing() as session:
            factories.person(session, "meanwhile", "某人", "learner", "own")
        return measuring.measure(path)

    monkeypatch.setattr(taking, "measure", slowly)
    key = upload(editor, clip)
    assert post(editor, "/edit/c1/lessons", "lesson-", title="二", upload=key).status_code == 302
