"""Messages. What one says is made from its facts when it is shown, in the reader's language."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key

_WAITS = text("read_at IS NULL")


class Notice(Base):
    """One message to one person. `kind`: see `kinds`; `url`: the page it is about, a path of the academy; `facts`: a
    JSON object; `read_at`: when the person opened it, or its matter was over."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("substr(url, 1, 1) = '/'", name="url"),
        Index("ix_notice_person", "person_id", "at"),
        Index("ix_notice_unread", "person_id", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index("ix_notice_matter", "kind", "url", sqlite_where=_WAITS, postgresql_where=_WAITS),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(40))
    url: Mapped[str] = mapped_column(String(400))
    facts: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcTime)


class NoticeChoice(Base):
    """How a person wants messages of one sort (see `sorts`); who chose nothing has no row. `way`: off, app, or mail,
    which is the application and a mail that says that something is there."""

    __tablename__ = "notice_choice"
    __table_args__ = (CheckConstraint("way IN ('off', 'app', 'mail')", name="way"),)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sort: Mapped[str] = mapped_column(String(20), primary_key=True)
    way: Mapped[str] = mapped_column(String(4))
