"""Courses and their material. A media version is frozen: its length was measured by the server."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class Provider(Base):
    """Who made the material (own academy, national academy, a university)."""

    __tablename__ = "provider"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))


class Course(Base):
    """A course: lessons in order. `code` is its public name in addresses.

    Policies of watching: `max_rate_m`; `check_minutes`, a presence check for each started so many minutes
    of a lesson (0: none); `in_order`, no seeking past what was seen.

    `sources`: what its facts come from, one a line. Its drawn cover: `slip`, at most four characters ("": the title's
    first), and `motif`, 1 to 7 (0: follows from the title).
    """

    __tablename__ = "course"
    __table_args__ = (
        CheckConstraint("max_rate_m BETWEEN 1000 AND 4000", name="max_rate"),
        CheckConstraint("check_minutes BETWEEN 0 AND 240", name="check_minutes"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    title_en: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text)
    summary_en: Mapped[str] = mapped_column(Text)
    provider_id: Mapped[int] = mapped_column(ForeignKey("provider.id"))
    category: Mapped[str] = mapped_column(String(40))
    subject_bucket: Mapped[str] = mapped_column(String(40))
    lecturer: Mapped[str] = mapped_column(String(120))
    lecturer_en: Mapped[str] = mapped_column(String(120), default="", server_default="")
    sources: Mapped[str] = mapped_column(Text, default="", server_default="")
    sources_en: Mapped[str] = mapped_column(Text, default="", server_default="")
    slip: Mapped[str] = mapped_column(String(4), default="", server_default="")
    motif: Mapped[int] = mapped_column(default=0, server_default="0")
    max_rate_m: Mapped[int]
    check_minutes: Mapped[int] = mapped_column(default=0)
    in_order: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)


class Lesson(Base):
    """One piece of material within a course; it points to its present media version."""

    __tablename__ = "lesson"
    __table_args__ = (
        UniqueConstraint("course_id", "position"),
        CheckConstraint("kind IN ('video', 'audio', 'article', 'document')", name="kind"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    title_en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)


class MediaVersion(Base):
    """What a lesson plays, frozen. The newest version of a lesson is the one that opens.

    `length_ms` was measured from the packets of the file (an article or document: its author's reading time);
    `sha256` names the file in the store, or the text for an article.
    """

    __tablename__ = "media_version"
    __table_args__ = (
        UniqueConstraint("lesson_id", "version"),
        CheckConstraint("length_ms BETWEEN 1 AND 172800000", name="length"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), index=True)
    version: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(Key)
    mime: Mapped[str] = mapped_column(String(60))
    length_ms: Mapped[int]
    original_name: Mapped[str] = mapped_column(String(200))
    article: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class DocumentPage(Base):
    """A page of a document as learners are given it: a picture in the store (`sha256`, WebP), and its text.

    `number` counts from 1; `width` and `height` are the picture's, in pixels.
    """

    __tablename__ = "document_page"
    __table_args__ = (CheckConstraint("number >= 1", name="number"),)
    media_version_id: Mapped[int] = mapped_column(ForeignKey("media_version.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


class Caption(Base):
    """Captions of a media version in one language, as WebVTT made by us from what was uploaded."""

    __tablename__ = "caption"
    __table_args__ = (UniqueConstraint("media_version_id", "language"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    media_version_id: Mapped[int] = mapped_column(ForeignKey("media_version.id"), index=True)
    language: Mapped[str] = mapped_column(String(10))
    vtt: Mapped[str] = mapped_column(Text)


class Upload(Base):
    """A file on its way in, resumable (tus 1.0); `received` bytes are on disk and synced."""

    __tablename__ = "upload"
    key: Mapped[str] = mapped_column(String(26), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(Key)
    received: Mapped[int] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)
