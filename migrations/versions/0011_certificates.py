"""Certificates of hours and their check codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
# (table, every list of columns by which a new row could displace an old one on SQLite)
APPEND_ONLY = (
    ("hours_certificate", (("id",), ("code",))),
    ("hours_certificate_revocation", (("id",), ("certificate_id",))),
)


def upgrade() -> None:
    """What was certified, and what was revoked: rows that are only ever added."""
    op.create_table(
        "hours_certificate",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("issued_at", UTC, nullable=False),
        sa.Column("issued_by", KEY, nullable=False),
        sa.Column("known_at", UTC, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("since <= until", name=op.f("ck_hours_certificate_span")),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_hours_certificate_language")),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_hours_certificate_learner_id")),
        sa.ForeignKeyConstraint(["issued_by"], ["person.id"], name=op.f("fk_hours_certificate_issued_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_certificate")),
        sa.UniqueConstraint("code", name=op.f("uq_hours_certificate_code")),
    )
    op.create_index(
        "ix_hours_certificate_learner_issued", "hours_certificate", ["learner_id", "issued_at"], unique=False
    )
    op.create_table(
        "hours_certificate_revocation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("certificate_id", KEY, nullable=False),
        sa.Column("revoked_at", UTC, nullable=False),
        sa.Column("revoked_by", KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["hours_certificate.id"], name=op.f("fk_hours_certificate_revocation_certificate_id")
        ),
        sa.ForeignKeyConstraint(["revoked_by"], ["person.id"], name=op.f("fk_hours_certificate_revocation_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_certificate_revocation")),
        sa.UniqueConstraint("certificate_id", name=op.f("uq_hours_certificate_revocation_certificate_id")),
    )
    for table, keys in APPEND_ONLY:
        _only_added(table, keys)


def _only_added(table: str, keys: tuple[tuple[str, ...], ...]) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    there = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} k WHERE {' AND '.join(f'k.{name} = NEW.{name}' for name in key)})"
        for key in keys
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: there is such a row'); END"
    )
