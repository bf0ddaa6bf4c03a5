"""Announcements of the academy, in Chinese and, where somebody wrote it, in English."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class Announcement(Base):
    """What the academy tells everybody, signed in or not. Bodies are Markdown as it was written.

    A draft has no `published_at`. `since` is the first day on which it is shown, `until` the last (None: no end).
    `edition` counts what was saved: who saves on top of what somebody else saved meanwhile is told.
    """

    __tablename__ = "announcement"
    __table_args__ = (CheckConstraint("until IS NULL OR until >= since", name="days"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    title_en: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool]
    since: Mapped[date]
    until: Mapped[date | None]
    published_at: Mapped[datetime | None] = mapped_column(UtcTime)
    edition: Mapped[int]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
