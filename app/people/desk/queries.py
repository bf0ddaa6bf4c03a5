"""The list of accounts: filtered, sorted and paged by the database. Every read takes its scope."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import holds
from app.people import units
from app.people.identifiers import plain_login, plain_phone
from app.people.models import (
    AccountKey,
    Credential,
    LoginSession,
    Person,
    RoleGrant,
    SecondFactor,
    Unit,
    UnitMembership,
)
from app.rules.access import SEPARATED, Scope

PAGE = 50
STATES = ("active", "new", "closed")
SORTS = ("name", "login", "unit", "state")
_LETTERS = re.compile(r"[a-z]{2,12}")
_DIGITS = re.compile(r"\+?\d{3,20}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for. `unit`: a unit's code, with all below it."""

    q: str = ""
    state: str = ""
    unit: str = ""
    sort: str = "name"
    down: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account. `state`: active, new (never activated) or closed. `slip`: until when an unused slip holds.
    `staff`: holds a role beyond learning; `separated`: one of the three administrators."""

    id: int
    key: str
    login: str
    name: str
    phone: str
    email: str
    state: str
    unit: str
    unit_en: str
    slip: datetime | None = None
    staff: bool = False
    separated: bool = False
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list."""

    rows: list[AccountRow]
    total: int
    page: int
    pages: int
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return (self.page - 1) * PAGE + 1


_STATE = case((Person.disabled_at.is_not(None), "closed"), (Credential.person_id.is_(None), "new"), else_="active")
_COLUMNS = (
    Person.id, Person.key, Person.login, Person.name, func.coalesce(Person.phone, ""), func.coalesce(Person.email, ""),
    _STATE, func.coalesce(Unit.name, ""), func.coalesce(Unit.name_en, ""),
)  # fmt: skip


def _from(query: Select[Any], day: date, wanted: Wanted | None = None, *, narrow: bool = False) -> Select[Any]:
    """The tables of a statement. `narrow`: only those that its conditions and its order need, as most statements over
    everybody go without the units."""
    query = query.select_from(Person).outerjoin(Credential, Credential.person_id == Person.id)
    by_unit = wanted is not None and wanted.sort == "unit"
    if not narrow or by_unit:
        query = query.outerjoin(UnitMembership, _belongs(day)).outerjoin(Unit, Unit.id == UnitMembership.unit_id)
    return query


def _belongs(day: date) -> ColumnElement[bool]:
    return and_(UnitMembership.person_id == Person.id, holds(UnitMembership, day))


def of_units(session: Session, unit_ids: Iterable[int], day: date) -> ColumnElement[bool]:
    """Belongs on the day to one of the units, or to one below."""
    those = units.below(session, unit_ids)
    members = select(UnitMembership.person_id).where(UnitMembership.unit_id.in_(those), holds(UnitMembership, day))
    return Person.id.in_(members)


def within(scope: Scope, session: Session, day: date) -> list[ColumnElement[bool]]:
    """Whom the scope reaches: everybody, or who belongs today to its units and those below."""
    if scope.everything:
        return []
    if not scope.unit_ids:
        return [false()]
    return [of_units(session, scope.unit_ids, day)]


def fits(text: str) -> ColumnElement[bool] | None:
    """Name, staff number, telephone number, pinyin whole or by its initials; None when nothing is looked for."""
    plain = plain_login(text)
    if not plain:
        return None
    ways = [Person.login.startswith(plain, autoescape=True), Person.name.contains(text.strip(), autoescape=True)]
    if _DIGITS.fullmatch(number := plain_phone(text) or plain):
        ways.append(Person.phone.contains(number, autoescape=True))
    if "@" in plain:
        ways.append(Person.email.startswith(plain, autoescape=True))
    letters = plain.replace(" ", "").replace("ü", "v").replace("'", "")
    if _LETTERS.fullmatch(letters):
        ways.append(func.replace(Person.name_pinyin, " ", "").startswith(letters, autoescape=True))
        # By initials: a syllable for each letter, in their order, from the first on.
        ways.append(Person.name_pinyin.like("% ".join(letters) + "%"))
    return or_(*ways)


def _wheres(scope: Scope, session: Session, wanted: Wanted, day: date) -> list[ColumnElement[bool]]:
    """All conditions but the state."""
    found = within(scope, session, day)
    if wanted.unit:
        top = session.scalar(select(Unit.id).where(Unit.code == wanted.unit))
        found.append(of_units(session, [top], day) if top is not None else false())
    if (found_by := fits(wanted.q)) is not None:
        found.append(found_by)
    return found


