"""The editor's desk: what is typed is kept, what is refused is said, and nothing half-made stays."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.storage import Store
from app.classes.models import CourseOffer
from app.courses import measuring, queries, uploads
from app.courses.models import Course, Lesson, MediaVersion, Provider, Upload
from app.factory import Academy
from app.study.editor import taking
from tests import factories
from tests.factories.media import make_video
from tests.factories.web import browser, statements, strict, token_in

SRT = b"1\n00:00:01,000 --> 00:00:01,900\nHello\n"
FIELDS = {
    "title": "数据从哪里来", "title_en": "Where data comes from", "summary": "说明", "summary_en": "About",
    "provider": "1", "category": "digital", "subject_bucket": "professional", "lecturer": "何为之",
    "max_rate": "1.5",
}  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4", 2).read_bytes()


@pytest.fixture
def editor(academy_app: Academy, web_db: Database) -> FlaskClient:
    with web_db.writing() as session:
        factories.academy(session)
        factories.course(session, "c1")
    return browser(academy_app, "editor", language="en")


def post(client: FlaskClient, path: str, prefix: str = "", **data: Any) -> TestResponse:
    """Send a form of the editor; `prefix` goes before the names of its fields."""
    token = token_in(client.get("/edit/new"))
    fields = {f"{prefix}{name}": value for name, value in data.items()}
    return client.post(path, data={"csrf_token": token, **fields})


def file(raw: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(raw), name


def actions(db: Database) -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(AuditEntry.action).where(AuditEntry.actor_id.is_not(None))))


def lessons(db: Database) -> list[queries.LessonRow]:
    with db.reading() as session:
        return queries.lessons_of(session, 1)


def test_the_list(editor: FlaskClient) -> None:
    html = strict(editor.get("/edit"))
    assert "Course c1" in html
    assert "45:00" in html
    assert "Not offered yet" in html
    assert "Course c1" not in strict(editor.get("/edit?q=nothing+like+it"))
    assert "Course c1" in strict(editor.get("/edit?q=COURSE&page=99"))


def test_the_list_asks_as_often_for_ten_as_for_one(editor: FlaskClient, web_db: Database) -> None:
    with statements(web_db) as few:
        editor.get("/edit")
    with web_db.writing() as session:
        for number in range(2, 12):
            factories.course(session, f"c{number}")
    with statements(web_db) as many:
        editor.get("/edit")
    assert len(many) == len(few) <= 8


def test_a_new_course(editor: FlaskClient, web_db: Database) -> None:
    strict(editor.get("/edit/new"))
    answer = post(editor, "/edit/new", **FIELDS)
    assert answer.status_code == 302
    assert "Where data comes from" in strict(editor.get(answer.location))
    with web_db.reading() as session:
        made = session.scalars(select(Course).where(Course.title == FIELDS["title"])).one()
        assert (made.max_rate_m, made.provider_id, made.category) == (1500, 1, "digital")
    assert actions(web_db)[-1] == "course.create"


def test_a_new_course_of_a_new_provider(editor: FlaskClient, web_db: Database) -> None:
    assert post(editor, "/edit/new", **FIELDS | {"provider": "new"}).status_code == 422
    made = post(editor, "/edit/new", **FIELDS | {"provider": "new", "new_provider": "云汀大学"})
    assert "云汀大学" in strict(editor.get(made.location))
    with web_db.reading() as session:
        assert factories.count(session, Provider) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": ""}, "Write the title."),
        ({"title": " \t"}, "The title is missing."),
        ({"max_rate": "9"}, "Between 1.0 and 4.0."),
        ({"max_rate": "fast"}, "Not a valid"),
        ({"provider": "77"}, "Not a valid choice"),
        ({"category": "x"}, "Not a valid choice"),
    ],
)
def test_what_is_typed_is_kept(editor: FlaskClient, web_db: Database, wrong: dict[str, str], said: str) -> None:
    answer = post(editor, "/edit/new", **FIELDS | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert "Where data comes from" in answer.text
    with web_db.reading() as session:
        assert factories.count(session, Course) == 1


def test_describing(editor: FlaskClient, web_db: Database) -> None:
    assert post(editor, "/edit/c1", **FIELDS | {"lecturer": "<b>何</b>"}).status_code == 302
    html = strict(editor.get("/edit/c1"))
    assert "&lt;b&gt;何&lt;/b&gt;" in html
    assert 'value="1.5"' in html
    assert actions(web_db)[-1] == "course.update"
    assert post(editor, "/edit/c1", **FIELDS | {"title": ""}).status_code == 422


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


def upload(editor: FlaskClient, raw: bytes, name: str = "ZmlsbS5tcDQ=") -> str:
    headers = {"Tus-Resumable": "1.0.0", "X-CSRFToken": token_in(editor.get("/edit/new"))}
    where = editor.post(
        "/uploads", headers=headers | {"Upload-Length": str(len(raw)), "Upload-Metadata": f"filename {name}"}
    ).headers["Location"]
    sent = headers | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert editor.patch(where, data=raw, headers=sent).status_code == 204
    return where.rsplit("/", 1)[1]


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


def test_order_and_titles(editor: FlaskClient, web_db: Database) -> None:
    post(editor, "/edit/c1/articles", "article-", title="乙", article="x", reading_minutes="1")
    assert post(editor, "/edit/c1/lessons/2/move", step="-1").status_code == 302
    assert [row.id for row in lessons(web_db)] == [2, 1]
    assert post(editor, "/edit/c1/lessons/2/move", step="9").status_code == 422
    assert post(editor, "/edit/c1/lessons/1", title="新名", title_en="New").status_code == 302
    assert lessons(web_db)[1].title == "新名"
    wrong = post(editor, "/edit/c1/lessons/1", title="", title_en="Kept")
    assert wrong.status_code == 422
    assert "Kept" in wrong.text


def test_offering(editor: FlaskClient, web_db: Database) -> None:
    wanted = {"group": "1", "requirement_class": "required", "since": "2026-03-01", "due": "2026-06-30"}
    assert post(editor, "/edit/c1/offers", "offer-", **wanted).status_code == 302
    html = strict(editor.get("/edit/c1"))
    assert "Online class 1" in html
    assert "Required" in html
    to_all = {"group": "", "requirement_class": "elective", "since": "2026-03-01", "due": ""}
    assert post(editor, "/edit/c1/offers", "offer-", **to_all).status_code == 302
    assert post(editor, "/edit/c1/offers/1/withdraw").status_code == 302
    with web_db.reading() as session:
        held = list(session.scalars(select(CourseOffer).where(CourseOffer.withdrawn_at.is_(None))))
        assert [(o.class_id, o.requirement_class, o.due) for o in held] == [(None, "elective", None)]
    early = post(editor, "/edit/c1/offers", "offer-", **wanted | {"due": "2026-02-01"})
    assert early.status_code == 422
    assert "due date lies before" in early.text
    assert "2026-02-01" in early.text
    assert post(editor, "/edit/c1/offers", "offer-", **wanted | {"group": "77"}).status_code == 422
    assert post(editor, "/edit/c1/offers/77/withdraw").status_code == 404


def test_an_empty_course_is_not_offered(editor: FlaskClient) -> None:
    where = post(editor, "/edit/new", **FIELDS).location
    answer = post(editor, f"{where}/offers", "offer-", group="", requirement_class="elective", since="2026-03-01")
    assert answer.status_code == 422
    assert "Add a lesson first" in answer.text


def test_withdrawing_asks_first(editor: FlaskClient, web_db: Database) -> None:
    strict(editor.get("/edit/c1/lessons/1/withdraw"))
    assert len(lessons(web_db)) == 1
    assert post(editor, "/edit/c1/lessons/1/withdraw").status_code == 302
    assert lessons(web_db) == []
    assert editor.get("/edit/c1/lessons/1").status_code == 404
    assert "0 lessons open no more" in strict(editor.get("/edit/c1/withdraw"))
    assert post(editor, "/edit/c1/withdraw").status_code == 302
    html = strict(editor.get("/edit/c1"))
    assert "Withdrawn on" in html
    assert "<form" not in re.sub(r"(?s)<header class=.rail.*?</header>", "", html)
    assert post(editor, "/edit/c1", **FIELDS).status_code == 409
    assert post(editor, "/edit/c1/lessons", "lesson-", title="x", file=file(b"x", "a.mp4")).status_code == 409
    assert actions(web_db)[-2:] == ["lesson.withdraw", "course.withdraw"]


def test_lessons_stay_in_their_course(editor: FlaskClient, web_db: Database) -> None:
    with web_db.writing() as session:
        factories.course(session, "c2")
    assert editor.get("/edit/c2/lessons/1").status_code == 404
    assert post(editor, "/edit/c2/lessons/1", title="x").status_code == 404
    assert post(editor, "/edit/c2/lessons/1/withdraw").status_code == 404
    assert editor.get("/edit/none").status_code == 404


def test_only_for_editors(editor: FlaskClient, academy_app: Academy) -> None:
    learner = browser(academy_app, "l001")
    for path in ("/edit", "/edit/new", "/edit/c1", "/edit/c1/lessons/1", "/edit/c1/withdraw"):
        assert learner.get(path).status_code == 403
        assert browser(academy_app).get(path).status_code == 302


def test_an_offer_that_replaces_another_says_what_it_replaces(editor: FlaskClient, clip: bytes) -> None:
    key = upload(editor, clip)
    post(editor, "/edit/c1/lessons", "lesson-", title="二", upload=key)
    terms = {"group": "", "requirement_class": "required", "since": "2026-03-01", "due": "2026-12-15"}
    post(editor, "/edit/c1/offers", "offer-", **terms)
    editor.get("/edit/c1")
    post(editor, "/edit/c1/offers", "offer-", **terms)
    assert "takes the place" not in editor.get("/edit/c1").text
    post(editor, "/edit/c1/offers", "offer-", **terms | {"requirement_class": "elective", "due": ""})
    page = editor.get("/edit/c1").text
    assert "takes the place of the offer to the same class: Required · until" in page
    assert "15 December 2026" in page


def test_in_chinese(editor: FlaskClient, academy_app: Academy) -> None:
    chinese = browser(academy_app, "editor")
    for path in ("/edit", "/edit/new", "/edit/c1", "/edit/c1/lessons/1"):
        strict(chinese.get(path))


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
