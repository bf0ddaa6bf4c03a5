"""Reads of appointments: who holds which role, for what, from when until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from app.base import clock
from app.base.db import holds
from app.people.models import Person, RoleGrant, Unit
from app.people.queries import PERSON, PersonRow
from app.rules.access import MUST_PROVE_TWICE, SEPARATED


@dataclass(frozen=True, slots=True)
class Appointment:
    """A role of a person. `until` is the first day no longer; `instead_of` the name whose place is taken, or ""."""

    id: int
    person: PersonRow
    role: str
    scope_kind: str
    scope_id: int | None
    since: date
    until: date | None
    instead_of: str

    def state(self, day: date) -> str:
        """coming, holds or over on a day."""
        if self.until is not None and self.until <= day:
            return "over"
        return "coming" if self.since > day else "holds"


@dataclass(frozen=True, slots=True)
class UnitNode:
    """A unit in the tree; `depth` 0 is a root."""

    id: int
    code: str
    name: str
    name_en: str
    depth: int


_STOOD = aliased(Person)
_APPOINTMENTS = (
    select(
        RoleGrant.id, RoleGrant.role, RoleGrant.scope_kind, RoleGrant.scope_id, RoleGrant.since, RoleGrant.until,
        _STOOD.name, *PERSON,
    )
    .join(Person, Person.id == RoleGrant.person_id)
    .outerjoin(_STOOD, _STOOD.id == RoleGrant.stands_in_for)
)  # fmt: skip
_OF_PERSON = _APPOINTMENTS.where(RoleGrant.person_id == bindparam("person")).order_by(
    RoleGrant.since.desc(), RoleGrant.id.desc()
)
_OF_PLACES = _APPOINTMENTS.where(
    RoleGrant.scope_kind == bindparam("kind"),
    RoleGrant.scope_id.in_(bindparam("ids", expanding=True)),
    holds(RoleGrant, bindparam("day")),
    Person.disabled_at.is_(None),
).order_by(RoleGrant.role, RoleGrant.stands_in_for.is_not(None), RoleGrant.since, RoleGrant.id)
_LISTED = _APPOINTMENTS.where(
    RoleGrant.role.in_(bindparam("roles", expanding=True)),
    or_(RoleGrant.until.is_(None), RoleGrant.until > bindparam("day")),
).order_by(RoleGrant.role, Person.name_pinyin, RoleGrant.id)


def _rows(session: Session, wanted: Select[Any], **given: object) -> list[Appointment]:
    return [
        Appointment(row[0], PersonRow(*row[7:]), row[1], row[2], row[3], row[4], row[5], row[6] or "")
        for row in session.execute(wanted, given)
    ]


def of_person(session: Session, person_id: int) -> list[Appointment]:
    """All of a person's, those that are over too, the latest first."""
    return _rows(session, _OF_PERSON, person=person_id)


def listed(session: Session, roles: Collection[str], day: date, most: int) -> list[Appointment]:
    """Those of some roles that hold on a day or are to come, by role and name."""
    return _rows(session, _LISTED.limit(most), roles=sorted(roles), day=day)


def of_class(session: Session, class_id: int, day: date) -> list[Appointment]:
    """Who looks after a class on a day."""
    return _rows(session, _OF_PLACES, kind="class", ids=[class_id], day=day)


def of_unit(session: Session, unit_id: int, day: date) -> list[Appointment]:
    """Who looks after a unit on a day: appointed for it, or for one that it stands below."""
    return _rows(session, _OF_PLACES, kind="unit", ids=[unit_id, *units_above(session, unit_id)], day=day)


def is_separated(session: Session, person_id: int) -> bool:
    """Is somebody one of the three separated administrators, or will be?"""
    yesterday = clock.now().date() - timedelta(days=1)  # over everywhere on earth
    return session.scalar(select(separated(yesterday).where(RoleGrant.person_id == person_id).exists())) or False


def is_guarded(session: Session, person_id: int) -> bool:
    """Is somebody an administrator, or will be: one whose account nothing from outside takes over or closes?"""
    yesterday = clock.now().date() - timedelta(days=1)  # over everywhere on earth
    held = select(RoleGrant.id).where(
        RoleGrant.person_id == person_id, RoleGrant.role.in_(sorted(MUST_PROVE_TWICE)),
        or_(RoleGrant.until.is_(None), RoleGrant.until > yesterday),
    )  # fmt: skip
    return session.scalar(select(held.exists())) or False


def separated(day: date) -> Select[Any]:
    """The ids of those who are one of the three on a day, or will be."""
    lasts = or_(RoleGrant.until.is_(None), RoleGrant.until > day)
    return select(RoleGrant.person_id).where(RoleGrant.role.in_(SEPARATED), lasts)


def units_above(session: Session, unit_id: int) -> list[int]:
    """The units that a unit stands below, the nearest first."""
    parents = {row.id: row.parent_id for row in session.execute(select(Unit.id, Unit.parent_id))}
    found: list[int] = []
    above = parents.get(unit_id)
    while above is not None and above not in found:
        found.append(above)
        above = parents.get(above)
    return found


def unit_tree(session: Session) -> list[UnitNode]:
    """All units that are not closed, each after the one that it stands below; beside each other by code."""
    there = select(Unit.id, Unit.parent_id, Unit.code, Unit.name, Unit.name_en).where(Unit.closed_on.is_(None))
    rows = session.execute(there.order_by(Unit.code))
    below: dict[int | None, list[Any]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    found: list[UnitNode] = []
    waiting = [(row, 0) for row in reversed(below.get(None, []))]
    while waiting:
        row, depth = waiting.pop()
        found.append(UnitNode(row.id, row.code, row.name, row.name_en, depth))
        waiting += [(each, depth + 1) for each in reversed(below.get(row.id, []))]
    return found


def unit_names(session: Session, unit_ids: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """By unit: code, name, name in English."""
    wanted: Sequence[int] = sorted(set(unit_ids))
    rows = session.execute(select(Unit.id, Unit.code, Unit.name, Unit.name_en).where(Unit.id.in_(wanted)))
    return {row.id: (row.code, row.name, row.name_en) for row in rows}
