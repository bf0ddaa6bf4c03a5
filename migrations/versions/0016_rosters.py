"""Rosters: sources, imports, and what each import changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nobody has come by a roster yet."""
    op.create_table(
        "roster_source",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_source")),
        sa.UniqueConstraint("name", name=op.f("uq_roster_source_name")),
    )
    op.create_table(
        "roster_person",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("gone_import_id", KEY, nullable=True),
        sa.Column("closed_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["roster_source.id"], name=op.f("fk_roster_person_source_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_roster_person_person_id")),
        sa.PrimaryKeyConstraint("source_id", "person_id", name=op.f("pk_roster_person")),
    )
    op.create_index("ix_roster_person_person_id", "roster_person", ["person_id"], unique=False)
    op.create_table(
        "roster_import",
        sa.Column("id", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("applied_at", UTC, nullable=False),
        sa.Column("applied_by", KEY, nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("undone_at", UTC, nullable=True),
        sa.Column("undone_by", KEY, nullable=True),
        sa.Column("undo", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["roster_source.id"], name=op.f("fk_roster_import_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_import")),
    )
    op.create_index("ix_roster_import_source_id", "roster_import", ["source_id"], unique=False)
    op.create_table(
        "roster_change",
        sa.Column("id", KEY, nullable=False),
        sa.Column("import_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("unit_id", KEY, nullable=True),
        sa.Column("staff_number", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("conflict", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["roster_import.id"], name=op.f("fk_roster_change_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_change")),
    )
    op.create_index("ix_roster_change_import", "roster_change", ["import_id", "kind", "id"], unique=False)
