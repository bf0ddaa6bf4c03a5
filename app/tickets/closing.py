"""The tickets that stand in the way of closing a period."""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.base import clock
from app.credits.closing.wired import Concerned, Open
from app.people.models import Person
from app.tickets.models import Ticket
from app.viewing.models import Coverage

MOST_SHOWN = 5


def unanswered(session: Session, end_ms: int) -> Open:
    """Open tickets that were written before a moment, or are about a lesson last watched before it. Two queries."""
    watched = and_(
        Coverage.learner_id == Ticket.learner_id, Coverage.media_version_id == Ticket.media_version_id,
        Coverage.watched_at_ms < end_ms,
    )  # fmt: skip
    about = or_(Ticket.opened_at < clock.from_ms(end_ms), Coverage.learner_id.is_not(None))
    count, people = session.execute(
        select(func.count(), func.count(Ticket.learner_id.distinct()))
        .select_from(Ticket)
        .outerjoin(Coverage, watched)
        .where(Ticket.state == "open", about)
    ).one()
    rows = session.execute(
        select(Person.name, Person.key, Ticket.key)
        .join(Ticket, Ticket.learner_id == Person.id)
        .outerjoin(Coverage, watched)
        .where(Ticket.state == "open", about)
        .order_by(Ticket.opened_at, Ticket.key)
        .limit(MOST_SHOWN)
    )
    return Open(count, people, 0, [Concerned(name, key, 0, ticket) for name, key, ticket in rows])
