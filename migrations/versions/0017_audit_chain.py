"""The audit log says from where, is chained and can be searched; an appointment may stand in for somebody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEARCHED = ("actor_id", "action", "subject", "outcome")


def upgrade() -> None:
    """Entries that are there know no address; the first sealing binds them in the order of their numbers."""
    op.add_column("audit_entry", sa.Column("address", sa.String(length=60), nullable=False, server_default=""))
    op.add_column("audit_entry", sa.Column("device", sa.String(length=200), nullable=False, server_default=""))
    op.drop_index("ix_audit_entry_at", table_name="audit_entry")
    op.create_index("ix_audit_entry_at", "audit_entry", ["at", "id"], unique=False)
    for column in SEARCHED:
        name = f"ix_audit_entry_{column.removesuffix('_id')}"
        op.create_index(name, "audit_entry", [column, "at", "id"], unique=False)
    op.create_table(
        "audit_link",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("entry_id", KEY, nullable=False),
        sa.Column("sealed_ms", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name=op.f("fk_audit_link_entry_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_link_entry_id")),
    )
    op.add_column("role_grant", sa.Column("stands_in_for", KEY, nullable=True))
    op.create_index("ix_role_grant_scope", "role_grant", ["scope_kind", "scope_id"], unique=False)
    _append_only()


def _append_only() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_link_no_{verb.lower()} BEFORE {verb} ON audit_link "
            "BEGIN SELECT RAISE(ABORT, 'audit_link is append-only'); END"
        )
    # INSERT OR REPLACE deletes the old row without any DELETE trigger.
    keys = ("seq", "entry_id", "rowid")
    there = " OR ".join(f"EXISTS (SELECT 1 FROM audit_link k WHERE k.{key} = NEW.{key})" for key in keys)
    op.execute(
        f"CREATE TRIGGER audit_link_no_replace BEFORE INSERT ON audit_link WHEN {there} "
        "BEGIN SELECT RAISE(ABORT, 'audit_link is append-only: there is such a row'); END"
    )
