"""Corrections that people asked for, and what became of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key

_OPEN = text("state = 'open'")


class Correction(Base):
    """Somebody's word that something of theirs is wrong: what stood there (`was`), what it should be. One open a field.

    `state`: open; accepted (done); handed_on (it goes its own way, as a move to another unit does); declined;
    withdrawn. `answer`: what the decider wrote.
    """

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("field IN ('name', 'phone', 'email', 'unit', 'band', 'other')", name="field"),
        CheckConstraint("state IN ('open', 'accepted', 'handed_on', 'declined', 'withdrawn')", name="state"),
        Index("uq_correction_open", "person_id", "field", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_correction_person", "person_id", "id"),
        Index("ix_correction_state", "state", "id"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(26), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    field: Mapped[str] = mapped_column(String(10))
    was: Mapped[str] = mapped_column(String(200))
    wanted: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    answer: Mapped[str] = mapped_column(Text)
