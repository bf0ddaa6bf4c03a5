"""Who may read captions: who may open the lesson, and who may edit it. To all others they do not exist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from app.base import clock
from app.base.db import Database
from app.classes import service as classes
from app.courses import service as courses
from app.courses.models import Caption, Course, MediaVersion
from app.factory import Academy
from app.people import service as people
from tests import factories
from tests.factories.web import browser

TEXT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nsaid\n"
Tell = Callable[[FlaskClient], int]


@pytest.fixture
def made(web_db: Database) -> factories.Academy:
    with web_db.writing() as session:
        found = factories.academy(session, learners=1)
        version = factories.versions(session, factories.course(session, "c1"))[0]
        session.add(Caption(media_version_id=version.id, language="zh", vtt=TEXT))
        factories.person(session, "system", "系统", "sys_admin", "academy")
        factories.person(session, "reviewer", "审核", "credit_reviewer", "academy")
        factories.person(session, "lecturer", "讲师", "lecturer", "academy")
    return found


@pytest.fixture
def course(web_db: Database, made: factories.Academy) -> Course:
    with web_db.reading() as session:
        found = session.get(Course, 1)
        assert found is not None
        return found


def code(client: FlaskClient, known: str = "") -> int:
    answer = client.get("/captions/1.vtt", headers={"If-None-Match": known} if known else {})
    if answer.status_code == 404:
        assert "said" not in answer.text
        assert "ETag" not in answer.headers
    return answer.status_code


def test_the_learner_to_whom_it_is_offered(
    academy_app: Academy, web_db: Database, made: factories.Academy, course: Course
) -> None:
    with web_db.writing() as session:
        factories.offer(session, course, made.group)
    learner = browser(academy_app, "l001")
    answer = learner.get("/captions/1.vtt")
    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/vtt", TEXT)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = learner.get("/captions/1.vtt", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.text) == (304, "")
    assert learner.get("/captions/2.vtt").status_code == 404
    assert browser(academy_app).get("/captions/1.vtt").status_code == 302


def _draft(_session: object, _made: factories.Academy, _course: Course) -> None: ...


def _another_class(session: object, made: factories.Academy, course: Course) -> None:
    factories.offer(session, course, made.other_group)  # type: ignore[arg-type]


def _not_yet(session: object, made: factories.Academy, course: Course) -> None:
    later = factories.NOON.date() + timedelta(days=1)
    classes.offer_course(session, course.id, made.group.id, "required", later, None, None)  # type: ignore[arg-type]


def _offer_withdrawn(session: object, made: factories.Academy, course: Course) -> None:
    classes.withdraw_offer(session, factories.offer(session, course, made.group), None)  # type: ignore[arg-type]


def _lesson_withdrawn(session: object, made: factories.Academy, course: Course) -> None:
    factories.offer(session, course, made.group)  # type: ignore[arg-type]
    courses.withdraw_lesson(session, 1, actor_id=None)  # type: ignore[arg-type]


def _course_withdrawn(session: object, made: factories.Academy, course: Course) -> None:
    factories.offer(session, course, made.group)  # type: ignore[arg-type]
    courses.withdraw_course(session, course.id, actor_id=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "how", [_draft, _another_class, _not_yet, _offer_withdrawn, _lesson_withdrawn, _course_withdrawn]
)
def test_a_lesson_that_does_not_open(
    academy_app: Academy, web_db: Database, made: factories.Academy, course: Course,
    how: Callable[[object, factories.Academy, Course], None],
) -> None:  # fmt: skip
    editor = browser(academy_app, "editor").get("/captions/1.vtt")
    with web_db.writing() as session:
        how(session, made, course)
    learner = browser(academy_app, "l001")
    assert code(learner) == 404
    assert code(learner, editor.headers["ETag"]) == 404, "not even that they have not changed"
    assert code(browser(academy_app, "editor")) == 200
    assert code(browser(academy_app, "academy")) == 200


@pytest.mark.parametrize("login", ["head1", "system", "reviewer", "lecturer"])
def test_roles_that_neither_study_nor_edit(
    academy_app: Academy, web_db: Database, made: factories.Academy, course: Course, login: str
) -> None:
    with web_db.writing() as session:
        factories.offer(session, course, None)
    assert code(browser(academy_app, login)) == 404


def test_who_has_left_the_class(
    academy_app: Academy, web_db: Database, made: factories.Academy, course: Course, traveller: time_machine.Traveller
) -> None:
    with web_db.writing() as session:
        factories.offer(session, course, made.group)
        outside = factories.person(session, "stranger", "外人", "learner", "own")
        people.join_unit(session, outside.id, made.unit.id, "staff", factories.SINCE)
    assert code(browser(academy_app, "stranger")) == 404
    learner = browser(academy_app, "l001")
    assert code(learner) == 200
    with web_db.writing() as session:
        classes.leave_class(session, made.learner.id, factories.NOON.date(), None)
    traveller.shift(timedelta(days=1))
    assert code(browser(academy_app, "l001")) == 404


def test_a_replaced_file_keeps_its_captions_for_who_is_watching_it(
    academy_app: Academy, web_db: Database, made: factories.Academy, course: Course
) -> None:
    with web_db.writing() as session:
        factories.offer(session, course, made.group)
        session.add(
            MediaVersion(
                lesson_id=1, version=2, sha256="1" * 64, bytes=1, mime="video/mp4", length_ms=1000,
                original_name="b.mp4", created_at=clock.now(),
            )
        )  # fmt: skip
    assert code(browser(academy_app, "l001")) == 200
