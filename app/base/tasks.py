"""Tasks: one door, `enqueue()`, in the caller's transaction; and the row that one slot of a job takes.

A task that is interrupted runs again, so what it does must be repeatable. A short one gets a session: its effects
in the database happen exactly once, because they commit with the mark that it is done. A long one gets the
`Database` and opens short transactions of its own; it may run for hours and holds nobody up.

On SQLite a thread reads the table `task`; on PostgreSQL Procrastinate keeps and runs the tasks (`task_queue`).
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Index, String, Text, delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.base import clock, task_queue
from app.base.db import Base, Database, UtcTime
from app.base.db_types import Key
from app.base.task_queue import Again

__all__ = [
    "MAIN", "MEDIA", "MOST_TRIES", "QUEUES", "RUNS", "Again", "JobRun", "Task", "enqueue", "is_queued", "run_one",
    "runners", "stop_all", "stopping", "take_slot", "task",
]  # fmt: skip

log = logging.getLogger("duxue.tasks")
Work = Callable[..., None]
MOST_TRIES = 8
MAIN, MEDIA, RUNS = "main", "media", "runs"
QUEUES = (MAIN, MEDIA, RUNS)
# Who runs a long task says so at least this often; after three silences it is taken for dead.
SIGN_OF_LIFE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Known:
    """A registered task: what it does, where it waits, and whether it opens its own transactions."""

    work: Work
    queue: str
    long: bool


_known: dict[str, Known] = {}


class Task(Base):
    """One piece of work to do (SQLite). Done tasks are deleted in the transaction that did them."""

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
    queue: Mapped[str] = mapped_column(String(20), server_default=MAIN)
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


def task(name: str, *, long: bool = False, queue: str = MAIN) -> Callable[[Work], Work]:
    """Register `function(session, **arguments)` under a name that survives releases.

    `long`: `function(db, **arguments)`, which opens its own short transactions; it asks `stopping` now and then.
    """

    def register(function: Work) -> Work:
        _known[name] = Known(function, queue, long)
        return function

    return register


def enqueue(session: Session, name: str, *, delay: timedelta = timedelta(), **arguments: object) -> None:
    """Do this soon. It becomes visible with the caller's commit and vanishes with their rollback."""
    if name not in _known:
        raise KeyError(f"no task {name!r} is registered")
    queue = _known[name].queue
    if session.get_bind().dialect.name == "postgresql":
        task_queue.defer(session, name, queue, arguments, clock.now() + delay if delay else None)
        return
    due = clock.now() + delay
    session.add(Task(name=name, queue=queue, arguments=json.dumps(arguments), due_at=due, tries=0))


def is_queued(session: Session, name: str, **arguments: object) -> bool:
    """Does this very task wait, or run? One that failed for good does neither."""
    if session.get_bind().dialect.name == "postgresql":
        return task_queue.is_queued(session, name, arguments)
    same = (Task.name == name, Task.arguments == json.dumps(arguments), Task.failed_at.is_(None))
    return session.scalar(select(Task.id).where(*same).limit(1)) is not None


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


def wait_before(tries: int) -> timedelta:
    """How long a task that failed so many times rests: 10, 20, 40 … seconds."""
    return timedelta(seconds=5 * 2**tries)


def said(error: BaseException) -> str:
    """An error as it is kept with its task."""
    return f"{type(error).__name__}: {error}"[:2000]


_stop = threading.Event()


def stopping() -> bool:
    """Is this process about to end? A long task then puts its work back by raising `Again`."""
    return _stop.is_set()


def stop_all() -> None:
    """This process is about to end: long tasks put their work back."""
    _stop.set()


def run_one(db: Database, queue: str = MAIN) -> bool:
    """Run the next due task of a queue; False when there is none.

    A failure is kept and tried again, later each time, at most `MOST_TRIES` times.
    """
    if db.sqlite:
        return _run_row(db, queue)
    return task_queue.run_one(db, queue, _known, partial(_perform, db), _rest)


def _rest(tries: int, error: BaseException) -> timedelta | None:
    if isinstance(error, Again):
        return SIGN_OF_LIFE / 4
    return wait_before(tries) if tries < MOST_TRIES else None


