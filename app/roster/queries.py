"""Reads of sources, imports and what they changed; and the academy's people as a roster is compared with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.base import clock
from app.people import timeline
from app.people.models import Person, RoleGrant, UnitMembership
from app.people.models import Unit as UnitTable
from app.roster.models import RosterChange, RosterImport, RosterPerson, RosterSource
from app.rules.access import MUST_PROVE_TWICE
from app.rules.roster.difference import Present, UnitNow
from app.rules.units import Unit


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source, and what its headings stand for."""

    id: int
    name: str
    columns: Mapping[str, str]
    opening_columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An import as lists show it. `undo`: what came of undoing it; None while it stands. `what`: roster or opening."""

    id: int
    source: str
    file_name: str
    day: date
    applied_at: datetime
    by: str
    counts: Mapping[str, int]
    undone_at: datetime | None
    undo: Mapping[str, int] | None
    what: str
    source_id: int


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What an import did to one person or unit. `conflict`: why undoing left it."""

    kind: str
    staff_number: str
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    conflict: str | None


_PARENT = aliased(UnitTable)
_OF_SOURCE = aliased(RosterPerson)
_ELSEWHERE = aliased(RosterPerson)
_CLOSED = aliased(RosterPerson)
_PRESENT = (
    select(
        Person.id, Person.login, Person.name, Person.phone, Person.email, Person.key_trainee,
        UnitMembership.unit_id, func.coalesce(UnitMembership.band, ""), Person.disabled_at.is_not(None),
        exists().where(_CLOSED.person_id == Person.id, _CLOSED.closed_at == Person.disabled_at),
        _OF_SOURCE.person_id.is_not(None) & _OF_SOURCE.gone_import_id.is_(None),
        exists().where(
            _ELSEWHERE.person_id == Person.id, _ELSEWHERE.source_id != bindparam("source"),
            _ELSEWHERE.gone_import_id.is_(None),
        ),
        exists().where(
            RoleGrant.person_id == Person.id, RoleGrant.role.in_(sorted(MUST_PROVE_TWICE)),
            or_(RoleGrant.until.is_(None), RoleGrant.until > bindparam("day")),
        ),
    )
    .outerjoin(UnitMembership, (UnitMembership.person_id == Person.id) & UnitMembership.until.is_(None))
    .outerjoin(_OF_SOURCE, (_OF_SOURCE.person_id == Person.id) & (_OF_SOURCE.source_id == bindparam("source")))
)  # fmt: skip
_SOURCES = select(RosterSource.id, RosterSource.name, RosterSource.columns, RosterSource.opening_columns)
_IMPORTS = (
    select(
        RosterImport.id, RosterSource.name, RosterImport.file_name, RosterImport.day, RosterImport.applied_at,
        func.coalesce(Person.name, ""), RosterImport.counts, RosterImport.undone_at, RosterImport.undo,
        RosterImport.what, RosterImport.source_id,
    )
    .join(RosterSource, RosterSource.id == RosterImport.source_id)
    .outerjoin(Person, Person.id == RosterImport.applied_by)
    .order_by(RosterImport.id.desc())
)  # fmt: skip
_CHANGES = (
    select(
        RosterChange.kind, RosterChange.staff_number, RosterChange.name, RosterChange.before, RosterChange.after,
        RosterChange.conflict,
    )
    .where(RosterChange.import_id == bindparam("import"), RosterChange.kind == bindparam("kind"))
    .order_by(RosterChange.id)
    .limit(bindparam("most"))
    .offset(bindparam("first"))
)  # fmt: skip
_CONFLICTS = (
    select(
        RosterChange.kind, RosterChange.staff_number, RosterChange.name, RosterChange.before, RosterChange.after,
        RosterChange.conflict,
    )
    .where(RosterChange.import_id == bindparam("import"), RosterChange.conflict.is_not(None))
    .order_by(RosterChange.id)
    .limit(bindparam("most"))
    .offset(bindparam("first"))
)  # fmt: skip
_PEOPLE = (
    select(
        Person.login, Person.name, Person.phone, Person.email, UnitTable.name, _PARENT.name, UnitTable.nature,
        UnitMembership.band, Person.key_trainee, Person.disabled_at.is_not(None),
    )
    .outerjoin(UnitMembership, (UnitMembership.person_id == Person.id) & UnitMembership.until.is_(None))
    .outerjoin(UnitTable, UnitTable.id == UnitMembership.unit_id)
    .outerjoin(_PARENT, _PARENT.id == UnitTable.parent_id)
    .order_by(Person.login)
)  # fmt: skip


