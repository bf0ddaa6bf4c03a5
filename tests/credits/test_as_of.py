"""The statement as of any day: what had happened, what was known; and a sealed year that reprints byte for byte."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.base.db import Database
from app.credits import queries, service
from app.credits.closing import service as closing
from app.credits.seals import seals_of
from app.credits.statement import AsOf, Statement, statement_of
from app.credits.statement.asof import of_days, of_moment
from tests import factories
from tests.credits.browsing import main_of, page, plain, signed_in
from tests.credits.closing import years
from tests.credits.closing.years import Y2025, Y2026, attend, join, withdraw

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

APRIL, MAY = "2026-04-01T04:00:00Z", "2026-05-02T04:00:00Z"
RULES = years.rules(more=years.CARRY)


pytestmark = pytest.mark.usefixtures("rooms")


@pytest.fixture
def learner(db: Database) -> int:
    """70 hours in 2025 (60 count, 10 go on), 4 in 2026."""
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        made = factories.academy(session, rules=False)
        found = made.learner.id
        join(session, found, "2025-01-02")
        for number in range(1, 8):
            attend(session, found, f"课{number}", f"2025-0{number}-01", 10)
        attend(session, found, "新年", "2026-02-01", 4)
        service.settle(session, found)
    return found


def zone_of(app: Flask) -> ZoneInfo:
    found: ZoneInfo = app.extensions["duxue.settings"].timezone
    return found


def made(db: Database, learner: int, period: date, as_of: AsOf | None) -> Statement:
    """A statement, and that it agrees with the ledger's own balances and with itself."""
    with db.reading() as session:
        found = statement_of(session, learner, date(2026, 5, 2), period, None, as_of)
        assert found is not None
        if as_of is not None and not as_of.exact:
            sums = queries.balances(session, learner, found.rules.zone, happened=as_of.happened, known=as_of.known)
            assert found.balance == sum(each.countable for (start, _), each in sums.items() if start == period)
    assert found.waiting == 0
    assert found.balance == found.period.countable
    return found


def test_two_days(app: Flask, db: Database, learner: int, traveller: time_machine.Traveller) -> None:
    zone, today = zone_of(app), date(2026, 5, 2)
    traveller.move_to(APRIL)
    with db.writing() as session:
        attend(session, learner, "三月", "2026-03-20", 2, known="2026-04-01")
        withdraw(session, learner, "新年", "2026-04-01")
        service.settle(session, learner)
    traveller.move_to(MAY)

    def hours(happened: str = "", known: str = "") -> int:
        days = [date.fromisoformat(each) if each else None for each in (happened, known)]
        return made(db, learner, Y2026, of_days(days[0], days[1], today, zone)).balance

    assert made(db, learner, Y2026, None).balance == 12_000
    assert hours(known="2026-03-02") == 14_000  # 10 carried, and the four that were taken back later
    assert hours(known="2026-03-31") == 14_000
    assert hours(known="2026-04-01") == 12_000
    assert hours(happened="2026-03-19", known="2026-04-01") == 10_000
    assert hours(happened="2026-03-20") == 12_000  # without the other day: as known today


def test_days_become_one_another(app: Flask) -> None:
    zone, today = zone_of(app), date(2026, 5, 2)
    assert of_days(None, None, today, zone) is None
    later = of_days(date(2026, 4, 2), date(2027, 1, 1), today, zone)
    assert later is not None
    assert (later.happened, later.known, later.apart) == (date(2026, 4, 2), today, True)
    assert later.until == datetime(2026, 5, 2, 16, tzinfo=UTC)
    # Nothing was known before it happened.
    first = of_days(date(2026, 4, 2), date(2026, 3, 2), today, zone)
    assert first is not None
    assert (first.happened, first.apart) == (date(2026, 3, 2), False)
    moment = of_moment(None, datetime(2026, 3, 1, 16, tzinfo=UTC), zone)  # midnight in Shanghai: the day is over
    assert (moment.happened, moment.exact) == (date(2026, 3, 1), True)


def test_rules_published_later_are_left_out(
    app: Flask, db: Database, learner: int, traveller: time_machine.Traveller
) -> None:
    traveller.move_to(APRIL)
    with db.writing() as session:
        text = RULES.replace("version = 1", "version = 2").replace("2024-01-01", "2026-06-01")
        service.publish_rules(session, text.replace("at_least = 50", "at_least = 90"), None)
        service.settle(session, learner)
    zone = zone_of(app)
    assert made(db, learner, Y2026, None).quota == 90_000
    then = of_days(None, date(2026, 3, 2), date(2026, 4, 1), zone)
    assert made(db, learner, Y2026, then).quota == 50_000
    before = of_days(None, date(2025, 1, 1), date(2026, 4, 1), zone)
    with db.reading() as session:
        assert statement_of(session, learner, date(2026, 4, 1), None, None, before) is None


