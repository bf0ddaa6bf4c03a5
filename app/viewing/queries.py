"""Reads of viewings and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import Session

from app.courses.models import MediaVersion
from app.courses.queries import LESSONS, LessonRow
from app.credits.models import Evidence, LedgerEntry, LedgerTransaction
from app.rules.viewing import spans
from app.viewing.models import Coverage, Viewing


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a learner is in one media version; milliseconds, `watched_at_ms` since 1970 (0: never)."""

    counted_ms: int
    pending_ms: int
    resume_ms: int
    watched_at_ms: int


_LEARNER: BindParameter[int] = bindparam("learner")
_VERSIONS: BindParameter[Any] = bindparam("versions", expanding=True)
_PROGRESS = select(
    Coverage.media_version_id, Coverage.counted_ms, Coverage.pending_ms, Coverage.resume_ms, Coverage.watched_at_ms
).where(Coverage.learner_id == _LEARNER, Coverage.media_version_id.in_(_VERSIONS))
# A lesson, and how far a learner is in it (nothing where it was never opened).
_SEEN = LESSONS.outerjoin(
    Coverage, (Coverage.media_version_id == MediaVersion.id) & (Coverage.learner_id == _LEARNER)
).add_columns(Coverage.counted_ms, Coverage.pending_ms, Coverage.resume_ms, Coverage.watched_at_ms)
_CLASS_PROGRESS = select(
    Coverage.learner_id, Coverage.media_version_id, Coverage.counted_ms, Coverage.watched_at_ms
).where(Coverage.learner_id.in_(bindparam("learners", expanding=True)), Coverage.media_version_id.in_(_VERSIONS))


def progress(session: Session, learner_id: int, media_version_ids: Sequence[int]) -> dict[int, Progress]:
    """By media version; those never opened are missing."""
    found = session.execute(_PROGRESS, {"learner": learner_id, "versions": list(media_version_ids)})
    return {row[0]: Progress(*row[1:]) for row in found}


def lessons_seen(
    session: Session, learner_id: int, course_ids: Sequence[int]
) -> tuple[dict[int, list[LessonRow]], dict[int, Progress]]:
    """Of every course asked for, its lessons that can be opened, in order; and by media version how far a learner is:
    those never opened are missing. One query."""
    lessons: dict[int, list[LessonRow]] = {course_id: [] for course_id in course_ids}
    seen: dict[int, Progress] = {}
    for row in session.execute(_SEEN, {"learner": learner_id, "ids": list(lessons)}):
        lesson = LessonRow(*row[:10])
        lessons[lesson.course_id].append(lesson)
        if row[10] is not None:
            seen[lesson.media_version_id] = Progress(*row[10:])
    return lessons, seen


def class_progress(
    session: Session, learner_ids: Sequence[int], media_version_ids: Sequence[int]
) -> dict[tuple[int, int], tuple[int, int]]:
    """By (learner, media version): counted ms and the last moment watched (ms since 1970)."""
    given = {"learners": list(learner_ids), "versions": list(media_version_ids)}
    found = session.execute(_CLASS_PROGRESS, given)
    return {(row[0], row[1]): (row[2], row[3]) for row in found}


def receipt(session: Session, learner_id: int, media_version_id: int) -> tuple[list[list[int]], list[list[int]]]:
    """Counted and pending ranges, as lists of [start_ms, end_ms]."""
    row = session.get(Coverage, (learner_id, media_version_id))
    if row is None:
        return [], []
    return _pairs(row.spans), _pairs(row.pending)


def recorded_marks(session: Session, learner_id: int, media_version_id: int) -> dict[int, datetime]:
    """The marks (ms) of a media version for which evidence is recorded, with the moments at which they happened."""
    prefix = f"watched:{media_version_id}:"
    rows = session.execute(
        select(Evidence.key, Evidence.happened_at).where(
            Evidence.learner_id == learner_id, Evidence.key.startswith(prefix, autoescape=True)
        )
    )
    return {int(key.removeprefix(prefix)): moment for key, moment in rows}


def recorded_mark(session: Session, learner_id: int, media_version_id: int) -> int:
    """The largest mark (ms) of a media version for which evidence is recorded; 0 for none."""
    return max(recorded_marks(session, learner_id, media_version_id), default=0)


def last_beat_ms(session: Session, person_id: int, sign_in_id: int) -> int:
    """When a player of this sign-in last reported (within a minute), in ms since 1970; 0 for never."""
    found = session.scalar(
        select(func.max(Viewing.touched_ms)).where(Viewing.learner_id == person_id, Viewing.session_id == sign_in_id)
    )
    return found or 0


def _pairs(packed: bytes) -> list[list[int]]:
    return [list(pair) for pair in spans.pairs(spans.unpack(packed))]


_CREDIT = (
    select(LedgerTransaction.seq, LedgerEntry.account, LedgerEntry.amount)
    .join(
        LedgerEntry,
        (LedgerEntry.learner_id == LedgerTransaction.learner_id) & (LedgerEntry.seq == LedgerTransaction.seq),
    )
    .where(
        LedgerTransaction.learner_id == _LEARNER,
        LedgerTransaction.evidence_key.like(bindparam("keys")),
        LedgerEntry.account.like("learner/%/countable"),
    )
    .order_by(LedgerTransaction.seq.desc())
)


def credit_of(session: Session, learner_id: int, media_version_id: int) -> list[tuple[int, str, int]]:
    """What this learner has been credited for a media version: (ledger number, bucket, thousandths), newest first."""
    rows = session.execute(_CREDIT, {"learner": learner_id, "keys": f"watched:{media_version_id}:%"}).all()
    sums: dict[str, list[int]] = {}
    for seq, account, amount in rows:
        found = sums.setdefault(account.split("/")[2], [seq, 0])
        found[1] += amount
    return [(seq, bucket, amount) for bucket, (seq, amount) in sums.items() if amount]
