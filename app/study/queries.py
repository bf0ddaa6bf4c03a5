"""What a learner's own pages show: courses with progress, the duty of the year, the next thing to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import BindParameter, bindparam, func
from sqlalchemy.orm import Session

from app.base import clock
from app.classes import queries as classes
from app.classes.duty import PACE_DAYS, Duty, Outlook, Yardstick, outlook, period_of
from app.classes.queries import OfferRow
from app.classes.standing import STANDING, StandingRow, lesson_worth, standing_of
from app.courses import queries as courses
from app.courses.queries import CourseRow, LessonRow
from app.credits import service as credits
from app.credits.models import LearnerPeriod, LedgerEntry
from app.credits.queries import countable_since
from app.people.models import Person
from app.rules.credit.book import RuleBook
from app.viewing import queries as viewing
from app.viewing.queries import Progress

NOTHING_SEEN = Progress(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class LessonView:
    """A lesson as its learner sees it. Times in ms; `worth` in thousandths; `enough_ms` is first credited."""

    row: LessonRow
    seen: Progress
    bucket: str
    worth: int
    enough_ms: int

    @property
    def done(self) -> bool:
        """Enough was seen."""
        return self.seen.counted_ms >= self.enough_ms

    @property
    def begun(self) -> bool:
        """Something was seen, or the lesson was opened."""
        return self.seen.watched_at_ms > 0 or self.seen.counted_ms > 0


@dataclass(frozen=True, slots=True)
class CourseView:
    """An offered course as its learner sees it."""

    row: CourseRow
    offer: OfferRow
    lessons: tuple[LessonView, ...]

    @property
    def required(self) -> bool:
        """Must it be done?"""
        return self.offer.requirement_class == "required"

    @property
    def length_ms(self) -> int:
        """All lessons together."""
        return sum(lesson.row.length_ms for lesson in self.lessons)

    @property
    def counted_ms(self) -> int:
        """What was credited as seen, of all lessons."""
        return sum(min(lesson.seen.counted_ms, lesson.row.length_ms) for lesson in self.lessons)

    @property
    def worth(self) -> int:
        """What the whole course gives, in thousandths."""
        return sum(lesson.worth for lesson in self.lessons)

    @property
    def bucket(self) -> str:
        """The bucket it goes to."""
        return next((lesson.bucket for lesson in self.lessons if lesson.bucket), self.row.subject_bucket)

    @property
    def done(self) -> bool:
        """Every lesson is done."""
        return bool(self.lessons) and all(lesson.done for lesson in self.lessons)

    @property
    def begun(self) -> bool:
        """Some lesson is begun."""
        return any(lesson.begun for lesson in self.lessons)

    @property
    def watched_at_ms(self) -> int:
        """When last."""
        return max((lesson.seen.watched_at_ms for lesson in self.lessons), default=0)

    @property
    def next_lesson(self) -> LessonView | None:
        """Where to go on: the lesson watched last if it is not done, else the first not done."""
        open_ = [lesson for lesson in self.lessons if not lesson.done]
        latest = max(open_, key=lambda lesson: lesson.seen.watched_at_ms, default=None)
        return latest if latest is not None and latest.begun else (open_[0] if open_ else None)


@dataclass(frozen=True, slots=True)
class Year:
    """Everything about a learner's year that one page needs. `duty` is None while no hours are owed, `book` before
    there are rules."""

    day: date
    standing: StandingRow
    courses: tuple[CourseView, ...]
    duty: Duty | None
    outlook: Outlook | None
    book: RuleBook | None

    @property
    def required(self) -> list[CourseView]:
        """What must be done, by due date."""
        return [course for course in self.courses if course.required]

    @property
    def begun(self) -> bool:
        """Was anything watched or counted yet? Not on a first visit."""
        counted = self.duty is not None and self.duty.got > 0
        return counted or any(course.begun for course in self.courses)

    @property
    def resume(self) -> CourseView | None:
        """The course to go on with: begun and not done, the latest first; else the first to be begun."""
        todo = [course for course in self.courses if not course.done and course.lessons]
        begun = [course for course in todo if course.begun]
        if begun:
            return max(begun, key=lambda course: course.watched_at_ms)
        return todo[0] if todo else None


def year(session: Session, person_id: int, day: date) -> Year:
    """A learner's year, in four queries however many courses there are."""
    offers = classes.offers_for_learner(session, person_id, day)
    lessons, seen = viewing.lessons_seen(session, person_id, [offer.course_id for offer in offers])
    book = credits.book(session)
    standing, duty, recent = _standing(session, book, person_id, day)
    views = [_view(book, day, offer.course, offer, lessons[offer.course_id], seen, standing) for offer in offers]
    found = outlook(duty, day, recent) if duty is not None else None
    return Year(day, standing, tuple(views), duty, found, book)


