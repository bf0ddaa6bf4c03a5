"""Opening a viewing; evidence at the marks; the sweep after a crash."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.base import clock
from app.base.errors import Forbidden, NotFound, Refused
from app.base.settings import Settings
from app.classes import queries as classes
from app.courses import queries as courses
from app.courses.queries import Material
from app.credits import service as credits
from app.rules.credit.marks import watch_marks
from app.rules.viewing import beat as rules
from app.rules.viewing import spans
from app.rules.viewing.lease import LeaseClaims, sign
from app.viewing import endings, queries
from app.viewing.marks import pack
from app.viewing.models import Coverage, Viewing
from app.viewing.now import time_ms
from app.viewing.snapshot import facts


@dataclass(frozen=True, slots=True)
class Opened:
    """A viewing just opened, with what its player is told. Where presence checks stand is not told."""

    lease: str
    viewing: int
    media_version: int
    length_ms: int
    coverage: list[list[int]]
    pending: list[list[int]]
    resume_ms: int
    rate_m: int
    credited: bool


def lease_key(settings: Settings) -> bytes:
    """The key that signs leases: the academy's secret (the purpose is in the signed bytes)."""
    return settings.secret.encode()


def open_viewing(
    session: Session, settings: Settings, learner_id: int, lesson_id: int, session_id: int | None
) -> Opened:
    """Open a lesson on this device; the newest device wins, every other open viewing ends here and now."""
    material = courses.open_material(session, lesson_id)
    if material is None:
        raise NotFound(_("This lesson does not exist or was withdrawn."))
    if material.lesson.kind == "article":
        raise Refused(_("This is to be read; its time does not count yet."))
    today = clock.local_day(clock.now(), settings.timezone)
    if classes.offer_of(session, learner_id, material.course.id, today) is None:
        raise Forbidden(_("This course is not offered to your class."))
    coverage = _coverage(session, learner_id, material.media_version.id)
    last_ms, last_id = _take_over(session, learner_id)
    now_ms = max(time_ms(session), last_ms)
    marks = _marks(session, learner_id, material, settings)
    viewing = _begin(session, settings, learner_id, material, session_id, now_ms, last_ms, last_id, marks)
    reached = max((mark for mark in marks if mark <= coverage.counted_ms), default=None)
    credited = reached is not None and _evidence(session, settings, learner_id, material, reached, now_ms)
    claims = LeaseClaims(
        learner_id, viewing.media_version_id, viewing.id, material.media_version.length_ms,
        material.course.max_rate_m, viewing.expires_ms,
    )  # fmt: skip
    return Opened(
        lease=sign(lease_key(settings), claims),
        viewing=viewing.id,
        media_version=viewing.media_version_id,
        length_ms=claims.length_ms,
        coverage=[list(pair) for pair in spans.pairs(spans.unpack(coverage.spans))],
        pending=[list(pair) for pair in spans.pairs(spans.unpack(coverage.pending))],
        resume_ms=coverage.resume_ms,
        rate_m=claims.rate_m,
        credited=credited,
    )


def _coverage(session: Session, learner_id: int, media_version_id: int) -> Coverage:
    """The learner's coverage row, made if missing, locked."""
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(Coverage)
    session.execute(
        insert.values(
            learner_id=learner_id, media_version_id=media_version_id, counted_ms=0, pending_ms=0, resume_ms=0,
            watched_at_ms=0, spans=b"", pending=b"",
        ).on_conflict_do_nothing()
    )  # fmt: skip
    return _locked(session, learner_id, media_version_id)


def _locked(session: Session, learner_id: int, media_version_id: int) -> Coverage:
    return session.scalars(
        select(Coverage)
        .where(Coverage.learner_id == learner_id, Coverage.media_version_id == media_version_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _take_over(session: Session, learner_id: int) -> tuple[int, int]:
    """End every open viewing of this learner; the moment the last one ended (ms), and the largest id."""
    endings.end_all(session, Viewing.learner_id == learner_id, "taken_over")
    newest = session.execute(
        select(Viewing.id, Viewing.ended_ms, Viewing.clock_ms)
        .where(Viewing.learner_id == learner_id)
        .order_by(Viewing.id.desc())
        .limit(20)
    ).all()
    last_ms = max((max(ended or 0, at) for _id, ended, at in newest), default=0)
    return last_ms, newest[0][0] if newest else 0


def _marks(session: Session, learner_id: int, material: Material, settings: Settings) -> tuple[int, ...]:
    """The coverages (ms) at which this lesson's evidence is due for this learner today."""
    book = credits.book(session)
    if book is None:
        return ()
    today = clock.local_day(clock.now(), settings.timezone)
    known = facts(session, learner_id, material, today)
    return watch_marks(book, today, credits.ruled(known), material.media_version.length_ms)


def _begin(
    session: Session, settings: Settings, learner_id: int, material: Material, session_id: int | None, now_ms: int,
    last_ms: int, last_id: int, marks: tuple[int, ...],
) -> Viewing:  # fmt: skip
    state = rules.begin(now_ms, last_ms)
    viewing = Viewing(
        learner_id=learner_id,
        # Rising per learner even when the clock steps back; the low bits keep processes apart.
        id=max(last_id + 1, now_ms << 20 | secrets.randbits(20)),
        media_version_id=material.media_version.id,
        lesson_id=material.lesson.id,
        session_id=session_id,
        opened_ms=now_ms,
        expires_ms=now_ms + settings.lease_hours * 3_600_000,
        seq=state.seq,
        clock_ms=state.clock_ms,
        open_us=state.open_us,
        credit_us=state.credit_us,
        touched_ms=now_ms,
        chunks=0,
        marks=pack(marks),
        answer=b"",
        trace_tail=b"",
    )
    session.add(viewing)
    session.flush()
    return viewing


def _evidence(
    session: Session, settings: Settings, learner_id: int, material: Material, mark_ms: int, at_ms: int
) -> bool:
    """Record that the mark was crossed, once; then settle. True when that posted something.

    Nothing where as much is recorded already: rules that ask for less later make no second watching of it.
    """
    if queries.recorded_mark(session, learner_id, material.media_version.id) >= mark_ms:
        return False
    key = f"watched:{material.media_version.id}:{mark_ms}"
    happened = clock.from_ms(at_ms)
    known = facts(session, learner_id, material, clock.local_day(happened, settings.timezone))
    credits.record(
        session, learner_id, key=key, kind="watched", happened_at=happened, known_at=happened,
        recorded_by="viewing", facts={**known, "seen_ms": mark_ms},
    )  # fmt: skip
    return bool(credits.settle(session, learner_id).posted)


def write_due_evidence(session: Session, settings: Settings, learner_id: int, media_version_id: int) -> bool:
    """After a beat crossed a mark: evidence and settlement in one transaction; the sweep calls it too."""
    coverage = _locked(session, learner_id, media_version_id)
    if coverage.due_mark_ms is None or coverage.due_at_ms is None:
        return False
    material = courses.material_of_version(session, media_version_id)
    assert material is not None  # versions are never deleted
    new = _evidence(session, settings, learner_id, material, coverage.due_mark_ms, coverage.due_at_ms)
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


def open_count(session: Session) -> int:
    """How many viewings are open now (operators' figure)."""
    return session.scalar(select(func.count()).select_from(Viewing).where(Viewing.ended_ms.is_(None))) or 0
