"""Announcements of the academy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What the academy tells everybody."""
    op.create_table(
        "announcement",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("published_at", UTC, nullable=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("changed_by", KEY, nullable=True),
        sa.Column("changed_at", UTC, nullable=False),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_announcement_days")),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name=op.f("fk_announcement_changed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
    )
