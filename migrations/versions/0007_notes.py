"""Notes at timestamps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A learner's own notes."""
    op.create_table(
        "note",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("lesson_id", KEY, nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", UTC, nullable=False),
        sa.Column("changed_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_note_learner_id")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_note_lesson_id")),
        sa.PrimaryKeyConstraint("learner_id", "id", name=op.f("pk_note")),
    )
    op.create_index("ix_note_lesson", "note", ["learner_id", "lesson_id"], unique=False)
