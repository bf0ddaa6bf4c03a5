"""My year's chart, its list of things to do, its messages, and the first visit: said in words, from real rows."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.base.db import Database
from app.courses.models import Course, MediaVersion
from app.credits import service as credits
from app.factory import Academy
from app.rules.access import Scope
from app.study import climb, plan, queries, todo, wired
from app.study.climb import Climb
from app.study.todo import Todo
from app.tickets import queries as tickets_read
from app.tickets import service as tickets
from app.viewing.models import Coverage
from tests import factories
from tests.factories import HOUR_MS, NOON, web
from tests.factories import Academy as Made
from tests.study.test_pages import ahead_of_the_year, plain

TODAY = date(2026, 3, 2)


@pytest.fixture
def made(web_db: Database) -> Made:
    """A learner with a required course that is due on 12 March, and an elective one."""
    with web_db.writing() as session:
        found = factories.academy(session)
        minutes = factories.course(session, "minutes", lessons=(HOUR_MS, HOUR_MS // 3), title="会议纪要怎么写")
        law = factories.course(session, "law", lessons=(2 * HOUR_MS, HOUR_MS), bucket="professional", title="法律")
        factories.offer(session, minutes, found.group, "required", date(2026, 3, 12))
        factories.offer(session, law, None, "elective")
        return found


def course(session: Session, number: int) -> Course:
    found = session.get(Course, number)
    assert found is not None
    return found


def climb_of(session: Session, learner_id: int) -> Climb:
    found = climb.climb(session, learner_id, queries.year(session, learner_id, TODAY))
    assert found is not None
    return found


def learned(session: Session, learner_id: int, days_ago: int, hours: int, number: int = 0, **facts: object) -> None:
    """Hours of professional subjects, recognised on a day."""
    moment = NOON - timedelta(days=days_ago)
    credits.record(
        session, learner_id, key=f"opening:{days_ago}:{number}", kind="opening", happened_at=moment, known_at=moment,
        recorded_by="takeover", facts={"hours_m": hours * 1000, "subject_bucket": "professional", **facts},
    )  # fmt: skip
    credits.settle(session, learner_id)


def watched_days(session: Session, learner_id: int, *days_ago: int) -> None:
    """A course of an hour and a half, watched whole, on each of these days."""
    for place, ago in enumerate(days_ago):
        made = factories.course(session, f"day{place}", lessons=(3 * HOUR_MS,), bucket="professional")
        factories.offer(session, made, None, "required")
        factories.watched(session, learner_id, made, 0, NOON - timedelta(days=ago))


def test_the_chart_and_its_table_say_what_the_year_says(academy_app: Academy, web_db: Database, made: Made) -> None:
    with academy_app.test_request_context(), web_db.writing() as session:
        watched_days(session, made.learner.id, 50, 20)
        found, duty = climb_of(session, made.learner.id), queries.year(session, made.learner.id, TODAY).duty
        assert duty is not None
        assert found.line.total == duty.got == 6_000
        assert [(row.gained, row.total) for row in found.table()] == [(3_000, 3_000), (3_000, 6_000), (0, 6_000)]
    html = web.strict(web.browser(academy_app, "l001", language="en").get("/"))
    said = re.findall(r'class="year-svg [\w-]+"[^>]*aria-label="([^"]+)"', html)
    assert len(said) == 2
    assert said[0] == said[1]
    assert said[0].startswith("Hours counted in this period: 6.0 today, where an even pace has 8.3.")
    assert "At the present pace" in said[0]
    table = plain(html[html.index('id="chart"') :].split("</table>")[0])
    assert "January 3.0 3.0 4.2" in table
    assert "March, up to 2 Mar 0.0 6.0 8.3" in table


def test_the_caption_names_what_is_special(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "l001", language="en")

    def caption() -> str:
        return plain(re.findall(r'<p class="chart-note">(.*?)</p>', client.get("/").text, re.S)[0]).strip()

    assert caption() == "Nothing is counted yet. The dotted line is an even pace."
    with web_db.writing() as session:
        watched_days(session, made.learner.id, 50)
    assert caption() == "Each step is a day on which something was counted."
    with web_db.writing() as session:
        learned(session, made.learner.id, 55, 7)
    assert "The rise on 6 January , 7.0 hours, was taken over from the earlier platform." in caption()
    with web_db.writing() as session:
        for place, ago in enumerate((40, 35, 30, 30)):
            extra = factories.course(session, f"more{place}", lessons=(3 * HOUR_MS,), bucket="professional")
            factories.offer(session, extra, None, "required")
            factories.watched(session, made.learner.id, extra, 0, NOON - timedelta(days=ago))
        law = factories.versions(session, course(session, 1))[0]
        factories.watched(session, made.learner.id, course(session, 1), 0, NOON - timedelta(days=3))
    assert "The steep rise on 31 January is “Lesson 1”: 6.0 hours. See the entry" in caption()
    with web_db.writing() as session:
        credits.record(
            session, made.learner.id, key="k1", kind="correction", happened_at=NOON, known_at=NOON,
            recorded_by="test", facts={}, names=f"watched:{law.id}:{law.length_ms}",
        )  # fmt: skip
        credits.settle(session, made.learner.id)
    text = caption()
    assert "On 2 March 1.0 hours were taken back. See the entry" in text
    assert text.count("hours") == 2, "never more than two sentences"
    link = re.findall(r'href="(/statement\?open=\d+#entry-\d+)"', client.get("/").text)
    assert link
    assert "Reversal" in client.get(link[-1]).text


def pending(session: Session, learner_id: int, version: MediaVersion, ms: int = 130_000) -> None:
    factories.cover(session, learner_id, version, 60_000, NOON - timedelta(days=1))
    row = session.get(Coverage, (learner_id, version.id))
    assert row is not None
    row.pending_ms = ms


def answered(web_db: Database, academy_app: Academy, made: Made, lesson_id: int) -> str:
    """A ticket with an answer; its key."""
    chosen = academy_app.extensions["duxue.settings"]
    with web_db.writing() as session:
        key, _fresh = tickets.open_ticket(session, chosen, made.learner.id, lesson_id, "这一段看了没有计", None)
        found = tickets_read.one_of_class(Scope(everything=True), session, "class-1", key, TODAY)
        assert found is not None
        tickets.answer(session, made.teacher.id, found[1], "这一段是倍速播放的，重放就计入。", declined=False)
    return key


def things(web_db: Database, learner_id: int) -> list[Todo]:
    with web_db.reading() as session:
        year = queries.year(session, learner_id, TODAY)
        return todo.todos(session, learner_id, year, plan.plan_of(session, learner_id, year), plan.due(year))


def test_what_is_to_do_stands_in_the_order_in_which_it_presses(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    ahead_of_the_year(web_db, made, 24)
    with web_db.writing() as session:
        far = factories.course(session, "far", lessons=(HOUR_MS,))
        factories.offer(session, far, made.group, "required", date(2026, 9, 1))
        factories.offer(session, factories.course(session, "some"), made.group, "required")
        law = factories.versions(session, course(session, 2))
        pending(session, made.learner.id, law[0])
        lesson_id = law[1].lesson_id
    key = answered(web_db, academy_app, made, lesson_id)
    client = web.browser(academy_app, "l001", language="en")
    html = web.strict(client.get("/"))
    block = html[html.index('id="due"') :].split("</ol>")[0]
    rows = [plain(each) for each in block.split("<li>")[1:]]
    assert len(rows) == plan.MOST == 5
    assert "12 Mar Thu · in 10 days Course minutes Required · 2 lessons · 1:00:00 Begin" in rows[0]
    assert "1 Mar 1 day ago Confirm what you watched: Lesson 1 2:10 wait; once you have answered they count" in rows[1]
    assert "Your ticket was answered: Lesson 2 You can write once more Read the answer" in rows[2]
    assert "1 Sep in 26 weeks Course far" in rows[3]
    assert re.search(r"31 Dec in 43 weeks Make up .* The courses offered now are not enough See the plan", rows[4])
    for address in (f"/lessons/{law[0].lesson_id}#checks", f"/tickets/{key}", "/plan", "/courses/minutes"):
        assert f'href="{address}"' in block
        assert client.get(address.split("#")[0]).status_code == 200
    assert "Your ticket" not in plain(web.browser(academy_app, "l001", language="zh").get("/").text)


def test_many_lessons_to_confirm_are_one_line(web_db: Database, academy_app: Academy, made: Made) -> None:
    with web_db.writing() as session:
        for number in (1, 2):
            for version in factories.versions(session, course(session, number)):
                pending(session, made.learner.id, version, 30_000)
    with academy_app.test_request_context(headers={"Accept-Language": "en"}):
        found = [each for each in things(web_db, made.learner.id) if "Confirm" in each.what]
    assert [each.what for each in found] == ["Confirm what you watched in 4 lessons"]
    assert found[0].meta.startswith("2:00 wait")


def test_a_ticket_answered_long_ago_or_taken_up_is_nothing_to_do(
    web_db: Database, academy_app: Academy, made: Made
) -> None:
    with web_db.writing() as session:
        [first, _second] = factories.versions(session, course(session, 2))
    key = answered(web_db, academy_app, made, first.lesson_id)
    with academy_app.test_request_context(headers={"Accept-Language": "en"}):
        assert any("ticket" in each.what for each in things(web_db, made.learner.id))
        with web_db.reading() as session:
            since = NOON + timedelta(seconds=1)
            assert len(tickets_read.mine(session, made.learner.id)) == 1
            assert wired.answered(session, made.learner.id, since) == []
            assert wired.answered(session, made.teacher.id, NOON - timedelta(days=1)) == []
        with web_db.writing() as session:
            chosen = academy_app.extensions["duxue.settings"]
            tickets.write_again(session, chosen, made.learner.id, key, "重放了，还是没有计入")
        assert not any("ticket" in each.what for each in things(web_db, made.learner.id))


def test_the_latest_messages_stand_there(web_db: Database, academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "l001", language="en")
    assert "None yet. Answers to your tickets" in plain(client.get("/").text)
    with web_db.writing() as session:
        lessons = [
            version.lesson_id for number in (1, 2) for version in factories.versions(session, course(session, number))
        ]
    for lesson_id in lessons:
        answered(web_db, academy_app, made, lesson_id)
    html = web.strict(client.get("/"))
    block = html[html.index('id="messages"') :].split("</section>")[0]
    assert block.count("<li") == 3
    assert "Unread:" in block
    assert 'href="/messages"' in block


def test_who_comes_for_the_first_time_is_told_how_it_goes(web_db: Database, academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "l001", language="en")
    assert "Open a course and play it" in plain(web.strict(client.get("/")))
    with web_db.writing() as session:
        factories.cover(session, made.learner.id, factories.versions(session, course(session, 1))[0], 1000, NOON)
    assert "Open a course and play it" not in plain(web.strict(client.get("/")))
