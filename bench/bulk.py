"""Rows by the ten thousand into either database, past the ORM and past the triggers that guard each row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import psycopg
from psycopg import sql

from app.base.db import prepare_sqlite

Row = Sequence[Any]


class Bulk(Protocol):
    """One transaction from making to `finish`."""

    def run(self, statement: str) -> None:
        """One statement that both databases understand."""

    def rows(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert rows; columns left out get their defaults."""

    def time(self, moment: datetime) -> object:
        """A moment in the form that the column keeps."""

    def finish(self) -> None:
        """Commit, and let the planner see what there is."""


class SqliteBulk:
    """Drops the triggers and puts them back."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path)
        prepare_sqlite(self._connection)
        run = self._connection.execute
        run("PRAGMA foreign_keys=OFF")
        run("BEGIN IMMEDIATE")
        self._triggers = run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _text in self._triggers:
            run(f"DROP TRIGGER {name}")

    def run(self, statement: str) -> None:
        """See `Bulk`."""
        self._connection.execute(statement)

    def rows(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """See `Bulk`."""
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    @staticmethod
    def time(moment: datetime) -> object:
        """As SQLAlchemy writes it."""
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

    def finish(self) -> None:
        """See `Bulk`."""
        for _name, text in self._triggers:
            self._connection.execute(text)
        self._connection.execute("COMMIT")
        self._connection.execute("ANALYZE")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()


class PostgresBulk:
    """COPY, as a superuser who may switch triggers off."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._connection.execute("SET session_replication_role = replica")

    def run(self, statement: str) -> None:
        """See `Bulk`."""
        self._connection.execute(statement.encode())

    def rows(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """See `Bulk`."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with self._connection.cursor().copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    @staticmethod
    def time(moment: datetime) -> object:
        """As it is."""
        return moment

    def commit(self) -> None:
        """Commit and leave: what one of several processes wrote."""
        self._connection.commit()
        self._connection.close()

    def finish(self) -> None:
        """See `Bulk`. Without a checkpoint here, the first measurement would pay for the loading."""
        self._connection.commit()
        self._connection.autocommit = True
        self._connection.execute("VACUUM ANALYZE")
        self._connection.execute("CHECKPOINT")
        self._connection.close()
