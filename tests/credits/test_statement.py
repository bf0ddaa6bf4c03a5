"""An opened line of the statement: course and lesson by name, the reckoning with its numbers, every clause."""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import select

from app.base.db import Database
from app.classes import service as classes
from app.classes.models import VirtualClass
from app.credits import reckoning, service, shown
from tests import factories
from tests.credits.browsing import page, plain, signed_in
from tests.credits.samples import NOON, RULES, watch

LESSON_MS = 364_000  # 6:04


@pytest.fixture
def learner(db: Database) -> int:
    """A learner under the sample academy's rules, and a course whose code the evidence below carries."""
    with db.writing() as session:
        made = factories.academy(session)
        factories.course(session, "meeting-minutes", title="公文写作：会议纪要")
        return made.learner.id


def steps(html: str) -> list[list[str]]:
    """What stands in the opened line: text, number, clause of every step."""
    found = html[html.index('<ol class="steps-calc">') :].split("</ol>")[0]
    return [[plain(part).strip() for part in re.findall(r"<span.*?</span>", li)] for li in found.split("</li>")[:-1]]


def test_why_shows_the_formula_with_its_numbers_and_every_clause(app: Flask, db: Database, learner: int) -> None:
    with db.writing() as session:
        watch(session, learner, length_ms=LESSON_MS, seen_ms=LESSON_MS * 9 // 10, requirement_class="elective")
        service.settle(session, learner)
    assert steps(page(signed_in(app, db, "l001"), "/statement?open=1")) == [
        ["Watched 5:27 of 6:04", "90.0%", "Clause 5 Nine tenths of a lesson must be seen"],
        ["Conversion: length 6:04 ÷ 45 minutes", "0.13481…", "Clause 1 Online lessons: 45 minutes count as 1 hour"],
        ["Weight: × 0.5", "0.06740…", "Clause 4 Elective lessons count half"],
        ["Rounding: to the nearest 0.001", "0.067", "Clause 6 Hours are rounded once, to three decimals"],
        ["Repeat: not credited before", "0.067", "Clause 7 The same lesson counts once a year"],
        ["Limit: 8.0 a day, not exceeded", "0.067", "Clause 8 At most 8 online hours count on one day"],
        ["Counted as General subjects", "0.067"],
    ]
    chinese = steps(page(signed_in(app, db, "l001", "zh_Hans_CN"), "/statement?open=1"))
    assert chinese[1][:2] == ["折算：全长6:04 ÷ 45分钟", "0.13481…"]
    assert chinese[3][0] == "取整：四舍五入到0.001"


def test_a_limit_that_cut_comes_with_what_it_cut(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    found = steps(page(signed_in(app, db, people_of["learner"]), "/statement?open=3"))
    assert found[-2] == ["Limit: 8.0 a day, 1.0 beyond it", "2.0", "Clause 5 At most 8 hours a day"]
    assert found[-1][1] == "2.0"


def test_course_and_lesson_stand_there_by_name(app: Flask, db: Database, learner: int) -> None:
    with db.writing() as session:
        watch(session, learner)
        watch(session, learner, 2, course="gone1234", at=NOON - timedelta(hours=1))
        watch(session, learner, 3, course_title="原来的课", course_title_en="As it was", at=NOON - timedelta(hours=2))
        service.settle(session, learner)
    client = signed_in(app, db, "l001")

    def facts(html: str) -> str:
        return plain(html[html.index("Evidence") :].split("</dl>")[0])

    found = {}
    for seq in (1, 2, 3):
        text = facts(page(client, f"/statement?open={seq}"))
        found[re.findall(r"Course (.*?) Lesson Writing minutes", text)[0]] = text
    assert set(found) == {"Course meeting-minutes", "gone1234", "As it was"}  # the first is a title: its English one
    assert "公文写作：会议纪要" in page(signed_in(app, db, "l001", "zh_Hans_CN"), "/statement?open=3")


@pytest.mark.parametrize(
    ("recorded_by", "said"),
    [
        ("viewing", "The player, from what was watched"),
        ("takeover", "Taken over from the earlier platform"),
        ("person:01HEAD", "A member of staff"),
        ("system", "The academy"),
        ("test", "A test"),
        ("import7", "import7"),
    ],
)
def test_recorders_are_words(app: Flask, recorded_by: str, said: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert shown.recorder_text(recorded_by) == said


def test_columns_have_as_many_decimals_as_the_amounts_need(app: Flask, db: Database, learner: int) -> None:
    with db.writing() as session:
        watch(session, learner, at=NOON - timedelta(days=1))
        service.settle(session, learner)
    client = signed_in(app, db, "l001")
    assert ">+1.0<" in page(client, "/statement")
    with db.writing() as session:
        watch(session, learner, 2, length_ms=LESSON_MS, seen_ms=LESSON_MS)
        service.settle(session, learner)
    html = page(client, "/statement")
    amounts = [plain(td).strip() for td in re.findall(r'<td class="(?:amount|bal[^"]*)">(.*?)</td>', html, re.S)]
    assert [amount.split()[-1] for amount in amounts] == ["+0.135", "1.135", "1.135", "+1.000", "1.000", "1.000"]


def test_the_chosen_year_is_marked_and_a_line_is_a_link(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    html = page(signed_in(app, db, people_of["learner"]), "/statement?open=1")
    assert re.search(r'<a class="chip" href="[^"]+" aria-current="true">Year 2026</a>', html)
    assert 'role="button"' not in html
    assert 'aria-expanded="true"' in html


def test_dates_are_said_in_one_way(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    html = page(signed_in(app, db, people_of["learner"]), "/statement?open=3")
    text = plain(html)
    for words in ("March 2026", "Mon 2 Mar", "2 March 2026, 11:00", "in force from 1 January 2026"):
        assert words in text, words
    assert "2026-03" not in text
    chinese = plain(page(signed_in(app, db, people_of["learner"], "zh_Hans_CN"), "/statement?open=3"))
    for words in ("2026年3月", "3月2日 周一", "2026年3月2日 11:00", "科目"):
        assert words in chinese, words
    assert "类别" not in chinese


def test_a_pool_says_what_was_credited_before(app: Flask, db: Database) -> None:
    rules = RULES.replace('amount = "length / 45"', 'amount = "length / 45"\npool = "period"')
    rules = rules.replace('to = "0.001"', 'to = "0.5"').replace('mode = "nearest"', 'mode = "floor"')
    with db.writing() as session:
        service.publish_rules(session, rules, None)
        learner = factories.academy(session, rules=False).learner.id
        for lesson in (1, 2):
            watch(
                session, learner, lesson, length_ms=27 * 60_000, seen_ms=27 * 60_000, at=NOON + timedelta(hours=lesson)
            )
        service.settle(session, learner)
    found = steps(page(signed_in(app, db, "l001"), "/statement?open=2"))
    assert found[1][:2] == ["Conversion: all that belongs together so far", "1.2"]
    assert found[2][:2] == ["Rounding: down, in steps of 0.5", "1.0"]
    assert found[3][:2] == ["Of it 0.5 was credited before", "0.5"]


def test_long_numbers_are_cut_and_say_so() -> None:
    exact = reckoning.exact_text
    assert [exact(Fraction(n, d)) for n, d in ((1, 3), (-1, 3), (5, 2), (4, 1), (1, 100_000))] == [
        "0.33333…", "−0.33333…", "2.5", "4.0", "0.00001",
    ]  # fmt: skip


def test_hours_below_each_other_have_as_many_decimals(app: Flask, db: Database) -> None:
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        learner = factories.academy(session, rules=False).learner.id
        watch(session, learner, 1, hours=2, subject_bucket="general")
        watch(session, learner, 2, length_ms=20 * 60_000, seen_ms=20 * 60_000, subject_bucket="professional")
        service.settle(session, learner)
    html = page(signed_in(app, db, "l001"), "/statement")
    have, needed = (re.findall(rf'data-label="{label}">([^<]+)<', html) for label in ("Have", "Needed"))
    assert (have, needed) == (["2.444 h", "2.000 h"], ["50.0 h", "15.0 h"])
    assert "47.556 h" in html
    assert "13.000 h" in html


def test_where_nobody_is_bound_nothing_is_missing(app: Flask, db: Database, learner: int) -> None:
    """Hours of a year in which somebody belonged to no class: they count, and no duty stands there in red."""
    with db.writing() as session:
        free = factories.person(session, "free", "林晓岚", "learner", "own").id
        group = session.scalars(select(VirtualClass.id)).first()
        assert group is not None
        classes.enrol(session, free, group, date(2025, 1, 1), None)
        classes.leave_class(session, free, date(2025, 6, 1), None)
        for one in (free, learner):
            watch(session, one)
            service.settle(session, one)
    assert "not asked for" not in page(signed_in(app, db, "l001"), "/statement")
    html = page(signed_in(app, db, "free"), "/statement")
    assert "No duty in this period" in html
    duties = html[html.index('<table class="table duties"') :].split("</table>")[0]
    words = re.findall(r'class="tag ([^"]+)">\s*([^<]+)<', duties)
    assert ("tag-line", "not asked for") in words
    assert not {word for _look, word in words} & {"missing", "not due yet"}
    assert "refused" not in duties
    home = page(signed_in(app, db, "free"), "/")
    assert "hours to go" not in home
    assert "missing</" not in home
