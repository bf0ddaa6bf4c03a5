"""Reads of tickets: one's own, and those of a class that one looks after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BindParameter, Row, Select, bindparam, case, func, select
from sqlalchemy.orm import Session, aliased

from app.base.db import holds
from app.classes import queries as classes
from app.classes.models import ClassMembership
from app.classes.queries import ClassRow
from app.classes.waiting import NONE, Waiting
from app.courses.models import Course, Lesson
from app.people.models import Person
from app.rules.access import Scope
from app.rules.viewing import spans
from app.rules.viewing.spans import Piece
from app.tickets.models import Ticket, TicketRound


@dataclass(frozen=True, slots=True)
class RoundRow:
    """What the learner wrote and what came back. `outcome` and `answered_at` are None while nothing has."""

    number: int
    text: str
    written_at: datetime
    outcome: str | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket with whose it is and what it is about; `part` in ms, if it names one; `credited` thousandths."""

    learner_id: int
    learner_key: str
    learner: str
    key: str
    lesson_id: int
    media_version_id: int
    part: Piece | None
    state: str
    opened_at: datetime
    granted: tuple[Piece, ...]
    credited: int
    lesson: str
    lesson_en: str
    course: str
    course_en: str
    course_code: str
    rounds: tuple[RoundRow, ...] = ()

    @property
    def granted_ms(self) -> int:
        """How much was granted."""
        return sum(end - start for start, end in self.granted)

    @property
    def last(self) -> RoundRow:
        """The newest round."""
        return self.rounds[-1]


