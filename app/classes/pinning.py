"""People who stay in a class whatever the rules say; and how it stands with classes and rules now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, exists, false, func, or_, select
from sqlalchemy.orm import Session

from app.base import audit
from app.base.db import holds
from app.base.errors import BadInput, NotFound
from app.classes import service
from app.classes.models import ClassMembership, VirtualClass
from app.people.models import Person, RoleGrant, Unit, UnitMembership

MOST_FOUND = 20
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Member:
    """A learner with unit and class; texts are empty where there is none."""

    key: str
    login: str
    name: str
    unit: str
    unit_en: str
    class_code: str
    class_name: str
    class_name_en: str
    pinned: bool


_DAY: BindParameter[date] = bindparam("day")
_LEARNS: ColumnElement[bool] = exists().where(
    RoleGrant.person_id == Person.id, RoleGrant.role == "learner", holds(RoleGrant, _DAY)
)
_OPEN = and_(ClassMembership.person_id == Person.id, ClassMembership.until.is_(None))
_MEMBERS = (
    select(
        Person.key, Person.login, Person.name, func.coalesce(Unit.name, ""), func.coalesce(Unit.name_en, ""),
        func.coalesce(VirtualClass.code, ""), func.coalesce(VirtualClass.name, ""),
        func.coalesce(VirtualClass.name_en, ""), func.coalesce(ClassMembership.pinned, false()),
    )
    .outerjoin(UnitMembership, and_(UnitMembership.person_id == Person.id, holds(UnitMembership, _DAY)))
    .outerjoin(Unit, Unit.id == UnitMembership.unit_id)
    .outerjoin(ClassMembership, _OPEN)
    .outerjoin(VirtualClass, VirtualClass.id == ClassMembership.class_id)
    .where(Person.disabled_at.is_(None))
    .order_by(Person.login)
)  # fmt: skip
_PINNED = _MEMBERS.where(ClassMembership.pinned).limit(MOST_SHOWN)
_WITHOUT = select(func.count()).select_from(Person).where(Person.disabled_at.is_(None), _LEARNS, ~exists().where(_OPEN))
_SIZES = (
    select(ClassMembership.class_id, func.count())
    .where(ClassMembership.until.is_(None))
    .group_by(ClassMembership.class_id)
)
_BANDS = select(UnitMembership.band).where(UnitMembership.until.is_(None)).distinct()


def find(session: Session, asked: str, day: date) -> list[Member]:
    """Learners whose staff number begins so, or whose name has these characters; the first twenty."""
    asked = asked.strip()[:60]
    if not asked:
        return []
    named = or_(Person.login.startswith(asked.lower(), autoescape=True), Person.name.contains(asked, autoescape=True))
    return _members(session, _MEMBERS.where(named, _LEARNS).limit(MOST_FOUND), day)


def pinned(session: Session, day: date) -> list[Member]:
    """Who is pinned, by staff number; two hundred at most."""
    return _members(session, _PINNED, day)


def _members(session: Session, wanted: Select[Any], day: date) -> list[Member]:
    rows = session.execute(wanted, {"day": day})
    return [Member(*row) for row in rows]


def sizes(session: Session) -> dict[int, int]:
    """How many are in each class; empty ones are missing."""
    return {row[0]: row[1] for row in session.execute(_SIZES)}


def without_class(session: Session, day: date) -> int:
    """How many learners are in no class."""
    return session.scalar(_WITHOUT, {"day": day}) or 0


def bands(session: Session) -> list[str]:
    """Every rank that somebody holds now."""
    return sorted(session.scalars(_BANDS))


def pin(session: Session, person_key: str, class_code: str, day: date, actor_id: int) -> None:
    """Into a class, and to stay there; who is elsewhere moves today."""
    person, membership = _person(session, person_key)
    group = session.scalar(select(VirtualClass).where(VirtualClass.code == class_code))
    if group is None or group.closed_on is not None:
        raise BadInput(_("Choose a class."), "class")
    if not session.scalar(select(_LEARNS.label("learns")).where(Person.id == person.id), {"day": day}):
        raise BadInput(_("Only a learner can be in a class."), "class")
    if membership is None or membership.class_id != group.id:
        membership = service.enrol(session, person.id, group.id, day, actor_id)
    if membership.pinned:
        return
    membership.pinned = True
    session.flush()
    audit.record(session, actor_id, "class.pin", f"person:{person.key}", group=group.code)


def release(session: Session, person_key: str, actor_id: int) -> None:
    """The rules hold for this person again. Nobody moves before the classes are put in order."""
    person, membership = _person(session, person_key)
    if membership is None or not membership.pinned:
        return
    membership.pinned = False
    session.flush()
    code = session.scalar(select(VirtualClass.code).where(VirtualClass.id == membership.class_id))
    audit.record(session, actor_id, "class.unpin", f"person:{person.key}", group=code)


def _person(session: Session, key: str) -> tuple[Person, ClassMembership | None]:
    person = session.scalar(select(Person).where(Person.key == key))
    if person is None or person.disabled_at is not None:
        raise NotFound(_("There is no such person."))
    wanted = select(ClassMembership).where(ClassMembership.person_id == person.id, ClassMembership.until.is_(None))
    return person, session.scalar(wanted)
