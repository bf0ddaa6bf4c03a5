"""Reads for the pages of periods: how far each is, its sums, its events. Amounts in thousandths."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from app.credits.models import LearnerPeriod, LedgerEntry, PeriodSeal
from app.credits.seals import ASKED, SEALED
from app.people.models import Person
from app.rules.credit.book import RuleBook

RUNNING, OPEN = "running", "open"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to a period. `by` is a name, "" for the system; `overruled` by kind."""

    period: date
    number: int
    event: str
    at: datetime
    by_id: int | None
    by: str
    hash: str
    overruled: Mapping[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A period as the list shows it. `state`: running, open, sealed, asked (sealed, and somebody asks to reopen it);
    `learners`: who has anything in it, `met` of them whose requirements are met."""

    start: date
    end: date
    state: str
    learners: int
    met: int
    earned: int
    countable: int
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Passed:
    """What came into a period and what went on: `carried` in, `carry` out by clause, `made_up` later by test; `late`:
    countable thousandths of adjustments after the seal that concern it, by the period they stand in."""

    carried: int
    carry: Mapping[str, int]
    made_up: Mapping[str, int]
    late: Mapping[date, tuple[int, int]] = field(default_factory=dict)


_EVENTS = (
    select(
        PeriodSeal.period, PeriodSeal.number, PeriodSeal.event, PeriodSeal.at, PeriodSeal.by_id, Person.name,
        PeriodSeal.hash, PeriodSeal.overruled, PeriodSeal.reason,
    )
    .outerjoin(Person, Person.id == PeriodSeal.by_id)
    .order_by(PeriodSeal.period, PeriodSeal.number)
)  # fmt: skip
_SUMS = (
    select(
        LearnerPeriod.period, func.count(), func.sum(case((LearnerPeriod.met, 1), else_=0)),
        func.sum(LearnerPeriod.earned), func.sum(LearnerPeriod.countable),
    )
    .group_by(LearnerPeriod.period)
)  # fmt: skip


def events(session: Session, start: date | None = None) -> list[Event]:
    """What was done to all periods, or to the one that begins on this day; the oldest first."""
    query = _EVENTS if start is None else _EVENTS.where(PeriodSeal.period == start)
    return [
        Event(period, number, event, at, by_id, by or "", digest or "", json.loads(overruled), reason)
        for period, number, event, at, by_id, by, digest, overruled, reason in session.execute(query)
    ]


def periods(session: Session, rules: RuleBook, today: date) -> list[PeriodRow]:
    """Every period from the first in which anybody has anything to the one of today, the newest first. Two queries."""
    sums = {row[0]: row[1:] for row in session.execute(_SUMS)}
    last: dict[date, Event] = {}
    sealed: dict[date, Event] = {}
    for event in events(session):
        last[event.period] = event
        if event.event == SEALED:
            sealed[event.period] = event
    here = rules.period.index(today)
    first = min((rules.period.index(start) for start in (*sums, *last)), default=here)
    rows = []
    for index in range(here, first - 1, -1):
        start, end = rules.period.start(index), rules.period.end(index)
        state = state_of(last.get(start), running=index == here)
        held = sealed.get(start) if state not in (RUNNING, OPEN) else None
        learners, met, earned, countable = sums.get(start, (0, 0, 0, 0))
        rows.append(
            PeriodRow(start, end, state, learners, int(met), int(earned), int(countable), held.at if held else None)
        )
    return rows


def state_of(last: Event | None, *, running: bool) -> str:
    """The state of a period, from its last event."""
    if last is None or last.event == "reopened":
        return RUNNING if running else OPEN
    return ASKED if last.event == ASKED else SEALED


def passed(session: Session, start: date, *, sealed: bool) -> Passed:
    """What came in, what went on, and (of a sealed period) what came late. Two or three queries."""
    carried = session.scalar(select(func.sum(LearnerPeriod.carried)).where(LearnerPeriod.period == start))
    rows = session.execute(
        select(LearnerPeriod.carry, LearnerPeriod.made_up).where(
            LearnerPeriod.period == start, or_(LearnerPeriod.carry != "{}", LearnerPeriod.made_up != "{}")
        )
    )
    carry: Counter[str] = Counter()
    made_up: Counter[str] = Counter()
    for passed_on, paid in rows:
        carry.update(json.loads(passed_on))
        made_up.update(json.loads(paid))
    return Passed(int(carried or 0), _some(carry), _some(made_up), _late(session, start) if sealed else {})


def _some(found: Counter[str]) -> dict[str, int]:
    return {name: amount for name, amount in sorted(found.items()) if amount}


def _late(session: Session, start: date) -> dict[date, tuple[int, int]]:
    """Period that adjustments concerning this one stand in → (how many lines, countable thousandths)."""
    where = func.substr(LedgerEntry.account, 9, 10)
    rows = session.execute(
        select(where, func.count(), func.sum(LedgerEntry.amount))
        .where(LedgerEntry.account.like(f"learner/__________<{start.isoformat()}/%/countable"))
        .group_by(where)
    )
    return {date.fromisoformat(period): (count, int(amount)) for period, count, amount in rows}


def closing_record(
    session: Session, rules: RuleBook, row: PeriodSeal, lines: Sequence[str], form: str, previous: str
) -> dict[str, Any]:
    """The head of the downloadable record of a seal; the learners' lines follow it as they are kept."""
    index = rules.period.index(row.period)
    return {
        "form": form,
        "ruleset": rules.id,
        "period": row.period.isoformat(),
        "last_day": rules.period.end(index).isoformat(),
        "seal": {
            "number": row.number, "at": row.at.isoformat(timespec="milliseconds"), "hash": row.hash,
            "previous": previous, "reason": row.reason, "overruled": json.loads(row.overruled),
        },
        "events": [
            {"number": each.number, "event": each.event, "at": each.at.isoformat(timespec="milliseconds"),
             "by": each.by, "reason": each.reason}
            for each in events(session, row.period)
        ],
        "learners": len(lines),
    }  # fmt: skip
