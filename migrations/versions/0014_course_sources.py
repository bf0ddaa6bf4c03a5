"""What a course's facts come from, its lecturer's name in English, and its drawn cover."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Courses that are there have none of it yet: their cover goes on following from the title."""
    op.add_column("course", sa.Column("lecturer_en", sa.String(length=120), nullable=False, server_default=""))
    op.add_column("course", sa.Column("sources", sa.Text(), nullable=False, server_default=""))
    op.add_column("course", sa.Column("sources_en", sa.Text(), nullable=False, server_default=""))
    op.add_column("course", sa.Column("slip", sa.String(length=4), nullable=False, server_default=""))
    op.add_column("course", sa.Column("motif", sa.Integer(), nullable=False, server_default="0"))
