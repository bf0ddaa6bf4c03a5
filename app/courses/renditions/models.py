"""Renditions of media: what is made out of an uploaded file so that it streams."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class Rendition(Base):
    """One thing made of a media version: `720p` or `360p` (picture and sound), `audio`, or `cover` (a picture).

    `state`: waiting → working → ready, failed or cancelled; `progress_m` in thousandths. `error` is a code (words in
    `renditions.words`). `token` names the run that works on it; `touched_at` is its last sign of life. When ready:
    `sha256` names its file in the store, `playlist` is its HLS media playlist with byte ranges, `bandwidth` the most
    bits a second of any segment, `codecs` as RFC 6381 writes them. The version's `length_ms` is never changed by it.
    """

    __tablename__ = "rendition"
    __table_args__ = (
        UniqueConstraint("media_version_id", "kind"),
        CheckConstraint("kind IN ('720p', '360p', 'audio', 'cover')", name="kind"),
        CheckConstraint("state IN ('waiting', 'working', 'ready', 'failed', 'cancelled')", name="state"),
        CheckConstraint("progress_m BETWEEN 0 AND 1000", name="progress"),
        Index(
            "ix_rendition_open",
            "touched_at",
            sqlite_where=text("state IN ('waiting', 'working')"),
            postgresql_where=text("state IN ('waiting', 'working')"),
        ),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    media_version_id: Mapped[int] = mapped_column(ForeignKey("media_version.id"))
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    progress_m: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(20))
    token: Mapped[str | None] = mapped_column(String(26))
    touched_at: Mapped[datetime] = mapped_column(UtcTime)
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    rate_m: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str | None] = mapped_column(String(64))
    bytes: Mapped[int | None] = mapped_column(Key)
    bandwidth: Mapped[int | None]
    codecs: Mapped[str | None] = mapped_column(String(60))
    playlist: Mapped[str | None] = mapped_column(Text)


class MediaStream(Base):
    """What streams of a media version now: a small file in the store that lists its ready renditions.

    The content origin knows no database; this file, whose name is signed, tells it all it needs.
    """

    __tablename__ = "media_stream"
    media_version_id: Mapped[int] = mapped_column(ForeignKey("media_version.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcTime)
