"""Units in time: what they were called and where they stood, what was done with them; transfers that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Every unit that is there has always been as it is now: nothing was kept of what it was before."""
    op.add_column("unit", sa.Column("since", sa.Date(), nullable=True))
    op.add_column("unit", sa.Column("closed_on", sa.Date(), nullable=True))
    # As one statement with its reference: SQLite could add the reference later only by building the table anew.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(f"ALTER TABLE unit ADD COLUMN successor_id {kind} CONSTRAINT fk_unit_successor_id REFERENCES unit (id)")
    op.create_index("ix_unit_successor_id", "unit", ["successor_id"], unique=False)
    _past()
    _acts()
    _transfers()


def _past() -> None:
    op.create_table(
        "unit_past",
        sa.Column("id", KEY, nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("nature", sa.String(length=40), nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_past_unit_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_past_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_past")),
        sa.UniqueConstraint("unit_id", "until", name=op.f("uq_unit_past_unit_id_until")),
    )
    op.create_index("ix_unit_past_parent_id", "unit_past", ["parent_id"], unique=False)


def _acts() -> None:
    op.create_table(
        "unit_act",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("other_id", KEY, nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("acted_at", UTC, nullable=False),
        sa.Column("acted_by", KEY, nullable=True),
        sa.CheckConstraint("kind IN ('open', 'change', 'merge', 'split', 'close')", name=op.f("ck_unit_act_kind")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_act_unit_id")),
        sa.ForeignKeyConstraint(["other_id"], ["unit.id"], name=op.f("fk_unit_act_other_id")),
        sa.ForeignKeyConstraint(["acted_by"], ["person.id"], name=op.f("fk_unit_act_acted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_act")),
    )
    op.create_index("ix_unit_act_unit_id", "unit_act", ["unit_id"], unique=False)
    op.create_index("ix_unit_act_other_id", "unit_act", ["other_id"], unique=False)


def _transfers() -> None:
    waits = sa.text("state = 'open'")
    op.create_table(
        "unit_transfer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("from_id", KEY, nullable=False),
        sa.Column("to_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("asked_by", KEY, nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("ended_by", KEY, nullable=True),
        sa.Column("answer", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'withdrawn', 'expired', 'lapsed')",
            name=op.f("ck_unit_transfer_state"),
        ),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_unit_transfer_ended")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_unit_transfer_person_id")),
        sa.ForeignKeyConstraint(["from_id"], ["unit.id"], name=op.f("fk_unit_transfer_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["unit.id"], name=op.f("fk_unit_transfer_to_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_unit_transfer_asked_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_unit_transfer_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_transfer")),
    )
    op.create_index(
        "uq_unit_transfer_open", "unit_transfer", ["person_id"], unique=True, sqlite_where=waits, postgresql_where=waits
    )
    op.create_index("ix_unit_transfer_person_id", "unit_transfer", ["person_id"], unique=False)
    op.create_index("ix_unit_transfer_from_id", "unit_transfer", ["from_id"], unique=False)
    op.create_index("ix_unit_transfer_to_id", "unit_transfer", ["to_id"], unique=False)
