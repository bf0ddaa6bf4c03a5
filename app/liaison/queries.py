"""Reads of the liaison's desk: own unit's people, and transfers that concern it. Every read takes its scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.base.db import holds
from app.liaison.models import UnitTransfer
from app.people import units
from app.people.desk.queries import fits, of_units, within
from app.people.models import Person, Unit, UnitMembership
from app.rules.access import Scope

PAGE = 50
SORTS = ("name", "login", "unit", "band", "since")
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for. `unit`: a unit's code, with all below it."""

    q: str = ""
    unit: str = ""
    band: str = ""
    sort: str = "name"
    down: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody of the units that one looks after. `since`: in this unit and band. `waits`: a transfer is asked for."""

    key: str
    login: str
    name: str
    phone: str
    email: str
    band: str
    since: date
    unit: str
    unit_en: str
    waits: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list. `bands`: how many there are of each, whatever band was asked for."""

    rows: list[PersonRow]
    total: int
    page: int
    pages: int
    bands: dict[str, int]

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return (self.page - 1) * PAGE + 1


@dataclass(frozen=True, slots=True)
class StayRow:
    """A unit that somebody belonged to, and the band held there."""

    unit: str
    unit_en: str
    band: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer as pages show it. Units as (id, name, name in English)."""

    id: int
    person_id: int
    person_key: str
    login: str
    name: str
    from_: tuple[int, str, str]
    to: tuple[int, str, str]
    day: date
    reason: str
    state: str
    asked_at: datetime
    asked_by: int
    asker: str
    expires_at: datetime
    ended_at: datetime | None
    ender: str
    answer: str


def _wheres(scope: Scope, session: Session, wanted: Wanted, day: date) -> list[ColumnElement[bool]]:
    """All conditions but the band. Whose account is closed has left."""
    found = [Person.disabled_at.is_(None), *within(scope, session, day)]
    if wanted.unit:
        top = session.scalar(select(Unit.id).where(Unit.code == wanted.unit))
        found.append(of_units(session, [top], day) if top is not None else false())
    if (looked_for := fits(wanted.q)) is not None:
        found.append(looked_for)
    return found


def _members(query: Select[Any], day: date) -> Select[Any]:
    return query.select_from(Person).join(
        UnitMembership, and_(UnitMembership.person_id == Person.id, holds(UnitMembership, day))
    )


def _order(wanted: Wanted) -> list[Any]:
    columns: dict[str, list[Any]] = {
        "name": [Person.name_pinyin], "login": [Person.login], "unit": [Unit.code, Person.name_pinyin],
        "band": [UnitMembership.band, Person.name_pinyin], "since": [UnitMembership.since, Person.name_pinyin],
    }  # fmt: skip
    by = columns.get(wanted.sort, columns["name"])
    return [*((each.desc() for each in by) if wanted.down else by), Person.id]


def listing(scope: Scope, session: Session, wanted: Wanted, day: date) -> Listing:
    """A page of those who belong today to the units that the scope reaches, and how many of each rank band."""
    wheres = _wheres(scope, session, wanted, day)
    counting = _members(select(UnitMembership.band, func.count()), day).where(*wheres).group_by(UnitMembership.band)
    bands: dict[str, int] = {row[0]: row[1] for row in session.execute(counting)}
    chosen = [UnitMembership.band == wanted.band] if wanted.band else []
    total = bands.get(wanted.band, 0) if wanted.band else sum(bands.values())
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    waits = select(UnitTransfer.id).where(UnitTransfer.person_id == Person.id, UnitTransfer.state == OPEN).exists()
    query = _members(
        select(
            Person.key, Person.login, Person.name, func.coalesce(Person.phone, ""), func.coalesce(Person.email, ""),
            UnitMembership.band, UnitMembership.since, Unit.name, Unit.name_en, waits,
        ),
        day,
    ).join(Unit, Unit.id == UnitMembership.unit_id)  # fmt: skip
    query = query.where(*wheres, *chosen).order_by(*_order(wanted)).limit(PAGE).offset((page - 1) * PAGE)
    return Listing([PersonRow(*row) for row in session.execute(query)], total, page, pages, bands)


def stays(session: Session, person_id: int) -> list[StayRow]:
    """The units that somebody belonged to, the latest first."""
    rows = session.execute(
        select(Unit.name, Unit.name_en, UnitMembership.band, UnitMembership.since, UnitMembership.until)
        .join(Unit, Unit.id == UnitMembership.unit_id)
        .where(UnitMembership.person_id == person_id)
        .order_by(UnitMembership.since.desc())
    )
    return [StayRow(*row) for row in rows]


_FROM, _TO, _ASKER, _ENDER = aliased(Unit), aliased(Unit), aliased(Person), aliased(Person)
_TRANSFERS = (
    select(
        UnitTransfer.id, Person.id, Person.key, Person.login, Person.name, _FROM.id, _FROM.name, _FROM.name_en, _TO.id,
        _TO.name, _TO.name_en, UnitTransfer.day, UnitTransfer.reason, UnitTransfer.state, UnitTransfer.asked_at,
        UnitTransfer.asked_by, _ASKER.name, UnitTransfer.expires_at, UnitTransfer.ended_at,
        func.coalesce(_ENDER.name, ""), UnitTransfer.answer,
    )
    .join(Person, Person.id == UnitTransfer.person_id)
    .join(_FROM, _FROM.id == UnitTransfer.from_id)
    .join(_TO, _TO.id == UnitTransfer.to_id)
    .join(_ASKER, _ASKER.id == UnitTransfer.asked_by)
    .outerjoin(_ENDER, _ENDER.id == UnitTransfer.ended_by)
)  # fmt: skip


def _concerns(scope: Scope, session: Session) -> list[ColumnElement[bool]]:
    """Transfers out of the units that a scope reaches, or into them."""
    if scope.everything:
        return []
    those = units.below(session, scope.unit_ids)
    return [or_(UnitTransfer.from_id.in_(those), UnitTransfer.to_id.in_(those))]


def _rows(session: Session, query: Select[Any]) -> list[TransferRow]:
    found = []
    for row in session.execute(query):
        given: list[Any] = [*row[:5], (row[5], row[6], row[7]), (row[8], row[9], row[10]), *row[11:]]
        found.append(TransferRow(*given))
    return found


def transfers(scope: Scope, session: Session, most: int) -> Sequence[TransferRow]:
    """Those that concern the scope: open ones first, then the latest."""
    query = _TRANSFERS.where(*_concerns(scope, session))
    return _rows(session, query.order_by(UnitTransfer.state != OPEN, UnitTransfer.id.desc()).limit(most))


def waiting(scope: Scope, session: Session) -> int:
    """How many transfers into the units of the scope wait for an answer."""
    query = select(func.count()).select_from(UnitTransfer).where(UnitTransfer.state == OPEN)
    if not scope.everything:
        query = query.where(UnitTransfer.to_id.in_(units.below(session, scope.unit_ids)))
    return session.scalar(query) or 0


def transfer(scope: Scope, session: Session, transfer_id: int) -> TransferRow | None:
    """One of them."""
    query = _TRANSFERS.where(UnitTransfer.id == transfer_id, *_concerns(scope, session))
    return next(iter(_rows(session, query)), None)


def open_transfer(session: Session, person_id: int) -> TransferRow | None:
    """The transfer of a person that waits."""
    query = _TRANSFERS.where(UnitTransfer.person_id == person_id, UnitTransfer.state == OPEN)
    return next(iter(_rows(session, query)), None)
