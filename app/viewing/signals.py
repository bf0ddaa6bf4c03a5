"""Signals: kept once a viewing and kind. Nothing is decided by them; cases and appeals build on them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.db import insert_into
from app.rules.viewing import signals as rules
from app.rules.viewing.trace import BadTrace, records
from app.viewing.models import Signal, Viewing
from app.viewing.now import time_ms
from app.viewing.traces import trace_of


def keep_signal(session: Session, learner_id: int, viewing_id: int, kind: str, at_ms: int, detail: str = "") -> None:
    """Keep a signal; the same again is no news."""
    session.execute(
        insert_into(session, Signal)
        .values(learner_id=learner_id, viewing_id=viewing_id, kind=kind, at_ms=at_ms, detail=detail)
        .on_conflict_do_nothing()
    )


def close_expired(session: Session, most: int = 500) -> int:
    """End viewings whose lease has run out, and look at how they were watched; how many there were."""
    now_ms = time_ms(session)
    rows = session.scalars(
        select(Viewing)
        .where(Viewing.ended_ms.is_(None), Viewing.expires_ms <= now_ms)
        .order_by(Viewing.learner_id, Viewing.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    for viewing in rows:
        viewing.ended_ms, viewing.end_reason = max(viewing.clock_ms, viewing.expires_ms), "lease_ended"
        try:
            beats = list(records(trace_of(session, viewing)))
        except BadTrace:
            continue  # `verify` names it
        if rules.like_a_machine(beats):
            keep_signal(session, viewing.learner_id, viewing.id, rules.LIKE_A_MACHINE, now_ms, f"{len(beats)} beats")
    return len(rows)
