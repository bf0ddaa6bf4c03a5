"""A person's e-mail address, and who is a key trainee."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody who is there has either yet. Both addresses are looked up at sign-in and when duplicates are sought."""
    op.add_column("person", sa.Column("email", sa.String(length=120), nullable=True))
    op.add_column("person", sa.Column("key_trainee", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_person_phone", "person", ["phone"], unique=False)
    op.create_index("ix_person_email", "person", ["email"], unique=False)
