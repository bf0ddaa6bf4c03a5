"""The time that judges viewings."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base import clock

EMBEDDED_CLOCK = clock.AnchoredClock()


def time_ms(session: Session) -> int:
    """Milliseconds since 1970: the database's on PostgreSQL, the anchored clock's when embedded."""
    if session.get_bind().dialect.name == "sqlite":
        return EMBEDDED_CLOCK.now_ms()
    return int(session.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8")) or 0)
