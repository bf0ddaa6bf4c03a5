"""Corrections that people ask for; which messages reach them how."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Nobody has asked for anything, and everybody gets every message in the application, as before."""
    op.create_table(
        "correction",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.String(length=26), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("field", sa.String(length=10), nullable=False),
        sa.Column("was", sa.String(length=200), nullable=False),
        sa.Column("wanted", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("decided_at", UTC, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "field IN ('name', 'phone', 'email', 'unit', 'band', 'other')", name=op.f("ck_correction_field")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'handed_on', 'declined', 'withdrawn')", name=op.f("ck_correction_state")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_correction_person_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_correction_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("key", name=op.f("uq_correction_key")),
    )
    op.create_index(
        "uq_correction_open", "correction", ["person_id", "field"], unique=True,
        sqlite_where=OPEN, postgresql_where=OPEN,
    )  # fmt: skip
    op.create_index("ix_correction_person", "correction", ["person_id", "id"], unique=False)
    op.create_index("ix_correction_state", "correction", ["state", "id"], unique=False)
    op.create_table(
        "notice_choice",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("sort", sa.String(length=20), nullable=False),
        sa.Column("way", sa.String(length=4), nullable=False),
        sa.CheckConstraint("way IN ('off', 'app', 'mail')", name=op.f("ck_notice_choice_way")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_choice_person_id")),
        sa.PrimaryKeyConstraint("person_id", "sort", name=op.f("pk_notice_choice")),
    )
