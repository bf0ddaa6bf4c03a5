"""What still stands open before a period is sealed: each matter with its number, and whether it holds the seal up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.credits import service
from app.credits.closing import wired
from app.credits.closing.wired import Concerned, Open
from app.credits.models import ChainHead, Evidence, LearnerPeriod
from app.people.models import Person
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.periods import months_later

RUNNING, EARLY, MAKE_UP, EARLIER = "running", "early", "make_up", "earlier"
UNSETTLED, PENDING, TICKETS = "unsettled", "pending", "tickets"
# What a seal may overrule, with a reason; what it sees to itself; the rest it waits for.
OVERRULED, SEEN_TO = (PENDING, TICKETS), (UNSETTLED,)
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One matter. `day`: from which on it no longer holds the seal up, or the earlier period that is open; `found`:
    how many there are, and the first of whom it concerns."""

    code: str
    day: date | None = None
    found: Open = wired.NONE

    @property
    def fine(self) -> bool:
        """Does nothing stand open?"""
        return self.day is None and not self.found.count

    @property
    def blocks(self) -> bool:
        """Does it hold the seal up, whoever gives whatever reason?"""
        return not self.fine and self.code not in (*OVERRULED, *SEEN_TO)

    @property
    def asks_reason(self) -> bool:
        """Can the seal overrule it, with a reason?"""
        return not self.fine and self.code in OVERRULED


def readiness(session: Session, rules: RuleBook, start: date, seals: Mapping[date, datetime]) -> list[Check]:
    """All matters of the period that begins on this day, in the order in which they are told."""
    today = clock.local_day(clock.now(), rules.zone)
    over, end_ms, judge = after(rules, start), end_of(rules, start), judge_of(rules, start)
    return [
        _until(RUNNING, over, today),
        _until(EARLY, months_later(over, judge.period.seal_after_months), today),
        _until(MAKE_UP, months_later(over, max((each.months for each in judge.make_ups), default=0)), today),
        Check(EARLIER, _earlier(session, rules, start, seals)),
        Check(UNSETTLED, found=_unsettled(session, rules)),
        Check(PENDING, found=wired.pending(session, end_ms)),
        Check(TICKETS, found=wired.tickets(session, end_ms)),
    ]


def after(rules: RuleBook, start: date) -> date:
    """The first day after the period."""
    return rules.period.start(rules.period.index(start) + 1)


def end_of(rules: RuleBook, start: date) -> int:
    """The moment at which the period is over, ms since 1970."""
    return clock.to_ms(datetime.combine(after(rules, start), time(), rules.zone))


def _until(code: str, day: date, today: date) -> Check:
    return Check(code, day if today < day else None)


def judge_of(rules: RuleBook, start: date) -> RuleSet:
    """The version that judges the period's close: that of its last day."""
    return rules.version_on(rules.period.end(rules.period.index(start))) or rules.versions[0]


def _earlier(session: Session, rules: RuleBook, start: date, seals: Mapping[date, datetime]) -> date | None:
    """The first period before this one in which anybody learned, and which is not sealed."""
    first = session.scalar(select(func.min(LearnerPeriod.period)))
    if first is None or first >= start:
        return None
    indexes = range(rules.period.index(first), rules.period.index(start))
    starts = (rules.period.start(index) for index in indexes)
    newest = max(seals, default=date.min)
    return next((each for each in starts if each not in seals and each > newest), None)


def _unsettled(session: Session, rules: RuleBook) -> Open:
    who = service.unsettled(rules).subquery()
    people = session.scalar(select(func.count()).select_from(who)) or 0
    if not people:
        return wired.NONE
    rows = session.execute(
        select(Person.name, Person.key).join(who, who.c.learner_id == Person.id).order_by(Person.id).limit(MOST_SHOWN)
    )
    pieces = session.scalar(
        select(func.count())
        .select_from(Evidence)
        .join(ChainHead, ChainHead.learner_id == Evidence.learner_id)
        .where(Evidence.id > ChainHead.settled_evidence)
    )
    return Open(pieces or people, people, 0, [Concerned(name, key) for name, key in rows])


def blocking(checks: Sequence[Check]) -> list[Check]:
    """Those that hold the seal up."""
    return [check for check in checks if check.blocks]
