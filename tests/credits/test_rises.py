"""How a period's hours came together, on either database: every piece on its day, a withdrawal on its own."""

from __future__ import annotations

from datetime import date, timedelta

import time_machine
from sqlalchemy.orm import Session

from app.credits import rulebook, service
from app.credits.queries import sums_of
from app.credits.rises import Rise, rises
from tests.credits.samples import NOON, watch, withdraw

START, END = date(2026, 1, 1), date(2026, 12, 31)


def found(session: Session, learner: int) -> list[tuple[date, int, str]]:
    """(day, thousandths, kind); they add up to what the period's row says."""
    book = rulebook.book(session)
    assert book is not None
    told: list[Rise] = rises(session, learner, book, START, END)
    sums = sums_of(session, [learner], START)
    assert sum(rise.amount for rise in told) == (sums[learner].countable if learner in sums else 0)
    return [(rise.day, rise.amount, rise.kind) for rise in told]


def test_each_piece_stands_on_its_day(session: Session, learner: int) -> None:
    watch(session, learner, 1, at=NOON - timedelta(days=40))
    watch(session, learner, 2, hours=2, at=NOON)
    service.settle(session, learner)
    assert found(session, learner) == [(date(2026, 1, 21), 1000, "watched"), (date(2026, 3, 2), 2000, "watched")]


def test_a_withdrawal_shows_on_the_day_on_which_it_was_posted(session: Session, learner: int) -> None:
    with time_machine.travel(NOON - timedelta(days=20), tick=False):
        watch(session, learner, 1, at=NOON - timedelta(days=20))
        service.settle(session, learner)
    with time_machine.travel(NOON, tick=False):
        withdraw(session, learner, "watched:1")
        service.settle(session, learner)
    assert found(session, learner) == [(date(2026, 2, 10), 1000, "watched"), (date(2026, 3, 2), -1000, "watched")]


def test_what_only_changes_its_amount_never_shows_more_than_counted(session: Session, learner: int) -> None:
    """Eight hours a day count. A piece that is known late takes its part of its day; no peak remains."""
    with time_machine.travel(NOON - timedelta(days=10), tick=False):
        watch(session, learner, 1, hours=8, at=NOON - timedelta(days=10))
        service.settle(session, learner)
    with time_machine.travel(NOON, tick=False):
        watch(session, learner, 2, hours=6, at=NOON - timedelta(days=10, hours=1))
        service.settle(session, learner)
    day = date(2026, 2, 20)
    assert sorted(found(session, learner)) == [(day, 2000, "watched"), (day, 6000, "watched")]


def test_what_was_learned_in_another_period_is_not_in_it(session: Session, learner: int) -> None:
    watch(session, learner, 1, at=NOON - timedelta(days=200))
    watch(session, learner, 2, at=NOON)
    service.settle(session, learner)
    assert found(session, learner) == [(date(2026, 3, 2), 1000, "watched")]


def test_the_title_is_that_of_the_evidence(session: Session, learner: int) -> None:
    watch(session, learner, 1)
    service.settle(session, learner)
    book = rulebook.book(session)
    assert book is not None
    [rise] = rises(session, learner, book, START, END)
    assert (rise.title(True), rise.title(False)) == ("Writing minutes", "会议纪要怎么写")
