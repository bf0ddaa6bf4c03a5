"""The plan that closes the gap: what its page says comes true, on either database, and costs little."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.base.db import Database
from app.classes.models import ClassMembership
from app.courses.models import Course
from app.credits import service as credits
from app.credits.folding import fold
from app.credits.known import known
from app.credits.models import PeriodSeal
from app.credits.queries import sums_of
from app.credits.rows import books_of
from app.credits.seals import seals_of
from app.factory import Academy
from app.rules.credit.fold import settle
from app.study import plan, queries
from app.study.plan import Gap
from tests import factories
from tests.factories import HOUR_MS, NOON, web
from tests.factories import Academy as Made
from tests.study.test_pages import ahead_of_the_year, plain

TODAY = date(2026, 3, 2)
CAP = (
    '\n[[cap]]\nid = "few"\nwhen = {kind = "watched", requirement_class = "elective"}\nlimit = 1\nper = "period"\n'
    'text = {zh = "选修每年最多计 1 学时", en = "At most 1 hour of electives a year"}\n'
)


@pytest.fixture
def made(web_db: Database, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Made:
    """A learner with 46 of 50 hours, 4 of professional subjects missing; four courses on offer."""
    monkeypatch.setattr(factories, "RULES", factories.RULES + getattr(request, "param", ""))
    with web_db.writing() as session:
        found = factories.academy(session)
        for code, hours, bucket, requirement in (
            ("long", (5,), "professional", "elective"),
            ("law", (1, 1), "professional", "required"),
            ("tax", (4,), "professional", "elective"),
            ("art", (9,), "general", "elective"),
        ):
            course = factories.course(session, code, lessons=[hour * HOUR_MS for hour in hours], bucket=bucket)
            factories.offer(session, course, None, requirement, date(2026, 4, 1) if code == "law" else None)
    ahead_of_the_year(web_db, found, 0)
    with web_db.writing() as session:
        for subject, amount in (("professional", 21), ("general", 25)):
            credits.record(
                session, found.learner.id, key=f"opening:more:{subject}", kind="opening",
                happened_at=NOON - timedelta(days=40), known_at=NOON, recorded_by="takeover",
                facts={"hours_m": amount * 1000, "subject_bucket": subject},
            )  # fmt: skip
        credits.settle(session, found.learner.id)
    return found


def gap_of(session: Session, learner_id: int) -> Gap:
    found = plan.plan_of(session, learner_id, queries.year(session, learner_id, TODAY))
    assert found is not None
    return found


def test_the_plan_is_told_and_comes_true(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "l001", language="en")
    html = web.strict(client.get("/plan"))
    text = plain(html)
    assert "Missing: 4.0 hours of professional subjects ." in text
    assert "2 courses close the gap: 270 minutes" in text
    titles = re.findall(r'class="plan-row".*?/courses/(\w+)"', html, re.S)
    assert titles == ["law", "tax"]  # the required one, then the shortest that is enough
    assert "At least 25 hours of professional subjects" in text
    assert "Elective lessons count half" in text
    assert "until 1 April" in text
    with web_db.writing() as session:
        promised = gap_of(session, made.learner.id)
        for code, place in (("law", 0), ("law", 1), ("tax", 0)):
            course = session.query(Course).filter_by(code=code).one()
            record(session, made.learner.id, course, place, "required" if code == "law" else "elective")
    with web_db.reading() as session:
        after = credits_of(session, made.learner.id)
        assert after == {name: test.got for name, test in promised.plan.after.tests.items()}
        assert gap_of(session, made.learner.id).plan.state == "met"
    assert "Nothing is missing." in plain(client.get("/plan").text)


def record(session: Session, learner_id: int, course: Course, place: int, requirement: str) -> None:
    """A lesson watched as far as it takes, recorded as the player does."""
    version = factories.versions(session, course)[place]
    factories.cover(session, learner_id, version, version.length_ms, NOON)
    seen = version.length_ms * 9 // 10
    credits.record(
        session, learner_id, key=f"watched:{version.id}:{seen}", kind="watched", happened_at=NOON, known_at=NOON,
        recorded_by="viewing",
        facts={
            "length_ms": version.length_ms, "seen_ms": seen, "provider": "own", "category": course.category,
            "subject_bucket": course.subject_bucket, "requirement_class": requirement, "unit": "city",
            "class": "class-1", "band": "staff", "item": f"lesson:{version.lesson_id}", "edition": "1",
        },
    )  # fmt: skip
    credits.settle(session, learner_id)


def credits_of(session: Session, learner_id: int) -> dict[str, int]:
    """What the ledger has, by test."""
    return {name: test.got for name, test in sums_of(session, [learner_id], date(2026, 1, 1))[learner_id].tests.items()}


@pytest.mark.parametrize("made", [CAP], indirect=True)
def test_what_binds_is_named_and_what_stays_open_is_said(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "l001", language="en")
    text = plain(web.strict(client.get("/plan")))
    assert "All courses offered now leave 1.0 hours of professional subjects open." in text
    assert "At most 1 hour of electives a year" in text
    assert "At most 1.0 count: 8.0 hours are beyond it." in text
    home = plain(web.strict(client.get("/")))
    assert "leave 1.0 hours of professional subjects open" in home
    chinese = plain(web.strict(web.browser(academy_app, "l001").get("/plan")))
    assert "还差 专业4.0学时 。现在开的课全部学完，仍差 专业1.0学时 。" in chinese


def test_the_plan_is_the_learners_own(academy_app: Academy, web_db: Database, made: Made) -> None:
    assert web.browser(academy_app, "head1").get("/plan").status_code == 403
    assert web.browser(academy_app).get("/plan").status_code == 302
    with web_db.writing() as session:
        other = factories.learner(session, made.unit, made.other_group, 2)
        session.flush()
        assert other.id != made.learner.id
    assert "50.0 hours" in plain(web.browser(academy_app, "l002", language="en").get("/plan").text)


def test_no_rules_no_plan(academy_app: Academy, web_db: Database) -> None:
    with web_db.writing() as session:
        factories.academy(session, rules=False)
    assert "No yearly duty is set for you yet" in plain(
        web.browser(academy_app, "l001", language="en").get("/plan").text
    )


def test_the_pages_ask_as_many_statements_however_much_there_is(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    client = web.browser(academy_app, "l001")
    costs = []
    for many in (1, 25):
        with web_db.writing() as session:
            for number in range(many):
                course = factories.course(session, f"x{many}-{number}", bucket="professional")
                factories.offer(session, course, None, "elective")
        client.get("/plan")
        for path, most in (("/", 10), ("/plan", 8)):
            with web.statements(web_db) as seen:
                web.strict(client.get(path))
            assert len(seen) <= most, seen
            costs.append((path, len(seen)))
    assert len(set(costs)) == 2


def test_what_pages_fold_is_what_the_ledger_is_made_of(academy_app: Academy, web_db: Database, made: Made) -> None:
    """Evidence and seals in one statement: reopened periods are open, the last event decides."""
    with web_db.writing() as session:
        for number, (year, event) in enumerate(((2024, "sealed"), (2025, "sealed"), (2025, "reopened"))):
            session.add(
                PeriodSeal(
                    period=date(year, 1, 1), number=number + 1, event=event, at=NOON - timedelta(days=20 - number),
                    by_id=None, hash="0" * 64 if event == "sealed" else None, overruled="", reason="",
                )
            )  # fmt: skip
    with web_db.reading() as session:
        book = credits.book(session)
        assert book is not None
        pieces, seals = known(session, made.learner.id, book)
        rows = books_of(session, [made.learner.id])[made.learner.id].evidence
        assert settle(book, pieces, explain=True, until=TODAY, seals=seals) == fold(
            book, rows, TODAY, seals_of(session)
        )
        assert list(seals_of(session)) == [date(2024, 1, 1)]
        assert [piece.id for piece in pieces] == [row.key for row in rows]


def test_my_year_and_the_class_say_the_same_finish(
    academy_app: Academy, web_db: Database, made: Made, traveller: time_machine.Traveller
) -> None:
    with web_db.writing() as session:
        law = session.query(Course).filter_by(code="law").one()
        record(session, made.learner.id, law, 0, "required")
    with web_db.reading() as session:
        mine = queries.year(session, made.learner.id, TODAY).outlook
        assert mine is not None
        assert mine.finish is not None
        said = f"{mine.finish.day} {mine.finish:%B}"
    learner = plain(web.browser(academy_app, "l001", language="en").get("/").text)
    assert f"you finish on {said}" in learner
    teacher = plain(web.browser(academy_app, "head1", language="en").get("/classes/class-1").text)
    assert f"{mine.finish.day} {mine.finish:%b}" in teacher


def test_a_takeover_is_no_pace(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        credits.record(
            session, made.learner.id, key="opening:now", kind="opening", happened_at=NOON - timedelta(days=1),
            known_at=NOON, recorded_by="takeover", facts={"hours_m": 1000, "subject_bucket": "professional"},
        )  # fmt: skip
        credits.settle(session, made.learner.id)
    with web_db.reading() as session:
        year = queries.year(session, made.learner.id, TODAY)
        assert year.duty is not None
        assert year.outlook is not None
        assert (year.duty.got, year.outlook.recent) == (47_000, 0)


def test_somebody_who_left_has_nothing_to_close(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        for row in session.query(ClassMembership).filter_by(person_id=made.learner.id):
            row.until = date(2026, 2, 1)
        moment = datetime.fromisoformat("2026-02-01T00:00:00+08:00")
        credits.record(
            session, made.learner.id, key="left", kind="standing", happened_at=moment, known_at=NOON,
            recorded_by="test", facts={"change": "left"},
        )  # fmt: skip
        credits.settle(session, made.learner.id)
    text = plain(web.strict(web.browser(academy_app, "l001", language="en").get("/plan")))
    assert "No course is offered to you yet." in text
