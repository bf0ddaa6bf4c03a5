"""Reads of the editor's pages that join courses and offers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import finding
from app.classes.models import CourseOffer, VirtualClass
from app.courses import queries as courses
from app.courses.queries import CourseRow


@dataclass(frozen=True, slots=True)
class ListedCourse:
    """A course in the editor's list: how many lessons, how long together (ms), how often it is offered."""

    course: CourseRow
    lessons: int
    length_ms: int
    offers: int


@dataclass(frozen=True, slots=True)
class EditorOffer:
    """An offer with its class's name; `class_name` None: to all."""

    id: int
    class_name: str | None
    class_name_en: str | None
    requirement_class: str
    since: date
    due: date | None


def listed(session: Session, wanted: str = "") -> list[ListedCourse]:
    """Courses whose title, lecturer, provider or code holds each word of `wanted`, in pinyin too; the newest first,
    the withdrawn last. 3 queries."""
    asked = finding.terms(wanted)
    rows = [row for row in courses.all_courses(session) if all(finding.fits(term, _said(row)) for term in asked)]
    ids = [row.id for row in rows]
    lessons = courses.lessons_of_courses(session, ids)
    offers = _offer_counts(session, ids)
    return [
        ListedCourse(
            row, len(lessons[row.id]), sum(lesson.length_ms for lesson in lessons[row.id]), offers.get(row.id, 0)
        )
        for row in rows
    ]


def _said(row: CourseRow) -> finding.Said:
    return finding.said((row.title, row.lecturer, row.provider_name), (row.title_en, row.lecturer_en, row.code))


def _offer_counts(session: Session, ids: Iterable[int]) -> dict[int, int]:
    found = session.execute(
        select(CourseOffer.course_id, func.count())
        .where(CourseOffer.course_id.in_(set(ids)), CourseOffer.withdrawn_at.is_(None))
        .group_by(CourseOffer.course_id)
    )
    return {row[0]: row[1] for row in found}


def offers(session: Session, course_id: int) -> list[EditorOffer]:
    """The offers of a course that hold, the one to all first."""
    found = session.execute(
        select(
            CourseOffer.id, VirtualClass.name, VirtualClass.name_en, CourseOffer.requirement_class,
            CourseOffer.since, CourseOffer.due,
        )
        .outerjoin(VirtualClass, VirtualClass.id == CourseOffer.class_id)
        .where(CourseOffer.course_id == course_id, CourseOffer.withdrawn_at.is_(None))
        .order_by(CourseOffer.class_id.is_not(None), VirtualClass.code)
    )  # fmt: skip
    return [EditorOffer(*row) for row in found]
