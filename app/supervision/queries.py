"""What a head teacher's pages show: every learner of a class with duty, pace and required courses.

The number of queries does not grow with the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import holds
from app.classes import queries as classes
from app.classes.duty import PACE_DAYS, Duty, Outlook, Yardstick, outlook, period_of
from app.classes.models import ClassMembership
from app.classes.queries import ClassRow, OfferRow
from app.classes.standing import StandingRow, lesson_worth
from app.courses import queries as courses
from app.courses.queries import CourseRow, LessonRow
from app.credits import service as credits
from app.credits.models import LearnerPeriod, LedgerEntry
from app.credits.queries import countable_since
from app.people.models import Person, Unit, UnitMembership
from app.people.queries import PERSON, PersonRow
from app.rules.access import Scope
from app.rules.credit.book import RuleBook
from app.viewing import queries as viewing
from app.viewing.models import Coverage


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
    """One learner of a class. `last_ms`: last watched, ms since 1970, 0 for never. `duty` None: nothing is owed.

    `required` is empty until `with_required` has filled it.
    """

    person: PersonRow
    standing: StandingRow
    duty: Duty | None
    outlook: Outlook | None
    required: tuple[CourseProgress, ...]
    last_ms: int

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
    """A class with everybody in it; `period` is None before there are rules."""

    row: ClassRow
    day: date
    period: tuple[date, date] | None
    learners: tuple[LearnerRow, ...]


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


def my_class(scope: Scope, session: Session, code: str, day: date, key: str | None = None) -> ClassView | None:
    """A class that may be seen, with all its learners (or the one with this key); None otherwise."""
    row = classes.class_by_code(scope, session, code)
    if row is None:
        return None
    book = credits.book(session)
    period = period_of(book, day) if book is not None and book.period.index(day) >= 0 else None
    measure = Yardstick(book, *period) if book is not None and period is not None else None
    learners = []
    for person, standing, tests, buckets, met, carried, recent, last_ms in _people(
        session, row, day, period[0] if period else day, key
    ):
        duty = (
            measure.duty(tests, buckets, bool(met), standing, carried)
            if measure is not None and tests is not None
            else None
        )
        ahead = outlook(duty, day, max(0, recent)) if duty is not None else None
        learners.append(LearnerRow(person, standing, duty, ahead, (), last_ms))
    return ClassView(row, day, period, tuple(learners))


def with_required(session: Session, view: ClassView, rows: Sequence[LearnerRow]) -> tuple[LearnerRow, ...]:
    """These learners of a class with their required courses. Four queries; ask it for those who are shown."""
    offers = [o for o in classes.offers_for_class(session, view.row.id, view.day) if o.requirement_class == "required"]
    found = courses.courses_by_id(session, [offer.course_id for offer in offers])
    lessons = courses.lessons_of_courses(session, list(found))
    versions = [lesson.media_version_id for each in lessons.values() for lesson in each]
    seen = viewing.class_progress(session, [row.person.id for row in rows], versions)
    offers = [offer for offer in offers if lessons.get(offer.course_id)]
    required = _Required(credits.book(session), view.day, offers, found, lessons, seen)
    return tuple(replace(row, required=required.of(row.person.id, row.standing)) for row in rows)


_PersonFacts = tuple[PersonRow, StandingRow, str | None, str | None, bool | None, int, int, int]


_DAY: BindParameter[date] = bindparam("day")
_START: BindParameter[date] = bindparam("start")
_MEMBERS = select(ClassMembership.person_id).where(
    ClassMembership.class_id == bindparam("group"), holds(ClassMembership, _DAY)
)
# Countable thousandths by learner since a moment.
_RECENT = (
    countable_since(LedgerEntry.learner_id, func.sum(LedgerEntry.amount).label("amount"))
    .where(LedgerEntry.learner_id.in_(_MEMBERS))
    .group_by(LedgerEntry.learner_id)
    .subquery()
)
# The last moment watched by learner, ms since 1970.
_LAST = (
    select(Coverage.learner_id, func.max(Coverage.watched_at_ms).label("moment"))
    .where(Coverage.learner_id.in_(_MEMBERS))
    .group_by(Coverage.learner_id)
    .subquery()
)
_PEOPLE = (
    select(
        *PERSON, Unit.code, Unit.name, Unit.name_en, UnitMembership.band, LearnerPeriod.tests, LearnerPeriod.buckets,
        LearnerPeriod.met, LearnerPeriod.carried, func.coalesce(_RECENT.c.amount, 0), func.coalesce(_LAST.c.moment, 0),
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


def _people(session: Session, row: ClassRow, day: date, start: date, key: str | None) -> list[_PersonFacts]:
    """Everybody in the class with unit, sums of the period, hours of four weeks, last activity. One query."""
    given = {"group": row.id, "day": day, "start": start, "since": clock.now() - timedelta(days=PACE_DAYS)}
    rows = session.execute(_PEOPLE, given) if key is None else session.execute(_ONE, given | {"key": key})
    group = (row.code, row.name, row.name_en)
    return [
        (
            PersonRow(*found[:6]),
            StandingRow(*group, *(text or "" for text in found[6:10])),
            found[10], found[11], found[12], found[13] or 0, int(found[14]), int(found[15]),
        )
        for found in rows
    ]  # fmt: skip


class _Required:
    """The required courses of a class, judged per learner; what is enough is reckoned once a unit and band."""

    def __init__(
        self,
        book: RuleBook | None,
        day: date,
        offers: Sequence[OfferRow],
        found: dict[int, CourseRow],
        lessons: dict[int, list[LessonRow]],
        seen: dict[tuple[int, int], tuple[int, int]],
    ) -> None:
        self._book, self._day, self._offers = book, day, offers
        self._found, self._lessons, self._seen = found, lessons, seen
        self._enough: dict[tuple[int, str, str], int] = {}

    def _needed(self, course: CourseRow, lesson: LessonRow, standing: StandingRow) -> int:
        at = (lesson.id, standing.unit_code, standing.band)
        if at not in self._enough:
            worth = lesson_worth(self._book, self._day, course, lesson, "required", standing)
            self._enough[at] = lesson.length_ms if worth.at_least_ms is None else worth.at_least_ms
        return self._enough[at]

    def of(self, learner_id: int, standing: StandingRow) -> tuple[CourseProgress, ...]:
        """One learner's required courses, by due date."""
        result = []
        for offer in self._offers:
            course = self._found[offer.course_id]
            lessons = self._lessons[offer.course_id]
            if not lessons:
                continue
            counted = [self._seen.get((learner_id, lesson.media_version_id), (0, 0))[0] for lesson in lessons]
            done = all(
                ms >= self._needed(course, lesson, standing) for ms, lesson in zip(counted, lessons, strict=True)
            )
            length = sum(lesson.length_ms for lesson in lessons)
            result.append(CourseProgress(course, offer, min(sum(counted), length), length, done))
        return tuple(result)
