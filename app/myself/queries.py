"""Reads of the own page: what the academy knows of somebody, with its dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.classes.models import ClassMembership, VirtualClass
from app.people import queries as people
from app.people import roles_queries
from app.people.models import Person, Unit, UnitMembership
from app.people.roles_queries import Appointment

_UNITS = (
    select(Unit.name, Unit.name_en, UnitMembership.since, UnitMembership.until, UnitMembership.band)
    .join(Unit, Unit.id == UnitMembership.unit_id)
    .where(UnitMembership.person_id == bindparam("person"))
    .order_by(UnitMembership.since.desc(), UnitMembership.id.desc())
)
_CLASSES = (
    select(VirtualClass.name, VirtualClass.name_en, ClassMembership.since, ClassMembership.until)
    .join(VirtualClass, VirtualClass.id == ClassMembership.class_id)
    .where(ClassMembership.person_id == bindparam("person"))
    .order_by(ClassMembership.since.desc(), ClassMembership.id.desc())
)
_PERSON = select(Person.name, Person.login, Person.key_trainee, Person.created_at).where(Person.id == bindparam("one"))


@dataclass(frozen=True, slots=True)
class Stay:
    """A time in a unit or a class; `until` is the first day no longer."""

    name: str
    name_en: str
    since: date
    until: date | None
    band: str = ""

    def holds(self, day: date) -> bool:
        """Does it hold on a day?"""
        return self.since <= day and (self.until is None or self.until > day)


@dataclass(frozen=True, slots=True)
class Duty:
    """A role as its holder sees it: `place` and `place_en` are the class or the unit it is for, "" for none."""

    role: str
    scope_kind: str
    place: str
    place_en: str
    since: date
    until: date | None
    state: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the academy knows of a person."""

    name: str
    login: str
    key_trainee: bool
    created_at: datetime
    phone: str
    email: str
    units: list[Stay]
    classes: list[Stay]
    duties: list[Duty]

    def unit(self, day: date) -> Stay | None:
        """The unit of a day."""
        return next((each for each in self.units if each.holds(day)), None)


def known(session: Session, person_id: int, day: date) -> Known:
    """All of it: a handful of queries, however long somebody has been here."""
    name, login, key_trainee, created_at = session.execute(_PERSON, {"one": person_id}).one()
    reached = people.profile(session, person_id)
    return Known(
        name, login, key_trainee, created_at, reached.masked_phone, reached.email,
        [Stay(*row) for row in session.execute(_UNITS, {"person": person_id})],
        [Stay(*row) for row in session.execute(_CLASSES, {"person": person_id})],
        _duties(session, roles_queries.of_person(session, person_id), day),
    )  # fmt: skip


def _duties(session: Session, held: list[Appointment], day: date) -> list[Duty]:
    names = {
        "unit": roles_queries.unit_names(session, [e.scope_id for e in held if e.scope_kind == "unit" and e.scope_id]),
        "class": _class_names(session, [e.scope_id for e in held if e.scope_kind == "class" and e.scope_id]),
    }
    found = []
    for each in held:
        _code, name, name_en = names.get(each.scope_kind, {}).get(each.scope_id or 0, ("", "", ""))
        found.append(Duty(each.role, each.scope_kind, name, name_en, each.since, each.until, each.state(day)))
    return found


def _class_names(session: Session, class_ids: list[int]) -> dict[int, tuple[str, str, str]]:
    if not class_ids:
        return {}
    wanted = select(VirtualClass.id, VirtualClass.code, VirtualClass.name, VirtualClass.name_en)
    rows = session.execute(wanted.where(VirtualClass.id.in_(class_ids)))
    return {row.id: (row.code, row.name, row.name_en) for row in rows}
