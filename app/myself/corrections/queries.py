"""Reads of corrections: one's own, and those that somebody decides. Every read of the desk takes its scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.base import clock
from app.base.db import holds
from app.myself.corrections.models import Correction
from app.people.models import Person, RoleGrant, Unit, UnitMembership
from app.rules.access import Scope

PAGE = 50
OPEN = "open"


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """What somebody asked for. `decided_by` is a name, "" while nobody has; `unit` the person's today."""

    id: int
    key: str
    field: str
    was: str
    wanted: str
    reason: str
    state: str
    asked_at: datetime
    decided_at: datetime | None
    answer: str
    decided_by: str
    person_id: int
    person_key: str
    name: str
    login: str
    unit_id: int | None
    unit: str
    unit_en: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the desk's list; how many wait and how many are decided."""

    rows: list[CorrectionRow]
    page: int
    pages: int
    waiting: int
    decided: int


_DECIDER = aliased(Person)


def _rows(day: date) -> Select[Any]:
    belongs = and_(UnitMembership.person_id == Person.id, holds(UnitMembership, day))
    return (
        select(
            Correction.id, Correction.key, Correction.field, Correction.was, Correction.wanted, Correction.reason,
            Correction.state, Correction.asked_at, Correction.decided_at, Correction.answer,
            func.coalesce(_DECIDER.name, ""), Person.id, Person.key, Person.name, Person.login,
            Unit.id, func.coalesce(Unit.name, ""), func.coalesce(Unit.name_en, ""),
        )
        .join(Person, Person.id == Correction.person_id)
        .outerjoin(_DECIDER, _DECIDER.id == Correction.decided_by)
        .outerjoin(UnitMembership, belongs)
        .outerjoin(Unit, Unit.id == UnitMembership.unit_id)
    )  # fmt: skip


def of_person(session: Session, person_id: int, day: date, most: int = 20) -> list[CorrectionRow]:
    """One's own, the latest first."""
    wanted = _rows(day).where(Correction.person_id == person_id).order_by(Correction.id.desc()).limit(most)
    return [CorrectionRow(*row) for row in session.execute(wanted)]


def own(session: Session, person_id: int, key: str, day: date) -> CorrectionRow | None:
    """One of one's own."""
    wanted = _rows(day).where(Correction.person_id == person_id, Correction.key == key)
    row = session.execute(wanted).one_or_none()
    return None if row is None else CorrectionRow(*row)


def is_staff(day: date) -> ColumnElement[bool]:
    """Holds a role beyond learning, today or later: only somebody for the whole academy changes what such a person
    signs in with."""
    lasts = or_(RoleGrant.until.is_(None), RoleGrant.until > day)
    return Person.id.in_(select(RoleGrant.person_id).where(RoleGrant.role != "learner", lasts))


def _within(scope: Scope, day: date) -> list[ColumnElement[bool]]:
    """Whose corrections a scope reaches: everybody's, or those of learners who belong to its units today."""
    if scope.everything:
        return []
    if not scope.unit_ids:
        return [false()]
    members = select(UnitMembership.person_id).where(
        UnitMembership.unit_id.in_(scope.unit_ids), holds(UnitMembership, day)
    )
    return [Person.id.in_(members), ~is_staff(day)]


def _in_state(*, waiting: bool) -> list[ColumnElement[bool]]:
    if waiting:  # of a closed account nothing waits
        return [Correction.state == OPEN, Person.disabled_at.is_(None)]
    return [Correction.state.in_(("accepted", "handed_on", "declined"))]


def _count(scope: Scope, session: Session, day: date, *, waiting: bool) -> int:
    counting = select(func.count()).select_from(Correction).join(Person, Person.id == Correction.person_id)
    return session.scalar(counting.where(*_within(scope, day), *_in_state(waiting=waiting))) or 0


def listing(scope: Scope, session: Session, day: date, *, waiting: bool, page: int) -> Listing:
    """What waits, the longest first, or what was decided, the latest first. Three queries."""
    counts = {each: _count(scope, session, day, waiting=each) for each in (True, False)}
    pages = max(1, -(-counts[waiting] // PAGE))
    page = min(max(1, page), pages)
    order = (Correction.id,) if waiting else (Correction.decided_at.desc(), Correction.id.desc())
    wanted = _rows(day).where(*_within(scope, day), *_in_state(waiting=waiting)).order_by(*order)
    rows = session.execute(wanted.limit(PAGE).offset((page - 1) * PAGE))
    return Listing([CorrectionRow(*row) for row in rows], page, pages, counts[True], counts[False])


def one(scope: Scope, session: Session, key: str, day: date) -> CorrectionRow | None:
    """One of those whom the scope reaches; what was withdrawn is nobody else's business any more."""
    wanted = _rows(day).where(Correction.key == key, Correction.state != "withdrawn", *_within(scope, day))
    row = session.execute(wanted).one_or_none()
    return None if row is None else CorrectionRow(*row)


def open_fields(session: Session, person_id: int) -> set[str]:
    """For which fields somebody waits for a decision."""
    mine = (Correction.person_id == person_id, Correction.state == OPEN)
    return set(session.scalars(select(Correction.field).where(*mine)))


def asked_lately(session: Session, person_id: int) -> int:
    """How often somebody has asked within a day."""
    since = clock.now() - timedelta(days=1)
    mine = (Correction.person_id == person_id, Correction.asked_at > since)
    return session.scalar(select(func.count()).select_from(Correction).where(*mine)) or 0


def others_with(session: Session, person_id: int, field: str, value: str) -> bool:
    """Does another open account have this telephone number or address? Then it signs in neither."""
    if field not in ("phone", "email"):
        return False
    column: Any = Person.phone if field == "phone" else Person.email
    wanted = select(Person.id).where(column == value, Person.id != person_id, Person.disabled_at.is_(None))
    return session.scalar(wanted.limit(1)) is not None


def staff_among(session: Session, person_id: int, day: date) -> bool:
    """Does somebody hold a role beyond learning, today or later?"""
    found: Sequence[int] = session.scalars(select(Person.id).where(Person.id == person_id, is_staff(day))).all()
    return bool(found)
