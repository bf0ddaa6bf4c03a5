"""Transfers between units that one asks for and the other accepts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key

_WAITS = text("state = 'open'")


class UnitTransfer(Base):
    """Somebody is to go to another unit from `day` on. `state`: open, accepted, declined, withdrawn, expired (nobody
    answered in time), lapsed (a unit was closed, or the person left). `answer`: why it was declined."""

    __tablename__ = "unit_transfer"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'withdrawn', 'expired', 'lapsed')",
            name="state",
        ),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        Index("uq_unit_transfer_open", "person_id", unique=True, sqlite_where=_WAITS, postgresql_where=_WAITS),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    day: Mapped[date]
    reason: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answer: Mapped[str] = mapped_column(String(300))
