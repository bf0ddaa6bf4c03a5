"""Asking for a copy of everything, and making it, as a run. No function commits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import audit, clock, runs
from app.base.db import Database
from app.base.errors import TooMany
from app.base.runs import Run, RunRow
from app.base.settings import Settings
from app.myself.taking import files, packing, reading
from app.myself.taking.parts import PARTS
from app.people.service import person_of

KIND = "self.copy"
MOST_A_DAY = 5


def ask(session: Session, person_id: int, locale: str) -> int:
    """Put a copy in line; the run's number. Who asks again while one is being made comes back to it."""
    last = latest(session, person_id)
    if last is not None and last.is_open:
        return last.id
    since = clock.now() - timedelta(days=1)
    mine = (RunRow.kind == KIND, RunRow.asked_by == person_id, RunRow.asked_at > since)
    if (session.scalar(select(func.count()).select_from(RunRow).where(*mine)) or 0) >= MOST_A_DAY:
        raise TooMany(_("You had as many copies made today as a day allows. Go on tomorrow."))
    audit.record(session, person_id, "copy.ask", f"person:{person_of(session, person_id).key}")
    return runs.begin(session, KIND, person_id, person_id=person_id, locale=locale)


def latest(session: Session, person_id: int) -> Run | None:
    """The newest of one's own."""
    mine = (RunRow.kind == KIND, RunRow.asked_by == person_id)
    run_id = session.scalar(select(func.max(RunRow.id)).where(*mine))
    return None if run_id is None else runs.one(session, run_id)


def load(settings: Settings, run: Run | None) -> bytes | None:
    """The file of a copy that is made, as long as it is kept."""
    found = (run.result or {}) if run is not None else {}
    return files.load(settings, str(found.get("file", "")))


def note_taken(session: Session, person_id: int, run: Run) -> None:
    """The file leaves: that is noted."""
    audit.record(session, person_id, "copy.take", f"person:{person_of(session, person_id).key}", bytes=_size(run))


def _size(run: Run) -> int:
    return int((run.result or {}).get("bytes", 0))


@runs.work(KIND)
def _copy(db: Database, settings: Settings, progress: runs.Progress, *, person_id: int, locale: str) -> dict[str, Any]:
    """Read everything at one moment, pack it, put it away."""
    total, made_at = len(PARTS) + 1, clock.now()
    progress(0, total)
    with db.reading() as session:  # one moment: nothing is read half before and half after a posting
        found = dict(reading.everything(session, person_id))
    progress(len(found), total)
    packed = packing.pack(settings, locale, made_at, found)
    name = files.keep(settings, packed)
    rows = sum(len(each) for each in found.values())
    return {"file": name, "bytes": len(packed), "rows": rows, "until": (made_at + files.KEPT).isoformat()}
