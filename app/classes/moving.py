"""Who went to another unit and studies in a class: where they stand now is evidence. No function commits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import and_, bindparam, case, func, select
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import clock, tasks
from app.base.db import holds
from app.classes.models import ClassMembership, VirtualClass
from app.classes.service import beginning_of
from app.credits import service as credits
from app.credits.recording import Told
from app.people.models import Person, Unit, UnitMembership

CHUNK = 5000  # people that one statement names
_FROM = case((ClassMembership.since > bindparam("day"), ClassMembership.since), else_=bindparam("day"))
_STAND = (
    select(ClassMembership.person_id, _FROM, VirtualClass.code, Unit.code, UnitMembership.band)
    .join(VirtualClass, VirtualClass.id == ClassMembership.class_id)
    .outerjoin(
        UnitMembership, and_(UnitMembership.person_id == ClassMembership.person_id, holds(UnitMembership, _FROM))
    )
    .outerjoin(Unit, Unit.id == UnitMembership.unit_id)
    .where(ClassMembership.person_id.in_(bindparam("people", expanding=True)), ClassMembership.until.is_(None))
    .order_by(ClassMembership.person_id)
)
_IN_CLASS = select(func.count()).where(
    ClassMembership.person_id.in_(bindparam("people", expanding=True)), ClassMembership.until.is_(None)
)


def in_classes(session: Session, person_ids: Collection[int]) -> int:
    """How many of these people are in a class."""
    return sum(session.scalar(_IN_CLASS, {"people": part}) or 0 for part in _parts(person_ids))


def note_moved(session: Session, person_ids: Collection[int], day: date, actor_id: int | None) -> int:
    """Record where those of these people stand who are in a class, from a day on (or from their first day in the class,
    where it is later): unit, class and band. To be called when their memberships of units are as they will be. What was
    earned before keeps what it says. How many."""
    # The mark: who moves twice on one day has two standings, not one that contradicts itself.
    mark, now = str(ULID()), clock.now()
    actor = session.get(Person, actor_id) if actor_id is not None else None
    by = f"person:{actor.key}" if actor else "system"
    pieces = []
    for part in _parts(person_ids):
        for person_id, at, group, unit, band in session.execute(_STAND, {"people": part, "day": day}):
            facts = {"change": "changed", "class": group, "unit": unit or "", "band": band or ""}
            key = f"standing:{at.isoformat()}:changed:{mark}"
            pieces.append((person_id, Told(key, "standing", beginning_of(session, at), now, by, facts)))
    if pieces:
        credits.record_each(session, pieces)
        tasks.enqueue(session, "credits.sweep")
    return len(pieces)


def _parts(person_ids: Collection[int]) -> list[list[int]]:
    ids = sorted(set(person_ids))
    return [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)]
