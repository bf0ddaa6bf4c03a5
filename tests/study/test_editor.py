"""The editor's desk: what is typed is kept, what is refused is said, and nothing half-made stays."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.base.db import Database
from app.classes.models import CourseOffer
from app.courses.models import Course, Provider
from app.factory import Academy
from tests import factories
from tests.factories.web import browser, statements, strict
from tests.study.editing import actions, file, lessons, post, upload

FIELDS = {
    "title": "数据从哪里来", "title_en": "Where data comes from", "summary": "说明", "summary_en": "About",
    "provider": "1", "category": "digital", "subject_bucket": "professional", "lecturer": "何为之",
    "max_rate": "1.5",
    "check_minutes": "0",
}  # fmt: skip


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