def units(session: Session) -> list[UnitNow]:
    """All units, and under their former names those that were closed or are called otherwise now. Two queries."""
    every = {unit.id: unit for unit in timeline.units(session)}

    def name(unit_id: int | None) -> str:
        return every[unit_id].name if unit_id is not None else ""

    found = []
    for unit in every.values():
        closed = unit.closed_on is not None
        now = name(_heir(every, unit)) if closed else ""
        found.append(UnitNow(unit.id, unit.name, name(unit.parent), unit.nature, closed, now))
    for was in timeline.past(session):
        unit = every[was.unit]
        if was.name != unit.name:
            now = name(_heir(every, unit)) if unit.closed_on is not None else unit.name
            found.append(UnitNow(unit.id, was.name, name(was.parent), was.nature, True, now))
    return found


def _heir(every: Mapping[int, Unit], unit: Unit) -> int | None:
    """Where the people of a closed unit are now: the unit that it was merged into, or the one that this was."""
    seen: set[int] = set()
    at: int | None = unit.successor
    while at is not None and at not in seen and every[at].closed_on is not None:
        seen.add(at)
        at = every[at].successor
    return at if at not in seen else None


def present(session: Session, source_id: int | None) -> list[Present]:
    """Everybody with an account, as a roster of this source is compared with them (None: a source not known yet)."""
    rows = session.execute(_PRESENT, {"source": source_id or 0, "day": clock.now().date() - timedelta(days=1)})
    return [Present(*row[:8], *map(bool, row[8:])) for row in rows]


def sources(session: Session) -> list[SourceRow]:
    """All sources, by name."""
    return [_source(row) for row in session.execute(_SOURCES.order_by(RosterSource.name))]


def source_by_name(session: Session, name: str) -> SourceRow | None:
    """A source by its name."""
    row = session.execute(_SOURCES.where(RosterSource.name == name)).one_or_none()
    return None if row is None else _source(row)


def _source(row: Row[Any]) -> SourceRow:
    return SourceRow(row[0], row[1], json.loads(row[2]), json.loads(row[3]))


def imports(session: Session, most: int = 50) -> list[ImportRow]:
    """The newest imports first."""
    return [_import(row) for row in session.execute(_IMPORTS.limit(most))]


def find_import(session: Session, import_id: int) -> ImportRow | None:
    """One of them."""
    row = session.execute(_IMPORTS.where(RosterImport.id == import_id)).one_or_none()
    return None if row is None else _import(row)


def _import(row: Row[Any]) -> ImportRow:
    undo = None if row[8] is None else json.loads(row[8])
    return ImportRow(row[0], row[1], row[2], row[3], row[4], row[5], json.loads(row[6]), row[7], undo, row[9], row[10])


def changes(session: Session, import_id: int, kind: str, first: int, most: int) -> list[ChangeRow]:
    """What an import did, of one kind; `conflict` for what undoing left."""
    wanted = _CONFLICTS if kind == "conflict" else _CHANGES
    given = {"import": import_id, "kind": kind, "first": first, "most": most}
    if kind == "conflict":
        del given["kind"]
    rows = session.execute(wanted, given)
    return [ChangeRow(row[0], row[1], row[2], json.loads(row[3]), json.loads(row[4]), row[5]) for row in rows]


def everybody(session: Session) -> list[tuple[Any, ...]]:
    """All people with their unit of today, by staff number: staff number, name, phone, e-mail, unit, superior unit,
    nature, band, key trainee, closed."""
    return [tuple(row) for row in session.execute(_PEOPLE)]
