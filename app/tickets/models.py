"""Tickets, and what was said in them. Keys begin with the learner."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class Ticket(Base):
    """A learner's word that the time of a lesson is wrong. One open ticket a lesson, as the database sees to.

    `from_ms`, `to_ms`: the part of the lesson that it is about, if it names one. `state`: see `STATES`.
    `granted`: packed spans (`rules/viewing/spans.py`) that count since, `credited`: the thousandths posted then.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'answered', 'granted', 'declined', 'withdrawn')", name="state"),
        CheckConstraint("(from_ms IS NULL) = (to_ms IS NULL) AND (from_ms IS NULL OR from_ms < to_ms)", name="part"),
        Index(
            "uq_ticket_open",
            "learner_id",
            "lesson_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(26), primary_key=True, unique=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    media_version_id: Mapped[int] = mapped_column(ForeignKey("media_version.id"))
    from_ms: Mapped[int | None]
    to_ms: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10))
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    granted: Mapped[bytes] = mapped_column(LargeBinary)
    credited: Mapped[int]


class TicketRound(Base):
    """What the learner wrote, with the trace as it was at that moment, and the answer. Two rounds at most.

    `attached`: see attachment.py. `outcome`: answered, declined or granted; None while nobody has answered.
    """

    __tablename__ = "ticket_round"
    __table_args__ = (ForeignKeyConstraint(["learner_id", "ticket_key"], ["ticket.learner_id", "ticket.key"]),)
    learner_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    ticket_key: Mapped[str] = mapped_column(String(26), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UtcTime)
    attached: Mapped[bytes] = mapped_column(LargeBinary)
    outcome: Mapped[str | None] = mapped_column(String(10))
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
