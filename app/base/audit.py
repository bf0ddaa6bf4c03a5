"""The audit log: who changed what, from where, append-only (the database refuses changes).

What is changed stands in an entry's detail as `was` and `now`: two values, or two mappings of the same names.
`audit_chain` binds the entries afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.base import clock, plain
from app.base.db import Base, UtcTime
from app.base.db_types import Key

# (address, device) of the request at hand, "" where there is none.
Origin = Callable[[], tuple[str, str]]
_origin: list[Origin] = []


class AuditEntry(Base):
    """One action of one person (or of the system: `actor_id` null)."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at", "at", "id"),
        Index("ix_audit_entry_actor", "actor_id", "at", "id"),
        Index("ix_audit_entry_action", "action", "at", "id"),
        Index("ix_audit_entry_subject", "subject", "at", "id"),
        Index("ix_audit_entry_outcome", "outcome", "at", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    actor_id: Mapped[int | None] = mapped_column(Key)
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(60), server_default="")
    device: Mapped[str] = mapped_column(String(200), server_default="")


def wire(origin: Origin) -> None:
    """Say how the address and the device of the present request are found; the last one said holds."""
    _origin[:] = [origin]


def record(
    session: Session, actor_id: int | None, action: str, subject: str, outcome: str = "done", **detail: object
) -> None:
    """Write one entry in the caller's transaction. `action` is `area.verb`, `subject` `kind:key`."""
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)
    address, device = _origin[0]() if _origin else ("", "")
    session.add(
        AuditEntry(
            at=clock.now(),
            actor_id=actor_id,
            action=action,
            subject=plain.one_line(subject)[:120],
            outcome=outcome,
            detail=text,
            address=plain.one_line(address)[:60],
            device=plain.one_line(device)[:200],
        )
    )
