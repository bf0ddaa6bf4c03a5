"""Sealed periods, their reopening, and adjustments that arrive after a seal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
APPEND_ONLY = ("period_seal", "closing_record")
# Longer names: carried hours are named after clause and period, accounts of adjustments after two periods.
WIDER = (("ledger_transaction", "evidence_key", 80, 120), ("ledger_entry", "account", 120, 250))


def upgrade() -> None:
    """The events of a period, what its seal was over, what came from before and went on, and wider names."""
    op.create_table(
        "period_seal",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(length=10), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("by_id", KEY, nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("overruled", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "event IN ('sealed', 'asked', 'withdrawn', 'declined', 'reopened')", name=op.f("ck_period_seal_event")
        ),
        sa.CheckConstraint("(event = 'sealed') = (hash IS NOT NULL)", name=op.f("ck_period_seal_hash")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_period_seal_by_id")),
        sa.PrimaryKeyConstraint("period", "number", name=op.f("pk_period_seal")),
    )
    op.create_table(
        "closing_record",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["period", "number"], ["period_seal.period", "period_seal.number"],
            name=op.f("fk_closing_record_period_number"),
        ),
        sa.PrimaryKeyConstraint("period", "number", name=op.f("pk_closing_record")),
    )  # fmt: skip
    op.add_column("learner_period", sa.Column("carried", sa.Integer(), server_default="0", nullable=False))
    op.add_column("learner_period", sa.Column("made_up", sa.Text(), server_default="{}", nullable=False))
    op.add_column("learner_period", sa.Column("carry", sa.Text(), server_default="{}", nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        _laws_sqlite()
        _wider_sqlite()
    else:
        _laws_postgresql()
        for table, column, old, new in WIDER:
            op.alter_column(
                table, column, type_=sa.String(length=new), existing_type=sa.String(length=old), existing_nullable=False
            )


def _laws_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS "
            f"(SELECT 1 FROM {table} k WHERE k.period = NEW.period AND k.number = NEW.number OR k.rowid = NEW.rowid) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: there is such a row'); END"
        )


def _wider_sqlite() -> None:
    """SQLite keeps texts of any length, whatever the column says; making the tables anew to say another number would
    drop the triggers that guard them, and copy millions of rows. So only what is written about the column changes."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    for table, column, old, new in WIDER:
        connection.exec_driver_sql(
            "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
            (f"{column} VARCHAR({old})", f"{column} VARCHAR({new})", table),
        )
    connection.exec_driver_sql(f"PRAGMA schema_version = {int(version) + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


def _laws_postgresql() -> None:
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
