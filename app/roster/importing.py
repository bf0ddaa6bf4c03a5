"""Imports of every sort: from a source, looked at first, applied whole, undone the newest first. No function commits.

What a sort of file holds is its `Subject`'s matter: how it is read, compared, written and taken back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import audit, clock, plain
from app.base.db import insert_into
from app.base.errors import BadInput, NotFound, Refused
from app.people.models import Unit
from app.roster.looking import File, Understood
from app.roster.models import RosterImport, RosterSource
from app.rules.roster.headings import Vocabulary
from app.rules.roster.model import Fault

ROSTER, OPENING = "roster", "opening"


class Found(Protocol):
    """A difference: what of each kind, and what is wrong. `base`: how much the source had, `closing` how much of it
    the file has no more and would lose."""

    faults: list[Fault]
    held: list[str]
    base: int

    def counts(self) -> dict[str, int]: ...
    def closing(self) -> int: ...
    def print(self) -> str: ...


@dataclass(frozen=True)
class Subject:
    """One sort of file. `fields`: what a column may be; `many`: what is said before too much of a source is closed."""

    what: str
    words: Vocabulary
    understand: Callable[[File, Mapping[str, str] | None], Understood]
    difference: Callable[[Session, Understood, str], Any]
    detail: Callable[[Any], dict[str, Any]]
    write: Callable[[Session, RosterImport, Order, Any], None]
    take_back: Callable[[Session, RosterImport, int | None], dict[str, int]]
    many: Callable[[int, int, int], str]

    @property
    def fields(self) -> Sequence[str]:
        """In the order in which they are offered."""
        return tuple(self.words.known)


class PeopleChanged(Refused):
    """The academy's people are not those that the difference was shown for."""


class ManyLeave(Refused):
    """More accounts would be closed than a roster may close without being told so twice."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants applied. `print_`: of the difference that was shown, None for whoever did not look.

    `day`: from when it holds. `percent`: the share of a source's people that may leave without `many_may_leave`.
    """

    source: str
    file_name: str
    sha256: str
    day: date
    actor_id: int | None
    print_: str | None = None
    many_may_leave: bool = False
    percent: int = 5


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of it."""

    import_id: int
    difference: Any


def apply(session: Session, understood: Understood, order: Order, subject: Subject) -> Applied:
    """Apply a file that was read. After `PeopleChanged`, `ManyLeave` and `BadInput` (source) nothing is to be kept."""
    source = _source(session, order.source, understood.columns, subject.what)
    if subject.what == ROSTER:  # no unit is closed while people are put into it (`app/units/acts.py`)
        session.execute(select(Unit.id).order_by(Unit.id).with_for_update(read=True, key_share=True)).all()
    found: Found = subject.difference(session, understood, source.name)
    if order.print_ is not None and found.print() != order.print_:
        text = _("People, units or this source have changed since the difference was shown. Look at it again.")
        raise PeopleChanged(text)
    closing = found.closing()
    if closing * 100 > found.base * order.percent and not order.many_may_leave:
        raise ManyLeave(subject.many(closing, order.percent, found.base), "many_may_leave")
    row = RosterImport(
        source_id=source.id, file_name=order.file_name[:200], sha256=order.sha256, day=order.day, what=subject.what,
        applied_at=clock.now(), applied_by=order.actor_id, counts=json.dumps(counts_of(found)),
    )  # fmt: skip
    session.add(row)
    session.flush()
    subject.write(session, row, order, found)
    audit.record(
        session, order.actor_id, "opening.import" if subject.what == OPENING else "roster.import", f"import:{row.id}",
        source=source.name, file=order.file_name, day=order.day, counts=counts_of(found),
    )  # fmt: skip
    return Applied(row.id, found)


def undo(session: Session, import_id: int, actor_id: int | None, subject: Subject) -> dict[str, int]:
    """Undo the newest import of its sort and source that stands; how many changes were `undone` and how many are
    `conflicts`. `NotFound`; `Refused` when it was undone, or a later one of the same source stands.
    """
    row = session.get(RosterImport, import_id, with_for_update=True)
    if row is None or row.what != subject.what:
        raise NotFound(_("There is no such import."))
    if row.undone_at is not None:
        raise Refused(_("This import was undone already."))
    later = select(RosterImport.id).where(
        RosterImport.source_id == row.source_id, RosterImport.id > import_id, RosterImport.undone_at.is_(None),
        RosterImport.what == row.what,
    )  # fmt: skip
    newest = session.scalar(later.order_by(RosterImport.id.desc()).limit(1))
    if newest is not None:
        raise Refused(_("A later import of this source stands. Undo import %(id)s first.", id=newest))
    found = subject.take_back(session, row, actor_id)
    row.undone_at, row.undone_by, row.undo = clock.now(), actor_id, json.dumps(found)
    session.flush()
    audit.record(
        session,
        actor_id,
        "opening.undo" if subject.what == OPENING else "roster.undo",
        f"import:{import_id}",
        counts=found,
    )
    return found


def counts_of(found: Any) -> dict[str, int]:
    """How many of each kind, rows that are wrong, units that are new."""
    wrong = len({(fault.sheet, fault.row) for fault in found.faults})
    return {**found.counts(), "wrong": wrong, "units": len(getattr(found, "units", ()))}


def _source(session: Session, name: str, columns: Mapping[str, str], what: str) -> RosterSource:
    """The source, made when it is new, locked: two files of one source do not cross."""
    name = name.strip()
    if not 1 <= len(name) <= 60:
        raise BadInput(_("The source's name has 1 to 60 characters."), "source")
    plain.check(name, "source")
    new = {"name": name, "columns": "{}", "created_at": clock.now()}
    session.execute(insert_into(session, RosterSource).values(**new).on_conflict_do_nothing())
    row = session.scalars(select(RosterSource).where(RosterSource.name == name).with_for_update()).one()
    memory = "columns" if what == ROSTER else "opening_columns"
    known = json.loads(getattr(row, memory))
    setattr(row, memory, json.dumps({**known, **columns}, ensure_ascii=False))
    return row
