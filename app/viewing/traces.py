"""Viewings with their traces, whole: for whoever wants to know what happened."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.rules.viewing.timeline import Seen, Told, tell
from app.viewing.models import TraceChunk, Viewing
from app.viewing.now import time_ms

MOST = 200  # viewings of one lesson by one learner that anybody looks at, the newest ones
# Players report every so many seconds, and up to a fifth later; longer than two of them is a silence.
SILENT_BEATS = 2

_VIEWINGS = (
    select(
        Viewing.id, Viewing.opened_ms, Viewing.expires_ms, Viewing.ended_ms, Viewing.end_reason, Viewing.trace_tail,
        Viewing.rate_m,
    )
    .where(Viewing.learner_id == bindparam("learner"), Viewing.media_version_id == bindparam("version"))
    .order_by(Viewing.id.desc())
    .limit(MOST)
)  # fmt: skip
_CHUNKS = (
    select(TraceChunk.viewing_id, TraceChunk.bytes)
    .where(
        TraceChunk.learner_id == bindparam("learner"),
        TraceChunk.viewing_id.in_(bindparam("viewings", expanding=True)),
    )
    .order_by(TraceChunk.viewing_id, TraceChunk.number)
)


def viewings(session: Session, learner_id: int, media_version_id: int) -> list[Seen]:
    """The viewings of a media version by one learner, the oldest first (of very many, the newest). Two queries."""
    rows = session.execute(_VIEWINGS, {"learner": learner_id, "version": media_version_id}).all()
    given = {"learner": learner_id, "viewings": [row[0] for row in rows]}
    chunks: defaultdict[int, bytes] = defaultdict(bytes)
    for viewing_id, piece in session.execute(_CHUNKS, given):
        chunks[viewing_id] += bytes(piece)
    return [
        Seen(id_, opened, expires, ended, reason, chunks[id_] + bytes(tail), rate_m)
        for id_, opened, expires, ended, reason, tail, rate_m in reversed(rows)
    ]


def trace_of(session: Session, viewing: Viewing) -> bytes:
    """A viewing's whole trace, in order."""
    sealed = session.scalars(
        select(TraceChunk.bytes)
        .where(TraceChunk.learner_id == viewing.learner_id, TraceChunk.viewing_id == viewing.id)
        .order_by(TraceChunk.number)
    )
    return b"".join([*sealed, viewing.trace_tail])


def of_lesson(session: Session, learner_id: int, lesson_id: int) -> int | None:
    """The media version that this learner opened last in a lesson; None when never."""
    return session.scalar(
        select(Viewing.media_version_id).where(
            Viewing.learner_id == learner_id,
            Viewing.id
            == select(func.max(Viewing.id))
            .where(Viewing.learner_id == learner_id, Viewing.lesson_id == lesson_id)
            .scalar_subquery(),
        )
    )


def told(session: Session, learner_id: int, media_version_id: int, rate_m: int, beat_seconds: int) -> list[Told]:
    """The same as stories."""
    now_ms, silent_ms = time_ms(session), beat_seconds * 1000 * SILENT_BEATS
    return [tell(seen, now_ms, rate_m, silent_ms) for seen in viewings(session, learner_id, media_version_id)]