def reader(app: Flask, db: Database, locale: str = "en") -> FlaskClient:
    return signed_in(app, db, "l001", locale)


@pytest.mark.parametrize("late", ["current", "sealed"])
def test_a_sealed_year_reprints_byte_for_byte(
    app: Flask, db: Database, traveller: time_machine.Traveller, tmp_path: Path, late: str
) -> None:
    with db.writing() as session:
        service.publish_rules(session, years.rules(more=years.CARRY, late=late), None)
        learner = factories.academy(session, rules=False).learner.id
        join(session, learner, "2025-01-02")
        for number in range(1, 8):
            attend(session, learner, f"课{number}", f"2025-0{number}-01", 10)
        service.settle(session, learner)
    years.seal(db, tmp_path, Y2025)
    address = sealed_address(page(reader(app, db), "/statement?period=2025-01-01"))
    assert address.startswith("/statement?period=2025-01-01&")

    def printed() -> list[bytes]:
        found = [main_of(page(reader(app, db, locale), address)).encode() for locale in ("zh_Hans_CN", "en")]
        return [*found, reader(app, db).get(address.replace("/statement?", "/statement.csv?")).data]

    before = printed()
    assert "封账时" in before[0].decode()
    assert "As sealed on 2 March 2026, 12:00" in plain(before[1].decode())
    assert before[2].count(b"\r\n") == 8
    # Late evidence, something sealed taken back, another year, other rules, a seal taken back and set anew.
    traveller.move_to(APRIL)
    with db.writing() as session:
        attend(session, learner, "迟到", "2025-08-01", 3, known="2026-04-01")
        withdraw(session, learner, "课7", "2026-04-01")
        attend(session, learner, "新年", "2026-03-20", 5)
        service.settle(session, learner)
    assert printed() == before
    traveller.move_to("2027-02-02T04:00:00Z")
    with db.writing() as session:
        text = years.rules(more=years.CARRY, late=late).replace("version = 1", "version = 2")
        service.publish_rules(session, text.replace("2024-01-01", "2027-06-01").replace("60", "70"), None)
        service.settle(session, learner)
    assert printed() == before
    with db.writing() as session:
        one, other = [factories.person(session, f"chief{n}", "校长", "academy_admin", "academy").id for n in (1, 2)]
        closing.ask_reopening(session, Y2025, one, "补记")
        closing.decide_reopening(session, Y2025, other, "同意", confirmed=True)
    with db.writing() as session:
        service.settle(session, learner)
        assert Y2025 not in seals_of(session)
    assert printed() == before
    # As of now it reads otherwise.
    now = main_of(page(reader(app, db), "/statement?period=2025-01-01"))
    assert plain(now) != plain(before[1].decode())


def sealed_address(html: str) -> str:
    found = re.search(r'href="([^"]+)">As sealed</a>', html)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_a_sealed_period_says_so_and_where_the_late_ones_are(
    app: Flask, db: Database, learner: int, traveller: time_machine.Traveller, tmp_path: Path
) -> None:
    years.seal(db, tmp_path, Y2025)
    traveller.move_to(APRIL)
    with db.writing() as session:
        attend(session, learner, "迟到", "2025-08-01", 3, known="2026-04-01")
        withdraw(session, learner, "课1", "2026-04-01")
        service.settle(session, learner)
    client = reader(app, db)
    text = plain(page(client, "/statement?period=2025-01-01"))
    for words in (
        "Sealed on 2 March 2026, 12:00", "Posted later, in Year 2026: +3.0 hours no. 11",
        "Posted later, in Year 2026: −10.0 hours no. 10", "Carried into the next period Year 2026",
    ):  # fmt: skip
        assert words in text, words
    here = page(client, "/statement?period=2026-01-01")
    text = plain(here)
    for words in ("Taken back: 课1 Known after Year 2025 was sealed", "迟到 Known after Year 2025 was sealed",
                  "Carried over from Year 2025"):  # fmt: skip
        assert words in text, words
    opened = plain(page(client, "/statement?open=11"))
    assert "happened on 1 Aug 2025, became known on 1 Apr 2026, after the period from 1 Jan 2025 was sealed" in opened
    assert "Concerns Year 2025" in opened
    taken = plain(page(client, "/statement?open=10"))
    assert "Why 10.0 hours were taken back" in taken
    assert "What it takes back 课1 Concerns Year 2025" in taken
    carried = page(client, f"/statement?open={carried_line(here)}")
    assert "period=2025-01-01" in carried[carried.index("Carried from") :][:200]
    assert "the period from 1 Jan 2025 had 10.0 h to spare, 10.0 h is carried over" in plain(carried)
    assert "Nothing was taken off." in plain(carried)
    chinese = plain(page(reader(app, db, "zh_Hans_CN"), "/statement?open=11"))
    for words in ("2025学年封账后才知道", "所属周期 2025学年", "2026 年 4 月 1 日补记"):
        assert words in chinese, words


