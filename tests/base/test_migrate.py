"""Migrations build exactly what the models say, on both databases; the application's role may not do everything."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Date, Table, UniqueConstraint, text
from sqlalchemy.exc import DBAPIError

from app.base import migrate
from app.base.db import Database, UtcTime
from app.base.settings import load
from app.tables import METADATA
from tests.services import DatabaseUrls


def test_models_and_migrations_agree(any_database: DatabaseUrls) -> None:
    db = Database(any_database.owner_url)
    with db.engine.connect() as connection:
        options = {"include_object": lambda _object, name, *_rest: not (name or "").startswith("procrastinate_")}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)
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


# Everything else may be changed; a new table must be put on one of the two lists.
CHANGING = {
    "account_key", "announcement", "caption", "chain_head", "class_membership", "class_rule", "correction", "course",
    "course_offer", "coverage", "credential", "document_page", "evidence_pack", "former_credential", "guess_count",
    "identity", "job_run", "learner_period", "lesson", "login_session", "media_stream", "media_version", "note",
    "notice", "notice_choice", "opening_entry", "person", "presence_answer", "present_stand", "provider", "question",
    "recovery_code", "rendition", "role_grant", "roster_change", "roster_import", "roster_person", "roster_source",
    "rule_draft", "run", "scim_mark", "scim_token", "second_factor", "task", "ticket", "ticket_round", "trace_chunk",
    "unit", "unit_act", "unit_membership", "unit_past", "unit_transfer", "upload", "used_state", "viewing",
    "viewing_signal", "virtual_class",
}  # fmt: skip


def test_every_table_is_append_only_or_known_to_change() -> None:
    assert set(METADATA.tables) == {*migrate.APPEND_ONLY, *CHANGING}
    assert not CHANGING & set(migrate.APPEND_ONLY)


def _keys(table: Table) -> list[list[str]]:
    """The primary key and every unique one."""
    unique = [list(c.columns.keys()) for c in table.constraints if isinstance(c, UniqueConstraint)]
    unique += [list(index.columns.keys()) for index in table.indexes if index.unique]
    return [list(table.primary_key.columns.keys()), *unique]


def _changes(table: Table, engine: str) -> list[str]:
    """Every statement that would change or remove a row of 1s; the rows that are put in its place hold 2s."""
    names = list(table.columns.keys())
    change = f"SET {names[-1]} = '2'"
    found = [f"DELETE FROM {table.name}", f"UPDATE {table.name} {change}"]
    for key in _keys(table):
        values = ", ".join(_value(column, "1" if column.name in key else "2") for column in table.columns)
        fresh = f"INTO {table.name} ({', '.join(names)}) VALUES ({values})"
        found.append(f"INSERT {fresh} ON CONFLICT ({', '.join(key)}) DO UPDATE {change}")
        if engine == "sqlite":
            found += [f"INSERT OR REPLACE {fresh}", f"REPLACE {fresh}"]
    if engine == "sqlite":
        values = ", ".join(
            "1"
            if column.name in ("id", "seq") and column.primary_key and len(table.primary_key) == 1
            else _value(column, "2")
            for column in table.columns
        )
        found.append(f"INSERT OR REPLACE INTO {table.name} (rowid, {', '.join(names)}) VALUES (1, {values})")
    return found


def _value(column: Column[Any], digit: str) -> str:
    return f"'2026-01-0{digit}'" if isinstance(column.type, Date | UtcTime) else f"'{digit}'"


@pytest.mark.parametrize("table", migrate.APPEND_ONLY)
def test_the_record_is_append_only(any_database: DatabaseUrls, table: str) -> None:
    """As the owner too: the trigger refuses; the application's role on PostgreSQL may not even ask."""
    db = Database(any_database.owner_url)
    kept = _fill(db, table) if db.sqlite else []  # PostgreSQL's triggers act per statement, also with no row
    statements = _changes(METADATA.tables[table], db.engine.dialect.name)
    assert len(statements) >= (5 if db.sqlite else 3)
    for statement in statements:
        _refused(any_database.owner_url, statement, "append-only")
        if any_database.app_role:
            _refused(any_database.app_url, statement, "permission denied")
    with db.engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))] == kept
    db.engine.dispose()


def _refused(url: str, statement: str, refusal: str) -> None:
    db = Database(url)
    with db.engine.connect() as connection:
        if db.sqlite:
            connection.connection.execute("PRAGMA foreign_keys=OFF")
        said = "it went through"
        try:
            connection.execute(text(statement))
        except DBAPIError as error:
            said = str(error.orig)
        assert refusal in said, statement
    db.engine.dispose()


def _fill(db: Database, table: str) -> list[tuple[Any, ...]]:
    """One row with foreign keys off: SQLite's triggers act per row."""
    columns = list(METADATA.tables[table].columns)
    with closing(sqlite3.connect(str(db.engine.url.database))) as raw:
        raw.execute("DROP TRIGGER IF EXISTS ledger_transaction_balanced")
        raw.execute("PRAGMA ignore_check_constraints=ON")  # the values are only there
        values = ", ".join(_value(column, "1") for column in columns)
        raw.execute(f"INSERT INTO {table} ({', '.join(c.name for c in columns)}) VALUES ({values})")
        raw.commit()
        return raw.execute(f"SELECT * FROM {table}").fetchall()


def test_a_row_that_is_there_may_not_come_again_and_a_new_one_may(sqlite_database: DatabaseUrls) -> None:
    """Numbers are given by the database, and a table that may change still takes what it knows."""
    db = Database(sqlite_database.app_url)
    entry = "INSERT INTO audit_entry (at, action, subject, outcome, detail) VALUES ('2026-01-01', 'a', 'b', 'c', '')"
    slot = "INSERT OR IGNORE INTO job_run (job, slot) VALUES ('a', '2026-01-01') ON CONFLICT DO NOTHING"
    with db.engine.begin() as connection:
        for statement in (entry, entry, slot, slot):
            connection.execute(text(statement))
        assert connection.scalar(text("SELECT max(id) FROM audit_entry")) == 2
    db.engine.dispose()


@pytest.mark.postgres
def test_the_application_may_not_truncate_or_drop(postgres_database: DatabaseUrls) -> None:
    db = Database(postgres_database.app_url)
    for statement in ("TRUNCATE evidence", "DROP TABLE evidence", "ALTER TABLE evidence DISABLE TRIGGER ALL"):
        with db.engine.connect() as connection, pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))
    db.engine.dispose()
