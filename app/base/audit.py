"""The audit log: who changed what, append-only (the database refuses changes)."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.base import clock
from app.base.db import Base, UtcTime
from app.base.db_types import Key


class AuditEntry(Base):
    """One action of one person (or of the system: `actor_id` null)."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_at", "at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    actor_id: Mapped[int | None] = mapped_column(Key)
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text)


def record(
    session: Session, actor_id: int | None, action: str, subject: str, outcome: str = "done", **detail: object
) -> None:
    """Write one entry in the caller's transaction. `action` is `area.verb`, `subject` `kind:key`."""
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)
    session.add(
        AuditEntry(
            at=clock.now(),
            actor_id=actor_id,
            action=action,
            subject=subject[:120],
            outcome=outcome,
            detail=text,
        )
    )
