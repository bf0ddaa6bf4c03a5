"""What was taken over from an older platform, and by which import it came and went."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base
from app.base.db_types import Key


class OpeningEntry(Base):
    """One thing of one learner: the hours of a year and category, a half-watched course, a certificate.

    `key`: what it is about; `said`: what its row said of it; `evidence_key`: the evidence that tells of it. `unit` as
    the old platform called it, for its totals. `ended_import_id`: the import that withdrew it, none while it stands;
    its own where that was undone.
    """

    __tablename__ = "opening_entry"
    __table_args__ = (
        Index("ix_opening_entry_standing", "source_id", "ended_import_id"),
        Index("ix_opening_entry_import", "import_id"),
        Index("ix_opening_entry_ended", "ended_import_id"),
        Index("ix_opening_entry_person", "person_id", "evidence_key"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("roster_source.id"))
    import_id: Mapped[int] = mapped_column(ForeignKey("roster_import.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    key: Mapped[str] = mapped_column(String(200))
    evidence_key: Mapped[str] = mapped_column(String(80))
    said: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(String(120))
    year: Mapped[int | None]
    ended_import_id: Mapped[int | None] = mapped_column(Key)
