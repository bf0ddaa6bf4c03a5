"""Identities at providers, answers that were taken, sign-ins proved twice; tokens and marks of SCIM."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nobody is linked yet, and no identity system has a token."""
    op.add_column("login_session", sa.Column("proved_twice", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "identity",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("linked_at", UTC, nullable=False),
        sa.Column("used_at", UTC, nullable=True),
        sa.CheckConstraint("way IN ('claim', 'self')", name=op.f("ck_identity_way")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_identity_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identity_issuer_subject")),
        sa.UniqueConstraint("person_id", "issuer", name=op.f("uq_identity_person_id_issuer")),
    )
    op.create_table(
        "used_state",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("until", UTC, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_used_state")),
    )
    op.create_index("ix_used_state_until", "used_state", ["until"], unique=False)
    _scim()


def _scim() -> None:
    op.create_table(
        "scim_token",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=40), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.Column("used_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_scim_token_token_hash")),
    )
    op.create_table(
        "scim_mark",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("target_id", KEY, autoincrement=False, nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("details", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("closed_at", UTC, nullable=True),
        sa.Column("gone_at", UTC, nullable=True),
        sa.CheckConstraint("kind IN ('user', 'group')", name=op.f("ck_scim_mark_kind")),
        sa.PrimaryKeyConstraint("kind", "target_id", name=op.f("pk_scim_mark")),
    )
    op.create_index("ix_scim_mark_external", "scim_mark", ["kind", "external_id"], unique=False)
