"""The timetable: name, trigger, service; no logic. Each slot is taken once, by whoever comes first."""

from __future__ import annotations

import atexit
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy.orm import Session

from app.base import settings as reading
from app.base.db import Database
from app.base.settings import Settings
from app.base.tasks import Runner, take_slot, task
from app.courses import service as courses
from app.credits import service as credits
from app.viewing import service as viewing

# job → (every how many seconds, task)
TIMETABLE = {
    "viewing.sweep": (30, "viewing.sweep"),
    "credits.sweep": (60, "credits.sweep"),
    "courses.sweep_uploads": (3600, "courses.sweep_uploads"),
}


@task("viewing.sweep")
def sweep_viewing(session: Session) -> None:
    """Evidence that a crash between commit and settlement left unwritten."""
    viewing.sweep_due(session, reading.load())


@task("credits.sweep")
def sweep_credits(session: Session) -> None:
    """Learners whose newest evidence is not settled."""
    credits.sweep(session)


@task("courses.sweep_uploads")
def sweep_uploads(session: Session) -> None:
    """Uploads that nobody finished."""
    courses.sweep_uploads(session, reading.load())


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
    """Scheduler and task runner as threads of this one process."""
    db: Database = app.extensions["duxue.db"]
    start(db, app.extensions["duxue.settings"])


def start(db: Database, _settings: Settings) -> Runner:
    """Start both; they end with the process."""
    clockwork, runner = scheduler(db), Runner(db)
    clockwork.start()
    runner.start()
    atexit.register(runner.stop)
    atexit.register(clockwork.shutdown, wait=False)
    return runner
