"""Renditions of media; tasks have queues, and on PostgreSQL Procrastinate keeps them."""

from __future__ import annotations

from importlib import metadata, resources

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
# The tables and functions of the package that is locked. One of another series brings other tables: then its own
# changes become a migration here, and this number stays.
SERIES = "3.10."
OPEN = "state IN ('waiting', 'working')"


def upgrade() -> None:
    """Both tables; the queue of a task; on PostgreSQL the tables of Procrastinate, with the tasks that wait."""
    op.create_table(
        "rendition",
        sa.Column("id", KEY, nullable=False),
        sa.Column("media_version_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("progress_m", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=20), nullable=True),
        sa.Column("token", sa.String(length=26), nullable=True),
        sa.Column("touched_at", UTC, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("rate_m", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("bytes", KEY, nullable=True),
        sa.Column("bandwidth", sa.Integer(), nullable=True),
        sa.Column("codecs", sa.String(length=60), nullable=True),
        sa.Column("playlist", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('720p', '360p', 'audio', 'cover')", name=op.f("ck_rendition_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'working', 'ready', 'failed', 'cancelled')", name=op.f("ck_rendition_state")
        ),
        sa.CheckConstraint("progress_m BETWEEN 0 AND 1000", name=op.f("ck_rendition_progress")),
        sa.ForeignKeyConstraint(["media_version_id"], ["media_version.id"], name=op.f("fk_rendition_media_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rendition")),
        sa.UniqueConstraint("media_version_id", "kind", name=op.f("uq_rendition_media_version_id_kind")),
    )
    op.create_index(
        "ix_rendition_open",
        "rendition",
        ["touched_at"],
        unique=False,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )
    op.create_table(
        "media_stream",
        sa.Column("media_version_id", KEY, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["media_version_id"], ["media_version.id"], name=op.f("fk_media_stream_media_version_id")
        ),
        sa.PrimaryKeyConstraint("media_version_id", name=op.f("pk_media_stream")),
    )
    op.add_column("task", sa.Column("queue", sa.String(length=20), nullable=False, server_default="main"))
    if op.get_bind().dialect.name == "postgresql":
        _procrastinate()


def _procrastinate() -> None:
    """Its tables and functions; what waits in `task` goes over, what has failed stays there to be read."""
    found = metadata.version("procrastinate")
    if not found.startswith(SERIES):
        raise RuntimeError(f"this step needs procrastinate {SERIES}x, here is {found}: install requirements/run.txt")
    schema = (resources.files("procrastinate") / "sql" / "schema.sql").read_text(encoding="utf-8")
    op.get_bind().connection.driver_connection.execute(schema)  # many statements: only the driver takes them at once
    op.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at) SELECT queue, name, "
        "jsonb_build_object('arguments', CAST(arguments AS jsonb)), due_at FROM task WHERE failed_at IS NULL "
        "ORDER BY id"
    )
    op.execute("DELETE FROM task WHERE failed_at IS NULL")
