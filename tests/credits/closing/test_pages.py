"""The pages of periods in a browser without a window: what they say, what they do, and for whom."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from app.base import clock, runs
from app.base.audit import AuditEntry
from app.base.db import Database
from app.courses.models import MediaVersion
from app.credits import service
from app.credits.models import PeriodSeal
from app.credits.seals import seals_of
from app.factory import Academy
from app.rules.viewing import spans
from app.tickets import service as tickets
from app.viewing.models import Coverage
from tests import factories
from tests.credits.closing import years
from tests.credits.closing.years import attend, join
from tests.factories.web import academy_app, browser, send, strict, token_in, web_db

__all__ = ["academy_app", "web_db"]
AT = "/periods/2025-01-01"


@dataclass
class Place:
    """An academy whose 2025 is over, and what stands open in it."""

    app: Academy
    db: Database
    learner: int
    version: int

    def browser(self, login: str = "academy", language: str = "en") -> FlaskClient:
        """Somebody's browser."""
        return browser(self.app, login, language)

    def work(self) -> None:
        """Do the runs that wait, as a worker does."""
        settings = self.app.extensions["duxue.settings"]
        while True:
            with self.db.reading() as session:
                run = runs.latest(session, "periods.seal", state="waiting")
            if run is None:
                return
            runs.perform(self.db, settings, run.id)


@pytest.fixture
def place(academy_app: Academy, web_db: Database, traveller: time_machine.Traveller) -> Place:
    with web_db.writing() as session:
        service.publish_rules(session, years.rules(), None)
        made = factories.academy(session, learners=2, rules=False)
        factories.person(session, "second", "顾清和", "academy_admin", "academy")
        factories.person(session, "part", "分院", "academy_admin", "unit", made.unit.id)
        factories.person(session, "reviewer", "审阅", "credit_reviewer", "academy")
        for learner in made.learners:
            join(session, learner.id, "2025-01-02")
            attend(session, learner.id, "a", "2025-05-01", 52 if learner is made.learner else 20)
            service.settle(session, learner.id)
        course = factories.course(session, "course-1")
        factories.offer(session, course, made.group)
        version = factories.versions(session, course)[0]
        return Place(academy_app, web_db, made.learner.id, version.id)


def something_waits(place: Place) -> None:
    """A minute that waits for an answer since December, and an open ticket about that lesson."""
    with place.db.writing() as session:
        session.add(
            Coverage(
                learner_id=place.learner, media_version_id=place.version, counted_ms=60_000, pending_ms=60_000,
                resume_ms=0, watched_at_ms=clock.to_ms(years.day("2025-12-20")), spans=spans.pack([0, 60_000]),
                pending=spans.pack([60_000, 120_000]),
            )
        )  # fmt: skip
        session.flush()
        lesson = session.execute(select(MediaVersion.lesson_id).filter_by(id=place.version)).scalar_one()
        tickets.open_ticket(session, place.app.extensions["duxue.settings"], place.learner, lesson, "看了没有计", None)


def test_the_list_says_how_far_each_period_is(place: Place) -> None:
    page = strict(place.browser().get("/periods"))
    assert page.index("Year 2026") < page.index("Year 2025")
    assert "over, not sealed" in page
    assert "Year 2024" not in page


def test_a_period_tells_its_result_and_that_nothing_stands_open(place: Place) -> None:
    page = strict(place.browser().get(AT))
    for said in (
        "Requirements met",
        "All evidence is settled.",
        "None is open.",
        "None is open.",
        "Seal Year 2025",
    ):
        assert said in page, said
    chinese = strict(place.browser(language="zh").get(AT))
    for said in ("封账前要看的", "学习事实都已结算", "封账：2025"):
        assert said in chinese, said


def test_sealing_from_the_page_with_a_reason(place: Place) -> None:
    something_waits(place)
    client = place.browser()
    page = strict(client.get(AT))
    assert "1:00 of 1 learner" in page
    assert "1 ticket of 1 learner" in page
    refused = send(client, AT, f"{AT}/seal", reason="  ")
    assert refused.status_code == 422
    assert "Write a reason" in refused.text
    assert send(client, AT, f"{AT}/seal", reason="核对完毕").status_code == 302
    assert "Settle, reckon, seal" in strict(client.get(AT))
    place.work()
    page = strict(client.get(AT))
    assert "Overruled: 1 lesson with waiting time, 1 open ticket." in page
    assert "核对完毕" in page
    with place.db.reading() as session:
        row = session.scalars(select(PeriodSeal)).one()
        assert row.hash
        assert row.hash in page
        assert json.loads(row.overruled) == {"pending": 1, "tickets": 1}
        left = session.scalars(select(Coverage)).one()
        # What waited lapsed; what counted stays.
        assert (left.pending_ms, left.counted_ms, spans.unpack(left.pending)) == (0, 60_000, [])
        assert session.scalars(select(AuditEntry.action).where(AuditEntry.subject == "period:2025-01-01")).all() == [
            "period.seal_asked", "period.seal",
        ]  # fmt: skip


