"""Reads of virtual classes, who is in them, and what is offered to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from app.base.db import holds
from app.classes.models import ClassMembership, CourseOffer, VirtualClass
from app.courses.models import Course, Provider
from app.courses.queries import COURSE, CourseRow
from app.people.models import Person
from app.people.queries import PERSON, PersonRow
from app.rules.access import Scope


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A virtual class."""

    id: int
    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """What is offered; `class_id` None: to all. `due` is the last day, if there is one."""

    offer_id: int
    course_id: int
    class_id: int | None
    requirement_class: str
    since: date
    due: date | None
    course: CourseRow


_DAY: BindParameter[date] = bindparam("day")
_PERSON: BindParameter[int] = bindparam("person")
_COURSE: BindParameter[int] = bindparam("course")
_CLASS: BindParameter[int] = bindparam("class_")


_CLASS_OF = (
    select(VirtualClass.id, VirtualClass.code, VirtualClass.name, VirtualClass.name_en)
    .join(ClassMembership, ClassMembership.class_id == VirtualClass.id)
    .where(ClassMembership.person_id == _PERSON, holds(ClassMembership, _DAY))
    .order_by(ClassMembership.since.desc())
)
_OFFERS = (
    select(
        CourseOffer.id, CourseOffer.course_id, CourseOffer.class_id, CourseOffer.requirement_class,
        CourseOffer.since, CourseOffer.due, *COURSE,
    )
    .join(Course, Course.id == CourseOffer.course_id)
    .join(Provider, Provider.id == Course.provider_id)
    .where(CourseOffer.withdrawn_at.is_(None), CourseOffer.since <= _DAY, Course.withdrawn_at.is_(None))
)  # fmt: skip
_MINE = select(ClassMembership.class_id).where(ClassMembership.person_id == _PERSON, holds(ClassMembership, _DAY))
_TO_LEARNER = _OFFERS.where(or_(CourseOffer.class_id.in_(_MINE), CourseOffer.class_id.is_(None) & _MINE.exists()))
_ONE_TO_LEARNER = _TO_LEARNER.where(CourseOffer.course_id == _COURSE)
_TO_CLASS = _OFFERS.where(or_(CourseOffer.class_id == _CLASS, CourseOffer.class_id.is_(None)))
_TO_ALL = _OFFERS.where(CourseOffer.class_id.is_(None))
_OF_COURSE = _OFFERS.where(CourseOffer.course_id == _COURSE)


def class_of(session: Session, person_id: int, day: date) -> ClassRow | None:
    """The class of a person on a day."""
    row = session.execute(_CLASS_OF, {"person": person_id, "day": day}).first()
    return None if row is None else ClassRow(*row)


def _offers(session: Session, wanted: Select[Any], **given: object) -> list[OfferRow]:
    return [
        OfferRow(row[0], row[1], row[2], row[3], row[4], row[5], CourseRow(*row[6:]))
        for row in session.execute(wanted, given)
    ]


def _one_each(offers: list[OfferRow]) -> list[OfferRow]:
    """One offer a course: the class's own before the one to all; required first, then by due date."""
    best: dict[int, OfferRow] = {}

    def rank(offer: OfferRow) -> tuple[bool, bool, int]:
        return offer.class_id is None, offer.requirement_class != "required", offer.offer_id

    for offer in sorted(offers, key=rank):
        best.setdefault(offer.course_id, offer)
    return sorted(
        best.values(),
        key=lambda o: (o.requirement_class != "required", o.due or date.max, o.course_id),
    )


def offers_for_learner(session: Session, person_id: int, day: date) -> list[OfferRow]:
    """What a learner may study on a day, required first, then by due date. Outside a class: nothing."""
    return _one_each(_offers(session, _TO_LEARNER, person=person_id, day=day))


def offer_of(session: Session, person_id: int, course_id: int, day: date) -> OfferRow | None:
    """The offer by which a learner may open a course on a day."""
    found = _one_each(_offers(session, _ONE_TO_LEARNER, person=person_id, day=day, course=course_id))
    return found[0] if found else None


def learners_offered(course_id: int, day: date) -> Select[tuple[int]]:
    """The ids of those who may study a course on a day, as a subquery."""
    open_ = (CourseOffer.course_id == course_id, CourseOffer.withdrawn_at.is_(None), CourseOffer.since <= day)
    return (
        select(ClassMembership.person_id)
        .join(CourseOffer, or_(CourseOffer.class_id == ClassMembership.class_id, CourseOffer.class_id.is_(None)))
        .where(*open_, holds(ClassMembership, day))
    )


def offers_for_class(session: Session, class_id: int, day: date) -> list[OfferRow]:
    """What everybody in a class may study on a day."""
    return _one_each(_offers(session, _TO_CLASS, class_=class_id, day=day))


def offers_to_all(session: Session, day: date) -> list[OfferRow]:
    """What everybody who is in a class may study on a day, whichever it is."""
    return _one_each(_offers(session, _TO_ALL, day=day))


def offers_of_course(session: Session, course_id: int) -> list[OfferRow]:
    """All offers of a course that are not withdrawn, also those that begin later."""
    return sorted(
        _offers(session, _OF_COURSE, course=course_id, day=date.max),
        key=lambda o: (o.class_id is not None, o.class_id or 0),
    )


def classes(session: Session) -> list[ClassRow]:
    """All classes that are not closed, by code."""
    rows = session.execute(
        select(VirtualClass.id, VirtualClass.code, VirtualClass.name, VirtualClass.name_en)
        .where(VirtualClass.closed_on.is_(None))
        .order_by(VirtualClass.code)
    )
    return [ClassRow(*row) for row in rows]


def classes_in(scope: Scope, session: Session) -> list[ClassRow]:
    """The classes that a member of staff may see and that are not closed, by code."""
    return [row for row in classes(session) if scope.sees_class(row.id)]


def class_by_code(scope: Scope, session: Session, code: str) -> ClassRow | None:
    """A class by code, if it exists and may be seen."""
    row = session.execute(
        select(VirtualClass.id, VirtualClass.code, VirtualClass.name, VirtualClass.name_en).where(
            VirtualClass.code == code
        )
    ).one_or_none()
    return None if row is None or not scope.sees_class(row[0]) else ClassRow(*row)


def members(session: Session, class_id: int, day: date) -> list[PersonRow]:
    """Who is in a class on a day, by name in pinyin; disabled accounts too."""
    rows = session.execute(
        select(*PERSON)
        .join(ClassMembership, ClassMembership.person_id == Person.id)
        .where(ClassMembership.class_id == class_id, holds(ClassMembership, day))
        .order_by(Person.name_pinyin, Person.id)
    )
    return [PersonRow(*row) for row in rows]


def sizes(session: Session, class_ids: Sequence[int], day: date) -> dict[int, int]:
    """How many learners each class has on a day; empty classes are missing."""
    found: dict[int, int] = {}
    wanted = select(ClassMembership.class_id).where(
        ClassMembership.class_id.in_(class_ids), holds(ClassMembership, day)
    )
    rows = session.scalars(wanted)
    for class_id in rows:
        found[class_id] = found.get(class_id, 0) + 1
    return found


def hold_memberships(session: Session, person_id: int) -> None:
    """Keep a person's memberships as they are until this transaction ends."""
    session.execute(select(ClassMembership.id).where(ClassMembership.person_id == person_id).with_for_update(read=True))


def hold_offers(session: Session, course_id: int) -> None:
    """Keep a course's offers as they are until this transaction ends."""
    session.execute(select(CourseOffer.id).where(CourseOffer.course_id == course_id).with_for_update(read=True))
