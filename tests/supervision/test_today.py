"""Today's things: each is true, leads to those it speaks of, and there are never more than five."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from app.base import clock
from app.base.db import Database
from app.classes import service as classes
from app.classes.models import CourseOffer
from app.credits.models import PeriodSeal
from app.factory import Academy
from app.tickets import service as tickets
from app.viewing.models import Coverage
from tests import factories
from tests.factories import NOON, web
from tests.factories import Academy as Made
from tests.supervision.place import plain, rows, three_learners

LINK = re.compile(r'<li><span>(.*?)</span><a href="([^"]+)">([^<]+)', re.S)


@pytest.fixture
def made(web_db: Database, traveller: time_machine.Traveller) -> Made:
    """As `three_learners` says."""
    return three_learners(web_db, traveller)


def things(html: str) -> list[tuple[str, str, str]]:
    """(text, address, verb) of today's things."""
    sheet = html.split('id="today"', 1)[1].split("</section>")[0]
    return [(plain(text), address.replace("&amp;", "&"), verb) for text, address, verb in LINK.findall(sheet)]


def wait(db: Database, made: Made, days: int) -> None:
    """The second learner has had time waiting for so many days."""
    with db.writing() as session:
        for row in session.query(Coverage).filter_by(learner_id=made.learners[1].id):
            row.pending_ms = 60_000
            row.watched_at_ms = clock.to_ms(NOON - timedelta(days=days))


def test_each_thing_leads_to_those_it_speaks_of(academy_app: Academy, web_db: Database, made: Made) -> None:
    wait(web_db, made, 9)
    with web_db.writing() as session:
        for offer in session.query(CourseOffer).filter_by(requirement_class="required"):
            offer.due = date(2026, 3, 10)
    client = web.browser(academy_app, "head1", language="en")
    found = things(web.strict(client.get("/classes/class-1")))
    assert [text for text, _address, _verb in found] == [
        "1 learner away for four weeks will not finish",
        "“Course minutes” is due on 10 March, 2 learners have not finished it",
        "1 learner has time that has waited for an answer for over a week",
    ]
    told = []
    for text, address, verb in found:
        html = web.strict(client.get(address))
        told.append(list(rows(html)))
        assert verb == "See who"
        assert text.split(" learner", 1)[0].split()[-1] == str(len(told[-1]))
    assert told == [["学员3"], ["学员3", "学员2"], ["学员2"]]
    assert "Three things today" in web.strict(client.get("/classes/class-1"))


def test_what_is_asked_for_can_be_taken_off(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "head1", language="en")
    html = web.strict(client.get("/classes/class-1?lacks=minutes&quiet=1&status=late"))
    assert list(rows(html)) == ["学员3"]
    chips = dict(re.findall(r'class="chip"[^>]* href="([^"]+)"><span class="sr">Take off: </span>([^<]+)', html))
    assert sorted(chips.values()) == ["Away for four weeks", "Has not finished “Course minutes”"]
    address = next(each for each, text in chips.items() if text.startswith("Away"))
    assert list(rows(web.strict(client.get(address.replace("&amp;", "&"))))) == ["学员3", "学员2"]


def test_a_course_that_was_due_is_told_for_four_weeks(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "head1", language="en")

    def courses(due: date) -> list[str]:
        with web_db.writing() as session:
            for offer in session.query(CourseOffer).filter_by(requirement_class="required"):
                offer.due = due
        return [text for text, _address, _verb in things(web.strict(client.get("/classes/class-1"))) if "“" in text]

    assert courses(date(2026, 2, 20)) == ["“Course minutes” was due on 20 February, 2 learners have not finished it"]
    assert courses(date(2026, 2, 1)) == []
    assert courses(date(2026, 3, 16)) == ["“Course minutes” is due on 16 March, 2 learners have not finished it"]
    assert courses(date(2026, 3, 17)) == []


def test_a_week_of_waiting_is_the_limit(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "head1", language="en")
    for days, told in ((6, False), (8, True)):
        wait(web_db, made, days)
        found = things(web.strict(client.get("/classes/class-1")))
        assert any("waited for an answer" in text for text, _address, _verb in found) is told


def test_waiting_tickets_are_counted_with_the_oldest(
    academy_app: Academy, web_db: Database, made: Made, traveller: time_machine.Traveller
) -> None:
    settings = academy_app.extensions["duxue.settings"]
    with web_db.writing() as session:
        course = factories.course(session, "more")
        classes.offer_course(session, course.id, made.group.id, "elective", factories.SINCE, None, None)
        lesson = factories.versions(session, course)[0].lesson_id
        for learner in made.learners[:2]:
            tickets.open_ticket(session, settings, learner.id, lesson, "看完了，没有计入学时", None)
    traveller.shift(timedelta(days=4))
    client = web.browser(academy_app, "head1", language="en")
    html = web.strict(client.get("/classes/class-1"))
    found = [each for each in things(html) if "ticket" in each[0]]
    assert found == [
        ("2 tickets wait for an answer, the oldest written 4 days ago", "/classes/class-1/tickets#main", "Answer")
    ]
    other = web.browser(academy_app, "head2", language="en")
    assert "Nothing urgent today" in web.strict(other.get("/classes/class-2"))


def test_towards_its_end_the_year_asks_for_those_who_lack_something(
    academy_app: Academy, made: Made, traveller: time_machine.Traveller
) -> None:
    client = web.browser(academy_app, "head1", language="en")
    assert not any("the year ends" in text for text, _a, _v in things(web.strict(client.get("/classes/class-1"))))
    traveller.move_to(datetime(2026, 12, 11, 4, tzinfo=UTC))
    client = web.browser(academy_app, "head1", language="en")
    found = things(web.strict(client.get("/classes/class-1")))
    assert found[-1][0] == "3 learners are not done, the year ends in 20 days"
    assert len(rows(web.strict(client.get(found[-1][1])))) == 3


def test_who_closes_periods_is_told_that_somebody_asks(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        second = factories.person(session, "second", "唐若水", "academy_admin", "academy")
        for number, event, by in ((1, "sealed", made.admin.id), (2, "asked", second.id)):
            session.add(
                PeriodSeal(
                    period=date(2025, 1, 1), number=number, event=event, at=NOON, by_id=by,
                    hash="0" * 64 if event == "sealed" else None, overruled="{}", reason="补录",
                )
            )  # fmt: skip

    def asked(login: str) -> list[str]:
        html = web.strict(web.browser(academy_app, login, language="en").get("/classes/class-1"))
        return [address for text, address, _verb in things(html) if "asks to reopen" in text]

    assert asked("academy") == ["/periods/2025-01-01"]
    assert asked("second") == [], "nobody decides their own request"
    assert asked("head1") == []


def test_an_empty_class_has_nothing_to_do(academy_app: Academy, made: Made) -> None:
    html = web.strict(web.browser(academy_app, "head2").get("/classes/class-2"))
    assert things(html) == []
    assert "今天没有急事" in html
