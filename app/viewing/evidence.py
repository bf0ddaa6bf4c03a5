"""Evidence of what was watched: at the marks of the rules, after an answer or a grant, and after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.settings import Settings
from app.courses import queries as courses
from app.courses.queries import Material
from app.credits import service as credits
from app.rules.credit.marks import watch_marks
from app.rules.viewing.played import by_day, plays, reached_at
from app.viewing import held, queries, traces
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
    session: Session, settings: Settings, learner_id: int, material: Material, mark_ms: int, at_ms: int
) -> bool:
    """Record that the mark was crossed at this moment, once; then settle. True when that posted something.

    Nothing where as much is recorded already: rules that ask for less later make no second watching of it.
    """
    if queries.recorded_mark(session, learner_id, material.media_version.id) >= mark_ms:
        return False
    happened = clock.from_ms(at_ms)
    known = facts(session, learner_id, material, clock.local_day(happened, settings.timezone))
    credits.record(
        session, learner_id, key=f"watched:{material.media_version.id}:{mark_ms}", kind="watched",
        happened_at=happened, known_at=happened, recorded_by="viewing", facts={**known, "seen_ms": mark_ms},
    )  # fmt: skip
    return bool(credits.settle(session, learner_id).posted)


@dataclass(frozen=True, slots=True)
class Source:
    """Who lets seconds count outside the beat path, and what evidence tells people of it (rules never read that)."""

    recorded_by: str = "viewing"
    told: Mapping[str, str] = field(default_factory=dict)


def after_change(
    session: Session, settings: Settings, learner_id: int, material: Material, before: list[int], after: list[int],
    source: Source,
) -> bool:  # fmt: skip
    """Evidence for what counts since an answer or a grant (flat spans before and after); True where there is any new.
    Settling is the caller's.

    Each second stands on the day on which it was first played (`rules/viewing/played.py`), judged by that day's rules,
    and becomes known now. Days on which nothing changed are left alone. The traces must hold the change already.
    """
    book = credits.book(session)
    if book is None:
        return False
    version = material.media_version
    seen = traces.viewings(session, learner_id, version.id)
    played = plays([(each.opened_ms, each.trace) for each in seen], after)
    fresh, known_at = False, clock.from_ms(time_ms(session))
    recorded = queries.recorded_marks(session, learner_id, version.id)

    def day_of(at_ms: int) -> date:
        return clock.local_day(clock.from_ms(at_ms), settings.timezone)

    for day, sum_ms, before_ms in by_day(played, day_of, before):
        if sum_ms == before_ms:
            continue
        known = facts(session, learner_id, material, day)
        marks = watch_marks(book, day, credits.ruled(known), version.length_ms)
        reached = max((mark for mark in marks if mark <= sum_ms), default=0)
        happened = clock.from_ms(min(reached_at(played, reached), clock.to_ms(known_at))) if reached else None
        if happened is None or any(mark >= reached and moment <= happened for mark, moment in recorded.items()):
            continue
        if reached in recorded:  # it is recorded of a later moment, and a key is recorded once
            continue
        recorded[reached] = happened
        credits.record(
            session, learner_id, key=f"watched:{version.id}:{reached}", kind="watched", happened_at=happened,
            known_at=known_at, recorded_by=source.recorded_by, facts={**known, "seen_ms": reached, **source.told},
        )  # fmt: skip
        fresh = True
    return fresh


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
