"""Reads of what was taken over; and the academy as a file of an older platform is compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base import settings as reading
from app.credits import service as credits
from app.credits.models import LedgerEntry, LedgerTransaction
from app.credits.seals import seals_of
from app.people.models import Person
from app.roster.models import RosterSource
from app.roster.opening.models import OpeningEntry
from app.rules.credit.book import RuleBook
from app.rules.ledger import COUNTABLE
from app.rules.roster import cells
from app.rules.roster.amounts import FIRST_YEAR
from app.rules.roster.balances import Now, Place, Standing

_PEOPLE = select(Person.login, Person.id, Person.name)
_STANDING = (
    select(
        OpeningEntry.id, OpeningEntry.person_id, Person.login, Person.name, OpeningEntry.key,
        OpeningEntry.evidence_key, OpeningEntry.said,
    )
    .join(Person, Person.id == OpeningEntry.person_id)
    .join(RosterSource, RosterSource.id == OpeningEntry.source_id)
    .where(RosterSource.name == bindparam("source"), OpeningEntry.ended_import_id.is_(None))
    .order_by(OpeningEntry.id)
)  # fmt: skip
_POSTED = (
    select(OpeningEntry.unit, OpeningEntry.year, LedgerEntry.account, func.sum(LedgerEntry.amount))
    .join(
        LedgerTransaction,
        (LedgerTransaction.learner_id == OpeningEntry.person_id)
        & (LedgerTransaction.evidence_key == OpeningEntry.evidence_key),
    )
    .join(
        LedgerEntry,
        (LedgerEntry.learner_id == LedgerTransaction.learner_id) & (LedgerEntry.seq == LedgerTransaction.seq),
    )
    .where(
        OpeningEntry.source_id == bindparam("source"), OpeningEntry.ended_import_id.is_(None),
        OpeningEntry.year.is_not(None),
        LedgerEntry.account.like("learner/%"),
    )
    .group_by(OpeningEntry.unit, OpeningEntry.year, LedgerEntry.account)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calendar:
    """When what is told of a year happened: at the end of the training period that holds its summer, or now."""

    rules: RuleBook | None
    zone: ZoneInfo
    sealed: frozenset[int]

    def end_of(self, year: int, now: datetime) -> datetime:
        """The noon of the last day, or this moment where that is still to come."""
        last = date(year, 12, 31)
        if self.rules is not None:
            last = self.rules.period.end(self.rules.period.index(date(year, 7, 1)))
        return self.noon(last, now)

    def noon(self, day: date, now: datetime) -> datetime:
        """The noon of a day, or this moment where that is still to come."""
        return min(datetime.combine(day, time(12), self.zone).astimezone(UTC), now)


def calendar(session: Session) -> Calendar:
    """By the rules that are published now."""
    rules = credits.book(session)
    if rules is None:
        return Calendar(None, reading.load().timezone, frozenset())
    indexes = {rules.period.index(start) for start in seals_of(session)}
    this = clock.local_day(clock.now(), rules.zone).year
    by_year = {year: rules.period.index(date(year, 7, 1)) for year in range(FIRST_YEAR, this + 1)}
    # With the first period that was sealed all before it were.
    first = min(indexes, default=0)
    sealed = frozenset(y for y, index in by_year.items() if index in indexes or 0 <= index < first)
    return Calendar(rules, rules.zone, sealed)


def now(session: Session, source: str) -> Now:
    """The academy as this source's file is compared with it."""
    people = {login: (person_id, name) for login, person_id, name in session.execute(_PEOPLE)}
    standing = [Standing(*row) for row in session.execute(_STANDING, {"source": source.strip()})]
    known = calendar(session)
    year = clock.local_day(clock.now(), known.zone).year
    return Now(people, standing, _codes(known.rules), year, known.sealed)


def _codes(rules: RuleBook | None) -> frozenset[str]:
    """What the rules call the buckets that hours go into."""
    if rules is None:
        return frozenset()
    found: set[str] = set()
    for version in rules.versions:
        found |= {convert.bucket for convert in version.converts if convert.bucket}
        for test in version.tests:
            for name in ("bucket", "subject_bucket"):
                allowed = test.when.sets.get(name)
                found |= {str(each) for each in allowed.values if each} if allowed is not None else set()
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Posted:
    """Thousandths on the ledger: earned, and what of it counts."""

    earned: int = 0
    countable: int = 0


def posted(session: Session, source_id: int) -> Mapping[Place, Posted]:
    """What stands on the ledger of what was taken over from a source, by unit and year. One query."""
    found: dict[Place, Posted] = {}
    for unit, year, account, amount in session.execute(_POSTED, {"source": source_id}):
        key = cells.same(unit), int(year)
        there = found.get(key, Posted())
        counts = int(amount) if account.endswith(f"/{COUNTABLE}") else 0
        found[key] = Posted(there.earned + int(amount), there.countable + counts)
    return found
