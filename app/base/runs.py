"""Long computations that somebody asked for: a row each, with progress, a way to stop it, and what came of it.

`begin` puts one in line; a task takes it up and calls the function that `work` registered. The row outlives the
process: one whose process died is taken up again, from its start. Of a kind one runs at a time.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, String, Text, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column
from ulid import ULID

from app.base import clock, events, tasks
from app.base import settings as reading
from app.base.db import Base, Database, UtcTime
from app.base.db_types import Key
from app.base.errors import Refused
from app.base.settings import Settings

log = logging.getLogger("duxue.runs")
NAME = "runs.work"
WAITING, RUNNING, DONE, CANCELLED, FAILED = "waiting", "running", "done", "cancelled", "failed"
OPEN = (WAITING, RUNNING)
# A run that took its process with it so often is not begun again.
MOST_TRIES = 3
# Progress is written, and a wish to stop is seen, this often at most.
TELL_EVERY = 0.5
# What came of a run is kept for so long; of each kind the newest one for ever.
KEPT = timedelta(days=90)

Progress = Callable[[int, int], None]
Work = Callable[..., dict[str, Any]]
_known: dict[str, Work] = {}


class Cancelled(Exception):
    """Somebody asked this run to stop. Raised by `progress`; the function lets it pass and leaves nothing half done."""


class RunRow(Base):
    """One long computation. `token`: of the process that is at it. `asked_by` is a person's id, None for the system
    (no foreign key: people live on a floor above)."""

    __tablename__ = "run"
    __table_args__ = (
        Index(
            "uq_run_running", "kind", unique=True,
            sqlite_where=text("state = 'running'"), postgresql_where=text("state = 'running'"),
        ),
        Index("ix_run_kind", "kind", "id"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    asked_by: Mapped[int | None] = mapped_column(Key)
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    cancel_asked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    done: Mapped[int]
    total: Mapped[int]
    tries: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    token: Mapped[str | None] = mapped_column(String(26))
    parameters: Mapped[str] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands. `total` 0: not known yet. `result` only when done, `error` only when failed.

    `started_at`: when the try at hand began, which is the first one unless a process died.
    """

    id: int
    kind: str
    asked_by: int | None
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_asked_at: datetime | None
    done: int
    total: int
    state: str
    parameters: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None

    @property
    def is_open(self) -> bool:
        """Does it wait or run?"""
        return self.state in OPEN


def work(kind: str) -> Callable[[Work], Work]:
    """Register `function(db, settings, progress, **parameters) -> dict`, which JSON can hold, under a kind.

    It opens short transactions of its own and calls `progress(done, total)` between them, never inside a writing
    one (on SQLite that would wait for itself). After `Cancelled` or a kill it must be able to begin from the start.
    """

    def register(function: Work) -> Work:
        _known[kind] = function
        return function

    return register


def begin(session: Session, kind: str, asked_by: int | None, /, **parameters: object) -> int:
    """Put a run in line, in the caller's transaction; gives its number.

    Whoever asks again for the very same while it waits or runs comes back to it. Different ones of a kind wait for
    each other. `parameters` must be what JSON can hold.
    """
    if kind not in _known:
        raise KeyError(f"no run of kind {kind!r} is registered")
    written = json.dumps(parameters, ensure_ascii=False, sort_keys=True)
    same = (RunRow.kind == kind, RunRow.state.in_(OPEN), RunRow.parameters == written, RunRow.cancel_asked_at.is_(None))
    there = session.scalar(select(RunRow.id).where(*same, RunRow.asked_by == asked_by).limit(1))
    if there is not None:
        return there
    row = RunRow(
        kind=kind, asked_by=asked_by, asked_at=clock.now(), done=0, total=0, tries=0, state=WAITING, parameters=written
    )
    session.add(row)
    session.flush()
    tasks.enqueue(session, NAME, run_id=row.id)
    return row.id


def one(session: Session, run_id: int) -> Run | None:
    """A run by its number."""
    row = session.get(RunRow, run_id, populate_existing=True)
    return None if row is None else _shown(row)


def latest(session: Session, kind: str, *, state: str | None = None, **parameters: object) -> Run | None:
    """The newest run of a kind (in this state, with these among its parameters); None when there is none."""
    rows = select(RunRow.id, RunRow.parameters).where(RunRow.kind == kind).order_by(RunRow.id.desc())
    if state is not None:
        rows = rows.where(RunRow.state == state)
    for run_id, written in session.execute(rows.limit(200)):
        if parameters.items() <= json.loads(written).items():
            return one(session, run_id)
    return None


def cancel(session: Session, run_id: int) -> None:
    """Ask a run to stop: one that waits never begins; one that runs stops at its next sign. Nothing when it is over."""
    now = clock.now()
    mine = RunRow.id == run_id
    session.execute(update(RunRow).where(mine, RunRow.state.in_(OPEN)).values(cancel_asked_at=now))
    session.execute(update(RunRow).where(mine, RunRow.state == WAITING).values(state=CANCELLED, finished_at=now))
    session.expire_all()


