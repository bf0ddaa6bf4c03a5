"""A fault anywhere in evidence or ledger is named: twelve random ones on each database, a hundred in `make proof`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.credits.checks import Difference
from bench import faults
from bench.damage import Damage
from bench.faults import Books

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services import DatabaseUrls, PostgresServer

SHORT, WHOLE = 12, 100


def judged(made: Books, count: int, record_property: object) -> None:
    outcome = faults.faults(made, count, seed=count)
    named = sum(outcome.named.values())
    if callable(record_property):
        record_property("total", f"faults named, {made.kind}: {named} of {count}")
    made.db.engine.dispose()
    assert not outcome.missed, [(damage, list(map(str, found))) for damage, found in outcome.missed]
    assert named == count


@pytest.fixture
def sqlite_books(sqlite_database: DatabaseUrls, tmp_path: Path) -> Books:
    """The small academy on SQLite."""
    return faults.unguarded("sqlite", sqlite_database.app_url, tmp_path)


@pytest.fixture
def postgres_books(postgres: PostgresServer, postgres_database: DatabaseUrls, tmp_path: Path) -> Books:
    """The small academy on PostgreSQL, as its superuser: nobody else gets past the triggers."""
    name = postgres_database.app_url.rsplit("/", 1)[1]
    return faults.unguarded("postgresql", f"postgresql+psycopg://postgres@127.0.0.1:{postgres.port}/{name}", tmp_path)


def test_faults_on_sqlite_are_named(sqlite_books: Books) -> None:
    judged(sqlite_books, SHORT, None)


@pytest.mark.postgres
def test_faults_on_postgresql_are_named(postgres_books: Books) -> None:
    judged(postgres_books, SHORT, None)


@pytest.mark.proof
def test_a_hundred_faults_on_sqlite_are_named(sqlite_books: Books, record_property: object) -> None:
    judged(sqlite_books, WHOLE, record_property)


@pytest.mark.proof
@pytest.mark.postgres
def test_a_hundred_faults_on_postgresql_are_named(postgres_books: Books, record_property: object) -> None:
    judged(postgres_books, WHOLE, record_property)


def test_sound_books_are_no_fault(sqlite_books: Books) -> None:
    """The control: a difference that names another learner, or another table, is not enough."""
    damage = Damage("flip", "evidence", frozenset({"A"}), "")
    other = Difference("B", "evidence hash", "evidence 1", "", "")
    elsewhere = Difference("A", "chain head", "chain_head", "", "")
    assert not faults.names(damage, [other, elsewhere])
    assert faults.names(damage, [Difference("A", "evidence hash", "evidence 1", "", "")])
    assert sqlite_books.before["evidence"]
    sqlite_books.db.engine.dispose()