@task("tasks.take_up_killed")
def take_up_killed(session: Session) -> None:
    """Tasks of processes that died (PostgreSQL; on SQLite they become due by themselves)."""
    if session.get_bind().dialect.name == "postgresql":
        task_queue.take_up_killed(session, MOST_TRIES)


def _perform(db: Database, name: str, arguments: dict[str, Any], begin: Callable[[Session], bool]) -> None:
    """Do a task that Procrastinate has given out; `begin(session)` marks it done, False when it is already."""
    known = _known[name]
    if known.long:
        known.work(db, **arguments)
        return
    with db.writing() as session:
        if begin(session):
            known.work(session, **arguments)


def _due(queue: str) -> Any:
    now = clock.now()
    due = select(Task).where(Task.failed_at.is_(None), Task.due_at <= now, Task.queue == queue)
    return due.order_by(Task.due_at, Task.id).limit(1)


def _run_row(db: Database, queue: str) -> bool:
    with db.writing() as session:
        found = session.scalars(_due(queue)).first()
        if found is None:
            return False
        if (known := _known[found.name]).long:
            # Tries count from the beginning here: a task that takes the whole process with it must end too.
            found.tries += 1
            found.due_at = clock.now() + 3 * SIGN_OF_LIFE
        else:
            _run_short(session, found, known)
    if known.long:
        _run_long(db, found, known)
    return True


def _run_short(session: Session, found: Task, known: Known) -> None:
    try:
        with session.begin_nested():
            known.work(session, **json.loads(found.arguments))
    except Exception as error:  # one bad task must not stop the others; it is kept with its error
        log.exception("task %s (%s) failed", found.id, found.name)
        found.tries += 1
        found.error, found.due_at = said(error), clock.now() + wait_before(found.tries)
        if found.tries >= MOST_TRIES:
            found.failed_at = clock.now()
    else:
        session.delete(found)


def _run_long(db: Database, found: Task, known: Known) -> None:
    mine = (Task.id == found.id, Task.tries == found.tries)
    with _signs_of_life(db, mine):
        try:
            known.work(db, **json.loads(found.arguments))
        except Again:
            change = update(Task).where(*mine).values(tries=Task.tries - 1, due_at=clock.now() + SIGN_OF_LIFE / 4)
        except Exception as error:  # as above
            log.exception("task %s (%s) failed", found.id, found.name)
            over = clock.now() if found.tries >= MOST_TRIES else None
            change = (
                update(Task)
                .where(*mine)
                .values(error=said(error), due_at=clock.now() + wait_before(found.tries), failed_at=over)
            )
        else:
            change = delete(Task).where(*mine)  # type: ignore[assignment]
    with db.writing() as session:
        session.execute(change)


@contextmanager
def _signs_of_life(db: Database, mine: tuple[Any, ...]) -> Iterator[None]:
    """Move a long task's due time ahead while it runs: only one whose process died becomes due again."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(SIGN_OF_LIFE.total_seconds()):
            try:
                with db.writing() as session:
                    session.execute(update(Task).where(*mine).values(due_at=clock.now() + 3 * SIGN_OF_LIFE))
            except Exception:  # the database may be away: the next sign may reach it
                log.exception("no sign of life could be given")

    thread = threading.Thread(target=tell, name="duxue-task-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Runner(threading.Thread):
    """Runs the tasks of one queue, one at a time, looking every half second (SQLite)."""

    def __init__(self, db: Database, queue: str = MAIN) -> None:
        super().__init__(name=f"duxue-tasks-{queue}", daemon=True)
        self._db, self._queue = db, queue
        self._stop_now = threading.Event()

    def run(self) -> None:
        begun = time.monotonic()
        while not self._stop_now.is_set():
            try:
                if run_one(self._db, self._queue):
                    begun = self._db.breathe(begun)
                    continue
            except Exception:  # the database may be away: try again
                log.exception("the task runner could not reach its table")
            self._stop_now.wait(0.5)

    def stop(self) -> None:
        """Finish the task at hand and end."""
        self._stop_now.set()


def runners(db: Database, queues: Iterable[str] = QUEUES) -> list[Runner | task_queue.Worker]:
    """What runs the tasks of this process: a thread for each queue, so that a film holds no credit up. Not started."""
    if db.sqlite:
        return [Runner(db, queue) for queue in queues]
    return [task_queue.Worker(db, queue, _known, partial(_perform, db), _rest) for queue in queues]
