"""Presence checks: what waits for which answer, and what was answered; policies of watching; signals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Columns with defaults, so that a release that does not know them can still write."""
    # Written out: a table that others refer to cannot be made anew on SQLite, and only so a column brings its check.
    op.execute(
        "ALTER TABLE course ADD COLUMN check_minutes INTEGER NOT NULL DEFAULT 0 "
        "CONSTRAINT ck_course_check_minutes CHECK (check_minutes BETWEEN 0 AND 240)"
    )
    op.add_column("course", sa.Column("in_order", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("viewing", sa.Column("in_order", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("viewing", sa.Column("rate_m", sa.Integer(), nullable=False, server_default="1000"))
    op.add_column("viewing", sa.Column("refused_ms", KEY, nullable=False, server_default="0"))
    op.execute(
        "UPDATE viewing SET rate_m = (SELECT course.max_rate_m FROM course JOIN lesson ON lesson.course_id = course.id "
        "WHERE lesson.id = viewing.lesson_id) WHERE EXISTS (SELECT 1 FROM lesson WHERE lesson.id = viewing.lesson_id)"
    )
    empty = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''::bytea")
    op.add_column("coverage", sa.Column("checks", sa.LargeBinary(), nullable=False, server_default=empty))
    op.create_table(
        "presence_answer",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("media_version_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("check_no", sa.Integer(), nullable=True),
        sa.Column("question_id", KEY, nullable=True),
        sa.Column("chosen", sa.String(length=60), nullable=False),
        sa.Column("was_right", sa.Boolean(), nullable=False),
        sa.Column("answered_ms", KEY, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_presence_answer_learner_id")),
        sa.ForeignKeyConstraint(
            ["media_version_id"], ["media_version.id"], name=op.f("fk_presence_answer_media_version_id")
        ),
        sa.PrimaryKeyConstraint("learner_id", "media_version_id", "number", name=op.f("pk_presence_answer")),
    )
    op.create_table(
        "viewing_signal",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("viewing_id", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("at_ms", KEY, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_viewing_signal_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", "viewing_id", "kind", name=op.f("pk_viewing_signal")),
    )
