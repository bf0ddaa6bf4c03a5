"""Tasks join their caller's transaction, run once, and are tried again; a slot is taken once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
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


@dataclass
class Kept:
    """The one task that is there, on either database."""

    tries: int
    error: str | None
    due_at: datetime
    failed: bool


def _kept(db: Database) -> Kept:
    with db.reading() as session:
        if db.sqlite:
            row = session.scalars(select(Task)).one()
            return Kept(row.tries, row.error, row.due_at, row.failed_at is not None)
        what = "attempts, args ->> 'error', scheduled_at, status = 'failed'"
        return Kept(*session.execute(text(f"SELECT {what} FROM procrastinate_jobs")).one())


def _make_due(db: Database) -> None:
    before = clock.now() - timedelta(seconds=1)
    with db.writing() as session:
        if db.sqlite:
            session.execute(update(Task).values(due_at=before))
        else:
            session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = :at"), {"at": before})


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
    kept = _kept(db)
    assert (kept.tries, kept.error, kept.failed) == (1, "ValueError: told to fail", False)
    assert kept.due_at > clock.now()
    assert tasks.run_one(db) is False


def test_after_eight_tries_it_is_kept_with_its_error_and_left_alone(db: Database) -> None:
    with db.writing() as session:
        tasks.enqueue(session, "tests.note", text="fail")
    for _try in range(tasks.MOST_TRIES):
        assert tasks.run_one(db) is True
        _make_due(db)
    assert tasks.run_one(db) is False
    kept = _kept(db)
    assert (kept.tries, kept.failed, kept.error) == (tasks.MOST_TRIES, True, "ValueError: told to fail")


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


begun, may_end = threading.Event(), threading.Event()


@tasks.task("tests.long", long=True, queue=tasks.MEDIA)
def _long(db: Database, word: str) -> None:
    """Waits for the test, holding no transaction; then writes in one of its own."""
    begun.set()
    assert may_end.wait(20)
    if word == "later":
        raise tasks.Again
    with db.writing() as session:
        audit.record(session, None, "tests.long", word)


@pytest.fixture
def long_one(db: Database) -> Iterator[threading.Thread]:
    """A long task that is running in a thread."""
    begun.clear()
    may_end.clear()
    with db.writing() as session:
        tasks.enqueue(session, "tests.long", word="done")
    thread = threading.Thread(target=tasks.run_one, args=(db, tasks.MEDIA))
    thread.start()
    assert begun.wait(20)
    yield thread
    may_end.set()
    thread.join()


def test_a_long_task_holds_up_neither_writers_nor_the_main_queue(db: Database, long_one: threading.Thread) -> None:
    with db.writing() as session:
        tasks.enqueue(session, "tests.note", text="meanwhile")
    assert tasks.run_one(db) is True
    assert tasks.run_one(db, tasks.MEDIA) is False, "it is running: nobody takes it a second time"
    assert _notes(db) == 1
    may_end.set()
    long_one.join()
    assert _notes(db) == 2
    assert tasks.run_one(db, tasks.MEDIA) is False


def test_a_long_task_that_cannot_go_on_is_put_back_untried(db: Database) -> None:
    may_end.set()
    with db.writing() as session:
        tasks.enqueue(session, "tests.long", word="later")
    assert tasks.run_one(db, tasks.MEDIA) is True
    kept = _kept(db)
    assert (kept.error, kept.failed) == (None, False)
    assert kept.due_at > clock.now()


def test_a_task_whose_process_died_is_taken_up_again(db: Database) -> None:
    """Its row says "being done" and nobody gives a sign of life any more."""
    may_end.set()
    with db.writing() as session:
        tasks.enqueue(session, "tests.long", word="again")
        if db.sqlite:
            session.execute(update(Task).values(tries=1, due_at=clock.now() + timedelta(seconds=60)))
        else:
            silent = "(last_heartbeat) VALUES (now() - interval '1 min')"
            session.execute(text(f"INSERT INTO procrastinate_workers {silent}"))
            dead = "status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
            session.execute(text(f"UPDATE procrastinate_jobs SET {dead}"))
    assert tasks.run_one(db, tasks.MEDIA) is False
    if db.sqlite:
        _make_due(db)
    with db.writing() as session:
        tasks.take_up_killed(session)
    assert tasks.run_one(db, tasks.MEDIA) is True
    assert _notes(db) == 1


@pytest.mark.postgres
def test_a_task_that_was_done_as_its_worker_died_is_not_done_twice(postgres_database: DatabaseUrls) -> None:
    """The effects were committed, the worker could not say so any more: the mark in the job says it."""
    db = Database(postgres_database.app_url)
    with db.writing() as session:
        tasks.enqueue(session, "tests.note", text="one")
        done = """args = args || '{"done": true}', attempts = 1"""
        session.execute(text(f"UPDATE procrastinate_jobs SET {done}"))
    assert tasks.run_one(db) is True
    assert _notes(db) == 0
    assert tasks.run_one(db) is False
    db.engine.dispose()


def test_runners_take_what_comes_in_both_queues_and_end_when_told(db: Database) -> None:
    may_end.set()
    runners = tasks.runners(db)
    for runner in runners:
        runner.start()
    with db.writing() as session:
        tasks.enqueue(session, "tests.note", text="one")
        tasks.enqueue(session, "tests.long", word="two")
    until = time.monotonic() + 20
    while _notes(db) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    for runner in runners:
        runner.stop()
    for runner in runners:
        runner.join(10)
    assert _notes(db) == 2
    assert not any(runner.is_alive() for runner in runners)


def test_the_process_of_jobs_works_and_ends_when_told(any_database: DatabaseUrls, tmp_path: Path) -> None:
    """`duxue jobs`, as systemd runs it: it does what waits, and a SIGTERM ends it well."""
    db = Database(any_database.app_url)
    with db.writing() as session:
        tasks.enqueue(session, "tasks.take_up_killed")
    environment = {
        **os.environ, "DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url,
        "DUXUE_EMBEDDED": "0",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "jobs", "--queue", "main"], env=environment)
    try:
        until = time.monotonic() + 40
        while _waiting(db) and time.monotonic() < until:
            time.sleep(0.2)
        assert _waiting(db) == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        db.engine.dispose()


def _waiting(db: Database) -> int:
    with db.reading() as session:
        table = "task" if db.sqlite else "procrastinate_jobs"
        name = "name" if db.sqlite else "task_name"
        found = text(f"SELECT count(*) FROM {table} WHERE {name} = 'tasks.take_up_killed'")
        return session.scalar(found) or 0
