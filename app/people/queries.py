"""Reads of units and persons.

Statements are built once: building one costs ten times as much as running it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, literal, or_, select
from sqlalchemy.orm import Session

from app.base.db import holds
from app.people.identifiers import forms
from app.people.models import Credential, LoginSession, Person, RoleGrant, SecondFactor, Unit, UnitMembership
from app.rules.access import TABLE, Grant


@dataclass(frozen=True, slots=True)
class UnitRow:
    """The unit of a person on a day, and the rank band held there."""

    id: int
    code: str
    name: str
    name_en: str
    band: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Who somebody is, for a page."""

    id: int
    key: str
    login: str
    name: str
    name_pinyin: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What judging a password needs; nothing of it for an identifier that is nobody's, or several people's."""

    person_id: int | None
    password_hash: str | None
    disabled: bool
    login: str = ""
    changed_at: datetime | None = None
    second_factor: bool = False


NOBODY = Known(None, None, False)


@dataclass(frozen=True, slots=True)
class SignInRow:
    """One sign-in that still holds."""

    id: int
    device: str
    address: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it is: the person, the sign-in, the grants of the day, and how much waits for the person
    (`count_waiting`)."""

    person_id: int
    key: str
    login: str
    name: str
    locale: str
    session_id: int
    created_at: datetime
    seen_at: datetime
    grants: tuple[Grant, ...]
    waiting: int
    password_since: datetime | None = None
    second_factor: bool = False
    proved_twice: bool = False


# (top, unit): each of some units with itself and all below. UNION, not UNION ALL: it ends where units stand in a ring.
_TREE = (
    select(Unit.id.label("top"), Unit.id.label("unit"))
    .where(Unit.id.in_(bindparam("tops", expanding=True)))
    .cte("tree", recursive=True)
)
_TREE = _TREE.union(select(_TREE.c.top, Unit.id).join(Unit, Unit.parent_id == _TREE.c.unit))
_BELOW = select(_TREE.c.top, _TREE.c.unit)
_UNITS = (
    select(UnitMembership.person_id, Unit.id, Unit.code, Unit.name, Unit.name_en, UnitMembership.band)
    .join(Unit, Unit.id == UnitMembership.unit_id)
    .where(
        UnitMembership.person_id.in_(bindparam("persons", expanding=True)),
        holds(UnitMembership, bindparam("day")),
    )
)


def units_of(session: Session, person_ids: Sequence[int], day: date) -> dict[int, UnitRow]:
    """By person: the unit on a day; those without one are missing."""
    rows = session.execute(_UNITS, {"persons": list(person_ids), "day": day})
    return {row[0]: UnitRow(*row[1:]) for row in rows}


@dataclass(frozen=True, slots=True)
class Profile:
    """How somebody may be reached, as they see it themselves."""

    phone: str
    email: str

    @property
    def masked_phone(self) -> str:
        """Enough to recognise one's own number, on a screen that others may see."""
        return f"{self.phone[:3]}****{self.phone[-4:]}" if len(self.phone) >= 9 else self.phone


def profile(session: Session, person_id: int) -> Profile:
    """Of one's own account."""
    row = session.execute(select(Person.phone, Person.email).where(Person.id == person_id)).one()
    return Profile(row.phone or "", row.email or "")


def unit_of(session: Session, person_id: int, day: date) -> UnitRow | None:
    """The unit of one person on a day."""
    return units_of(session, [person_id], day).get(person_id)


PERSON = (
    Person.id,
    Person.key,
    Person.login,
    Person.name,
    Person.name_pinyin,
    Person.disabled_at.is_not(None),
)


def _persons(session: Session, where: ColumnElement[bool]) -> list[PersonRow]:
    return [PersonRow(*row) for row in session.execute(select(*PERSON).where(where))]


def person_by_key(session: Session, key: str) -> PersonRow | None:
    """By the opaque key that addresses carry."""
    return next(iter(_persons(session, Person.key == key)), None)


def person_by_login(session: Session, login: str) -> PersonRow | None:
    """By login, in its stored form (small letters)."""
    return next(iter(_persons(session, Person.login == login)), None)


_KNOWN = (
    select(
        Person.id, Credential.password_hash, Person.disabled_at.is_not(None), Person.login, Credential.changed_at,
        SecondFactor.confirmed_at.is_not(None),
    )
    .outerjoin(Credential, Credential.person_id == Person.id)
    .outerjoin(SecondFactor, SecondFactor.person_id == Person.id)
)  # fmt: skip
_BY_IDENTIFIER = _KNOWN.where(
    or_(
        Person.login == bindparam("login"), Person.login == bindparam("phone"), Person.phone == bindparam("phone"),
        Person.email == bindparam("email"),
    )
)  # fmt: skip
_BY_ID = _KNOWN.where(Person.id == bindparam("person"))


