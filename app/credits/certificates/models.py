"""Certificates as they were issued, and what became of them. Append-only: nothing of either is ever changed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class HoursCertificate(Base):
    """What was certified of a learner from one day to another (both inclusive), as the ledger knew it at `known_at`.

    `code`: 24 signs without hyphens. `content`: canonical JSON (`content.py`), `content_hash` its SHA-256.
    """

    __tablename__ = "hours_certificate"
    __table_args__ = (
        CheckConstraint("since <= until", name="span"),
        CheckConstraint("language IN ('zh', 'en')", name="language"),
        Index("ix_hours_certificate_learner_issued", "learner_id", "issued_at"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(24), unique=True)
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    since: Mapped[date]
    until: Mapped[date]
    language: Mapped[str] = mapped_column(String(2))
    issued_at: Mapped[datetime] = mapped_column(UtcTime)
    issued_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    known_at: Mapped[datetime] = mapped_column(UtcTime)
    content: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))


class HoursCertificateRevocation(Base):
    """That a certificate was revoked: by whom, when, why. It happens once."""

    __tablename__ = "hours_certificate_revocation"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("hours_certificate.id"), unique=True)
    revoked_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text)
