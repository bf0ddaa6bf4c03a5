"""Viewings, coverage, traces. Keys begin with the learner; nothing here is shared by two of them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base
from app.base.db_types import Key


class Viewing(Base):
    """One opening of one lesson by one learner on one device: the row that every beat changes.

    `clock_ms`, `open_us`, `credit_us`: see `app/rules/viewing/beat.py`. `trace_tail` holds the last
    beats (≤ 500 bytes, then it moves to a chunk: beyond 2 KB PostgreSQL halves its speed).
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
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    trace_tail: Mapped[bytes] = mapped_column(LargeBinary)


class Coverage(Base):
    """The seconds credited to a learner in a media version, and those that wait; packed spans.

    `due_mark_ms` and `due_at_ms`: a mark was crossed then and its evidence is still to be written
    (the same request does it; the sweep does it after a crash).
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


class TraceChunk(Base):
    """A sealed piece of a viewing's trace; with the tail it replays the coverage."""

    __tablename__ = "trace_chunk"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    viewing_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bytes: Mapped[bytes] = mapped_column(LargeBinary)