def sweep(session: Session) -> None:
    """Put in line again what is open and has lost its task (a restored academy has none); drop old results."""
    for run_id in session.scalars(select(RunRow.id).where(RunRow.state.in_(OPEN))).all():
        if not tasks.is_queued(session, NAME, run_id=run_id):
            tasks.enqueue(session, NAME, run_id=run_id)
    newest = select(func.max(RunRow.id)).where(RunRow.state == DONE).group_by(RunRow.kind)
    old = RunRow.finished_at < clock.now() - KEPT
    dropped = delete(RunRow).where(old, RunRow.id.not_in(newest))
    session.execute(dropped.execution_options(synchronize_session=False))


def _shown(row: RunRow) -> Run:
    return Run(
        row.id, row.kind, row.asked_by, row.asked_at, row.started_at, row.finished_at, row.cancel_asked_at,
        row.done, row.total, row.state, json.loads(row.parameters),
        None if row.result is None else json.loads(row.result), row.error,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Claim:
    """A run that this process is at, as long as the row has this token."""

    id: int
    kind: str
    token: str
    parameters: dict[str, Any]

    @property
    def mine(self) -> tuple[ColumnElement[bool], ...]:
        """The row, while nobody else has taken it up."""
        return (RunRow.id == self.id, RunRow.state == RUNNING, RunRow.token == self.token)


@tasks.task(NAME, long=True, queue=tasks.RUNS)
def _work(db: Database, run_id: int) -> None:
    perform(db, reading.load(), run_id)


def perform(db: Database, settings: Settings, run_id: int) -> None:
    """Do a run, as its task does. `Again` when one of its kind is running, or this process is about to end."""
    claim = _claim(db, run_id)
    if claim is None:
        return
    try:
        if claim.kind not in _known:
            raise KeyError(f"no run of kind {claim.kind!r} is registered")
        found = _known[claim.kind](db, settings, _Teller(db, claim), **claim.parameters)
        _end(db, claim, state=DONE, result=json.dumps(found, ensure_ascii=False))
    except Cancelled:
        _end(db, claim, state=CANCELLED)
    except tasks.Again:
        _end(db, claim, over=False, state=WAITING, tries=RunRow.tries - 1)
        raise
    except Refused as error:
        _end(db, claim, state=FAILED, error=error.text)
    except Exception as error:  # it is said on the page of whoever asked; the log has the rest
        log.exception("run %s (%s) failed", claim.id, claim.kind)
        _end(db, claim, state=FAILED, error=tasks.said(error))


def _claim(db: Database, run_id: int) -> _Claim | None:
    """Take a run; None when it is over, or ends here."""
    try:
        with db.writing() as session:
            row = session.get(RunRow, run_id, with_for_update=True)
            if row is None or row.state not in OPEN:
                return None
            if row.cancel_asked_at is not None:
                row.state, row.finished_at, row.token = CANCELLED, clock.now(), None
                return None
            if row.tries >= MOST_TRIES:
                row.state, row.finished_at, row.token = FAILED, clock.now(), None
                row.error = f"its process died {row.tries} times"
                _told(session, row.id)
                return None
            row.state, row.started_at, row.token = RUNNING, clock.now(), str(ULID())
            row.tries, row.done, row.total = row.tries + 1, 0, 0
            session.flush()
            return _Claim(row.id, row.kind, row.token, json.loads(row.parameters))
    except IntegrityError:
        raise tasks.Again from None  # one of its kind is running


def _end(db: Database, claim: _Claim, *, over: bool = True, **values: object) -> None:
    finished = clock.now() if over else None
    with db.writing() as session:
        ended = session.execute(update(RunRow).where(*claim.mine).values(token=None, finished_at=finished, **values))
        if ended.rowcount and values["state"] in (DONE, FAILED):  # type: ignore[attr-defined]
            _told(session, claim.id)


def _told(session: Session, run_id: int) -> None:
    """Announce an end that somebody waits for. Who listens stands in the transaction that ends the run."""
    session.flush()
    run = one(session, run_id)
    if run is not None and run.asked_by is not None:
        events.announce(session, events.RUN_ENDED, run=run)


class _Teller:
    """The `progress` that a run is given."""

    def __init__(self, db: Database, claim: _Claim) -> None:
        self._db, self._claim = db, claim
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Write how far it is, now and then, and look whether it should stop."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + TELL_EVERY
        if tasks.stopping():
            raise tasks.Again
        with self._db.writing() as session:
            told = update(RunRow).where(*self._claim.mine).values(done=done, total=total)
            there = session.execute(told.returning(RunRow.cancel_asked_at)).first()
        if there is None or there[0] is not None:  # another process has taken it up, or somebody wants it to stop
            raise Cancelled
