"""Tasks: one door, `enqueue()`, in the caller's transaction; and the row that one slot of a job takes.

Embedded form: a table-backed runner thread. A task that is interrupted runs again, so what it does
must be repeatable; effects in the database happen exactly once because it commits with its own row.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Index, String, Text, delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.base import clock
from app.base.db import Base, Database, UtcTime
from app.base.db_types import Key

log = logging.getLogger("duxue.tasks")
Task_ = Callable[..., None]
_known: dict[str, Task_] = {}
MOST_TRIES = 8


class Task(Base):
    """One piece of work to do. Done tasks are deleted in the transaction that did them."""

    __tablename__ = "task"
    __table_args__ = (
        Index(
            "ix_task_due",
            "due_at",
            sqlite_where=text("failed_at IS NULL"),
            postgresql_where=text("failed_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    arguments: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    tries: Mapped[int]
    failed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    error: Mapped[str | None] = mapped_column(Text)


class JobRun(Base):
    """A slot of the timetable that was taken: who loses the insert does nothing."""

    __tablename__ = "job_run"
    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    slot: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)


def task(name: str) -> Callable[[Task_], Task_]:
    """Register `function(session, **arguments)` under a name that survives releases."""

    def register(function: Task_) -> Task_:
        _known[name] = function
        return function

    return register


def enqueue(session: Session, name: str, *, delay: timedelta = timedelta(), **arguments: object) -> None:
    """Do this soon. It becomes visible with the caller's commit and vanishes with their rollback."""
    if name not in _known:
        raise KeyError(f"no task {name!r} is registered")
    session.add(Task(name=name, arguments=json.dumps(arguments), due_at=clock.now() + delay, tries=0))


def take_slot(db: Database, job: str, slot: datetime, task_name: str) -> bool:
    """Insert (job, slot) and enqueue the task; False when somebody else has taken the slot."""
    try:
        with db.writing() as session:
            session.add(JobRun(job=job, slot=slot))
            session.flush()
            session.execute(delete(JobRun).where(JobRun.job == job, JobRun.slot < slot - timedelta(days=7)))
            enqueue(session, task_name)
    except IntegrityError:
        return False
    return True


def run_one(db: Database) -> bool:
    """Run the next due task; False when there is none. A failure is kept and tried again, later each time."""
    with db.writing() as session:
        due = select(Task).where(Task.failed_at.is_(None), Task.due_at <= clock.now()).order_by(Task.due_at)
        found = session.scalars(due.limit(1).with_for_update(skip_locked=True)).first()
        if found is None:
            return False
        key, name, arguments = found.id, found.name, json.loads(found.arguments)
        try:
            with session.begin_nested():
                _known[name](session, **arguments)
        except Exception as error:  # one bad task must not stop the others; it is kept with its error
            log.exception("task %s (%s) failed", key, name)
            found.tries += 1
            found.error = f"{type(error).__name__}: {error}"[:2000]
            found.due_at = clock.now() + timedelta(seconds=5 * 2**found.tries)
            if found.tries >= MOST_TRIES:
                found.failed_at = clock.now()
        else:
            session.delete(found)
    return True


class Runner(threading.Thread):
    """The embedded task runner: one thread, woken every half second."""

    def __init__(self, db: Database) -> None:
        super().__init__(name="duxue-tasks", daemon=True)
        self._db = db
        self._stop_now = threading.Event()

    def run(self) -> None:
        while not self._stop_now.is_set():
            try:
                if run_one(self._db):
                    continue
            except Exception:  # the database may be away: try again
                log.exception("the task runner could not reach its table")
            self._stop_now.wait(0.5)

    def stop(self) -> None:
        """Finish the task at hand and end."""
        self._stop_now.set()
