"""Whatever happens in whatever order: the ledger is what a fresh fold of the evidence gives, and it balances."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import service
from app.credits.models import LearnerPeriod, LedgerEntry, LedgerTransaction
from app.credits.verify import verify
from tests.credits.samples import NOON, new_learner, next_rules, watch, withdraw


def random_history(session: Session, learner: int, dice: random.Random, steps: int) -> None:
    """Lessons in any order of happening, repeats, withdrawals, settlements now and then."""
    recorded: list[str] = []
    for number in range(steps):
        act = dice.random()
        if act < 0.6 or not recorded:
            at = NOON - timedelta(days=dice.randrange(60), minutes=dice.randrange(1000))
            key = f"w{number}"
            bucket = dice.choice(["general", "professional"])
            watch(session, learner, dice.randrange(12), hours=dice.randrange(1, 7), at=at, key=key,
                  subject_bucket=bucket)  # fmt: skip
            recorded.append(key)
        elif act < 0.75:
            withdraw(session, learner, recorded.pop(dice.randrange(len(recorded))), at=NOON)
        else:
            service.settle(session, learner)
    service.settle(session, learner)


@pytest.mark.parametrize("seed", range(6))
def test_any_history_is_proved(session: Session, learner: int, seed: int) -> None:
    dice = random.Random(seed)
    others = [new_learner(session, number) for number in range(2, 5)]
    for person in (learner, *others):
        random_history(session, person, dice, 25)
    service.publish_rules(session, next_rules(effective="2026-03-20").replace("limit = 8", "limit = 2"), None)
    service.resettle(session)
    found = verify(session)
    assert found.differences == []
    assert found.transactions > 20
    assert session.scalar(select(func.sum(LedgerEntry.amount))) == 0
    countable = session.scalar(select(func.sum(LedgerEntry.amount)).where(LedgerEntry.account.like("%/countable")))
    assert session.scalar(select(func.sum(LearnerPeriod.countable))) == countable


def test_the_order_of_recording_changes_no_balance(session: Session, learner: int) -> None:
    moments = [NOON - timedelta(hours=5 * number) for number in range(9)]
    people = [learner, new_learner(session, 2), new_learner(session, 3)]
    for seed, person in enumerate(people):
        order = list(enumerate(moments))
        random.Random(seed).shuffle(order)
        for lesson, at in order:
            watch(session, person, lesson, hours=3, at=at)
            if seed != 1:  # one of them settles only at the end
                service.settle(session, person)
        service.settle(session, person)
    rows = session.execute(select(LearnerPeriod.period, LearnerPeriod.earned, LearnerPeriod.countable)).all()
    assert len(rows) == 3
    assert len({tuple(row) for row in rows}) == 1


def test_one_learner_from_many_sides_at_once(db: Database) -> None:
    with db.writing() as session:
        service.publish_rules(session, next_rules(version=1, effective="2026-01-01"), None)
        learner = new_learner(session)
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def work(first: int) -> None:
        try:
            start.wait()
            for lesson in range(first, first + 5):
                with db.writing() as mine:
                    watch(mine, learner, lesson, at=NOON - timedelta(days=lesson))
                    watch(mine, learner, 100, at=NOON, key="the same")
                    service.settle(mine, learner)
        except BaseException as error:  # the test's own thread reports it
            failures.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in (1, 3, 6, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with db.reading() as session:
        assert verify(session).differences == []
        posted = session.scalars(select(LedgerTransaction.evidence_key)).all()
        assert sorted(posted) == sorted(["the same", *(f"watched:{lesson}" for lesson in range(1, 13))])
