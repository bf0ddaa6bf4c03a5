"""Tokens of identity systems, and what they call people and units."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class ScimToken(Base):
    """What an identity system shows itself with. Only a hash of it is kept. `scopes`: of read, users, groups."""

    __tablename__ = "scim_token"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(40))
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ScimMark(Base):
    """What is known by SCIM of a person (user) or unit (group): the other side's name for it, what it says besides of
    address and number (`details`, JSON), when it last closed the account, and since when it is gone there. Person and
    unit themselves stay."""

    __tablename__ = "scim_mark"
    __table_args__ = (
        CheckConstraint("kind IN ('user', 'group')", name="kind"),
        Index("ix_scim_mark_external", "kind", "external_id"),
    )
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    target_id: Mapped[int] = mapped_column(
        Key, primary_key=True, autoincrement=False, info={"names": {"user": "person", "group": "unit"}}
    )
    external_id: Mapped[str | None] = mapped_column(String(200))
    details: Mapped[str] = mapped_column(Text, server_default="{}")
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    gone_at: Mapped[datetime | None] = mapped_column(UtcTime)
