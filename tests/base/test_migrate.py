"""Migrations build exactly what the models say, on both databases; the application's role may not do everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.base import migrate
from app.base.db import Database
from app.base.settings import load
from app.tables import METADATA
from tests.services import DatabaseUrls


def test_models_and_migrations_agree(any_database: DatabaseUrls) -> None:
    db = Database(any_database.owner_url)
    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    db.engine.dispose()
    assert differences == []


def test_a_second_upgrade_changes_nothing(any_database: DatabaseUrls, tmp_path: Path) -> None:
    settings = load(
        {
            "DUXUE_DATA_DIR": str(tmp_path),
            "DUXUE_DATABASE_URL": any_database.app_url,
            "DUXUE_OWNER_DATABASE_URL": any_database.owner_url,
            "DUXUE_APP_ROLE": any_database.app_role,
        }
    )
    migrate.upgrade(settings)
    db = Database(any_database.owner_url)
    with db.engine.connect() as connection:
        assert migrate.current(connection) == migrate.latest()
    db.engine.dispose()


@pytest.mark.parametrize("table", migrate.APPEND_ONLY)
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "UPDATE {} SET {column} = {column}"])
def test_the_record_is_append_only(any_database: DatabaseUrls, table: str, verb: str) -> None:
    """As the owner too: the trigger refuses; the application's role on PostgreSQL may not even ask."""
    column = next(iter(METADATA.tables[table].columns)).name
    statement = verb.format(table, column=column)
    for url, refusal in ((any_database.app_url, "permission denied"), (any_database.owner_url, "append-only")):
        db = Database(url)
        if db.sqlite:
            _fill(db, table)
            refusal = "append-only"
        with db.engine.connect() as connection, pytest.raises(DBAPIError, match=refusal):
            connection.execute(text(statement))
        db.engine.dispose()


def _fill(db: Database, table: str) -> None:
    """One row with foreign keys off: SQLite's triggers act per row."""
    columns = list(METADATA.tables[table].columns)
    values = ", ".join("'2026-01-01'" if "DATE" in str(c.type).upper() else "1" for c in columns)
    raw = db.engine.raw_connection()
    raw.cursor().execute("PRAGMA foreign_keys=OFF")
    raw.cursor().execute("DROP TRIGGER IF EXISTS ledger_transaction_balanced")
    raw.cursor().execute(f"INSERT OR IGNORE INTO {table} ({', '.join(c.name for c in columns)}) VALUES ({values})")
    raw.commit()
    raw.close()


@pytest.mark.postgres
def test_the_application_may_not_truncate_or_drop(postgres_database: DatabaseUrls) -> None:
    db = Database(postgres_database.app_url)
    for statement in ("TRUNCATE evidence", "DROP TABLE evidence", "ALTER TABLE evidence DISABLE TRIGGER ALL"):
        with db.engine.connect() as connection, pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))
    db.engine.dispose()
