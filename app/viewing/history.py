"""Half-watched lessons from an earlier platform or the sample: coverage with evidence, no trace of beats."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.base import clock
from app.base.settings import Settings
from app.courses.queries import Material
from app.credits import service as credits
from app.rules.credit.marks import watch_marks
from app.rules.viewing import spans
from app.viewing import queries
from app.viewing.models import Coverage
from app.viewing.snapshot import facts


def take_over(
    session: Session, settings: Settings, learner_id: int, material: Material, watched_ms: int, moment: datetime
) -> None:
    """The first `watched_ms` of a lesson were watched by `moment`. A lesson already begun here is left alone.

    Evidence is recorded for the highest mark reached; settlement is the caller's.
    """
    version = material.media_version
    if session.get(Coverage, (learner_id, version.id)) is not None or watched_ms <= 0:
        return
    watched_ms = min(watched_ms, version.length_ms)
    session.add(
        Coverage(
            learner_id=learner_id, media_version_id=version.id, counted_ms=watched_ms, pending_ms=0,
            resume_ms=watched_ms if watched_ms < version.length_ms else 0, watched_at_ms=clock.to_ms(moment),
            spans=spans.pack([0, watched_ms]), pending=b"",
        )
    )  # fmt: skip
    book = credits.book(session)
    if book is None:
        return
    day = clock.local_day(moment, settings.timezone)
    known = facts(session, learner_id, material, day)
    reached = [mark for mark in watch_marks(book, day, credits.ruled(known), version.length_ms) if mark <= watched_ms]
    key = f"watched:{version.id}:{reached[-1]}" if reached else ""
    if reached and queries.recorded_mark(session, learner_id, version.id) < reached[-1]:
        credits.record(
            session, learner_id, key=key, kind="watched", happened_at=moment, known_at=clock.now(),
            recorded_by="takeover", facts={**known, "seen_ms": reached[-1]},
        )  # fmt: skip
