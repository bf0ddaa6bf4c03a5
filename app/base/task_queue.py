"""Tasks on PostgreSQL: Procrastinate keeps them in the academy's own database and gives them out.

A task is deferred through the caller's own connection, so it joins their transaction. What a job carries is
`{"arguments": {…}}`; `"done"` is added by the transaction that did it, so that a job given out twice (its worker
was taken for dead) does nothing the second time, and `"error"` by the last failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import procrastinate
from procrastinate.jobs import Job
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.db import Database

log = logging.getLogger("duxue.tasks")
# Does the task `name` with its arguments; `begin(session)` says whether it is still to be done, and marks it.
Perform = Callable[[str, dict[str, Any], Callable[[Session], bool]], None]
# How long a job rests after so many failures, the last of which was this error; None: for ever.
Wait = Callable[[int, BaseException], timedelta | None]
# A worker that has been silent for so long is dead: its jobs are given out again.
SILENCE = 30
LOOK_EVERY = 0.5

_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :name, 0, NULL, NULL, CAST(:args AS jsonb), :at)]"
    "::procrastinate_job_to_defer_v1[])"
)
_QUEUED = text(
    "SELECT 1 FROM procrastinate_jobs WHERE task_name = :name AND status IN ('todo', 'doing') "
    "AND args @> CAST(:args AS jsonb) LIMIT 1"
)
_BEGIN = text(
    """UPDATE procrastinate_jobs SET args = args || '{"done": true}' """
    "WHERE id = :job AND status = 'doing' AND NOT args @> '{\"done\": true}'"
)
_FAILED = text("UPDATE procrastinate_jobs SET args = args || CAST(:error AS jsonb) WHERE id = :job")
_KILLED = text(
    "SELECT id, attempts FROM procrastinate_jobs WHERE status = 'doing' AND (worker_id IS NULL OR worker_id IN "
    "(SELECT id FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => :silence))) "
    "ORDER BY id FOR UPDATE SKIP LOCKED"
)
_RETRY = text("SELECT procrastinate_retry_job_v2(:job, now(), NULL, NULL, NULL)")
_GIVE_UP = text("SELECT procrastinate_finish_job_v1(:job, 'failed', false)")


def defer(session: Session, name: str, queue: str, arguments: dict[str, object], at: datetime | None) -> None:
    """Put a task in line through the caller's transaction."""
    args = json.dumps({"arguments": arguments})
    session.execute(_DEFER, {"queue": queue, "name": name, "args": args, "at": at})


def is_queued(session: Session, name: str, arguments: dict[str, object]) -> bool:
    """Does a task with these arguments wait or run?"""
    args = json.dumps({"arguments": arguments})
    return session.execute(_QUEUED, {"name": name, "args": args}).first() is not None


def take_up_killed(session: Session, most_tries: int) -> int:
    """Jobs whose worker died are given out again, or end as failed after so many tries; how many there were."""
    killed = session.execute(_KILLED, {"silence": SILENCE}).all()
    for job, attempts in killed:
        session.execute(_GIVE_UP if attempts + 1 >= most_tries else _RETRY, {"job": job})
    return len(killed)


class Again(Exception):
    """Not now: what the task needs is held by another, or the process is about to end. It is tried again."""


class _Patience(procrastinate.BaseRetryStrategy):
    def __init__(self, wait: Wait) -> None:
        self._wait = wait

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        """When a job that failed runs again; None: never."""
        rest = self._wait(job.attempts + 1, exception)
        return None if rest is None else procrastinate.RetryDecision(retry_at=datetime.now(UTC) + rest)


def _app(db: Database, names: Iterable[str], perform: Perform, wait: Wait) -> procrastinate.App:
    """Procrastinate over this database, with one task for each name."""
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=4))

    def add(name: str) -> None:
        def run(context: procrastinate.JobContext, /, arguments: dict[str, Any], **_marks: Any) -> None:
            job = context.job.id

            def begin(session: Session) -> bool:
                return bool(session.execute(_BEGIN, {"job": job}).rowcount)  # type: ignore[attr-defined]

            try:
                perform(name, arguments, begin)
            except Again:
                raise
            except Exception as error:
                log.exception("task %s (%s) failed", job, name)
                _keep(db, job, error)
                raise

        app.task(name=name, pass_context=True, retry=_Patience(wait))(run)

    for name in names:
        add(name)
    return app


def _keep(db: Database, job: int | None, error: Exception) -> None:
    said = json.dumps({"error": f"{type(error).__name__}: {error}"[:2000]})
    try:
        with db.writing() as session:
            session.execute(_FAILED, {"job": job, "error": said})
    except Exception:  # the database may be away: the log has it
        log.exception("the error of task %s could not be kept", job)


# No LISTEN: it needs a connection of its own past any pooler, to save what two small questions a second cost.
_OPTIONS: dict[str, Any] = {
    "install_signal_handlers": False,
    "listen_notify": False,
    "delete_jobs": "successful",
    "fetch_job_polling_interval": LOOK_EVERY,
    "stalled_worker_timeout": SILENCE,
}


def run_one(db: Database, queue: str, names: Iterable[str], perform: Perform, wait: Wait) -> bool:
    """Run the next due job of a queue, in this process; False when there is none."""
    ran = False

    async def once(process: Callable[[], Awaitable[Any]], _context: Any, worker: Any) -> Any:
        nonlocal ran
        ran = True
        worker.stop()
        return await process()

    async def work() -> None:
        app = _app(db, names, perform, wait)
        async with app.open_async():
            await app.run_worker_async(queues=[queue], name=queue, wait=False, worker_middleware=[once], **_OPTIONS)

    asyncio.run(work())
    return ran


class Worker(threading.Thread):
    """Runs the jobs of one queue, one at a time, in a thread with a loop of its own."""

    def __init__(self, db: Database, queue: str, names: Iterable[str], perform: Perform, wait: Wait) -> None:
        super().__init__(name=f"duxue-tasks-{queue}", daemon=True)
        self._given = (db, names, perform, wait)
        self._queue = queue
        self._stop_now = threading.Event()

    def run(self) -> None:
        while not self._stop_now.is_set():
            try:
                asyncio.run(self._until_stopped())
            except Exception:  # the database may be away: try again
                log.exception("the worker of %s could not reach its jobs", self._queue)
            self._stop_now.wait(1)

    async def _until_stopped(self) -> None:
        app = _app(*self._given)
        async with app.open_async():
            work = app.run_worker_async(queues=[self._queue], name=self._queue, **_OPTIONS)
            worker = asyncio.create_task(work)
            while not (worker.done() or self._stop_now.is_set()):
                await asyncio.sleep(0.2)
            if worker.done():
                worker.result()  # whatever ended it is said
                return
            worker.cancel()  # it shields the job at hand, which is finished first
            with contextlib.suppress(asyncio.CancelledError):
                await worker

    def stop(self) -> None:
        """Finish the job at hand and end."""
        self._stop_now.set()
