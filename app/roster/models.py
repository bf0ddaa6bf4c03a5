"""Where people come from, the imports that were applied, and what each of them changed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class RosterSource(Base):
    """Who sends files: a personnel office, a district. `columns`: what the headings of its rosters stand for (JSON);
    `opening_columns`: the same of its files of opening balances."""

    __tablename__ = "roster_source"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    columns: Mapped[str] = mapped_column(Text)
    opening_columns: Mapped[str] = mapped_column(Text, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class RosterPerson(Base):
    """Whom a source has. `gone_import_id`: the import by which the person left it, none while present.

    `closed_at`: when a roster of this source closed the account; closed by hand since, no roster opens it.
    """

    __tablename__ = "roster_person"
    source_id: Mapped[int] = mapped_column(ForeignKey("roster_source.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    gone_import_id: Mapped[int | None] = mapped_column(Key)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RosterImport(Base):
    """A file that was applied. `what`: roster or opening. `day`: from when what it says holds. `counts`, `undo` and
    `report` (of opening balances: hours by unit and year) are JSON."""

    __tablename__ = "roster_import"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("roster_source.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    day: Mapped[date]
    applied_at: Mapped[datetime] = mapped_column(UtcTime)
    applied_by: Mapped[int | None] = mapped_column(Key)
    counts: Mapped[str] = mapped_column(Text)
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)
    undone_by: Mapped[int | None] = mapped_column(Key)
    undo: Mapped[str | None] = mapped_column(Text)
    what: Mapped[str] = mapped_column(String(10), server_default="roster")
    report: Mapped[str | None] = mapped_column(Text)


class RosterChange(Base):
    """What an import did to one person or unit. `before` and `after` are JSON, all that undoing needs.

    No foreign keys to person and unit: undoing may take away who was new. `conflict`: why it was not undone.
    """

    __tablename__ = "roster_change"
    __table_args__ = (Index("ix_roster_change_import", "import_id", "kind", "id"),)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("roster_import.id"))
    kind: Mapped[str] = mapped_column(String(10))
    person_id: Mapped[int | None] = mapped_column(Key)
    unit_id: Mapped[int | None] = mapped_column(Key)
    staff_number: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(120))
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    conflict: Mapped[str | None] = mapped_column(String(60))