_DAY: BindParameter[date] = bindparam("day")
_TICKETS = (
    select(
        Ticket.learner_id, Person.key, Person.name, Ticket.key, Ticket.lesson_id, Ticket.media_version_id,
        Ticket.from_ms, Ticket.to_ms, Ticket.state, Ticket.opened_at, Ticket.granted, Ticket.credited,
        Lesson.title, Lesson.title_en, Course.title, Course.title_en, Course.code,
    )
    .join(Person, Person.id == Ticket.learner_id)
    .join(Lesson, Lesson.id == Ticket.lesson_id)
    .join(Course, Course.id == Lesson.course_id)
)  # fmt: skip
_NEWEST = (Ticket.opened_at.desc(), Ticket.key.desc())
_MINE = _TICKETS.where(Ticket.learner_id == bindparam("learner")).order_by(*_NEWEST)
_MINE_ONE = _MINE.where(Ticket.key == bindparam("key"))
_MINE_LESSON = _MINE.where(Ticket.lesson_id == bindparam("lesson")).limit(1)
_MEMBERS = select(ClassMembership.person_id).where(
    ClassMembership.class_id == bindparam("group"), holds(ClassMembership, _DAY)
)
# What waits for an answer comes first, the longest waiting at the top; then the newest.
_OF_CLASS = (
    _TICKETS.where(Ticket.learner_id.in_(_MEMBERS))
    .order_by((Ticket.state == "open").desc(), *_NEWEST)
    .limit(bindparam("limit", type_=None))
)
_ONE_OF_CLASS = _TICKETS.where(Ticket.learner_id.in_(_MEMBERS), Ticket.key == bindparam("key"))
_OPEN_COUNT = select(func.count(), func.min(Ticket.opened_at)).where(
    Ticket.learner_id.in_(_MEMBERS), Ticket.state == "open"
)
_BY = aliased(Person)
_ROUNDS = (
    select(
        TicketRound.ticket_key, TicketRound.number, TicketRound.text, TicketRound.written_at, TicketRound.outcome,
        TicketRound.answer, _BY.name, TicketRound.answered_at,
    )
    .outerjoin(_BY, _BY.id == TicketRound.answered_by)
    .where(
        TicketRound.learner_id.in_(bindparam("learners", expanding=True)),
        TicketRound.ticket_key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(TicketRound.ticket_key, TicketRound.number)
)  # fmt: skip
# Tickets of learners who are in no class (any more): only who sees everything finds them. Under this code they
# stand where a class stands in addresses; the desk never asks for a class of this code.
OUTSIDE = "-"
_IN_SOME_CLASS = select(ClassMembership.id).where(
    ClassMembership.person_id == Ticket.learner_id, holds(ClassMembership, _DAY)
)
_OF_NONE = (
    _TICKETS.where(~_IN_SOME_CLASS.exists())
    .order_by((Ticket.state == "open").desc(), *_NEWEST)
    .limit(bindparam("limit", type_=None))
)
_ONE_OF_NONE = _TICKETS.where(~_IN_SOME_CLASS.exists(), Ticket.key == bindparam("key"))
_COUNT_OF_NONE = select(func.count(), func.count(case((Ticket.state == "open", 1)))).where(~_IN_SOME_CLASS.exists())
MOST_LISTED = 200


def _rows(session: Session, wanted: Select[Any], **given: object) -> list[TicketRow]:
    """The tickets with their rounds. Two queries."""
    found = session.execute(wanted, given).all()
    rounds: dict[str, list[RoundRow]] = {}
    if found:
        keys = {"learners": sorted({row[0] for row in found}), "keys": [row[3] for row in found]}
        for ticket, *row in session.execute(_ROUNDS, keys):
            rounds.setdefault(ticket, []).append(RoundRow(*row))
    return [_row(row, rounds.get(row[3], [])) for row in found]


def _row(row: Row[Any], rounds: Sequence[RoundRow]) -> TicketRow:
    part = None if row[6] is None else (row[6], row[7])
    granted = tuple(spans.pairs(spans.unpack(row[10])))
    told: tuple[Any, ...] = (*row[:6], part, row[8], row[9], granted, *row[11:], tuple(rounds))
    return TicketRow(*told)


def mine(session: Session, learner_id: int) -> list[TicketRow]:
    """A learner's own tickets, the newest first."""
    return _rows(session, _MINE, learner=learner_id)


def mine_one(session: Session, learner_id: int, key: str) -> TicketRow | None:
    """One of them."""
    return next(iter(_rows(session, _MINE_ONE, learner=learner_id, key=key)), None)


def newest_of_lesson(session: Session, learner_id: int, lesson_id: int) -> TicketRow | None:
    """The learner's newest ticket about a lesson."""
    return next(iter(_rows(session, _MINE_LESSON, learner=learner_id, lesson=lesson_id)), None)


def of_class(scope: Scope, session: Session, code: str, day: date) -> tuple[ClassRow, list[TicketRow]] | None:
    """A class that may be seen, with the tickets of who is in it on a day; None otherwise. Three queries.

    `OUTSIDE` is the class of those who are in none, for who sees everything.
    """
    group = _group(scope, session, code)
    if group is None:
        return None
    if group.code == OUTSIDE:
        return group, _rows(session, _OF_NONE, day=day, limit=MOST_LISTED)
    return group, _rows(session, _OF_CLASS, group=group.id, day=day, limit=MOST_LISTED)


def _group(scope: Scope, session: Session, code: str) -> ClassRow | None:
    if code == OUTSIDE:
        name = str(_("Not in a class"))
        return ClassRow(0, OUTSIDE, name, name) if scope.everything else None
    return classes.class_by_code(scope, session, code)


def one_of_class(scope: Scope, session: Session, code: str, key: str, day: date) -> tuple[ClassRow, TicketRow] | None:
    """A ticket of somebody who is in a class that may be seen, or as above in none; None otherwise."""
    group = _group(scope, session, code)
    if group is None:
        return None
    if group.code == OUTSIDE:
        found = _rows(session, _ONE_OF_NONE, day=day, key=key)
    else:
        found = _rows(session, _ONE_OF_CLASS, group=group.id, day=day, key=key)
    return (group, found[0]) if found else None


def waiting(scope: Scope, session: Session, class_id: int, day: date) -> Waiting:
    """How many tickets of a class wait for an answer, and since when; none of a class that may not be seen."""
    if not scope.sees_class(class_id):
        return NONE
    return Waiting(*session.execute(_OPEN_COUNT, {"group": class_id, "day": day}).one())


def outside_count(scope: Scope, session: Session, day: date) -> int | None:
    """How many tickets of learners in no class wait; None for who does not see everything, or without any ticket."""
    if not scope.everything:
        return None
    every, waiting = session.execute(_COUNT_OF_NONE, {"day": day}).one()
    return waiting if every else None


def attached(session: Session, ticket: TicketRow, number: int) -> bytes:
    """The trace that a round carries."""
    row = session.get(TicketRound, (ticket.learner_id, ticket.key, number))
    assert row is not None  # rounds are never deleted
    return row.attached


def class_of_ticket(session: Session, key: str, day: date) -> str:
    """The code of the class that a ticket's learner is in; "" for none. Whether it may be seen is not asked here."""
    learner_id = session.scalar(select(Ticket.learner_id).where(Ticket.key == key))
    group = classes.class_of(session, learner_id, day) if learner_id is not None else None
    return group.code if group else ""
