"""Drafts of rule versions. A draft changes until it is published; what was published lies in `rule_version`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key

DRAFT: Final = "draft"
PROPOSED: Final = "proposed"
DECLINED: Final = "declined"
PUBLISHED: Final = "published"


class RuleDraft(Base):
    """A next version being written. `text` (TOML) is the whole truth; `revision` rises with every save, and a save
    names the one it began from.

    `based_on`: the version whose text it began with. `previous`: the text before the last save, for undoing it.
    `proposed_hash`: of the text that was proposed; only this very text is published. `number`: the version that it
    became. `run_id`: its latest simulation (no foreign key: runs are dropped when they are old), of the text with
    `run_hash`.
    """

    __tablename__ = "rule_draft"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'proposed', 'declined', 'published')", name="state"),
        CheckConstraint("(state = 'draft') = (proposed_hash IS NULL)", name="proposed"),
        CheckConstraint("(state IN ('declined', 'published')) = (decided_at IS NOT NULL)", name="decided"),
        CheckConstraint("(state = 'published') = (number IS NOT NULL)", name="published"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    ruleset: Mapped[str] = mapped_column(String(80))
    based_on: Mapped[int | None]
    title: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    created_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    proposed_hash: Mapped[str | None] = mapped_column(String(64))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(Text)
    number: Mapped[int | None]
    run_id: Mapped[int | None] = mapped_column(Key)
    run_hash: Mapped[str | None] = mapped_column(String(64))
