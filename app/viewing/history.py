"""A year already watched, for the sample academy: viewings, traces, coverage and evidence as beats leave them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.settings import Settings
from app.courses.queries import Material
from app.credits import service as credits
from app.credits.service import Told
from app.rules.credit.book import RuleBook
from app.rules.credit.marks import watch_marks
from app.rules.viewing import beat as rules
from app.rules.viewing import presence, spans
from app.rules.viewing.beat import CoverageState, ViewingState
from app.viewing import held
from app.viewing.marks import pack
from app.viewing.models import Coverage, Viewing
from app.viewing.snapshot import facts


@dataclass(frozen=True, slots=True)
class Seen:
    """The first `watched_ms` of a lesson were watched at 1×, until `moment` (later, where another viewing of the
    learner lasted into it). `check_ms`: a presence check came after so much of it, and nobody has answered yet."""

    material: Material
    watched_ms: int
    moment: datetime
    check_ms: int | None = None


@dataclass(slots=True)
class _Learner:
    """Whose history is written, and where the last viewing left off."""

    session: Session
    settings: Settings
    book: RuleBook | None
    id: int
    last_id: int
    last_ms: int


def watched(session: Session, settings: Settings, learner_id: int, seen: Iterable[Seen]) -> list[Told]:
    """Write what one learner watched, in the order of its moments; the evidence of it, which the caller records.

    A lesson already begun is left alone. There is evidence for the highest mark that was reached.
    """
    mine = Viewing.learner_id == learner_id
    last_id, last_ms = session.execute(select(func.max(Viewing.id), func.max(Viewing.ended_ms)).where(mine)).one()
    learner = _Learner(session, settings, credits.book(session), learner_id, last_id or 0, last_ms or 0)
    begun = set(session.scalars(select(Coverage.media_version_id).where(Coverage.learner_id == learner_id)))
    told: list[Told] = []
    with session.no_autoflush:  # nothing of it is asked for: it is written at once, at the end
        for each in sorted(seen, key=lambda one: one.moment):
            version_id = each.material.media_version.id
            if version_id in begun or each.watched_ms <= 0:
                continue
            begun.add(version_id)
            told += _lesson(learner, each)
    return told


def _lesson(learner: _Learner, seen: Seen) -> list[Told]:
    """One viewing with its coverage; the evidence that it gives."""
    version = seen.material.media_version
    watched_ms = min(seen.watched_ms, version.length_ms)
    viewing = _viewing(learner, seen.material, clock.to_ms(seen.moment) - watched_ms)
    state = _beats(learner, viewing, version.length_ms, watched_ms, seen.check_ms)
    learner.last_id, learner.last_ms = viewing.id, viewing.clock_ms
    coverage = Coverage(
        learner_id=learner.id, media_version_id=version.id, counted_ms=0, pending_ms=0,
        resume_ms=watched_ms if watched_ms < version.length_ms else 0, watched_at_ms=viewing.clock_ms,
        spans=spans.pack([]), pending=b"",
    )  # fmt: skip
    held.keep_state(coverage, state)
    learner.session.add(coverage)
    return _evidence(learner, seen.material, state.counted_ms, clock.from_ms(viewing.clock_ms))


def _viewing(learner: _Learner, material: Material, began_ms: int) -> Viewing:
    state = rules.begin(began_ms, learner.last_ms)
    viewing = Viewing(
        learner_id=learner.id, id=max(learner.last_id + 1, state.clock_ms << 20),
        media_version_id=material.media_version.id, lesson_id=material.lesson.id, session_id=None,
        opened_ms=state.clock_ms, expires_ms=state.clock_ms + learner.settings.lease_hours * 3_600_000, seq=state.seq,
        clock_ms=state.clock_ms, open_us=0, credit_us=0, touched_ms=state.clock_ms, chunks=0, marks=pack(()),
        answer=b"", trace_tail=b"",
    )  # fmt: skip
    learner.session.add(viewing)
    return viewing


def _beats(
    learner: _Learner, viewing: Viewing, length_ms: int, watched_ms: int, check_ms: int | None
) -> rules.CoverageState:
    """One beat after the other, decided and recorded like any; then the viewing's own close."""
    settings = learner.settings
    terms = rules.Terms(length_ms, 1000, settings.ceiling_seconds * 1000)
    checks = presence.NONE if check_ms is None else presence.Checks((presence.Check(check_ms),))
    state = ViewingState(viewing.seq, viewing.clock_ms, viewing.open_us, viewing.credit_us)
    coverage = CoverageState([], [], 0, checks)
    for start in range(0, watched_ms, settings.beat_seconds * 1000):
        stop = min(start + settings.beat_seconds * 1000, watched_ms)
        told = rules.decide(state, coverage, terms, state.seq + 1, [[start, stop]], state.clock_ms + stop - start)
        state, coverage = told.viewing, told.coverage
        held.keep_record(learner.session, viewing, told.trace)
    viewing.seq, viewing.clock_ms, viewing.touched_ms = state.seq, state.clock_ms, state.clock_ms
    viewing.open_us, viewing.credit_us = state.open_us, state.credit_us
    viewing.ended_ms, viewing.end_reason = state.clock_ms, "closed"
    return coverage


def _evidence(learner: _Learner, material: Material, counted_ms: int, moment: datetime) -> list[Told]:
    if learner.book is None:
        return []
    version, day = material.media_version, clock.local_day(moment, learner.settings.timezone)
    known = facts(learner.session, learner.id, material, day)
    marks = watch_marks(learner.book, day, credits.ruled(known), version.length_ms)
    reached = max((mark for mark in marks if mark <= counted_ms), default=0)
    if not reached:
        return []
    key = f"watched:{version.id}:{reached}"
    return [Told(key, "watched", moment, clock.now(), "viewing", {**known, "seen_ms": reached})]