def carried_line(html: str) -> str:
    found = re.search(r'id="entry-(\d+)"(?:(?!</tr>).)*Carried over', html, re.S)
    assert found is not None
    return found[1]


def test_make_up_shows_both_halves(app: Flask, db: Database, traveller: time_machine.Traveller) -> None:
    traveller.move_to("2026-02-20T04:00:00Z")
    with db.writing() as session:
        service.publish_rules(session, years.rules(more=years.MAKE_UP), None)
        learner = factories.academy(session, rules=False).learner.id
        join(session, learner, "2025-01-02")
        attend(session, learner, "去年", "2025-05-01", 45)
        attend(session, learner, "补学", "2026-02-10", 8)
        service.settle(session, learner)
    client = reader(app, db)
    old = plain(page(client, "/statement?open=2"))
    for words in (
        "Learned later, makes up this period",
        "makes up the period from 1 Jan 2025: 5.0 h was missing, this pays 5.0 h",
        "Other part No. 3, +3.0 hours in Year 2026", "This part counts in the new period no. 3", "−3.0 5.0",
        "Made up afterwards: 5.0.",
    ):  # fmt: skip
        assert words in old, words
    new = plain(page(client, "/statement?open=3"))
    for words in (
        "A part went to an older period", "Why 3.0 and not 8.0", "This part made up an older period no. 2", "−5.0 3.0",
        "Made up an older period Year 2025 no. 2",
    ):  # fmt: skip
        assert words in new, words


def test_the_two_days_stand_in_the_address_and_in_the_file(
    app: Flask, db: Database, learner: int, traveller: time_machine.Traveller
) -> None:
    traveller.move_to(APRIL)
    client = reader(app, db)
    query = "period=2026-01-01&happened=2026-02-01&known=2026-03-10"
    html = page(client, f"/statement?{query}")
    assert "What had happened by 1 February 2026, as known on 10 March 2026" in plain(html)
    assert 'name="happened" type="date" value="2026-02-01"' in html
    assert "Account and evidence of that day agree. 2 entries" in plain(html)
    for link in re.findall(r'href="(/statement[^"]*open=[^"]*)"', html):
        assert "known=2026-03-10" in link
    answer = client.get(f"/statement.csv?{query}")
    assert "statement-l001-2026-01-01-2026-02-01-2026-03-10.csv" in answer.headers["Content-Disposition"]
    assert answer.data.count(b"\r\n") == 3
    assert "Account up to no. 9, hash" in plain(html)
    chinese = plain(page(reader(app, db, "zh_Hans_CN"), f"/statement?{query}"))
    assert "2026年2月1日以前发生、2026年3月10日已知的" in chinese


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("known=yesterday", "Write a day such as 2026-03-31."),
        ("happened=2026-13-01", "Write a day such as 2026-03-31."),
        ("known=2026-03-03", "That day lies ahead. Write today or an earlier day."),
        ("known=2999-01-01T00:00:00Z", "That day lies ahead"),
        ("known=T", "Write a day such as"),
    ],
)
def test_a_day_that_is_none_is_named(app: Flask, db: Database, learner: int, query: str, words: str) -> None:
    client = reader(app, db)
    assert words in plain(page(client, f"/statement?{query}", 422))
    assert words in page(client, f"/statement.csv?{query}", 404)


@pytest.mark.usefixtures("learner")
def test_before_the_rules_there_was_no_statement(app: Flask, db: Database) -> None:
    html = page(reader(app, db), "/statement?known=2026-02-01")
    assert "As of 1 February 2026 there was no statement: no rules were in force." in plain(html)


def test_as_many_queries_as_of_any_day(app: Flask, db: Database, learner: int, tmp_path: Path) -> None:
    years.seal(db, tmp_path, Y2025)
    client = reader(app, db)

    def count(address: str) -> int:
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement != "BEGIN":
                asked.append(statement)

        page(client, address)
        engine = app.extensions["duxue.db"].engine
        event.listen(engine, "before_cursor_execute", note)
        page(client, address)
        event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    # Two more where anything is sealed: the rules once more, and of a sealed period the hash of its seal.
    assert count("/statement?period=2026-01-01&open=8") <= 9
    assert count("/statement?period=2025-01-01&open=3") <= 10
    assert count("/statement?period=2025-01-01&known=2026-03-02&happened=2025-06-01&open=3") <= 10
