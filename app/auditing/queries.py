"""Reads of the audit log, the newest first, page by page from the last entry seen: a million entries are as quick."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.base.audit_chain import AuditLink
from app.people.models import Person
from app.people.search import find_people

PAGE = 50
CHUNK = 1000
# How many people a name in the search may mean.
MOST_MEANT = 50
NOBODY = ("system", "系统")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; "" and None: anything. `since`, `until`: the first moment, and the first no longer."""

    who: str = ""
    action: str = ""
    subject: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry. `actor` and `actor_login` are "" for the system; `seq` is None until it is bound into the chain."""

    id: int
    at: datetime
    actor_id: int | None
    action: str
    subject: str
    outcome: str
    stored: str
    address: str
    device: str
    actor: str
    actor_login: str
    seq: int | None
    sealed_ms: int | None
    hash: str | None

    @property
    def detail(self) -> dict[str, Any]:
        """What is told beside; of what cannot be read, its text."""
        try:
            found = json.loads(self.stored)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {"text": self.stored}


@dataclass(frozen=True, slots=True)
class Named:
    """A person that a subject names."""

    key: str
    name: str
    login: str


_ENTRIES = (
    select(
        AuditEntry.id, AuditEntry.at, AuditEntry.actor_id, AuditEntry.action, AuditEntry.subject, AuditEntry.outcome,
        AuditEntry.detail, AuditEntry.address, AuditEntry.device, Person.name, Person.login,
        AuditLink.seq, AuditLink.sealed_ms, AuditLink.hash,
    )
    .outerjoin(Person, Person.id == AuditEntry.actor_id)
    .outerjoin(AuditLink, AuditLink.entry_id == AuditEntry.id)
    .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
)  # fmt: skip


def page(
    session: Session, asked: Asked, kinds: Iterable[str], after: tuple[datetime, int] | None, most: int = PAGE
) -> list[EntryRow]:
    """The newest entries that are looked for, `after` the last one seen. `kinds`: of the things a subject may be."""
    where = _where(session, asked, kinds)
    return [] if where is None else _page(session, where, after, most)


def everything(session: Session, asked: Asked, kinds: Iterable[str], most: int) -> Iterator[EntryRow]:
    """All of them up to `most`, read bit by bit."""
    where, after, left = _where(session, asked, kinds), None, most
    while where is not None and left > 0:
        rows = _page(session, where, after, min(CHUNK, left))
        yield from rows
        if len(rows) < min(CHUNK, left):
            return
        left -= len(rows)
        after = (rows[-1].at, rows[-1].id)


def _page(
    session: Session, where: Sequence[ColumnElement[bool]], after: tuple[datetime, int] | None, most: int
) -> list[EntryRow]:
    wanted: Select[Any] = _ENTRIES.where(*where).limit(most)
    if after is not None:
        wanted = wanted.where(tuple_(AuditEntry.at, AuditEntry.id) < after)
    return [_row(row) for row in session.execute(wanted)]


def _row(row: Any) -> EntryRow:
    told: tuple[Any, ...] = (*row[:9], row[9] or "", row[10] or "", *row[11:])
    return EntryRow(*told)


def _where(session: Session, asked: Asked, kinds: Iterable[str]) -> list[ColumnElement[bool]] | None:
    """The conditions; None where nothing can fit them, as nobody is called so."""
    found: list[ColumnElement[bool]] = []
    if asked.who.strip().casefold() in NOBODY:
        found.append(AuditEntry.actor_id.is_(None))
    elif asked.who.strip():
        ids = [person.id for person in find_people(session, asked.who, MOST_MEANT)]
        if not ids:
            return None
        found.append(_one_of(AuditEntry.actor_id, ids))
    if asked.subject.strip():
        found.append(_one_of(AuditEntry.subject, _subjects(session, asked.subject.strip(), kinds)))
    found += [AuditEntry.action == asked.action] if asked.action else []
    found += [AuditEntry.outcome == asked.outcome] if asked.outcome else []
    found += [AuditEntry.at >= asked.since] if asked.since else []
    found += [AuditEntry.at < asked.until] if asked.until else []
    return found


def _one_of(column: Any, values: Sequence[object]) -> ColumnElement[bool]:
    # One value is said as one: then the database reads an index in the order of time.
    condition: ColumnElement[bool] = column == values[0] if len(values) == 1 else column.in_(values)
    return condition


def _subjects(session: Session, text: str, kinds: Iterable[str]) -> list[str]:
    """What a subject may be called in the log: as written, a thing of that code, a person of that number or name."""
    if ":" in text:
        return [text]
    people = find_people(session, text, MOST_MEANT)
    named = [f"person:{person.key}" for person in people]
    return [*named, *(f"login:{person.login}" for person in people), *(f"{kind}:{text}" for kind in kinds)]


def people_named(session: Session, rows: Iterable[EntryRow]) -> dict[str, Named]:
    """By subject: the person whom it names."""
    keys = {row.subject.partition(":")[2] for row in rows if row.subject.startswith("person:")}
    found = session.execute(select(Person.key, Person.name, Person.login).where(Person.key.in_(sorted(keys))))
    return {f"person:{row.key}": Named(*row) for row in found}
