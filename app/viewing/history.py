"""A year already watched, for the sample academy: viewings, traces, coverage and evidence as beats leave them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.settings import Settings
from app.courses.queries import Material
from app.credits import service as credits
from app.rules.credit.marks import watch_marks
from app.rules.viewing import beat as rules
from app.rules.viewing import spans
from app.viewing import held, queries
from app.viewing.marks import pack
from app.viewing.models import Coverage, Viewing
from app.viewing.snapshot import facts


def watched(
    session: Session, settings: Settings, learner_id: int, material: Material, watched_ms: int, moment: datetime
) -> None:
    """The first `watched_ms` of a lesson were watched at 1×, until `moment` (later, where another viewing of the
    learner lasted into it). A lesson already begun is left alone.

    Evidence is recorded for the highest mark reached; settlement is the caller's.
    """
    version = material.media_version
    if session.get(Coverage, (learner_id, version.id)) is not None or watched_ms <= 0:
        return
    watched_ms = min(watched_ms, version.length_ms)
    viewing = _viewing(session, settings, learner_id, material, clock.to_ms(moment) - watched_ms)
    state = _beats(session, settings, viewing, version.length_ms, watched_ms)
    coverage = Coverage(
        learner_id=learner_id, media_version_id=version.id, counted_ms=0, pending_ms=0,
        resume_ms=watched_ms if watched_ms < version.length_ms else 0, watched_at_ms=viewing.clock_ms,
        spans=spans.pack([]), pending=b"",
    )  # fmt: skip
    held.keep_state(coverage, state)
    session.add(coverage)
    _evidence(session, settings, learner_id, material, state.counted_ms, clock.from_ms(viewing.clock_ms))


def _viewing(session: Session, settings: Settings, learner_id: int, material: Material, began_ms: int) -> Viewing:
    mine = Viewing.learner_id == learner_id
    last_id, last_ms = session.execute(select(func.max(Viewing.id), func.max(Viewing.ended_ms)).where(mine)).one()
    state = rules.begin(began_ms, last_ms or 0)
    viewing = Viewing(
        learner_id=learner_id, id=max((last_id or 0) + 1, state.clock_ms << 20),
        media_version_id=material.media_version.id, lesson_id=material.lesson.id, session_id=None,
        opened_ms=state.clock_ms, expires_ms=state.clock_ms + settings.lease_hours * 3_600_000, seq=state.seq,
        clock_ms=state.clock_ms, open_us=0, credit_us=0, touched_ms=state.clock_ms, chunks=0, marks=pack(()),
        answer=b"", trace_tail=b"",
    )  # fmt: skip
    session.add(viewing)
    return viewing


def _beats(
    session: Session, settings: Settings, viewing: Viewing, length_ms: int, watched_ms: int
) -> rules.CoverageState:
    """One beat after the other, decided and recorded like any; then the viewing's own close."""
    terms = rules.Terms(length_ms, 1000, settings.ceiling_seconds * 1000)
    state, coverage = held.viewing_state(viewing), rules.CoverageState([], [], 0)
    for start in range(0, watched_ms, settings.beat_seconds * 1000):
        stop = min(start + settings.beat_seconds * 1000, watched_ms)
        told = rules.decide(state, coverage, terms, state.seq + 1, [[start, stop]], state.clock_ms + stop - start)
        state, coverage = told.viewing, told.coverage
        held.keep_record(session, viewing, told.trace)
    viewing.seq, viewing.clock_ms, viewing.touched_ms = state.seq, state.clock_ms, state.clock_ms
    viewing.open_us, viewing.credit_us = state.open_us, state.credit_us
    viewing.ended_ms, viewing.end_reason = state.clock_ms, "closed"
    return coverage


def _evidence(
    session: Session, settings: Settings, learner_id: int, material: Material, counted_ms: int, moment: datetime
) -> None:
    book = credits.book(session)
    if book is None:
        return
    version, day = material.media_version, clock.local_day(moment, settings.timezone)
    known = facts(session, learner_id, material, day)
    marks = watch_marks(book, day, credits.ruled(known), version.length_ms)
    reached = [mark for mark in marks if mark <= counted_ms]
    if reached and queries.recorded_mark(session, learner_id, version.id) < reached[-1]:
        credits.record(
            session, learner_id, key=f"watched:{version.id}:{reached[-1]}", kind="watched", happened_at=moment,
            known_at=clock.now(), recorded_by="viewing", facts={**known, "seen_ms": reached[-1]},
        )  # fmt: skip
