"""One row a learner and period: derived, rebuilt at every settlement, compared by `verify`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock
from app.credits.folding import canonical
from app.credits.models import LearnerPeriod
from app.rules.credit.settlement import PeriodResult, Settlement

Values = dict[str, int | str | bool]


def values_of(result: PeriodResult) -> Values:
    """The row's columns of one period, apart from whose and when.

    `met`: no requirement is unmet or still open; nobody is short of a duty that does not apply.
    """
    return {
        "earned": result.earned,
        "countable": result.countable,
        "buckets": canonical({name: list(pair) for name, pair in result.buckets.items()}),
        "tests": canonical({name: asdict(test) for name, test in result.tests.items()}),
        "met": not any(word in ("not met", "not due") for word in result.requirements.values()),
        "carried": result.carried,
        "made_up": canonical(dict(result.made_up)),
        "carry": canonical(dict(result.carry)),
    }


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


def keep(session: Session, learner_id: int, settlement: Settlement) -> None:
    """Bring the learner's rows to the settlement; rows that already say so are left alone.

    Those of a sealed period change only where the rules post what came late to it, and by just that.
    """
    rows = {
        row.period: row for row in session.scalars(select(LearnerPeriod).where(LearnerPeriod.learner_id == learner_id))
    }
    for start, result in settlement.periods.items():
        values, row = values_of(result), rows.pop(start, None)
        if row is None:
            session.add(LearnerPeriod(learner_id=learner_id, period=start, settled_at=clock.now(), **values))
        elif found_in(row) != values:
            for name, value in values.items():
                setattr(row, name, value)
            row.settled_at = clock.now()
    for row in rows.values():
        session.delete(row)


def expected(settlement: Settlement) -> dict[date, Values]:
    """Every period's columns by its first day."""
    return {start: values_of(result) for start, result in settlement.periods.items()}
