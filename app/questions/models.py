"""Questions about courses. A row is never reworded: who was asked it can be shown it for ever."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key

_HELD = text("withdrawn_at IS NULL")


class Question(Base):
    """One question of a course's bank, about one lesson or (`lesson_id` null) about the course as a whole.

    `options`: a JSON list of {"text", "right"}; their order is what an answer's numbers mean, so it never changes.
    A true/false question holds its two words, the true one first. `digest` names what is asked (kind, text, options):
    a bank holds nothing twice. A changed question is a new row; the old one is withdrawn and stays.
    """

    __tablename__ = "question"
    __table_args__ = (
        CheckConstraint("kind IN ('single', 'multiple', 'truefalse')", name="kind"),
        Index("uq_question_held", "course_id", "digest", unique=True, sqlite_where=_HELD, postgresql_where=_HELD),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lesson.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    options: Mapped[str] = mapped_column(Text)
    explanation: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)
