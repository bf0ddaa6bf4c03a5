"""What a head teacher's pages show: every learner of a class with duty, pace and required courses.

The number of queries does not grow with the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, case, func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import holds
from app.classes import queries as classes
from app.classes.duty import PACE_DAYS, Duty, Outlook, Yardstick, outlook, period_of
from app.classes.models import ClassMembership
from app.classes.queries import ClassRow, OfferRow
from app.classes.standing import StandingRow
from app.courses.queries import CourseRow
from app.credits import service as credits
from app.credits.models import Evidence, LearnerPeriod, LedgerEntry
from app.credits.queries import countable_since
from app.people.models import Person, Unit, UnitMembership
from app.people.queries import PERSON, PersonRow
from app.rules.access import Scope
from app.rules.credit.book import RuleBook
from app.viewing.models import Coverage

WEEK = 7
QUIET_DAYS = 28  # who has watched nothing for so long
LONG_DAYS = 7  # what waits for an answer for so long
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """A class in the list: how many learners, and how many have done their year."""

    row: ClassRow
    learners: int
    done: int


@dataclass(frozen=True, slots=True)
class CourseProgress:
    """A required course of one learner; ms."""

    course: CourseRow
    offer: OfferRow
    counted_ms: int
    length_ms: int
    done: bool


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One learner of a class. `duty` None: nothing is owed. Moments are ms since 1970, 0 for never.

    `last_ms`: last watched; `waits_ms`: the oldest lesson with time that waits for an answer, when it was last watched;
    `week`: countable thousandths of each of the last seven days, today the last; `required` is empty until
    `with_required` has filled it.
    """

    person: PersonRow
    standing: StandingRow
    duty: Duty | None
    outlook: Outlook | None
    required: tuple[CourseProgress, ...]
    last_ms: int
    waits_ms: int = 0
    week: tuple[int, ...] = ()

    @property
    def done(self) -> int:
        """How many required courses are done."""
        return sum(course.done for course in self.required)

    @property
    def status(self) -> str:
        """late, at-risk, on-course, done; "" while nothing is owed."""
        return self.outlook.status if self.outlook else ""

    @property
    def got(self) -> int:
        """Hours counted, thousandths."""
        return self.duty.got if self.duty else 0


@dataclass(frozen=True, slots=True)
class ClassView:
    """A class with everybody in it; `period` is None before there are rules.

    Who last watched before `quiet_ms` has not studied for four weeks; what has waited since before `long_ms`, has
    waited for a week.
    """

    row: ClassRow
    day: date
    period: tuple[date, date] | None
    learners: tuple[LearnerRow, ...]
    book: RuleBook | None
    quiet_ms: int = 0
    long_ms: int = 0


def of_class(class_id: int, day: date) -> Select[tuple[int]]:
    """The ids of everybody in a class on a day, as a subquery."""
    return select(ClassMembership.person_id).where(ClassMembership.class_id == class_id, holds(ClassMembership, day))


def class_list(scope: Scope, session: Session, day: date) -> list[ClassSummary]:
    """The classes that may be seen, with sizes and how many are done."""
    rows = classes.classes_in(scope, session)
    ids = [row.id for row in rows]
    sizes = classes.sizes(session, ids, day)
    book = credits.book(session)
    done: dict[int, int] = {}
    if book is not None and book.period.index(day) >= 0:
        counted = session.execute(
            select(ClassMembership.class_id, func.count())
            .join(LearnerPeriod, LearnerPeriod.learner_id == ClassMembership.person_id)
            .where(
                ClassMembership.class_id.in_(ids),
                holds(ClassMembership, day),
                LearnerPeriod.period == period_of(book, day)[0],
                LearnerPeriod.met.is_(True),
            )
            .group_by(ClassMembership.class_id)
        )
        done = {row[0]: row[1] for row in counted}
    return [ClassSummary(row, sizes.get(row.id, 0), done.get(row.id, 0)) for row in rows]


def my_class(
    scope: Scope, session: Session, code: str, day: date, zone: ZoneInfo, key: str | None = None
) -> ClassView | None:
    """A class that may be seen, with all its learners (or the one with this key); None otherwise."""
    row = classes.class_by_code(scope, session, code)
    if row is None:
        return None
    book = credits.book(session)
    period = period_of(book, day) if book is not None and book.period.index(day) >= 0 else None
    measure = Yardstick(book, *period) if book is not None and period is not None else None
    midnights = [datetime.combine(day + timedelta(days=n - 6), time(), zone) for n in range(WEEK + 1)]
    learners = []
    for tests, buckets, met, carried, recent, found in _people(session, row, day, period, midnights, key):
        duty = (
            measure.duty(tests, buckets, bool(met), found.standing, carried) if measure is not None and tests else None
        )
        ahead = outlook(duty, day, max(0, recent)) if duty is not None else None
        learners.append(replace(found, duty=duty, outlook=ahead))
    today = clock.to_ms(midnights[-2])
    return ClassView(row, day, period, tuple(learners), book, today - QUIET_DAYS * DAY_MS, today - LONG_DAYS * DAY_MS)


