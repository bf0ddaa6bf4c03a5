"""The first tables: people, classes, courses, credits, viewing, tasks, audit; and the ledger's laws."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
APPEND_ONLY = ("evidence", "rule_version", "ledger_entry", "ledger_transaction", "audit_entry")


def upgrade() -> None:

    op.create_table(
        "audit_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], unique=False)
    op.create_table(
        "job_run",
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("slot", UTC, nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_job_run")),
    )
    op.create_table(
        "person",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.String(length=26), nullable=False),
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_pinyin", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("disabled_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("key", name=op.f("uq_person_key")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
    )
    op.create_table(
        "provider",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider")),
        sa.UniqueConstraint("code", name=op.f("uq_provider_code")),
    )
    op.create_table(
        "task",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failed_at", UTC, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(
        "ix_task_due",
        "task",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("failed_at IS NULL"),
        postgresql_where=sa.text("failed_at IS NULL"),
    )
    op.create_table(
        "unit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("nature", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
    )
    op.create_index(op.f("ix_unit_parent_id"), "unit", ["parent_id"], unique=False)
    op.create_table(
        "virtual_class",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_virtual_class")),
        sa.UniqueConstraint("code", name=op.f("uq_virtual_class_code")),
    )
    op.create_table(
        "chain_head",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("seq", KEY, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("settled_evidence", KEY, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_chain_head_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "class_membership",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("class_id", KEY, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_class_membership_order")),
        sa.ForeignKeyConstraint(["class_id"], ["virtual_class.id"], name=op.f("fk_class_membership_class_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_class_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_membership")),
    )
    op.create_index(op.f("ix_class_membership_class_id"), "class_membership", ["class_id"], unique=False)
    op.create_index(op.f("ix_class_membership_person_id"), "class_membership", ["person_id"], unique=False)
    op.create_index(
        "uq_class_membership_open",
        "class_membership",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "course",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("summary_en", sa.Text(), nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("subject_bucket", sa.String(length=40), nullable=False),
        sa.Column("lecturer", sa.String(length=120), nullable=False),
        sa.Column("max_rate_m", sa.Integer(), nullable=False),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("withdrawn_at", UTC, nullable=True),
        sa.CheckConstraint("max_rate_m BETWEEN 1000 AND 4000", name=op.f("ck_course_max_rate")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_course_created_by")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_course_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("code", name=op.f("uq_course_code")),
    )
    op.create_table(
        "credential",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("changed_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_credential_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_credential")),
    )
    op.create_table(
        "evidence",
        sa.Column("id", KEY, nullable=False),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("happened_at", UTC, nullable=False),
        sa.Column("known_at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(length=60), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("names", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_evidence_learner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("learner_id", "key", name=op.f("uq_evidence_learner_id_key")),
    )
    op.create_index("ix_evidence_learner_happened", "evidence", ["learner_id", "happened_at"], unique=False)
    op.create_table(
        "learner_period",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("countable", sa.Integer(), nullable=False),
        sa.Column("buckets", sa.Text(), nullable=False),
        sa.Column("tests", sa.Text(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=False),
        sa.Column("settled_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_learner_period_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", "period", name=op.f("pk_learner_period")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_ledger_entry_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", "seq", "line", name=op.f("pk_ledger_entry")),
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("evidence_key", sa.String(length=80), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("posted_at", UTC, nullable=False),
        sa.Column("reverses", KEY, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_ledger_transaction_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", "seq", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("learner_id", "reverses", name=op.f("uq_ledger_transaction_learner_id_reverses")),
    )
    op.create_index(
        "ix_ledger_transaction_learner_period", "ledger_transaction", ["learner_id", "period"], unique=False
    )
    op.create_table(
        "login_session",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("seen_at", UTC, nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_login_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index(op.f("ix_login_session_person_id"), "login_session", ["person_id"], unique=False)
    op.create_table(
        "role_grant",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("scope_kind", sa.String(length=10), nullable=False),
        sa.Column("scope_id", KEY, nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(scope_kind IN ('class', 'unit')) = (scope_id IS NOT NULL)", name=op.f("ck_role_grant_scope_id")
        ),
        sa.CheckConstraint("scope_kind IN ('own', 'class', 'unit', 'academy')", name=op.f("ck_role_grant_scope_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_role_grant_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(op.f("ix_role_grant_person_id"), "role_grant", ["person_id"], unique=False)
    op.create_table(
        "rule_version",
        sa.Column("id", KEY, nullable=False),
        sa.Column("ruleset", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("published_at", UTC, nullable=False),
        sa.Column("published_by", KEY, nullable=True),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name=op.f("fk_rule_version_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_version")),
        sa.UniqueConstraint("ruleset", "effective", name=op.f("uq_rule_version_ruleset_effective")),
        sa.UniqueConstraint("ruleset", "version", name=op.f("uq_rule_version_ruleset_version")),
    )
    op.create_table(
        "trace_chunk",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("viewing_id", KEY, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_trace_chunk_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", "viewing_id", "number", name=op.f("pk_trace_chunk")),
    )
    op.create_table(
        "unit_membership",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("band", sa.String(length=40), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.CheckConstraint("until IS NULL OR until > since", name=op.f("ck_unit_membership_order")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_unit_membership_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_membership_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_membership")),
    )
    op.create_index(op.f("ix_unit_membership_person_id"), "unit_membership", ["person_id"], unique=False)
    op.create_index(op.f("ix_unit_membership_unit_id"), "unit_membership", ["unit_id"], unique=False)
    op.create_index(
        "uq_unit_membership_open",
        "unit_membership",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "upload",
        sa.Column("key", sa.String(length=26), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", KEY, nullable=False),
        sa.Column("received", KEY, nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("used_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_upload_person_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_person_id"), "upload", ["person_id"], unique=False)
    op.create_table(
        "course_offer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("course_id", KEY, nullable=False),
        sa.Column("class_id", KEY, nullable=True),
        sa.Column("requirement_class", sa.String(length=10), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("offered_at", UTC, nullable=False),
        sa.Column("withdrawn_at", UTC, nullable=True),
        sa.CheckConstraint(
            "requirement_class IN ('required', 'elective')", name=op.f("ck_course_offer_requirement_class")
        ),
        sa.ForeignKeyConstraint(["class_id"], ["virtual_class.id"], name=op.f("fk_course_offer_class_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_offer_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_offer")),
    )
    op.create_index(op.f("ix_course_offer_class_id"), "course_offer", ["class_id"], unique=False)
    op.create_index(op.f("ix_course_offer_course_id"), "course_offer", ["course_id"], unique=False)
    op.create_index(
        "uq_course_offer_all",
        "course_offer",
        ["course_id"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL AND class_id IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL AND class_id IS NULL"),
    )
    op.create_index(
        "uq_course_offer_class",
        "course_offer",
        ["course_id", "class_id"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL AND class_id IS NOT NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL AND class_id IS NOT NULL"),
    )
    op.create_table(
        "lesson",
        sa.Column("id", KEY, nullable=False),
        sa.Column("course_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("withdrawn_at", UTC, nullable=True),
        sa.CheckConstraint("kind IN ('video', 'audio', 'article')", name=op.f("ck_lesson_kind")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_lesson_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
        sa.UniqueConstraint("course_id", "position", name=op.f("uq_lesson_course_id_position")),
    )
    op.create_index(op.f("ix_lesson_course_id"), "lesson", ["course_id"], unique=False)
    op.create_table(
        "media_version",
        sa.Column("id", KEY, nullable=False),
        sa.Column("lesson_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", KEY, nullable=False),
        sa.Column("mime", sa.String(length=60), nullable=False),
        sa.Column("length_ms", sa.Integer(), nullable=False),
        sa.Column("original_name", sa.String(length=200), nullable=False),
        sa.Column("article", sa.Text(), nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.CheckConstraint("length_ms BETWEEN 1 AND 172800000", name=op.f("ck_media_version_length")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_media_version_lesson_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_version")),
        sa.UniqueConstraint("lesson_id", "version", name=op.f("uq_media_version_lesson_id_version")),
    )
    op.create_index(op.f("ix_media_version_lesson_id"), "media_version", ["lesson_id"], unique=False)
    op.create_table(
        "caption",
        sa.Column("id", KEY, nullable=False),
        sa.Column("media_version_id", KEY, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("vtt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["media_version_id"], ["media_version.id"], name=op.f("fk_caption_media_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caption")),
        sa.UniqueConstraint("media_version_id", "language", name=op.f("uq_caption_media_version_id_language")),
    )
    op.create_index(op.f("ix_caption_media_version_id"), "caption", ["media_version_id"], unique=False)
    op.create_table(
        "coverage",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("media_version_id", KEY, nullable=False),
        sa.Column("counted_ms", sa.Integer(), nullable=False),
        sa.Column("pending_ms", sa.Integer(), nullable=False),
        sa.Column("resume_ms", sa.Integer(), nullable=False),
        sa.Column("watched_at_ms", KEY, nullable=False),
        sa.Column("due_mark_ms", sa.Integer(), nullable=True),
        sa.Column("due_at_ms", KEY, nullable=True),
        sa.Column("spans", sa.LargeBinary(), nullable=False),
        sa.Column("pending", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_coverage_learner_id")),
        sa.ForeignKeyConstraint(["media_version_id"], ["media_version.id"], name=op.f("fk_coverage_media_version_id")),
        sa.PrimaryKeyConstraint("learner_id", "media_version_id", name=op.f("pk_coverage")),
    )
    op.create_index(
        "ix_coverage_due",
        "coverage",
        ["learner_id"],
        unique=False,
        sqlite_where=sa.text("due_mark_ms IS NOT NULL"),
        postgresql_where=sa.text("due_mark_ms IS NOT NULL"),
    )
    op.create_table(
        "viewing",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("media_version_id", KEY, nullable=False),
        sa.Column("lesson_id", KEY, nullable=False),
        sa.Column("session_id", KEY, nullable=True),
        sa.Column("opened_ms", KEY, nullable=False),
        sa.Column("expires_ms", KEY, nullable=False),
        sa.Column("ended_ms", KEY, nullable=True),
        sa.Column("end_reason", sa.String(length=20), nullable=True),
        sa.Column("seq", KEY, nullable=False),
        sa.Column("clock_ms", KEY, nullable=False),
        sa.Column("open_us", KEY, nullable=False),
        sa.Column("credit_us", KEY, nullable=False),
        sa.Column("touched_ms", KEY, nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("trace_tail", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["person.id"], name=op.f("fk_viewing_learner_id")),
        sa.ForeignKeyConstraint(["media_version_id"], ["media_version.id"], name=op.f("fk_viewing_media_version_id")),
        sa.PrimaryKeyConstraint("learner_id", "id", name=op.f("pk_viewing")),
    )
    op.create_index(
        "ix_viewing_open",
        "viewing",
        ["learner_id"],
        unique=False,
        sqlite_where=sa.text("ended_ms IS NULL"),
        postgresql_where=sa.text("ended_ms IS NULL"),
    )

    if op.get_bind().dialect.name == "sqlite":
        _laws_sqlite()
    else:
        _laws_postgresql()


def _keys(table: str) -> list[list[str]]:
    """Every list of columns by which a row of a new value could displace an old one (SQLite)."""
    inspector = sa.inspect(op.get_bind())
    primary = inspector.get_pk_constraint(table)["constrained_columns"]
    unique = [each["column_names"] for each in inspector.get_unique_constraints(table)]
    unique += [each["column_names"] for each in inspector.get_indexes(table) if each["unique"]]
    # Where the primary key is no number of one column, a row can also be named by SQLite's own.
    found = [primary, *unique, *([] if primary == ["id"] else [["rowid"]])]
    return [key for at, key in enumerate(found) if key not in found[:at]]


def _laws_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        # INSERT OR REPLACE deletes the old row without any DELETE trigger: so whatever is there may not come again.
        there = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} k WHERE {' AND '.join(f'k.{name} = NEW.{name}' for name in key)})"
            for key in _keys(table)
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: there is such a row'); END"
        )
    op.execute(
        "CREATE TRIGGER ledger_entry_sealed BEFORE INSERT ON ledger_entry WHEN EXISTS "
        "(SELECT 1 FROM ledger_transaction t WHERE t.learner_id = NEW.learner_id AND t.seq = NEW.seq) "
        "BEGIN SELECT RAISE(ABORT, 'this ledger transaction is sealed'); END"
    )
    op.execute(
        "CREATE TRIGGER ledger_transaction_balanced BEFORE INSERT ON ledger_transaction WHEN "
        "(SELECT count(*) < 2 OR sum(amount) <> 0 FROM ledger_entry e "
        "WHERE e.learner_id = NEW.learner_id AND e.seq = NEW.seq) "
        "BEGIN SELECT RAISE(ABORT, 'a ledger transaction must balance'); END"
    )


def _laws_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    op.execute(
        "CREATE FUNCTION ledger_entry_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF EXISTS (SELECT 1 FROM ledger_transaction t WHERE t.learner_id = NEW.learner_id AND t.seq = NEW.seq) "
        "THEN RAISE EXCEPTION 'this ledger transaction is sealed'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_entry_sealed BEFORE INSERT ON ledger_entry "
        "FOR EACH ROW EXECUTE FUNCTION ledger_entry_sealed()"
    )
    op.execute(
        "CREATE FUNCTION ledger_transaction_balanced() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF (SELECT count(*) < 2 OR sum(amount) <> 0 FROM ledger_entry e "
        "WHERE e.learner_id = NEW.learner_id AND e.seq = NEW.seq) "
        "THEN RAISE EXCEPTION 'a ledger transaction must balance'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_transaction_balanced BEFORE INSERT ON ledger_transaction "
        "FOR EACH ROW EXECUTE FUNCTION ledger_transaction_balanced()"
    )
    for table in ("viewing", "coverage"):
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")
