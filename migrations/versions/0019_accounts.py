"""Keys to choose a password with, second factors, counted guesses, former passwords; telephone numbers in one form."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nobody who is there has a key or a second factor yet; passwords go on holding."""
    op.create_table(
        "former_credential",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("replaced_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_former_credential_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_credential")),
    )
    op.create_index("ix_former_credential_person_id", "former_credential", ["person_id"], unique=False)
    _keys()
    _second_factors()
    op.create_table(
        "guess_count",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("until", UTC, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_guess_count")),
    )
    op.create_index("ix_guess_count_until", "guess_count", ["until"], unique=False)
    op.create_index("ix_person_name_pinyin", "person", ["name_pinyin", "id"], unique=False)
    _one_form_of_phones()


def _keys() -> None:
    op.create_table(
        "account_key",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("made_by", KEY, nullable=True),
        sa.Column("expires_at", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("batch", sa.String(length=26), nullable=True),
        sa.Column("email", sa.String(length=120), nullable=True),
        sa.CheckConstraint("way IN ('mail', 'slip', 'confirm')", name=op.f("ck_account_key_way")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_key_person_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_account_key_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_key")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_account_key_secret_hash")),
        sa.UniqueConstraint("batch", "person_id", name=op.f("uq_account_key_batch_person_id")),
    )
    op.create_index("ix_account_key_person", "account_key", ["person_id", "id"], unique=False)


def _second_factors() -> None:
    op.create_table(
        "second_factor",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("secret", sa.String(length=200), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("confirmed_at", UTC, nullable=True),
        sa.Column("last_step", KEY, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_second_factor_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("person_id", "code_hash", name=op.f("uq_recovery_code_person_id_code_hash")),
    )


def _one_form_of_phones() -> None:
    """People sign in with their number, which is looked up as it is stored: digits, a foreign one with its +."""
    bare = "phone"
    for sign in (" ", "-", "(", ")", "."):
        bare = f"replace({bare}, '{sign}', '')"
    op.execute(f"UPDATE person SET phone = {bare} WHERE phone IS NOT NULL")
    op.execute("UPDATE person SET phone = substr(phone, 4) WHERE phone LIKE '+86___________'")
