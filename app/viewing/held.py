"""A learner's rows in one lesson as the rules see them, locked and written back outside the beat path.

Lock order everywhere: coverage, viewing, ledger (see `stores.py`).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.rules.viewing import presence, spans
from app.rules.viewing.beat import CoverageState, ViewingState
from app.viewing.models import Coverage, TraceChunk, Viewing
from app.viewing.rows import kept


def locked(session: Session, learner_id: int, media_version_id: int) -> Coverage | None:
    """The learner's coverage row, locked; None where the lesson was never opened."""
    return session.scalars(
        select(Coverage)
        .where(Coverage.learner_id == learner_id, Coverage.media_version_id == media_version_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def newest_viewing(
    session: Session, learner_id: int, media_version_id: int, rather: int | None = None
) -> Viewing | None:
    """The learner's newest viewing of a media version, open or ended, locked: its trace takes what counts late.

    `rather`: the number of the one to take instead, if it is there.
    """
    first = [(Viewing.id == rather).desc()] if rather is not None else []
    return session.scalars(
        select(Viewing)
        .where(Viewing.learner_id == learner_id, Viewing.media_version_id == media_version_id)
        .order_by(*first, Viewing.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def state_of(row: Coverage) -> CoverageState:
    """The row as rules see it."""
    return CoverageState(
        spans.unpack(row.spans), spans.unpack(row.pending), row.counted_ms, presence.unpack(row.checks)
    )


def keep_state(row: Coverage, state: CoverageState) -> None:
    """Write a state back to its row."""
    row.spans, row.pending, row.counted_ms = spans.pack(state.spans), spans.pack(state.pending), state.counted_ms
    row.pending_ms, row.checks = spans.length(state.pending), presence.pack(state.checks)


def viewing_state(row: Viewing) -> ViewingState:
    """The viewing as rules see it."""
    return ViewingState(row.seq, row.clock_ms, row.open_us, row.credit_us)


def keep_record(session: Session, viewing: Viewing, record: bytes) -> None:
    """Append a record to a viewing's trace; its row is locked by the caller."""
    if not record:
        return
    sealed, viewing.trace_tail = kept(viewing.trace_tail, record)
    if sealed is not None:
        session.add(
            TraceChunk(learner_id=viewing.learner_id, viewing_id=viewing.id, number=viewing.chunks, bytes=sealed)
        )
        viewing.chunks += 1
