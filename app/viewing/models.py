"""Viewings, coverage, traces. Keys begin with the learner; nothing here is shared by two of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class Viewing(Base):
    """One opening of one lesson by one learner on one device: the row that every beat changes.

    `clock_ms`, `open_us`, `credit_us`: see `app/rules/viewing/beat.py`. `trace_tail` holds the last
    beats (≤ 500 bytes, then it moves to a chunk: beyond 2 KB PostgreSQL halves its speed).
    `in_order`, `rate_m` (thousandths): the course's policies at the opening. `refused_ms`: played faster than time,
    all told.
    """

    __tablename__ = "viewing"
    __table_args__ = (
        Index(
            "ix_viewing_open",
            "learner_id",
            sqlite_where=text("ended_ms IS NULL"),
            postgresql_where=text("ended_ms IS NULL"),
        ),
    )
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    media_version_id: Mapped[int] = mapped_column(ForeignKey("media_version.id"))
    lesson_id: Mapped[int] = mapped_column(Key)
    session_id: Mapped[int | None] = mapped_column(Key)
    opened_ms: Mapped[int] = mapped_column(Key)
    expires_ms: Mapped[int] = mapped_column(Key)
    ended_ms: Mapped[int | None] = mapped_column(Key)
    end_reason: Mapped[str | None] = mapped_column(String(20))
    seq: Mapped[int] = mapped_column(Key)
    clock_ms: Mapped[int] = mapped_column(Key)
    open_us: Mapped[int] = mapped_column(Key)
    credit_us: Mapped[int] = mapped_column(Key)
    touched_ms: Mapped[int] = mapped_column(Key)
    chunks: Mapped[int] = mapped_column(Integer)
    marks: Mapped[bytes] = mapped_column(LargeBinary)
    in_order: Mapped[bool] = mapped_column(default=False)
    rate_m: Mapped[int] = mapped_column(default=1000)
    refused_ms: Mapped[int] = mapped_column(Key, default=0)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    trace_tail: Mapped[bytes] = mapped_column(LargeBinary)


class Coverage(Base):
    """The seconds credited to a learner in a media version, and those that wait; packed spans.

    `due_mark_ms` and `due_at_ms`: a mark was crossed then and its evidence is still to be written
    (the same request does it; the sweep does it after a crash). `checks`: `rules/viewing/presence.py`.
    """

    __tablename__ = "coverage"
    __table_args__ = (
        Index(
            "ix_coverage_due",
            "learner_id",
            sqlite_where=text("due_mark_ms IS NOT NULL"),
            postgresql_where=text("due_mark_ms IS NOT NULL"),
        ),
    )
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    media_version_id: Mapped[int] = mapped_column(ForeignKey("media_version.id"), primary_key=True)
    counted_ms: Mapped[int]
    pending_ms: Mapped[int]
    resume_ms: Mapped[int]
    watched_at_ms: Mapped[int] = mapped_column(Key)
    due_mark_ms: Mapped[int | None]
    due_at_ms: Mapped[int | None] = mapped_column(Key)
    spans: Mapped[bytes] = mapped_column(LargeBinary)
    pending: Mapped[bytes] = mapped_column(LargeBinary)
    checks: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class TraceChunk(Base):
    """A sealed piece of a viewing's trace; with the tail it replays the coverage."""

    __tablename__ = "trace_chunk"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    viewing_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bytes: Mapped[bytes] = mapped_column(LargeBinary)


class PresenceAnswer(Base):
    """One answer to a presence check, right or wrong; never changed.

    `check_no`: which check of this learner in this media version, in the
    order of passing; `question_id` and `chosen`
    (the options chosen, as their places in the stored order, comma between) are empty for a confirmation.
    """

    __tablename__ = "presence_answer"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    media_version_id: Mapped[int] = mapped_column(ForeignKey("media_version.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    check_no: Mapped[int | None]
    question_id: Mapped[int | None] = mapped_column(Key)
    chosen: Mapped[str] = mapped_column(String(60))
    was_right: Mapped[bool]
    answered_ms: Mapped[int] = mapped_column(Key)


class Signal(Base):
    """Something odd about a viewing, for a person to look at one day. It changes nothing by itself."""

    __tablename__ = "viewing_signal"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    viewing_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    at_ms: Mapped[int] = mapped_column(Key)
    detail: Mapped[str] = mapped_column(Text)


class Note(Base):
    """What a learner wrote at a place of a lesson; nobody else sees it. `at_ms`: of the lesson."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_lesson", "learner_id", "lesson_id"),)
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    at_ms: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_at: Mapped[datetime | None] = mapped_column(UtcTime)
