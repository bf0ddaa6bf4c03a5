"""The hours of a span: by day of learning, across training periods, after seals and corrections."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from app.credits import service
from app.credits.certificates.counting import Counted, count
from app.credits.models import PeriodSeal
from app.credits.rows import Books, books_of
from app.credits.rulebook import book
from app.rules import ledger
from tests.credits.samples import NOON, RULES, new_learner, watch, withdraw

CARRY = """
[[carry]]
id = "on"
surplus_of = "total"
measure = "countable"
as = {}
text = {zh = "超出部分结转", en = "The surplus is carried"}
"""
LAST_YEAR = datetime(2025, 6, 2, 4, 0, tzinfo=UTC)
Y25, Y26 = (date(2025, 1, 1), date(2025, 12, 31)), (date(2026, 1, 1), date(2026, 3, 2))


@pytest.fixture
def carrying(session: Session) -> int:
    """A learner under rules by which what is above two hours a year is carried on."""
    rules = RULES.replace("effective = 2026-01-01", "effective = 2025-01-01").replace("at_least = 50", "at_least = 2")
    service.publish_rules(session, rules.replace("[[requirement]]", f"{CARRY}\n[[requirement]]"), None)
    return new_learner(session)


def counted(session: Session, learner: int, days: tuple[date, date], most_seq: int | None = None) -> Counted:
    """The span as the ledger stands, settled; with `most_seq` as it stood then."""
    rules, books = book(session), books_of(session, [learner])[learner]
    assert rules is not None
    if most_seq is not None:
        books.transactions = [row for row in books.transactions if row.seq <= most_seq]
    return count(rules, books, *days)


def hours(session: Session, learner: int, *spans: tuple[date, date]) -> list[int]:
    service.settle(session, learner)
    return [counted(session, learner, days).hours for days in spans]


def test_an_hour_counts_once_on_the_day_on_which_it_was_learned(session: Session, carrying: int) -> None:
    watch(session, carrying, 1, hours=5, at=LAST_YEAR)
    watch(session, carrying, 2, hours=2, at=NOON)
    assert hours(session, carrying, Y25, Y26, (Y25[0], Y26[1])) == [5000, 2000, 7000]
    this = counted(session, carrying, Y26)
    assert this.carried == 3000, "carried hours are named, and not counted again"
    assert [(item.day, item.title, item.countable) for item in this.items] == [
        (NOON.date(), "会议纪要怎么写", 2000)
    ]  # fmt: skip
    day = LAST_YEAR.date()
    assert hours(session, carrying, (day, day), (day.replace(day=3), Y25[1])) == [5000, 0]


def test_the_academys_midnight_divides_the_days(session: Session, carrying: int) -> None:
    watch(session, carrying, 1, hours=1, at=datetime(2026, 1, 31, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    watch(session, carrying, 2, hours=1, at=datetime(2026, 1, 31, 16, 0, tzinfo=UTC))  # 0:00
    january, february = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))
    assert hours(session, carrying, january, february) == [1000, 1000]


def test_what_a_limit_cut_off_is_not_certified(session: Session, carrying: int) -> None:
    for lesson in range(4):
        watch(session, carrying, lesson, hours=3, at=NOON)
    assert hours(session, carrying, Y26) == [8000]
    assert counted(session, carrying, Y26).items_in("general") == 3


def test_a_correction_takes_from_its_day_and_the_past_stays_readable(session: Session, carrying: int) -> None:
    watch(session, carrying, 1, hours=5, at=LAST_YEAR)
    watch(session, carrying, 2, hours=2, at=NOON)
    assert hours(session, carrying, Y25) == [5000]
    then = counted(session, carrying, Y25).seq
    withdraw(session, carrying, "watched:1")
    assert hours(session, carrying, Y25, Y26) == [0, 2000]
    assert counted(session, carrying, Y25, then).hours == 5000


def test_after_a_seal_the_day_of_learning_still_counts(session: Session, carrying: int) -> None:
    """Posted to the present period, and certified on the day on which it was learned; taken back there too."""
    watch(session, carrying, 1, hours=5, at=LAST_YEAR)
    service.settle(session, carrying)
    session.add(
        PeriodSeal(
            period=Y25[0], number=1, event="sealed", at=datetime(2026, 2, 1, tzinfo=UTC), by_id=None, hash="0" * 64,
            overruled="{}", reason="",
        )
    )  # fmt: skip
    session.flush()
    late = datetime(2025, 6, 3, 4, 0, tzinfo=UTC)
    service.record(
        session, carrying, key="late", kind="watched", happened_at=late, known_at=NOON, recorded_by="test",
        facts={"length_ms": 2_700_000, "seen_ms": 2_700_000, "subject_bucket": "general", "item": "lesson:7"},
    )  # fmt: skip
    assert hours(session, carrying, Y25, Y26) == [6000, 0]
    withdraw(session, carrying, "watched:1", NOON)
    assert hours(session, carrying, Y25, Y26, (date(2025, 6, 3), date(2025, 6, 3))) == [1000, 0, 1000]
    origins = {entry.account.split("/")[1] for entry in books_of(session, [carrying])[carrying].entries}
    assert "2026-01-01<2025-01-01" in origins, "it does stand in the present period, with its origin"


def test_what_was_withdrawn_after_a_seal_is_no_item_any_more(session: Session, carrying: int) -> None:
    """The annex adds up to what is certified."""
    for lesson in (1, 2):
        watch(session, carrying, lesson, hours=lesson, at=LAST_YEAR)
    service.settle(session, carrying)
    session.add(
        PeriodSeal(
            period=Y25[0], number=1, event="sealed", at=NOON, by_id=None, hash="0" * 64, overruled="{}", reason=""
        )
    )  # fmt: skip
    session.flush()
    withdraw(session, carrying, "watched:1", NOON)
    assert hours(session, carrying, Y25) == [2000]
    found = counted(session, carrying, Y25)
    assert [(item.countable, item.bucket) for item in found.items] == [(2000, "general")]
    assert found.items_in("general") == 1


def test_nothing_anywhere(session: Session, carrying: int) -> None:
    found = counted(session, carrying, Y26)
    assert (found.hours, found.buckets, found.items, found.seq, found.hash) == (0, {}, (), 0, "0" * 64)


def test_a_withdrawal_of_many_is_taken_from_every_span_that_touches_the_sealed_period(
    session: Session, carrying: int
) -> None:
    """It names no single piece, so on which days it takes is unknown: a certificate never says too much."""
    watch(session, carrying, 1, hours=5, at=LAST_YEAR)
    service.settle(session, carrying)
    books = books_of(session, [carrying])[carrying]
    gone = SimpleNamespace(
        id=99, key="ban", kind="revocation", happened_at=NOON, known_at=NOON, recorded_by="test", facts="{}",
        payload_hash="", names=None,
    )  # fmt: skip
    first = books.transactions[0]
    link = {"period": Y26[0], "rule_version": 1, "posted_at": NOON, "why": "[]", "previous_hash": "", "hash": "f" * 64}
    taken = SimpleNamespace(seq=50, evidence_key="ban", reverses=None, **link)
    back = SimpleNamespace(seq=51, evidence_key="ban", reverses=50, **link)
    account = ledger.account(Y26[0], "general", ledger.COUNTABLE, Y25[0])
    lines = [SimpleNamespace(seq=50, line=0, account=account, amount=-2000)]
    more = Books([*books.evidence, gone], [first, taken], [*books.entries, *lines])
    rules = book(session)
    assert rules is not None
    day = (LAST_YEAR.date(), LAST_YEAR.date())
    assert [count(rules, more, *days).hours for days in (Y25, day, Y26)] == [3000, 3000, 0]
    lines.append(SimpleNamespace(seq=51, line=0, account=account, amount=2000))
    more = Books(more.evidence, [first, taken, back], [*books.entries, *lines])
    assert [count(rules, more, *days).hours for days in (Y25, Y26)] == [5000, 0], "and given back where it was taken"