def test_what_came_up_meanwhile_stops_the_run_and_is_told(place: Place) -> None:
    client = place.browser()
    send(client, AT, f"{AT}/seal", reason="")
    something_waits(place)
    place.work()
    page = strict(client.get(AT))
    assert "The last try did not seal the period: Something came up meanwhile that needs a reason." in page
    with place.db.reading() as session:
        assert seals_of(session) == {}
        assert session.scalars(select(Coverage.pending_ms)).one() == 60_000


def test_the_record_is_enough_to_reckon_the_hash(place: Place) -> None:
    client = place.browser("reviewer")
    assert client.get(f"{AT}/record.json").status_code == 302  # not sealed yet
    send(place.browser(), AT, f"{AT}/seal", reason="")
    place.work()
    answer = client.get(f"{AT}/record.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    told = json.loads(answer.text)
    assert told["learners"] == len(told["lines"]) == 2
    moment = clock.to_ms(datetime.fromisoformat(told["seal"]["at"]))
    head = json.dumps([told["form"], told["period"], moment, told["seal"]["previous"]], separators=(",", ":"))
    texts = [json.dumps(line, separators=(",", ":")) for line in told["lines"]]
    digest = hashlib.sha256("".join(f"{text}\n" for text in (head, *texts)).encode("ascii")).hexdigest()
    assert digest == told["seal"]["hash"]


def test_two_people_open_it_again(place: Place) -> None:
    client, other = place.browser(), place.browser("second")
    send(client, AT, f"{AT}/seal", reason="")
    place.work()
    assert send(client, AT, f"{AT}/reopening", reason="").status_code == 422
    assert send(client, AT, f"{AT}/reopening", reason="漏了一个班").status_code == 302
    assert "You asked for this." in strict(client.get(AT))
    own = send(client, AT, f"{AT}/reopening/confirm", reason="")
    assert own.status_code == 409
    assert "Another person has to decide." in own.text
    page = strict(other.get(AT))
    assert "漏了一个班" in page
    assert send(other, AT, f"{AT}/reopening/decline", reason="").status_code == 422
    assert send(other, AT, f"{AT}/reopening/decline", reason="另记调整即可").status_code == 302
    assert "declined; it stays sealed." in strict(client.get(AT))
    send(client, AT, f"{AT}/reopening", reason="还是要补")
    assert send(client, AT, f"{AT}/reopening/withdraw").status_code == 302
    send(client, AT, f"{AT}/reopening", reason="真的要补")
    assert send(other, AT, f"{AT}/reopening/confirm", reason="").status_code == 302
    page = strict(client.get(AT))
    assert "the period is open again" in page
    assert "Before it is sealed" in page
    with place.db.reading() as session:
        assert seals_of(session) == {}
        events = session.scalars(select(PeriodSeal.event).order_by(PeriodSeal.number)).all()
        assert events == ["sealed", "asked", "declined", "asked", "withdrawn", "asked", "reopened"]


def test_who_administers_a_part_does_not_close_and_who_reviews_only_looks(place: Place) -> None:
    part = place.browser("part")
    something_waits(place)
    assert "学员1" not in strict(part.get(AT))
    assert "学员1" in strict(place.browser().get(AT))
    assert send(part, AT, f"{AT}/seal", reason="x").status_code == 403
    assert part.get(f"{AT}/record.json").status_code == 403
    reviewer = strict(place.browser("reviewer").get(AT))
    assert f'action="{AT}/seal"' not in reviewer
    with place.db.reading() as session:
        assert runs.latest(session, "periods.seal") is None


def test_of_two_at_the_same_moment_the_second_reads_why(place: Place) -> None:
    """SQLite lets only one write at a time; elsewhere the key of the event decides."""
    client = place.browser()
    send(client, AT, f"{AT}/seal", reason="x")
    place.work()
    send(place.browser("second"), AT, f"{AT}/reopening", reason="漏了一个班")
    if place.db.sqlite:
        return
    token, answers = token_in(client.get(AT)), []
    with place.db.writing() as session:
        first = PeriodSeal(
            period=years.Y2025, number=3, event="withdrawn", at=clock.now(), by_id=None, hash=None, overruled="{}",
            reason="",
        )  # fmt: skip
        session.add(first)
        session.flush()
        sent = {"csrf_token": token, "reason": ""}
        late = threading.Thread(target=lambda: answers.append(client.post(f"{AT}/reopening/confirm", data=sent)))
        late.start()
        time.sleep(0.5)
    late.join()
    assert [answer.status_code for answer in answers] == [409]
    assert "Somebody did something with this period at the same moment." in answers[0].text
    with place.db.reading() as session:
        assert list(seals_of(session)) == [years.Y2025]


def test_a_period_that_does_not_exist_is_not_found(place: Place) -> None:
    client = place.browser()
    for day in ("2025-01-02", "2019-01-01", "soon", "9999-12-31"):
        assert client.get(f"/periods/{day}").status_code == 404, day
