"""People and units as SCIM shows them."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from scim2_models import Meta, Reference
from sqlalchemy import ColumnElement, Select, and_, exists, func, select, true
from sqlalchemy.orm import Session

from app.base.db import holds
from app.doors.scim.models import ScimMark
from app.doors.scim.resources import Email, Group, GroupMember, GroupMembership, PhoneNumber, User
from app.people import queries as people
from app.people.models import Person, Unit, UnitMembership

USER, GROUP = "user", "group"


@dataclass(frozen=True, slots=True)
class Reader:
    """How resources are read: on which day, and where they are found (`https://…/scim/v2`)."""

    session: Session
    day: date
    base: str


def gone(kind: str, target: Any) -> ColumnElement[bool]:
    """Is it gone for the identity system?"""
    return exists().where(ScimMark.kind == kind, ScimMark.target_id == target, ScimMark.gone_at.is_not(None))


_USERS = (
    select(
        Person.id, Person.key, Person.login, Person.name, Person.email, Person.phone, Person.disabled_at,
        Person.created_at, ScimMark.external_id, ScimMark.details,
    )
    .outerjoin(ScimMark, and_(ScimMark.kind == USER, ScimMark.target_id == Person.id))
    .where(ScimMark.gone_at.is_(None))
)  # fmt: skip
_GROUPS = (
    select(Unit.id, Unit.name, ScimMark.external_id)
    .outerjoin(ScimMark, and_(ScimMark.kind == GROUP, ScimMark.target_id == Unit.id))
    .where(ScimMark.gone_at.is_(None))
)


_GONE_UNITS = select(ScimMark.target_id).where(ScimMark.kind == GROUP, ScimMark.gone_at.is_not(None))


def _page(session: Session, wanted: Select[Any], order: Any, start: int, count: int) -> tuple[int, Sequence[Any]]:
    total = session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0
    rows = session.execute(wanted.order_by(order).offset(start).limit(count)).all() if count else []
    return total, rows


def users(
    reader: Reader, where: ColumnElement[bool] | None = None, start: int = 0, count: int = 1
) -> tuple[int, list[User]]:
    """How many there are, and some of them, in the order in which they came."""
    total, rows = _page(reader.session, _USERS.where(true() if where is None else where), Person.id, start, count)
    units = people.units_of(reader.session, [row.id for row in rows], reader.day)
    known = [each.id for each in units.values()]
    away = set(reader.session.scalars(_GONE_UNITS.where(ScimMark.target_id.in_(known))))
    shown = {person_id: each for person_id, each in units.items() if each.id not in away}
    return total, [_user(reader, row, shown.get(row.id)) for row in rows]


def user(reader: Reader, key: str) -> User | None:
    """By the opaque key."""
    return next(iter(users(reader, Person.key == key)[1]), None)


def _user(reader: Reader, row: Any, unit: people.UnitRow | None) -> User:
    told = json.loads(row.details or "{}")
    groups = []
    if unit is not None:
        place = Reference[Group](f"{reader.base}/Groups/{unit.id}")
        groups = [GroupMembership(value=str(unit.id), ref=place, display=unit.name)]
    made = User(
        id=row.key, user_name=row.login, display_name=row.name, active=row.disabled_at is None,
        external_id=row.external_id,
        emails=[Email(value=row.email, **told.get("email", {}))] if row.email else None,
        phone_numbers=[PhoneNumber(value=row.phone, **told.get("phone", {}))] if row.phone else None,
        groups=groups or None,
    )  # fmt: skip
    at = f"{reader.base}/Users/{row.key}"
    made.meta = Meta(resource_type="User", created=row.created_at, location=at, version=_version(made))
    return made


def groups(
    reader: Reader,
    where: ColumnElement[bool] | None = None,
    start: int = 0,
    count: int = 1,
    *,
    members: bool = True,
) -> tuple[int, list[Group]]:
    """How many there are, and some of them; without their members if these are not wanted."""
    total, rows = _page(reader.session, _GROUPS.where(true() if where is None else where), Unit.id, start, count)
    belonging = _members(reader, [row.id for row in rows]) if members else {}
    return total, [_group(reader, row, belonging.get(row.id, [])) for row in rows]


def is_number(text: str) -> bool:
    """May it be the number of a unit?"""
    return text.isascii() and text.isdigit() and len(text) <= 18


def group(reader: Reader, number: str) -> Group | None:
    """By the number of the unit."""
    if not is_number(number):
        return None
    return next(iter(groups(reader, Unit.id == int(number))[1]), None)


def _members(reader: Reader, unit_ids: Sequence[int]) -> dict[int, list[GroupMember]]:
    found: dict[int, list[GroupMember]] = defaultdict(list)
    rows = reader.session.execute(
        select(UnitMembership.unit_id, Person.key)
        .join(Person, Person.id == UnitMembership.person_id)
        .where(UnitMembership.unit_id.in_(unit_ids), holds(UnitMembership, reader.day), ~gone(USER, Person.id))
        .order_by(Person.id)
    )
    for row in rows:
        place = Reference[User](f"{reader.base}/Users/{row.key}")
        found[row.unit_id].append(GroupMember(value=row.key, ref=place))
    return found


def _group(reader: Reader, row: Any, belonging: list[GroupMember]) -> Group:
    made = Group(id=str(row.id), display_name=row.name, external_id=row.external_id, members=belonging or None)
    place = f"{reader.base}/Groups/{row.id}"
    made.meta = Meta(resource_type="Group", location=place, version=_version(made))
    return made


def _version(made: User | Group) -> str:
    told = json.dumps(made.model_dump(), sort_keys=True, default=str)
    return f'W/"{hashlib.sha256(told.encode()).hexdigest()[:20]}"'
