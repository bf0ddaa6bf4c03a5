"""Documents: lessons made of pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEFORE, NOW = "'video', 'audio', 'article'", "'video', 'audio', 'article', 'document'"


def upgrade() -> None:
    """The pages of documents; a lesson may be a document."""
    op.create_table(
        "document_page",
        sa.Column("media_version_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_document_page_number")),
        sa.ForeignKeyConstraint(
            ["media_version_id"], ["media_version.id"], name=op.f("fk_document_page_media_version_id")
        ),
        sa.PrimaryKeyConstraint("media_version_id", "number", name=op.f("pk_document_page")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _widen_in_place()
    else:
        op.drop_constraint("ck_lesson_kind", "lesson", type_="check")
        op.create_check_constraint(op.f("ck_lesson_kind"), "lesson", f"kind IN ({NOW})")


def _widen_in_place() -> None:
    """SQLite knows no other constraint for a table than the one in its text.

    A new table in the old one's place would be dropped against the foreign keys that point to it, and these cannot
    be switched off within a transaction. So the text is changed, the way that SQLite's own manual gives for it:
    the new constraint allows whatever the old one did.
    """
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    found = bind.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'lesson' AND sql LIKE ?",
        (f"kind IN ({BEFORE})", f"kind IN ({NOW})", f"%kind IN ({BEFORE})%"),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=OFF")
    if found.rowcount != 1:
        raise RuntimeError("the table lesson is not as the first migration made it: its kinds cannot be widened")