@dataclass(frozen=True, slots=True)
class Opened:
    """One offered course with what its page is reckoned from; `book` is None before there are rules."""

    course: CourseView
    standing: StandingRow
    book: RuleBook | None


def course(session: Session, person_id: int, code: str, day: date) -> Opened | None:
    """One offered course; None when there is none of this code, or it is not offered to this learner."""
    row = courses.course_by_code(session, code)
    offer = classes.offer_of(session, person_id, row.id, day) if row is not None else None
    if row is None or offer is None:
        return None
    lessons, seen = viewing.lessons_seen(session, person_id, [row.id])
    book, standing = credits.book(session), standing_of(session, person_id, day)
    return Opened(_view(book, day, row, offer, lessons[row.id], seen, standing), standing, book)


def _view(
    book: RuleBook | None,
    day: date,
    row: CourseRow,
    offer: OfferRow,
    lessons: Sequence[LessonRow],
    seen: dict[int, Progress],
    standing: StandingRow,
) -> CourseView:
    views = []
    for lesson in lessons:
        found = lesson_worth(book, day, row, lesson, offer.requirement_class, standing)
        bucket, amount = found.amounts[0] if found.amounts else ("", 0)
        enough = found.at_least_ms if found.at_least_ms is not None else lesson.length_ms
        views.append(LessonView(lesson, seen.get(lesson.media_version_id, NOTHING_SEEN), bucket, amount, enough))
    return CourseView(row, offer, tuple(views))


_PERSON: BindParameter[int] = bindparam("person")
_START: BindParameter[date] = bindparam("start")
_RECENT = (
    countable_since(func.coalesce(func.sum(LedgerEntry.amount), 0))
    .where(LedgerEntry.learner_id == _PERSON)
    .scalar_subquery()
)
# Where somebody stands, and the sums of the period: one row.
_YEAR = STANDING.outerjoin(
    LearnerPeriod, (LearnerPeriod.learner_id == Person.id) & (LearnerPeriod.period == _START)
).add_columns(LearnerPeriod.tests, LearnerPeriod.buckets, LearnerPeriod.met, LearnerPeriod.carried, _RECENT)


def _standing(
    session: Session, book: RuleBook | None, person_id: int, day: date
) -> tuple[StandingRow, Duty | None, int]:
    """Where a learner stands, the duty of the present period, the countable thousandths of the last four weeks."""
    if book is None or book.period.index(day) < 0:
        return standing_of(session, person_id, day), None, 0
    start, end = period_of(book, day)
    since = clock.now() - timedelta(days=PACE_DAYS)
    row = session.execute(_YEAR, {"person": person_id, "day": day, "start": start, "since": since}).first()
    if row is None:
        return StandingRow(*[""] * 7), None, 0
    found = StandingRow(*(text or "" for text in row[:7]))
    if row[7] is None:
        return found, None, 0
    return found, Yardstick(book, start, end).duty(row[7], row[8], row[9], found, row[10]), max(0, int(row[11]))
