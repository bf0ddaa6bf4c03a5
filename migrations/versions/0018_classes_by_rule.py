"""Rules that make virtual classes; which class is by which rule and for which year; who is pinned to a class."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """There are no rules yet, so no class has one: everybody stays where they are."""
    op.create_table(
        "class_rule",
        sa.Column("id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("natures", sa.Text(), nullable=False),
        sa.Column("bands", sa.Text(), nullable=False),
        sa.Column("districts", sa.Text(), nullable=False),
        sa.Column("key_trainee", sa.Boolean(), nullable=True),
        sa.Column("by_district", sa.Boolean(), nullable=False),
        sa.Column("join_small", sa.Boolean(), nullable=False),
        sa.Column("smallest", sa.Integer(), nullable=False),
        sa.Column("best", sa.Integer(), nullable=False),
        sa.Column("largest", sa.Integer(), nullable=False),
        sa.Column("pattern", sa.String(length=80), nullable=False),
        sa.Column("pattern_en", sa.String(length=80), nullable=False),
        sa.CheckConstraint("smallest >= 1 AND smallest <= best AND best <= largest", name=op.f("ck_class_rule_sizes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_rule")),
    )
    # As one statement with its reference: SQLite could add the reference later only by building the table anew.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    reference = "CONSTRAINT fk_virtual_class_rule_id REFERENCES class_rule (id)"
    op.execute(f"ALTER TABLE virtual_class ADD COLUMN rule_id {kind} {reference}")
    op.add_column("virtual_class", sa.Column("year", sa.Integer(), nullable=True))
    op.add_column("virtual_class", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index("ix_virtual_class_rule_id", "virtual_class", ["rule_id"], unique=False)
    op.add_column("class_membership", sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
