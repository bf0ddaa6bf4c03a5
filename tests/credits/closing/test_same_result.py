"""One result, however often and by whomever a learner is settled; and nothing that was earned changes afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import service
from app.credits.models import LearnerPeriod, LedgerEntry, LedgerTransaction
from app.credits.verify import verify
from tests.credits.closing import rechecking, years
from tests.credits.closing.years import Y2025, Y2026, attend, postings
from tests.credits.samples import RULES, new_learner, next_rules, watch


def ledger_of(session: Session) -> list[tuple[object, ...]]:
    """Every transaction and line."""
    transactions = session.execute(
        select(LedgerTransaction.learner_id, LedgerTransaction.seq, LedgerTransaction.hash).order_by(
            LedgerTransaction.learner_id, LedgerTransaction.seq
        )
    )
    return [tuple(row) for row in transactions]


def test_fifty_settlements_at_once_give_one_result(db: Database) -> None:
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        learner = new_learner(session)
        for lesson in range(20):
            watch(session, learner, lesson)

    def settle(_number: int) -> int:
        with db.writing() as session:
            return len(service.settle(session, learner).posted)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(settle, range(50)))
    assert sorted(found)[-2:] == [0, 20]  # one posted everything, the others found nothing to do
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(LedgerTransaction)) == 20
        assert session.scalar(select(func.sum(LedgerEntry.amount))) == 0
        assert session.scalars(select(LearnerPeriod.countable)).all() == [8_000]
        assert verify(session).differences == []


def test_settling_twice_is_settling_once(db: Database, tmp_path: Path) -> None:
    """Whatever is on the account: carried hours, what was made up, adjustments after a seal, negative ones."""
    with db.writing() as session:
        service.publish_rules(session, years.rules(more=years.CARRY + years.MAKE_UP), None)
        rich, poor = new_learner(session, 1), new_learner(session, 2)
        for learner, hours in ((rich, 55), (poor, 45)):
            years.join(session, learner, "2025-01-02")
            attend(session, learner, "a", "2025-05-01", hours)
            attend(session, learner, "b", "2026-02-01", 8)
            service.settle(session, learner)
    years.seal(db, tmp_path, Y2025)
    with db.writing() as session:
        for learner in (rich, poor):
            attend(session, learner, "late", "2025-06-01", 2, known="2026-03-02")
            years.withdraw(session, learner, "a", "2026-03-02")
            service.settle(session, learner)
    with db.writing() as session:
        before = ledger_of(session)
        names = {row[0] for learner in (rich, poor) for row in postings(session, learner, Y2026)}
        assert names == {"b", "late", "correction:a", "carried:on:2025-01-01"}
        for learner in (rich, poor):
            assert service.settle(session, learner) == service.Settled([], [])
        assert ledger_of(session) == before
        assert verify(session).differences == []


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("the course is required now", {"requirement_class": "required"}),
        ("a rank above", {"band": "division"}),
        ("another unit", {"unit": "u9", "class": "c9"}),
    ],
)
def test_what_a_course_or_person_becomes_changes_nothing_earned(
    db: Database, traveller: time_machine.Traveller, name: str, facts: dict[str, str]
) -> None:
    """Evidence carries what it was: only what is learned afterwards is judged by the new facts."""
    weighed = """
[[weight]]
id = "elective"
when = {requirement_class = "elective"}
times = "0.5"
text = {zh = "选修减半", en = "Electives count half"}

[[weight]]
id = "head"
when = {band = "division"}
times = "1.5"
axis = "rank"
text = {zh = "加权", en = "Weighed"}
"""
    with db.writing() as session:
        service.publish_rules(session, RULES + weighed, None)
        learner = new_learner(session)
        watch(session, learner, 1, hours=2, requirement_class="elective")
        service.settle(session, learner)
        before = ledger_of(session)
        assert [row[1:3] for row in postings(session, learner, Y2026)] == [(1_000, 1_000)]
    traveller.shift(86_400)
    with db.writing() as session:
        tomorrow = years.day("2026-03-03")
        watch(session, learner, 2, hours=2, at=tomorrow, **{"requirement_class": "elective", **facts})
        service.settle(session, learner)
        assert ledger_of(session)[: len(before)] == before
        found = [row[1] for row in postings(session, learner, Y2026)]
        assert found == [1_000, {"the course is required now": 2_000, "a rank above": 1_500}.get(name, 1_000)]
        assert verify(session).differences == []


def test_a_new_version_changes_nothing_earned(db: Database, traveller: time_machine.Traveller) -> None:
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        learner = new_learner(session)
        watch(session, learner, 1, hours=2)
        service.settle(session, learner)
        before = ledger_of(session)
        service.publish_rules(session, next_rules(2, "2026-03-03", **{"length / 45": "length / 90"}), None)
        service.resettle(session)
        assert ledger_of(session) == before
    traveller.shift(86_400)
    with db.writing() as session:
        watch(session, learner, 2, hours=2, at=years.day("2026-03-03"))
        service.settle(session, learner)
        assert ledger_of(session)[: len(before)] == before
        assert [row[1] for row in postings(session, learner, Y2026)] == [2_000, 1_000]
        assert verify(session).differences == []


def test_sealing_while_others_learn_draws_one_line(db: Database, tmp_path: Path) -> None:
    """What is recorded while a period is sealed lies before the seal or after it, and the books agree either way."""
    with db.writing() as session:
        service.publish_rules(session, years.rules(), None)
        learners = [new_learner(session, number + 1) for number in range(8)]
        for learner in learners:
            attend(session, learner, "a", "2025-05-01", 10)

    def learn(number: int) -> None:
        with db.writing() as session:
            who = learners[number % len(learners)]
            attend(session, who, f"x{number}", "2025-06-01", 1, known="2026-03-02")
            service.settle(session, who)

    with ThreadPoolExecutor(6) as pool:
        begun = [pool.submit(learn, number) for number in range(40)]
        years.seal(db, tmp_path, Y2025)
        for each in begun:
            each.result()
    with db.writing() as session:
        found = rechecking.recheck(session, Y2025)
        assert (found.holds, found.differences) == (True, [])
        for learner in learners:
            assert service.settle(session, learner) == service.Settled([], [])
        assert verify(session).differences == []
        hours = session.execute(
            select(LearnerPeriod.period, func.sum(LearnerPeriod.countable)).group_by("period")
        ).all()
        assert sum(row[1] for row in hours) == 120_000
