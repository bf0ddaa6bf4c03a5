"""Where a learner stands on a day (class, unit, band), and what a lesson is therefore worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from app.base.db import holds
from app.classes.models import ClassMembership, VirtualClass
from app.courses.queries import CourseRow, LessonRow
from app.people.models import Person, Unit, UnitMembership
from app.rules.credit.book import RuleBook
from app.rules.credit.marks import Worth, worth


@dataclass(frozen=True, slots=True)
class StandingRow:
    """Empty texts where there is none."""

    class_code: str
    class_name: str
    class_name_en: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    band: str


_DAY: BindParameter[date] = bindparam("day")
# Of one person, with columns that others may add to.
STANDING = (
    select(
        VirtualClass.code, VirtualClass.name, VirtualClass.name_en, Unit.code, Unit.name, Unit.name_en,
        UnitMembership.band,
    )
    .select_from(Person)
    .outerjoin(
        ClassMembership,
        (ClassMembership.person_id == Person.id) & holds(ClassMembership, _DAY),
    )
    .outerjoin(VirtualClass, VirtualClass.id == ClassMembership.class_id)
    .outerjoin(
        UnitMembership,
        (UnitMembership.person_id == Person.id) & holds(UnitMembership, _DAY),
    )
    .outerjoin(Unit, Unit.id == UnitMembership.unit_id)
    .where(Person.id == bindparam("person"))
)  # fmt: skip


def standing_of(session: Session, person_id: int, day: date) -> StandingRow:
    """Class, unit and band of a person on a day. One query."""
    row = session.execute(STANDING, {"person": person_id, "day": day}).first()
    return StandingRow(*(text or "" for text in (row or [""] * 7)))


def lesson_facts(course: CourseRow, requirement: str, standing: StandingRow) -> dict[str, str]:
    """What the evidence of a lesson of this course says to rules of whoever stands there; without the lesson's own."""
    return {
        "provider": course.provider_code,
        "category": course.category,
        "subject_bucket": course.subject_bucket,
        "requirement_class": requirement,
        "unit": standing.unit_code,
        "band": standing.band,
        "class": standing.class_code,
    }


def lesson_worth(
    book: RuleBook | None, day: date, course: CourseRow, lesson: LessonRow, requirement: str, standing: StandingRow
) -> Worth:
    """What a lesson gives to somebody who stands there, before repeats and caps; nothing without rules."""
    if book is None:
        return Worth((), None)
    return worth(book, day, lesson_facts(course, requirement, standing), lesson.length_ms)
