"""Bring the database to this release's schema, as its owner; grant the application's role its rights."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.base.db import Database
from app.base.settings import Settings

HERE = Path(__file__).resolve().parents[2] / "migrations"
# The application's role may read these and add to them, and nothing else.
APPEND_ONLY = (
    "evidence", "rule_version", "ledger_entry", "ledger_transaction", "audit_entry", "period_seal", "closing_record",
    "hours_certificate", "hours_certificate_revocation", "audit_link",
)  # fmt: skip


def config() -> Config:
    """Alembic's configuration without an ini file."""
    found = Config()
    found.set_main_option("script_location", str(HERE))
    return found


def latest() -> str:
    """The newest revision that this release knows."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head is not None
    return head


def current(connection: Connection) -> str | None:
    """The revision of a database; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(settings: Settings) -> None:
    """Run the missing revisions. Two processes that start at once wait for each other."""
    db = Database(settings.owner_database_url)
    with db.engine.connect() as connection:
        if db.sqlite:
            connection = connection.execution_options(immediate=True)
        with connection.begin():
            if not db.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(7347291)"))
            if current(connection) != latest():
                cfg = config()
                cfg.attributes["connection"] = connection
                command.upgrade(cfg, "head")
            if settings.app_role and not db.sqlite:
                _grant(connection, settings.app_role)
    db.engine.dispose()


def _grant(connection: Connection, role: str) -> None:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", role):
        raise ValueError(f"DUXUE_APP_ROLE={role!r}: small letters, digits and _ only")
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"))
    names = ", ".join((*APPEND_ONLY, "alembic_version"))
    connection.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {names} FROM {role}"))
    connection.execute(text(f"REVOKE INSERT ON alembic_version FROM {role}"))