def _in_state(wanted: Wanted) -> list[ColumnElement[bool]]:
    return [_STATE.in_([wanted.state])] if wanted.state in STATES else []


def _order(wanted: Wanted) -> list[Any]:
    columns: dict[str, list[Any]] = {
        "name": [Person.name_pinyin], "login": [Person.login], "unit": [Unit.code, Person.name_pinyin],
        "state": [_STATE, Person.name_pinyin],
    }  # fmt: skip
    by = columns.get(wanted.sort, columns["name"])
    return [*((each.desc() for each in by) if wanted.down else by), Person.id]


def listing(scope: Scope, session: Session, wanted: Wanted, day: date) -> Listing:
    """A page of those whom the scope reaches, and how many are in each state."""
    wheres = _wheres(scope, session, wanted, day)
    counting = _from(select(_STATE, func.count()), day, narrow=True).where(*wheres)
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(counting.group_by(_STATE))}
    total = counts.get(wanted.state, 0) if wanted.state in STATES else sum(counts.values())
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    # First who stands on the page, then all that is told of those fifty.
    ids = _from(select(Person.id), day, wanted, narrow=True).where(*wheres, *_in_state(wanted))
    ids = ids.order_by(*_order(wanted)).limit(PAGE).offset((page - 1) * PAGE)
    order = {person_id: place for place, person_id in enumerate(session.scalars(ids))}
    found = session.execute(_from(select(*_COLUMNS), day).where(Person.id.in_(order))).all()
    rows = sorted(found, key=lambda row: order[row[0]])
    return Listing(_told(session, rows, day), total, page, pages, counts)


def one(scope: Scope, session: Session, key: str, day: date) -> AccountRow | None:
    """One account, if the scope reaches it."""
    query = _from(select(*_COLUMNS), day).where(Person.key == key, *within(scope, session, day))
    return next(iter(_told(session, session.execute(query).all(), day)), None)


def some(scope: Scope, session: Session, keys: Collection[str], day: date) -> list[AccountRow]:
    """These accounts, as far as the scope reaches them, by unit and name."""
    query = _from(select(*_COLUMNS), day).where(Person.key.in_(keys), *within(scope, session, day))
    return _told(session, session.execute(query.order_by(Unit.code, Person.name_pinyin, Person.id)).all(), day)


def all_shown(scope: Scope, session: Session, wanted: Wanted, day: date, most: int) -> list[AccountRow]:
    """Everybody whom the list shows on all its pages, by unit and name; one more than `most` when there are more."""
    query = _from(select(*_COLUMNS), day).where(*_wheres(scope, session, wanted, day), *_in_state(wanted))
    query = query.order_by(Unit.code, Person.name_pinyin, Person.id).limit(most + 1)
    return _told(session, session.execute(query).all(), day)


def _told(session: Session, rows: Sequence[Any], day: date) -> list[AccountRow]:
    """The rows with what only few of them have: slips, roles, second factors."""
    ids = [row[0] for row in rows]
    slips: dict[int, datetime] = {}
    open_slips = (
        select(AccountKey.person_id, AccountKey.expires_at)
        .where(
            AccountKey.person_id.in_(ids), AccountKey.way == "slip", AccountKey.ended_at.is_(None),
            AccountKey.expires_at > clock.now(),
        )
        .order_by(AccountKey.expires_at)
    )  # fmt: skip
    for person_id, expires_at in session.execute(open_slips):
        slips[person_id] = expires_at
    roles: dict[int, set[str]] = {}
    # Also those that begin later: who may get much is nobody's to print a slip for today.
    held = select(RoleGrant.person_id, RoleGrant.role).where(
        RoleGrant.person_id.in_(ids), or_(RoleGrant.until.is_(None), RoleGrant.until > day), RoleGrant.role != "learner"
    )
    for person_id, role in session.execute(held):
        roles.setdefault(person_id, set()).add(role)
    twice = set(
        session.scalars(
            select(SecondFactor.person_id).where(
                SecondFactor.person_id.in_(ids), SecondFactor.confirmed_at.is_not(None)
            )
        )
    )
    return [
        replace(
            AccountRow(*row),
            slip=slips.get(row[0]),
            staff=row[0] in roles,
            separated=bool(roles.get(row[0], set()) & SEPARATED),
            second_factor=row[0] in twice,
        )
        for row in rows
    ]


def last_seen(session: Session, person_id: int) -> datetime | None:
    """When somebody was last signed in."""
    return session.scalar(select(func.max(LoginSession.seen_at)).where(LoginSession.person_id == person_id))
