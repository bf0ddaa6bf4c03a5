"""Long computations with progress, and evidence in compact columns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    """Long computations with progress, and evidence in compact columns."""
    op.create_table(
        "run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("asked_by", KEY, nullable=True),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("started_at", UTC, nullable=True),
        sa.Column("finished_at", UTC, nullable=True),
        sa.Column("cancel_asked_at", UTC, nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("token", sa.String(length=26), nullable=True),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index("ix_run_kind", "run", ["kind", "id"], unique=False)
    op.create_index("uq_run_running", "run", ["kind"], unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_table(
        "evidence_pack",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("newest", KEY, nullable=False),
        sa.Column("form", sa.String(length=12), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_evidence_pack_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", name=op.f("pk_evidence_pack")),
    )
    op.create_table(
        "present_stand",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("newest", KEY, nullable=False),
        sa.Column("scale", sa.String(length=16), nullable=False),
        sa.Column("countable_m", sa.Integer(), nullable=False),
        sa.Column("short_m", sa.Integer(), nullable=False),
        sa.Column("bound", sa.Boolean(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_present_stand_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", name=op.f("pk_present_stand")),
    )
    # The newest row of a learner, without reading all of them.
    op.create_index("ix_evidence_learner", "evidence", ["learner_id", "id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        # Read whole, again and again: packing it once more would cost more than it saves.
        op.execute("ALTER TABLE evidence_pack ALTER COLUMN data SET STORAGE EXTERNAL")
