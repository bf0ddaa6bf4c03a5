"""What was done with units."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class UnitAct(Base):
    """One act with a unit, from `day` on. `other_id`: whom it was merged into, or what was split off; `people`: how
    many it moved; `detail`: a JSON object, old and new values of a change."""

    __tablename__ = "unit_act"
    __table_args__ = (CheckConstraint("kind IN ('open', 'change', 'merge', 'split', 'close')", name="kind"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    other_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    day: Mapped[date]
    people: Mapped[int]
    detail: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(300))
    acted_at: Mapped[datetime] = mapped_column(UtcTime)
    acted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
