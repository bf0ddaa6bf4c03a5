"""Evidence of what was watched: at the marks of the rules, after an answer, and by the sweep after a crash."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.settings import Settings
from app.courses import queries as courses
from app.courses.queries import Material
from app.credits import service as credits
from app.rules.credit.marks import watch_marks
from app.viewing import held, queries
from app.viewing.models import Coverage
from app.viewing.now import time_ms
from app.viewing.snapshot import facts


def marks_of(session: Session, learner_id: int, material: Material, settings: Settings) -> tuple[int, ...]:
    """The coverages (ms) at which this lesson's evidence is due for this learner today."""
    book = credits.book(session)
    if book is None:
        return ()
    today = clock.local_day(clock.now(), settings.timezone)
    known = facts(session, learner_id, material, today)
    return watch_marks(book, today, credits.ruled(known), material.media_version.length_ms)


def record_mark(
    session: Session, settings: Settings, learner_id: int, material: Material, mark_ms: int, at_ms: int,
    known_ms: int | None = None,
) -> bool:  # fmt: skip
    """Record that the mark was crossed, once; then settle. True when that posted something.

    `at_ms`: when it was crossed, `known_ms`: when that became known (None: at once).
    Nothing where as much is recorded already: rules that ask for less later make no second watching of it.
    """
    if queries.recorded_mark(session, learner_id, material.media_version.id) >= mark_ms:
        return False
    key = f"watched:{material.media_version.id}:{mark_ms}"
    happened = clock.from_ms(at_ms)
    known = facts(session, learner_id, material, clock.local_day(happened, settings.timezone))
    credits.record(
        session, learner_id, key=key, kind="watched", happened_at=happened,
        known_at=happened if known_ms is None else clock.from_ms(known_ms),
        recorded_by="viewing", facts={**known, "seen_ms": mark_ms},
    )  # fmt: skip
    return bool(credits.settle(session, learner_id).posted)


def after_release(
    session: Session, settings: Settings, learner_id: int, material: Material, counted_ms: int, played_ms: int
) -> bool:
    """What counts since an answer: evidence for the highest mark reached, then settlement; True when that posted.

    It *happened* when the seconds were played (`played_ms`), though not before what is recorded already, and
    *became known* now.
    """
    reached = [mark for mark in marks_of(session, learner_id, material, settings) if mark <= counted_ms]
    if not reached:
        return False
    now_ms = time_ms(session)
    last_ms = queries.last_recorded_ms(session, learner_id, material.media_version.id)
    happened_ms = min(now_ms, max(played_ms, last_ms))
    return record_mark(session, settings, learner_id, material, reached[-1], happened_ms, now_ms)


def write_due_evidence(session: Session, settings: Settings, learner_id: int, media_version_id: int) -> bool:
    """After a beat crossed a mark: evidence and settlement in one transaction; the sweep calls it too."""
    coverage = held.locked(session, learner_id, media_version_id)
    if coverage is None or coverage.due_mark_ms is None or coverage.due_at_ms is None:
        return False
    material = courses.material_of_version(session, media_version_id)
    assert material is not None  # versions are never deleted
    new = record_mark(session, settings, learner_id, material, coverage.due_mark_ms, coverage.due_at_ms)
    coverage.due_mark_ms = coverage.due_at_ms = None
    return new


def sweep_due(session: Session, settings: Settings, grace: timedelta = timedelta(seconds=20)) -> int:
    """Write the evidence that a crash left unwritten (older than the grace); how many pieces."""
    before = time_ms(session) - int(grace.total_seconds() * 1000)
    rows = session.execute(
        select(Coverage.learner_id, Coverage.media_version_id)
        .where(Coverage.due_mark_ms.is_not(None), Coverage.due_at_ms <= before)
        .order_by(Coverage.learner_id, Coverage.media_version_id)
        .limit(500)
    ).all()
    return sum(write_due_evidence(session, settings, *row) for row in rows)
