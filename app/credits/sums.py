"""One row a learner and period: derived, rebuilt at every settlement, compared by `verify`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import insert_into
from app.credits.folding import canonical
from app.credits.models import LearnerPeriod
from app.rules.credit.settlement import PeriodResult, Settlement, TestResult

_TEST = tuple(each.name for each in fields(TestResult))
Values = dict[str, int | str | bool]


def values_of(result: PeriodResult) -> Values:
    """The row's columns of one period, apart from whose and when.

    `met`: no requirement is unmet or still open; nobody is short of a duty that does not apply.
    """
    return {
        "earned": result.earned,
        "countable": result.countable,
        "buckets": canonical({name: list(pair) for name, pair in result.buckets.items()}),
        "tests": canonical({name: _test(test) for name, test in result.tests.items()}),
        "met": not any(word in ("not met", "not due") for word in result.requirements.values()),
        "carried": result.carried,
        "made_up": canonical(dict(result.made_up)),
        "carry": canonical(dict(result.carry)),
    }


def _test(test: TestResult) -> dict[str, int | bool]:
    return {name: getattr(test, name) for name in _TEST}


def found_in(row: LearnerPeriod) -> Values:
    """What a row says, in the same form."""
    return {
        "earned": row.earned,
        "countable": row.countable,
        "buckets": row.buckets,
        "tests": row.tests,
        "met": row.met,
        "carried": row.carried,
        "made_up": row.made_up,
        "carry": row.carry,
    }


def keep(session: Session, settlements: Mapping[int, Settlement]) -> None:
    """Bring the rows of these learners to their settlements; rows that already say so are left alone.

    Those of a sealed period change only where the rules post what came late to it, and by just that.
    """
    found: dict[int, dict[date, LearnerPeriod]] = {learner_id: {} for learner_id in settlements}
    for row in session.scalars(select(LearnerPeriod).where(LearnerPeriod.learner_id.in_(found))):
        found[row.learner_id][row.period] = row
    fresh = []
    for learner_id, settlement in settlements.items():
        rows = found[learner_id]
        for start, result in settlement.periods.items():
            values, old = values_of(result), rows.pop(start, None)
            if old is None:
                fresh.append({"learner_id": learner_id, "period": start, "settled_at": clock.now(), **values})
            elif found_in(old) != values:
                for name, value in values.items():
                    setattr(old, name, value)
                old.settled_at = clock.now()
        for old in rows.values():
            session.delete(old)
    if fresh:
        session.flush()
        session.execute(insert_into(session, LearnerPeriod), fresh)


def expected(settlement: Settlement) -> dict[date, Values]:
    """Every period's columns by its first day."""
    return {start: values_of(result) for start, result in settlement.periods.items()}
