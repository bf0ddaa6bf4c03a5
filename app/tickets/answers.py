"""Which of one's own tickets were answered and may still be taken up: for pages of other rooms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import Session

from app.courses.models import Lesson
from app.tickets.models import Ticket, TicketRound
from app.tickets.service import MOST_ROUNDS

_SINCE: BindParameter[datetime] = bindparam("since")
_ANSWERED = (
    select(Ticket.key, Lesson.title, Lesson.title_en, func.max(TicketRound.answered_at))
    .join(Lesson, Lesson.id == Ticket.lesson_id)
    .join(TicketRound, (TicketRound.learner_id == Ticket.learner_id) & (TicketRound.ticket_key == Ticket.key))
    .where(Ticket.learner_id == bindparam("learner"), Ticket.state == "answered")
    .group_by(Ticket.key, Lesson.title, Lesson.title_en)
    .having(func.count() < MOST_ROUNDS, func.max(TicketRound.answered_at) >= _SINCE)
    .order_by(func.max(TicketRound.answered_at).desc())
)


def answered(session: Session, learner_id: int, since: datetime) -> list[tuple[str, str, str, datetime]]:
    """The learner's tickets that were answered since a moment and to which they may write once more, the newest answer
    first: key, the lesson's title in Chinese and English, the moment. One query."""
    found = session.execute(_ANSWERED, {"learner": learner_id, "since": since})
    return [(row[0], row[1], row[2], row[3]) for row in found]
