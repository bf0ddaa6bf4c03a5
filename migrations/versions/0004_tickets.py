"""Tickets: "my time is wrong"."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A ticket, and what was said in it: at most two rounds."""
    op.create_table(
        "ticket",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("key", sa.String(length=26), nullable=False),
        sa.Column("lesson_id", KEY, nullable=False),
        sa.Column("media_version_id", KEY, nullable=False),
        sa.Column("from_ms", sa.Integer(), nullable=True),
        sa.Column("to_ms", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_at", UTC, nullable=False),
        sa.Column("granted", sa.LargeBinary(), nullable=False),
        sa.Column("credited", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'granted', 'declined', 'withdrawn')", name=op.f("ck_ticket_state")
        ),
        sa.CheckConstraint(
            "(from_ms IS NULL) = (to_ms IS NULL) AND (from_ms IS NULL OR from_ms < to_ms)", name=op.f("ck_ticket_part")
        ),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_ticket_learner_id")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_ticket_lesson_id")),
        sa.ForeignKeyConstraint(["media_version_id"], ["media_version.id"], name=op.f("fk_ticket_media_version_id")),
        sa.PrimaryKeyConstraint("learner_id", "key", name=op.f("pk_ticket")),
        sa.UniqueConstraint("key", name=op.f("uq_ticket_key")),
    )
    op.create_index(
        "uq_ticket_open",
        "ticket",
        ["learner_id", "lesson_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "ticket_round",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("ticket_key", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", UTC, nullable=False),
        sa.Column("attached", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", KEY, nullable=True),
        sa.Column("answered_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id", "ticket_key"], ["ticket.learner_id", "ticket.key"],
            name=op.f("fk_ticket_round_learner_id_ticket_key"),
        ),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_ticket_round_answered_by")),
        sa.PrimaryKeyConstraint("learner_id", "ticket_key", "number", name=op.f("pk_ticket_round")),
    )  # fmt: skip
