"""The database: engine, session, types. SQLite and PostgreSQL behave the same through it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Dialect, Engine, MetaData, and_, create_engine, event, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.types import TypeDecorator

# On SQLite whoever waits for the writer's lock looks for it this often at last (seconds, and a little more).
BREATH = 0.12
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table's base; constraint names follow one convention so that forms can map them."""

    metadata = MetaData(naming_convention=NAMING)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC in Python, refuses naive values; SQLite would drop the zone silently."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """WAL, FULL (NORMAL loses acknowledged data at a power cut), foreign keys, busy timeout."""
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def make_engine(url: str) -> Engine:
    """An engine with one pool. On SQLite every unit of work begins deferred; `writing()` makes it immediate."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=12, max_overflow=12, pool_pre_ping=True)
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=QueuePool, pool_size=12, max_overflow=24)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        prepare_sqlite(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def holds(row: Any, day: Any) -> ColumnElement[bool]:
    """A dated row (`since`, and `until` from which it no longer holds) holds on that day, a date or a parameter."""
    return and_(row.since <= day, or_(row.until.is_(None), row.until > day))


def is_busy(error: DBAPIError | PoolTimeout) -> bool:
    """Could the same work be done a moment later: a lock or a connection was waited for in vain, or the server went?"""
    if isinstance(error, PoolTimeout) or error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorname", "")
    return code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) if code else isinstance(error, OperationalError)


def insert_into(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what happens where the row is there already (`on_conflict_…`). Of the table, not of the
    model: a process that knows few models may use it."""
    table: Any = model.__table__
    return sqlite.insert(table) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(table)


class Database:
    """The engine and its sessions; one per application."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        # A deferred SQLite transaction that reads and then writes fails "locked" despite the busy
        # timeout; writers therefore take the lock at once.
        writer = self.engine.execution_options(immediate=True)
        self._writers = sessionmaker(writer, expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that never commits."""
        with self._readers() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One unit of work: commits at the end, rolls back on any exception."""
        with self._writers() as session:
            yield session
            session.commit()

    def breathe(self, since: float) -> float:
        """Stand aside between writing transactions that follow each other; `since` and what it gives are moments of
        `time.monotonic`. On SQLite whoever waits for the lock only looks for it now and then: without a pause it would
        never be found free, and a beat would wait for the whole of a long work."""
        if self.sqlite and time.monotonic() - since > BREATH:
            time.sleep(BREATH)
            return time.monotonic()
        return since
