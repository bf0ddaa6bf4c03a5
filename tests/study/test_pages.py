"""The learner's pages: what they say, what they cost, and that nobody sees another's."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.base.db import Database
from app.courses.models import Course, Lesson
from app.credits import service as credits
from app.factory import Academy
from app.people import service as people
from tests import factories
from tests.factories import HOUR_MS, NOON, web
from tests.factories import Academy as Made

DUE = date(2026, 3, 12)


@pytest.fixture
def made(web_db: Database) -> Made:
    """A class with one learner, a required and an elective course of two lessons each."""
    with web_db.writing() as session:
        found = factories.academy(session)
        minutes = factories.course(session, "minutes", lessons=(HOUR_MS, HOUR_MS // 3), title="会议纪要怎么写")
        law = factories.course(session, "law", lessons=(2 * HOUR_MS, HOUR_MS), bucket="professional", title="法律")
        factories.offer(session, minutes, found.group, "required", DUE)
        factories.offer(session, law, None, "elective")
        return found


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_my_year_says_what_is_missing_and_where_to_begin(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "l001", language="en")
    html = web.strict(client.get("/"))
    text = plain(html)
    assert "50.0" in text
    assert "1.2 hours a week are needed for 31 December . All courses offered now leave 47.2 hours open." in text
    assert "12 Mar" in text
    assert "in 10 days" in text
    assert "Course minutes" in text
    assert "/lessons/" in html
    assert "ring-svg" in html
    assert "网络一班" not in text
    assert "Online class 1" in text


def test_my_year_goes_on_with_what_was_watched_last(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        law = session.get(Course, 2)
        assert law is not None
        version = factories.versions(session, law)[0]
        factories.cover(session, made.learner.id, version, 20 * 60_000, NOON - timedelta(hours=1))
    client = web.browser(academy_app, "l001", language="en")
    text = plain(web.strict(client.get("/")))
    assert "left at 20:00" in text
    assert "Counted 20:00 of 1:30:00" in text
    page = web.strict(client.get("/courses/law"))
    assert "Go on with lesson 1" in page


def test_counted_hours_show_in_the_ring_and_the_pace(
    academy_app: Academy, web_db: Database, made: Made, traveller: time_machine.Traveller
) -> None:
    with web_db.writing() as session:
        minutes = session.get(Course, 1)
        assert minutes is not None
        factories.watched(session, made.learner.id, minutes, 0, NOON - timedelta(days=1))
        factories.watched(session, made.learner.id, minutes, 1, NOON - timedelta(days=1))
    html = web.strict(web.browser(academy_app, "l001", language="en").get("/"))
    text = plain(html)
    assert "1.333 / 50" in text  # 45 and 15 minutes at 45 minutes an hour
    assert '<span class="num" title="48.667">48.7</span>' in html  # what is missing is never said to be less
    assert "1.2 hours a week are needed for 31 December" in text
    assert "All required courses are done." in text


def ahead_of_the_year(web_db: Database, made: Made, hours: int) -> None:
    """So many hours, five sixths of them of the subject that the duty asks for most, taken over in January."""
    with web_db.writing() as session:
        for subject, amount in (("professional", hours * 5 // 6), ("general", hours - hours * 5 // 6)):
            credits.record(
                session, made.learner.id, key=f"opening:{subject}", kind="opening",
                happened_at=NOON - timedelta(days=50), known_at=NOON, recorded_by="takeover",
                facts={"hours_m": amount * 1000, "subject_bucket": subject},
            )  # fmt: skip
        credits.settle(session, made.learner.id)


def test_a_finishing_day_is_not_promised_where_courses_are_lacking(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    ahead_of_the_year(web_db, made, 24)
    client = web.browser(academy_app, "l001", language="en")
    text = plain(web.strict(client.get("/")))
    # Short are 26 hours; 1.333 are on offer in required lessons, and 3 of elective ones by half.
    assert "if more courses are offered: those of today leave 23.2 hours" in text
    with web_db.writing() as session:
        for number, subject in enumerate(("general", "professional", "general", "professional")):
            big = factories.course(session, f"big{number}", lessons=(12 * HOUR_MS,), bucket=subject)
            factories.offer(session, big, None, "required")
    text = plain(web.strict(client.get("/")))
    assert re.search(r"At your pace of (this period|the last four weeks) you finish on", text)
    assert "if more courses are offered" not in text


def test_a_required_article_is_owed_until_it_is_read(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        minutes = session.get(Course, 1)
        assert minutes is not None
        for place in (0, 1):
            factories.watched(session, made.learner.id, minutes, place, NOON - timedelta(days=1))
        reading = factories.course(session, "reading")
        lesson = session.scalars(select(Lesson).where(Lesson.course_id == reading.id)).one()
        lesson.kind = "article"
        factories.offer(session, reading, made.group, "required", DUE)
    client = web.browser(academy_app, "l001", language="en")
    assert "/courses/reading" in web.strict(client.get("/"))
    text = plain(web.strict(client.get("/courses/reading")))
    assert "to read, about 45:00" in text
    assert "once 40:30 of 45:00 are counted" in text
    assert "up to" not in text, "no speed, where nothing is played"
    with web_db.writing() as session:
        factories.watched(session, made.learner.id, reading, 0, NOON - timedelta(hours=1))
    assert "All required courses are done." in plain(web.strict(client.get("/")))
    assert "Read again" in plain(web.strict(client.get("/courses/reading")))


def test_a_due_day_of_another_year_says_its_year(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        far = factories.course(session, "far")
        factories.offer(session, far, made.group, "required", date(2027, 7, 24))
    client = web.browser(academy_app, "l001", language="en")
    assert "24 Jul 2027 · in 72 weeks" in plain(client.get("/").text)
    assert "until 24 July 2027" in plain(client.get("/courses").text)
    chinese = web.browser(academy_app, "l001")
    assert "2027年7月24日" in plain(chinese.get("/courses").text)


def test_no_rules_no_duty_and_the_page_stands(academy_app: Academy, web_db: Database) -> None:
    with web_db.writing() as session:
        factories.academy(session, rules=False)
    text = plain(web.strict(web.browser(academy_app, "l001", language="en").get("/")))
    assert "No yearly duty is set for you yet" in text
    assert "No course is offered to you yet" in text


def test_in_chinese_everything_is_chinese(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "l001")
    for path in ("/", "/courses", "/courses/minutes", "/account"):
        text = plain(web.strict(client.get(path)).split("<main", 1)[1].split(">", 1)[1].split("</main>")[0])
        words = set(re.findall(r"[A-Za-z]{3,}", text)) - {"Chrome", "Safari"}
        assert not words, (path, words)


@pytest.mark.parametrize("path", ["/", "/courses", "/courses/c1"])
def test_a_page_costs_the_same_for_1_and_for_30_courses(
    academy_app: Academy, web_db: Database, made: Made, path: str
) -> None:
    client = web.browser(academy_app, "l001")
    costs = []
    for wanted in (1, 30):
        with web_db.writing() as session:
            for number in range(wanted):
                course = factories.course(session, f"c{wanted if wanted > 1 else ''}{number + 1}")
                factories.offer(session, course, None, "required", DUE)
                factories.watched(session, made.learner.id, course)
        client.get(path)
        with web.statements(web_db) as seen:
            web.strict(client.get(path))
        costs.append(len(seen))
        assert len(seen) <= {"/": 12, "/courses": 9}.get(path, 10), seen
    assert costs[0] == costs[1]


def test_the_catalogue_searches_filters_and_pages(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        for number in range(25):
            factories.offer(session, factories.course(session, f"extra{number:02d}"), None, "elective")
    client = web.browser(academy_app, "l001", language="en")

    def titles(query: str) -> list[str]:
        html = web.strict(client.get(f"/courses?{query}"))
        return re.findall(r'<h2><a href="/courses/([^"]+)"', html)

    assert titles("") == titles("page=1&sort=nonsense&requirement=all")
    assert titles("")[0] == "minutes"  # required first
    assert len(titles("")) == 20
    assert len(titles("page=2")) == 7
    assert titles("page=99") == titles("page=2")
    assert titles("page=0") == titles("page=-1") == titles("page=²") == titles("")
    assert titles("requirement=required") == ["minutes"]
    assert titles("bucket=professional") == ["law"]
    assert titles("q=纪要") == titles("q=minutes") == ["minutes"]
    assert titles("q=ｌａｗ") == ["law"]
    assert titles("q=extra0&sort=short") == [f"extra{n:02d}" for n in range(10)]
    assert titles("q=%25") == titles("q=' OR 1=1 --") == []
    assert titles("state=done") == []
    hostile = web.strict(client.get("/courses?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"))
    assert "<script>alert" not in hostile


def test_a_course_page_says_what_it_is_worth(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "l001", language="en")
    required, elective = (plain(web.strict(client.get(f"/courses/{code}"))) for code in ("minutes", "law"))
    assert "1.333 hours" in required
    assert "once 40:30 of 45:00 are counted" in required
    assert "1.5 hours" in elective  # three hours, and electives count half
    assert "Required" in required
    assert "up to 2.0 times" in required


def test_what_is_not_offered_cannot_be_seen(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        other = factories.course(session, "other")
        factories.offer(session, other, made.other_group)
    client = web.browser(academy_app, "l001")
    assert client.get("/courses/other").status_code == 404
    assert client.get("/courses/nothing").status_code == 404


@pytest.mark.parametrize(
    ("login", "goal"),
    [("head1", "/classes"), ("editor", "/edit"), ("academy", "/rules"), ("nobody", "/desk/audit")],
)
def test_staff_begin_at_their_desk(academy_app: Academy, web_db: Database, made: Made, login: str, goal: str) -> None:
    if login == "nobody":
        with web_db.writing() as session:
            factories.person(session, "nobody", "丁察", "audit_admin", "academy")
    client = web.browser(academy_app, login)
    assert client.get("/").location == goal
    assert client.get(goal, follow_redirects=True).status_code == 200
    assert client.get("/courses").status_code == 403


@pytest.mark.parametrize(
    ("role", "what"),
    [
        ("lecturer", "what learners say of them"),
        ("archive_reader", "the archive of learning"),
        ("sys_admin", "the settings of the system"),
    ],
)
def test_a_role_without_pages_is_told_so(
    academy_app: Academy, web_db: Database, made: Made, role: str, what: str
) -> None:
    with web_db.writing() as session:
        factories.person(session, "somebody", "丁察", role, "academy")
    client = web.browser(academy_app, "somebody", language="en")
    text = plain(web.strict(client.get("/", follow_redirects=True)))
    assert "the pages of this role are not built yet" in text
    assert what in text
    assert "The language is changed in the menu." in text
    for login in ("l001", "head1"):
        other = web.browser(academy_app, login, language="en")
        assert "not built yet" not in other.get("/account").text


def test_a_teacher_who_studies_too_begins_with_the_year(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        people.grant_role(session, made.teacher.id, "learner", "own", since=factories.SINCE)
    client = web.browser(academy_app, "head1", language="en")
    assert "Staff desk" in web.strict(client.get("/"))
