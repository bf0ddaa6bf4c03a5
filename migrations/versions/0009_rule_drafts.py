"""Drafts of rule sets that wait for a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Drafts of rule sets that wait for a second person."""
    op.create_table(
        "rule_draft",
        sa.Column("id", KEY, nullable=False),
        sa.Column("ruleset", sa.String(length=80), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("changed_by", KEY, nullable=False),
        sa.Column("changed_at", UTC, nullable=False),
        sa.Column("proposed_by", KEY, nullable=True),
        sa.Column("proposed_at", UTC, nullable=True),
        sa.Column("proposed_hash", sa.String(length=64), nullable=True),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("decided_at", UTC, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("run_id", KEY, nullable=True),
        sa.Column("run_hash", sa.String(length=64), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'proposed', 'declined', 'published')", name=op.f("ck_rule_draft_state")),
        sa.CheckConstraint("(state = 'draft') = (proposed_hash IS NULL)", name=op.f("ck_rule_draft_proposed")),
        sa.CheckConstraint(
            "(state IN ('declined', 'published')) = (decided_at IS NOT NULL)", name=op.f("ck_rule_draft_decided")
        ),
        sa.CheckConstraint("(state = 'published') = (number IS NOT NULL)", name=op.f("ck_rule_draft_published")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_rule_draft_created_by")),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name=op.f("fk_rule_draft_changed_by")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_rule_draft_proposed_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_rule_draft_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_draft")),
    )
