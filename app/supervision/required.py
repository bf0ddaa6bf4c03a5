"""The required courses of a class: who has done them, and who lacks those that are due soon."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from app.classes import queries as classes
from app.classes.queries import OfferRow
from app.classes.standing import StandingRow, lesson_worth
from app.courses import queries as courses
from app.courses.queries import CourseRow, LessonRow
from app.supervision.queries import ClassView, CourseProgress, LearnerRow
from app.viewing import queries as viewing

SOON_DAYS, OVER_DAYS = 14, 28
Seen = dict[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A course that is due soon, or was lately, and how many of the class have not done it."""

    course: CourseRow
    offer: OfferRow
    count: int


class Required:
    """The required courses of a class. Two queries; what is enough is reckoned once a unit and band."""

    def __init__(self, session: Session, view: ClassView) -> None:
        asked = classes.offers_for_class(session, view.row.id, view.day)
        asked = [offer for offer in asked if offer.requirement_class == "required"]
        self._session, self._view = session, view
        self._lessons = courses.lessons_of_courses(session, [offer.course_id for offer in asked])
        self._offers = [offer for offer in asked if self._lessons.get(offer.course_id)]
        self._enough: dict[tuple[int, str, str], int] = {}

    def fill(self, rows: Sequence[LearnerRow]) -> tuple[LearnerRow, ...]:
        """These learners with their required courses. One query; ask it for those who are shown."""
        seen = self._seen(rows, self._offers)
        return tuple(replace(row, required=self._of(row, self._offers, seen)) for row in rows)

    def course(self, code: str) -> CourseRow | None:
        """A required course by its code."""
        return next((offer.course for offer in self._offers if offer.course.code == code), None)

    def lacking(self, rows: Sequence[LearnerRow]) -> list[Lacking]:
        """Courses due within two weeks, or overdue for less than four, which some of these have not done; by day. One
        query, none where nothing is due: it reads no more of the class than those courses."""
        day = self._view.day
        near = (day - timedelta(days=OVER_DAYS), day + timedelta(days=SOON_DAYS))
        soon = [offer for offer in self._offers if offer.due is not None and near[0] <= offer.due <= near[1]]
        if not soon:
            return []
        seen = self._seen(rows, soon)
        short = {offer.offer_id: 0 for offer in soon}
        for row in rows:
            for found in self._of(row, soon, seen):
                short[found.offer.offer_id] += not found.done
        return [Lacking(offer.course, offer, short[offer.offer_id]) for offer in soon if short[offer.offer_id]]

    def _seen(self, rows: Sequence[LearnerRow], offers: Iterable[OfferRow]) -> Seen:
        versions = [lesson.media_version_id for offer in offers for lesson in self._lessons[offer.course_id]]
        return viewing.class_progress(self._session, [row.person.id for row in rows], versions)

    def _needed(self, course: CourseRow, lesson: LessonRow, standing: StandingRow) -> int:
        at = (lesson.id, standing.unit_code, standing.band)
        if at not in self._enough:
            worth = lesson_worth(self._view.book, self._view.day, course, lesson, "required", standing)
            self._enough[at] = lesson.length_ms if worth.at_least_ms is None else worth.at_least_ms
        return self._enough[at]

    def _of(self, row: LearnerRow, offers: Iterable[OfferRow], seen: Seen) -> tuple[CourseProgress, ...]:
        """One learner's courses, by due date."""
        result = []
        for offer in offers:
            course, lessons = offer.course, self._lessons[offer.course_id]
            counted = [seen.get((row.person.id, lesson.media_version_id), (0, 0))[0] for lesson in lessons]
            done = all(
                ms >= self._needed(course, lesson, row.standing) for ms, lesson in zip(counted, lessons, strict=True)
            )
            length = sum(lesson.length_ms for lesson in lessons)
            result.append(CourseProgress(course, offer, min(sum(counted), length), length, done))
        return tuple(result)


def with_required(session: Session, view: ClassView, rows: Sequence[LearnerRow]) -> tuple[LearnerRow, ...]:
    """These learners of a class with their required courses. Three queries; ask it for those who are shown."""
    return Required(session, view).fill(rows)