_PersonFacts = tuple[str | None, str | None, bool | None, int, int, LearnerRow]
_DAY: BindParameter[date] = bindparam("day")
_START: BindParameter[date] = bindparam("start")
_MEMBERS = select(ClassMembership.person_id).where(
    ClassMembership.class_id == bindparam("group"), holds(ClassMembership, _DAY)
)


def _on_day(number: int) -> ColumnElement[int]:
    """Countable thousandths of one of the last days, 0 the oldest."""
    start: BindParameter[datetime] = bindparam(f"midnight{number}")
    end: BindParameter[datetime] = bindparam(f"midnight{number + 1}")
    within = and_(Evidence.happened_at >= start, Evidence.happened_at < end)
    return func.sum(case((within, LedgerEntry.amount), else_=0)).label(f"day{number}")


# Countable thousandths by learner since a moment, and of each of the last days.
_RECENT = (
    countable_since(LedgerEntry.learner_id, func.sum(LedgerEntry.amount).label("amount"), *map(_on_day, range(WEEK)))
    .where(LedgerEntry.learner_id.in_(_MEMBERS))
    .group_by(LedgerEntry.learner_id)
    .subquery()
)
# By learner, ms since 1970: the last moment watched; of what waits for an answer, the oldest.
_LAST = (
    select(
        Coverage.learner_id,
        func.max(Coverage.watched_at_ms).label("moment"),
        func.min(case((Coverage.pending_ms > 0, Coverage.watched_at_ms))).label("waits"),
    )
    .where(Coverage.learner_id.in_(_MEMBERS))
    .group_by(Coverage.learner_id)
    .subquery()
)
_PEOPLE = (
    select(
        *PERSON, Unit.code, Unit.name, Unit.name_en, UnitMembership.band, LearnerPeriod.tests, LearnerPeriod.buckets,
        LearnerPeriod.met, LearnerPeriod.carried, func.coalesce(_RECENT.c.amount, 0), func.coalesce(_LAST.c.moment, 0),
        func.coalesce(_LAST.c.waits, 0), *(func.coalesce(_RECENT.c[f"day{n}"], 0) for n in range(WEEK)),
    )
    .join(ClassMembership, ClassMembership.person_id == Person.id)
    .outerjoin(
        UnitMembership,
        (UnitMembership.person_id == Person.id) & holds(UnitMembership, _DAY),
    )
    .outerjoin(Unit, Unit.id == UnitMembership.unit_id)
    .outerjoin(LearnerPeriod, (LearnerPeriod.learner_id == Person.id) & (LearnerPeriod.period == _START))
    .outerjoin(_RECENT, _RECENT.c.learner_id == Person.id)
    .outerjoin(_LAST, _LAST.c.learner_id == Person.id)
    .where(ClassMembership.class_id == bindparam("group"), holds(ClassMembership, _DAY))
    .order_by(Person.name_pinyin, Person.id)
)  # fmt: skip
_ONE = _PEOPLE.where(Person.key == bindparam("key"))


def _people(
    session: Session,
    row: ClassRow,
    day: date,
    period: tuple[date, date] | None,
    midnights: Sequence[datetime],
    key: str | None,
) -> list[_PersonFacts]:
    """Everybody in the class with unit, sums of the period, hours of four weeks, last activity. One query."""
    given = {
        "group": row.id, "day": day, "start": period[0] if period else day,
        "since": clock.now() - timedelta(days=PACE_DAYS),
        **{f"midnight{n}": moment for n, moment in enumerate(midnights)},
    }  # fmt: skip
    rows = session.execute(_PEOPLE, given) if key is None else session.execute(_ONE, given | {"key": key})
    group = (row.code, row.name, row.name_en)
    result: list[_PersonFacts] = []
    for found in rows:
        person, standing = PersonRow(*found[:6]), StandingRow(*group, *(text or "" for text in found[6:10]))
        week = tuple(int(amount) for amount in found[17:])
        learner = LearnerRow(person, standing, None, None, (), int(found[15]), int(found[16]), week)
        result.append((found[10], found[11], found[12], found[13] or 0, int(found[14]), learner))
    return result
