"""Proving the books as a long computation: by a button, and every night with an export of the heads."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import audit, clock, runs
from app.base.db import Database
from app.base.errors import Refused
from app.base.settings import Settings
from app.credits import heads, verify
from app.credits.books import daily
from app.credits.heads import HeadsError

KIND = "credits.verify"
# So many differences are kept with a run; the command prints all.
MOST_KEPT = 200
# The academy-local hour from which on the nightly run of a day may begin; later where nothing ran at that hour.
SMALL_HOUR = 3


def request(session: Session, actor_id: int) -> int:
    """Put a proof of all books in line; gives the run's number. Whoever asks twice comes back to the same."""
    return runs.begin(session, KIND, actor_id, nightly=False)


@runs.work(KIND)
def prove(db: Database, settings: Settings, progress: runs.Progress, *, nightly: bool) -> dict[str, Any]:
    """Prove everything against the newest heads file; without a difference the night also writes the day's file.

    After a difference none is written: the newest file stays one that the books agreed with. What comes of it is
    audited. Refused when the heads file cannot be read.
    """
    begun = time.monotonic()
    try:
        known = daily.latest(settings.heads_dir)
    except HeadsError as error:
        raise Refused(_("The newest heads file cannot be read: %(error)s", error=error)) from error
    found = verify.everything(db, progress, known[1] if known else None, aside=True)
    result = {
        "learners": found.learners,
        "evidence": found.evidence,
        "transactions": found.transactions,
        "differences": len(found.differences),
        "found": [asdict(each) for each in found.differences[:MOST_KEPT]],
        "balance": found.balance,
        "heads": known[0].path.name if known else "",
        "exported": "",
        "nightly": nightly,
    }
    if nightly and not found.differences:
        result["exported"] = _export(db, settings)
    result["seconds"] = round(time.monotonic() - begun, 1)
    with db.writing() as session:
        _note(session, result)
    return result


def _export(db: Database, settings: Settings) -> str:
    """The day's file; its name, or "" where the day has one."""
    with db.reading() as session:
        now = heads.export(session)
    try:
        path = daily.keep(settings.heads_dir, now, clock.local_day(clock.now(), settings.timezone))
    except OSError as error:
        raise Refused(_("The books agree, but today's heads could not be written: %(error)s", error=error)) from error
    return path.name if path else ""


def _note(session: Session, result: dict[str, Any]) -> None:
    named = sorted({each["learner_key"] for each in result["found"] if each["learner_key"]})
    audit.record(
        session, None, "books.verify", "books:all", "differences" if result["differences"] else "done",
        differences=result["differences"], learners=named[:20], evidence=result["evidence"],
        transactions=result["transactions"], heads=result["heads"], exported=result["exported"],
    )  # fmt: skip


def nightly(session: Session, settings: Settings) -> None:
    """Begin today's run once the small hours have come, unless it was begun."""
    now = clock.now()
    today = clock.local_day(now, settings.timezone)
    if now.astimezone(settings.timezone).hour < SMALL_HOUR:
        return
    last = runs.latest(session, KIND, nightly=True)
    if last is None or clock.local_day(last.asked_at, settings.timezone) < today:
        runs.begin(session, KIND, None, nightly=True)
