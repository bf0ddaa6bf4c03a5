"""Tasks join their caller's transaction, run once, and are tried again; a slot is taken once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.base import audit, clock, tasks
from app.base.db import Database
from app.base.tasks import Task
from tests.services import DatabaseUrls


@tasks.task("tests.note")
def note(session: Session, text: str) -> None:
    """Leaves a mark, and fails when told to."""
    audit.record(session, None, "tests.note", text)
    if text == "fail":
        raise ValueError("told to fail")


@pytest.fixture
def db(any_database: DatabaseUrls) -> Iterator[Database]:
    made = Database(any_database.app_url)
    yield made
    made.engine.dispose()


def _notes(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(audit.AuditEntry)) or 0


def test_a_task_appears_with_its_callers_commit_and_runs_once(db: Database) -> None:
    with db.writing() as session:
        tasks.enqueue(session, "tests.note", text="one")
    assert tasks.run_one(db) is True
    assert tasks.run_one(db) is False
    assert _notes(db) == 1


def test_a_task_vanishes_with_its_callers_rollback(db: Database) -> None:
    with db.reading() as session:
        tasks.enqueue(session, "tests.note", text="one")
        session.flush()
        session.rollback()
    assert tasks.run_one(db) is False


def test_a_failing_task_leaves_nothing_and_is_tried_again_later(db: Database) -> None:
    with db.writing() as session:
        tasks.enqueue(session, "tests.note", text="fail")
    assert tasks.run_one(db) is True
    assert _notes(db) == 0
    with db.reading() as session:
        kept = session.scalars(select(Task)).one()
        assert (kept.tries, kept.error) == (1, "ValueError: told to fail")
        assert kept.due_at > clock.now()
    assert tasks.run_one(db) is False


def test_after_eight_tries_it_is_kept_with_its_error_and_left_alone(db: Database) -> None:
    with db.writing() as session:
        tasks.enqueue(session, "tests.note", text="fail")
    for _try in range(tasks.MOST_TRIES):
        assert tasks.run_one(db) is True
        with db.writing() as session:
            session.execute(update(Task).values(due_at=clock.now() - timedelta(seconds=1)))
    assert tasks.run_one(db) is False
    with db.reading() as session:
        assert session.scalars(select(Task)).one().failed_at is not None


def test_an_unknown_task_is_refused_at_once(db: Database) -> None:
    with db.reading() as session, pytest.raises(KeyError, match="no task"):
        tasks.enqueue(session, "tests.unknown")


@tasks.task("tests.slot")
def _slot(session: Session) -> None:
    audit.record(session, None, "tests.slot", "done")


def test_a_slot_is_taken_once(db: Database) -> None:
    slot = datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert [tasks.take_slot(db, "tests.job", slot, "tests.slot") for _each in range(3)] == [True, False, False]
    assert tasks.take_slot(db, "tests.job", slot + timedelta(minutes=1), "tests.slot") is True
    while tasks.run_one(db):
        pass
    assert _notes(db) == 2
