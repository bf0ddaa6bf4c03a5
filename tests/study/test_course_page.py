"""The course page: how its hours are reckoned, until when, from which sources, and how many of the unit are done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.base.db import Database
from app.classes import service as classes
from app.courses import service
from app.courses.models import Caption, Course
from app.factory import Academy
from app.people import service as people
from app.people.models import Person, UnitMembership
from tests import factories
from tests.factories import HOUR_MS, NOON, SINCE, web
from tests.factories import Academy as Made
from tests.study.test_pages import plain

DUE = date(2026, 3, 12)


@pytest.fixture
def made(web_db: Database) -> Made:
    with web_db.writing() as session:
        found = factories.academy(session)
        minutes = factories.course(session, "minutes", lessons=(HOUR_MS, HOUR_MS // 3), title="会议纪要怎么写")
        law = factories.course(session, "law", lessons=(2 * HOUR_MS,), bucket="professional", title="法律")
        factories.offer(session, minutes, found.group, "required", DUE)
        factories.offer(session, law, None, "elective")
        return found


def shown(academy_app: Academy, code: str = "minutes", language: str = "en") -> str:
    return plain(web.strict(web.browser(academy_app, "l001", language=language).get(f"/courses/{code}")))


def test_it_says_for_whom_until_when_and_from_what_its_hours_come(academy_app: Academy, made: Made) -> None:
    text = shown(academy_app)
    assert "Required, for Online class 1" in text
    assert "12 March 2026 in 10 days" in text
    assert "length 45:00 ÷ 45 minutes" in text
    assert "Nine tenths of a lesson must be seen" in text
    assert "Elective lessons count half" not in text
    elective = shown(academy_app, "law")
    assert "Elective, for all classes" in elective
    assert "length 1:30:00 ÷ 45 minutes × 0.5" in elective
    assert "Elective lessons count half" in elective


def test_its_clauses_lead_to_where_they_are_printed(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "l001", language="en")
    assert 'href="/statement/rules/1#clause-elective-half"' in web.strict(client.get("/courses/law"))
    assert 'id="clause-elective-half"' in web.strict(client.get("/statement/rules/1"))


def test_without_rules_it_gives_no_hours_and_says_so(academy_app: Academy, web_db: Database) -> None:
    with web_db.writing() as session:
        found = factories.academy(session, rules=False)
        factories.offer(session, factories.course(session, "minutes"), found.group)
    text = shown(academy_app)
    assert "gives no hours" in text
    assert "What each lesson gives" not in text


def test_sources_lecturer_and_captions_in_the_readers_language(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    with web_db.writing() as session:
        course = session.get(Course, 1)
        assert course is not None
        service.update_course(
            session, 1, actor_id=None, sources=" 《消防法》\n\n某条例 \n", sources_en="Fire Law\nSome Regulations",
            lecturer="罗知微", lecturer_en="Luo Zhiwei", slip="会议纪要",
        )  # fmt: skip
        version = factories.versions(session, course)[0]
        session.add(Caption(media_version_id=version.id, language="zh", vtt="WEBVTT"))
    client = web.browser(academy_app, "l001", language="en")
    html = web.strict(client.get("/courses/minutes"))
    assert "<li>Fire Law</li><li>Some Regulations</li>" in html
    assert "Lecturer: Luo Zhiwei" in html
    assert "Chinese; the transcript can be read" in plain(html)
    chinese = web.strict(web.browser(academy_app, "l001").get("/courses/minutes"))
    assert "<li>《消防法》</li><li>某条例</li>" in chinese
    assert "罗知微主讲" in plain(chinese).replace(" ", "")
    assert '<tspan x="21" y="69">要</tspan>' in chinese, "the fourth character of its slip"
    with web_db.writing() as session:
        service.update_course(session, 1, actor_id=None, sources_en="")
    html = web.strict(client.get("/courses/minutes"))
    assert '<ul class="sources" lang="zh-CN"><li>《消防法》</li>' in html


def _peers(session: Session, made: Made, numbers: Iterable[int], *, ends: bool = True, unit: int = 0) -> None:
    """Learners who have seen the first lesson of course 1, and the second (`ends`) to its mark."""
    course = session.get(Course, 1)
    assert course is not None
    first, second = factories.versions(session, course)
    for number in numbers:
        person = factories.person(session, f"p{number}", f"同事{number}", "learner", "own")
        people.join_unit(session, person.id, unit or made.unit.id, "staff", SINCE)
        classes.enrol(session, person.id, made.other_group.id, SINCE, None)
        factories.cover(session, person.id, first, first.length_ms, NOON)
        enough = second.length_ms * 9 // 10
        factories.cover(session, person.id, second, enough if ends else enough - 1, NOON)


def test_how_many_of_the_unit_are_done_is_hidden_below_five(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        _peers(session, made, range(4))
        _peers(session, made, range(10, 13), ends=False)
        other = people.create_unit(session, "other", "别的单位", "Another", "school")
        _peers(session, made, range(20, 25), unit=other.id)
        for place in (0, 1):
            factories.watched(session, made.learner.id, session.get_one(Course, 1), place)
    text = shown(academy_app)
    assert "In your unit" not in text, "four, three who lack a millisecond, another unit, and oneself"
    with web_db.writing() as session:
        _peers(session, made, [5])
    assert "5 others have finished this course." in shown(academy_app)
    assert "除你以外，已有5人学完这门课。" in shown(academy_app, language="zh")
    assert "同事" not in shown(academy_app, language="zh"), "a number, nobody's name"
    assert "In your unit" not in shown(academy_app, "law")
    with web_db.writing() as session:  # who left the unit is no longer of it
        leaver = select(Person.id).where(Person.login == "p5").scalar_subquery()
        left = update(UnitMembership).where(UnitMembership.person_id == leaver)
        session.execute(left.values(until=NOON.date() - timedelta(days=1)))
    assert "In your unit" not in shown(academy_app)


def test_it_costs_the_same_for_a_unit_of_one_and_of_forty(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "l001")
    costs = []
    for wanted in (range(1), range(1, 40)):
        with web_db.writing() as session:
            _peers(session, made, wanted)
        client.get("/courses/minutes")
        with web.statements(web_db) as seen:
            web.strict(client.get("/courses/minutes"))
        costs.append(len(seen))
    assert costs[0] == costs[1]
