"""What is taken over from an older platform; imports say what they are of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The imports that are there are rosters."""
    op.add_column("roster_source", sa.Column("opening_columns", sa.Text(), server_default="{}", nullable=False))
    op.add_column("roster_import", sa.Column("what", sa.String(length=10), server_default="roster", nullable=False))
    op.add_column("roster_import", sa.Column("report", sa.Text(), nullable=True))
    op.create_table(
        "opening_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("import_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("evidence_key", sa.String(length=80), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=120), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("ended_import_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["roster_source.id"], name=op.f("fk_opening_entry_source_id")),
        sa.ForeignKeyConstraint(["import_id"], ["roster_import.id"], name=op.f("fk_opening_entry_import_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_opening_entry_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_entry")),
    )
    op.create_index("ix_opening_entry_standing", "opening_entry", ["source_id", "ended_import_id"], unique=False)
    op.create_index("ix_opening_entry_import", "opening_entry", ["import_id"], unique=False)
    op.create_index("ix_opening_entry_ended", "opening_entry", ["ended_import_id"], unique=False)
    op.create_index("ix_opening_entry_person", "opening_entry", ["person_id", "evidence_key"], unique=False)
