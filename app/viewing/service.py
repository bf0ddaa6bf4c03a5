"""Opening a viewing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import insert_into
from app.base.errors import Forbidden, NotFound, Refused
from app.base.settings import Settings
from app.classes import queries as classes
from app.courses import queries as courses
from app.courses.queries import Material
from app.courses.renditions.queries import opens
from app.people.models import Person
from app.rules.viewing import beat as rules
from app.rules.viewing import presence, signals, spans
from app.rules.viewing.lease import LeaseClaims, sign
from app.viewing import endings, evidence, held
from app.viewing.marks import pack
from app.viewing.models import Coverage, Viewing
from app.viewing.now import time_ms
from app.viewing.signals import keep_signal


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
    in_order: bool
    credited: bool


def lease_key(settings: Settings) -> bytes:
    """The key that signs leases: the academy's secret (the purpose is in the signed bytes)."""
    return settings.secret.encode()


def open_viewing(
    session: Session, settings: Settings, learner_id: int, lesson_id: int, session_id: int | None
) -> Opened:
    """Open a lesson on this device; the newest device wins, every other open viewing ends here and now."""
    _hold_still(session, learner_id, lesson_id)
    material = courses.open_material(session, lesson_id)
    if material is None:
        raise NotFound(_("This lesson does not exist or was withdrawn."))
    today = clock.local_day(clock.now(), settings.timezone)
    if classes.offer_of(session, learner_id, material.course.id, today) is None:
        raise Forbidden(_("This course is not offered to your class."))
    if not opens(session, material.lesson.kind, material.media_version):
        raise Refused(_("This lesson is still being prepared. Nothing is lost; open it again a little later."))
    coverage = _coverage(session, learner_id, material.media_version.id)
    last_ms, last_id = _take_over(session, learner_id)
    now_ms = max(time_ms(session), last_ms)
    coverage.checks = _checks(coverage, material)
    marks = evidence.marks_of(session, learner_id, material, settings)
    viewing = _begin(session, settings, learner_id, material, session_id, now_ms, last_ms, last_id, marks)
    reached = max((mark for mark in marks if mark <= coverage.counted_ms), default=None)
    credited = reached is not None and evidence.record_mark(session, settings, learner_id, material, reached, now_ms)
    claims = LeaseClaims(
        learner_id, viewing.media_version_id, viewing.id, material.media_version.length_ms,
        _rate_m(material), viewing.expires_ms,
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
        in_order=viewing.in_order,
        credited=credited,
    )


def _rate_m(material: Material) -> int:
    """The highest rate in thousandths: what is read is read at the pace of the clock."""
    return 1000 if material.lesson.kind in courses.READ else material.course.max_rate_m


def _hold_still(session: Session, learner_id: int, lesson_id: int) -> None:
    """Before anything is looked at: openings of one learner queue, whatever they open (neither of two at once would
    see the other's viewing, and both would stay open), and nobody takes away what allows this one until it is there
    to be ended. (On SQLite there is one writer anyway.) Foreign keys to the person are not held up."""
    session.execute(select(Person.id).where(Person.id == learner_id).with_for_update(key_share=True))
    classes.hold_memberships(session, learner_id)
    course_id = courses.hold_lesson(session, lesson_id)
    if course_id is not None:
        classes.hold_offers(session, course_id)


def _coverage(session: Session, learner_id: int, media_version_id: int) -> Coverage:
    """The learner's coverage row, made if missing, locked."""
    session.execute(
        insert_into(session, Coverage).values(
            learner_id=learner_id, media_version_id=media_version_id, counted_ms=0, pending_ms=0, resume_ms=0,
            watched_at_ms=0, spans=b"", pending=b"",
        ).on_conflict_do_nothing()
    )  # fmt: skip
    row = held.locked(session, learner_id, media_version_id)
    assert row is not None
    return row


def _checks(coverage: Coverage, material: Material) -> bytes:
    """The row's checks with those placed anew that are ahead, as the course's policy is now."""
    length_ms = material.media_version.length_ms
    count = presence.wanted(length_ms, material.course.check_minutes)
    if not count and not coverage.checks:
        return b""
    before = presence.unpack(coverage.checks)
    seen_ms = coverage.counted_ms + coverage.pending_ms
    return presence.pack(presence.draw(before, seen_ms, length_ms, count, secrets.randbelow))


def _take_over(session: Session, learner_id: int) -> tuple[int, int]:
    """End every open viewing of this learner; the moment the last one ended (ms), and the largest id."""
    endings.end_all(session, Viewing.learner_id == learner_id, "taken_over")
    newest = session.execute(
        select(Viewing.id, Viewing.ended_ms, Viewing.clock_ms, Viewing.opened_ms, Viewing.session_id)
        .where(Viewing.learner_id == learner_id)
        .order_by(Viewing.id.desc())
        .limit(20)
    ).all()
    if newest and signals.alternating([(row.opened_ms, row.session_id) for row in newest]):
        keep_signal(session, learner_id, newest[0].id, signals.TWO_DEVICES, newest[0].opened_ms)
    last_ms = max((max(row.ended_ms or 0, row.clock_ms) for row in newest), default=0)
    return last_ms, newest[0].id if newest else 0


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
        in_order=material.course.in_order,
        rate_m=_rate_m(material),
        answer=b"",
        trace_tail=b"",
    )
    session.add(viewing)
    session.flush()
    return viewing


def open_count(session: Session) -> int:
    """How many viewings are open now (operators' figure)."""
    return session.scalar(select(func.count()).select_from(Viewing).where(Viewing.ended_ms.is_(None))) or 0
