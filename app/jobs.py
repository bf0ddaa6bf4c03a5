"""The timetable: name, trigger, service; no logic. Each slot is taken once, by whoever comes first."""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy.orm import Session

from app.auditing import service as auditing
from app.base import audit_chain, clock, runs, tasks
from app.base import settings as reading
from app.base.db import Database
from app.base.tasks import take_slot, task
from app.classes import working
from app.courses import service as courses
from app.courses.renditions import service as renditions
from app.credits import service as credits
from app.credits.books import service as books
from app.credits.closing import sealing
from app.credits.simulation import service as simulation
from app.liaison import transfers
from app.myself.taking import files as copies
from app.myself.taking import service as taking
from app.notices import mailing as notices_mailing
from app.people import throttle
from app.people.keys import mailing
from app.people.keys import service as keys
from app.roster import service as roster
from app.roster import staging
from app.viewing import evidence, signals

# How long a task at hand may take when the process is told to end.
GRACE = 20
# Long computations that this process must know; they are registered where they are written.
RUNS = (sealing.SEAL, roster.LOOK, auditing.KIND, working.KIND, taking.KIND)
# Mails that this process must be able to send, likewise.
MAILS = (mailing.SENT, mailing.CONFIRMED, notices_mailing.SENT)
# job → (every how many seconds, task)
TIMETABLE = {
    "viewing.sweep": (30, "viewing.sweep"),
    "viewing.close_expired": (600, "viewing.close_expired"),
    "credits.sweep": (60, "credits.sweep"),
    simulation.PACK: (3600, simulation.PACK),
    "courses.sweep_uploads": (3600, "courses.sweep_uploads"),
    "renditions.sweep": (300, "renditions.sweep"),
    "runs.sweep": (300, "runs.sweep"),
    "roster.sweep": (3600, "roster.sweep"),
    "people.sweep": (3600, "people.sweep"),
    "transfers.sweep": (3600, "transfers.sweep"),
    "copies.sweep": (3600, "copies.sweep"),
    # Looks whether the day's proof of the books is due: from three in the morning on, academy time.
    "books.nightly": (900, "books.nightly"),
    # Binds what was written since into the audit log's chain; the second also what was committed very late.
    "audit.seal": (30, "audit.seal"),
    "audit.seal_all": (3600, "audit.seal_all"),
    "audit.nightly": (900, "audit.nightly"),
    "tasks.take_up_killed": (30, "tasks.take_up_killed"),
}


@task("viewing.sweep")
def sweep_viewing(session: Session) -> None:
    """Evidence that a crash between commit and settlement left unwritten."""
    evidence.sweep_due(session, reading.load())


@task("viewing.close_expired")
def close_expired(session: Session) -> None:
    """Viewings whose lease has run out."""
    signals.close_expired(session)


@task("credits.sweep")
def sweep_credits(session: Session) -> None:
    """Learners whose newest evidence is not settled."""
    credits.sweep(session)


@task("roster.sweep")
def sweep_rosters(_session: Session) -> None:
    """Uploaded rosters that nobody needs any more."""
    staging.sweep(reading.load())


@task("copies.sweep")
def sweep_copies(_session: Session) -> None:
    """Copies of people's data that were kept long enough."""
    copies.sweep(reading.load())


@task("courses.sweep_uploads")
def sweep_uploads(session: Session) -> None:
    """Uploads that nobody finished."""
    courses.sweep_uploads(session, reading.load())


@task("renditions.sweep")
def sweep_renditions(session: Session) -> None:
    """Renditions that wait, or whose maker died, with no task to go on with them; and what the dead left."""
    renditions.sweep(session, reading.load())


@task("runs.sweep")
def sweep_runs(session: Session) -> None:
    """Long computations that have lost their task, and results nobody needs any more."""
    runs.sweep(session)


@task("people.sweep")
def sweep_people(session: Session) -> None:
    """Guesses that are no longer counted, and keys that ended long ago."""
    throttle.sweep(session)
    keys.sweep(session)


@task("transfers.sweep")
def sweep_transfers(session: Session) -> None:
    """Transfers between units that nobody answered in time."""
    transfers.sweep(session, clock.local_day(clock.now(), reading.load().timezone))


@task("books.nightly")
def prove_books(session: Session) -> None:
    """The proof of all books and the export of the heads, once a day in the small hours."""
    books.nightly(session, reading.load())


@task("audit.seal", long=True)
def seal_audit(db: Database) -> None:
    """Entries of the audit log that are not yet in its chain."""
    audit_chain.seal(db)


@task("audit.seal_all", long=True)
def seal_all_audit(db: Database) -> None:
    """The same, wherever they stand: a transaction may have been open for hours."""
    audit_chain.seal(db, everything=True)


@task("audit.nightly")
def prove_audit(session: Session) -> None:
    """The proof of the audit log's chain, once a day in the small hours."""
    auditing.nightly(session, reading.load())


def slot(now: datetime, seconds: int) -> datetime:
    """The beginning of the slot that `now` lies in."""
    whole = int(now.timestamp()) // seconds * seconds
    return datetime.fromtimestamp(whole, UTC)


def scheduler(db: Database) -> BackgroundScheduler:
    """APScheduler with the timetable in memory; it only takes slots and enqueues."""
    made = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": 60})

    def tick(job: str, seconds: int, task_name: str) -> None:
        take_slot(db, job, slot(datetime.now(UTC), seconds), task_name)

    for job, (seconds, task_name) in TIMETABLE.items():
        made.add_job(tick, "interval", seconds=seconds, args=(job, seconds, task_name), id=job)
    return made


def start_embedded(app: Flask) -> None:
    """Scheduler and task runners as threads of this one process."""
    end = start(app.extensions["duxue.db"])
    atexit.register(end)


def start(db: Database, queues: Iterable[str] = tasks.QUEUES) -> Callable[[], None]:
    """Start the timetable and the runners of these queues; what is returned ends them: short tasks are finished,
    long ones put their work back.
    """
    clockwork, runners = scheduler(db), tasks.runners(db, queues)
    clockwork.start()
    for runner in runners:
        runner.start()

    def end() -> None:
        clockwork.shutdown(wait=False)
        tasks.stop_all()
        for runner in runners:
            runner.stop()
        for runner in runners:
            runner.join(GRACE)

    return end


def run(db: Database, queues: Iterable[str]) -> None:
    """Start both and wait until this process is told to end."""
    told = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda _number, _frame: told.set())
    end = start(db, queues)
    while not told.wait(3600):
        pass
    end()