def known(session: Session, typed: str) -> Known:
    """Whose staff number, telephone number or e-mail address it is, however it was written.

    A staff number is its owner's, whoever else has it for a telephone number: it always leads in. A number or address
    that several enabled accounts share is nobody's.
    """
    found = forms(typed)
    given = {"login": found.login, "phone": found.phone, "email": found.email}
    rows = [
        Known(*row) for row in session.execute(_BY_IDENTIFIER, {name: text or None for name, text in given.items()})
    ]
    enabled = [row for row in rows if not row.disabled]
    own = [row for row in enabled if row.login == found.login]
    if own:
        return own[0]
    if enabled:
        return enabled[0] if len(enabled) == 1 else NOBODY
    return rows[0] if len(rows) == 1 else NOBODY


def known_by_id(session: Session, person_id: int) -> Known:
    """The same of a person who is known otherwise."""
    row = session.execute(_BY_ID, {"person": person_id}).one_or_none()
    return NOBODY if row is None else Known(*row)


_NAMES = select(Person.id, Person.name).where(Person.id.in_(bindparam("persons", expanding=True)))
_HOLDERS = (
    select(RoleGrant.person_id)
    .join(Person, Person.id == RoleGrant.person_id)
    .where(
        RoleGrant.role.in_(bindparam("roles", expanding=True)),
        RoleGrant.scope_kind == "academy",
        Person.disabled_at.is_(None),
        holds(RoleGrant, bindparam("day")),
    )
)


def names_of(session: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """By person: the name."""
    rows = session.execute(_NAMES, {"persons": sorted(set(person_ids))})
    return {row.id: row.name for row in rows}


def holders(session: Session, permission: str, day: date) -> set[int]:
    """Who holds a permission for the whole academy on a day, and may sign in."""
    return set(session.scalars(_HOLDERS, {"roles": sorted(TABLE[permission]), "day": day}))


_BEARER = (
    select(
        Person.id, Person.key, Person.login, Person.name, Person.locale,
        LoginSession.id, LoginSession.created_at, LoginSession.seen_at,
        RoleGrant.role, RoleGrant.scope_kind, RoleGrant.scope_id,
        Credential.changed_at, SecondFactor.confirmed_at, LoginSession.proved_twice,
    )
    .select_from(LoginSession)
    .join(Person, Person.id == LoginSession.person_id)
    .outerjoin(Credential, Credential.person_id == Person.id)
    .outerjoin(SecondFactor, SecondFactor.person_id == Person.id)
    .outerjoin(
        RoleGrant,
        (RoleGrant.person_id == Person.id) & holds(RoleGrant, bindparam("day")),
    )
    .where(
        LoginSession.token_hash == bindparam("token"),
        LoginSession.revoked_at.is_(None),
        Person.disabled_at.is_(None),
    )
    .order_by(RoleGrant.id)
)  # fmt: skip


_asked: list[Select[Any]] = [_BEARER.add_columns(literal(0))]


def count_waiting(of_person: Callable[[ColumnElement[int]], ColumnElement[int]]) -> None:
    """What counts as waiting for somebody: a number by the column of a person's id, which a floor above knows. It is
    read with the sign-in, so that no page asks for it by a statement of its own."""
    _asked[0] = _BEARER.add_columns(of_person(Person.__table__.c.id))


def bearer(session: Session, token_hash: str, day: date) -> Bearer | None:
    """Who signed in with this token: not revoked, not disabled. One query."""
    rows = session.execute(_asked[0], {"token": token_hash, "day": day}).all()
    if not rows:
        return None
    grants = _reaching(session, [Grant(row[8], row[9], row[10]) for row in rows if row[8] is not None])
    id_, key, login, name, locale, sign_in_id, created_at, seen_at = rows[0][:8]
    since, confirmed, twice, waiting = rows[0][11:]
    return Bearer(
        id_, key, login, name, locale, sign_in_id, created_at, seen_at, grants, waiting, since, confirmed is not None,
        twice,
    )  # fmt: skip


def _reaching(session: Session, grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """Grants for units with the units below them. Who holds none asks nothing."""
    tops = {grant.scope_id for grant in grants if grant.scope_kind == "unit" and grant.scope_id is not None}
    below = units_below(session, tops) if tops else {}
    return tuple(
        replace(grant, below=below.get(grant.scope_id, frozenset()))
        if grant.scope_kind == "unit" and grant.scope_id is not None
        else grant
        for grant in grants
    )


def units_below(session: Session, unit_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """By unit: all units below it, however deep. One query."""
    found: dict[int, set[int]] = {}
    for top, unit in session.execute(_BELOW, {"tops": sorted(unit_ids)}):
        found.setdefault(top, set()).add(unit)
    return {top: frozenset(units - {top}) for top, units in found.items()}


def sign_ins(session: Session, person_id: int, since: datetime) -> list[SignInRow]:
    """The sign-ins that hold and were seen since a moment, the latest first."""
    rows = session.execute(
        select(
            LoginSession.id,
            LoginSession.device,
            LoginSession.address,
            LoginSession.created_at,
            LoginSession.seen_at,
        )
        .where(
            LoginSession.person_id == person_id,
            LoginSession.revoked_at.is_(None),
            LoginSession.seen_at >= since,
        )
        .order_by(LoginSession.seen_at.desc(), LoginSession.id.desc())
    )
    return [SignInRow(*row) for row in rows]
