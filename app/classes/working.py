"""Putting people into classes as a run: somebody looked at a preview and asked for it."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import Session

from app.base import clock, runs
from app.base.db import Database
from app.base.runs import Progress
from app.base.settings import Settings
from app.classes import applying
from app.classes.applying import Changed
from app.classes.assigning import Wanted

KIND: Final = "classes.assign"


def request(session: Session, actor_id: int, wanted: Wanted, shown: str) -> int:
    """Put it in line; `shown` is the fingerprint of the plan in the preview. The run's number."""
    return runs.begin(session, KIND, actor_id, by=actor_id, shown=shown, take_in=wanted.take_in, year=wanted.year)


@runs.work(KIND)
def work(
    db: Database, settings: Settings, progress: Progress, *, by: int, shown: str, take_in: bool, year: int | None
) -> dict[str, Any]:
    """One transaction: all or nothing. `{"changed": True}` when things are no longer as they were shown."""
    progress(0, 1)
    day = clock.local_day(clock.now(), settings.timezone)
    try:
        with db.writing() as session:
            plan = applying.assign(session, day, Wanted(take_in, year), by, shown=shown)
    except Changed:
        return {"changed": True}
    return {
        "classes": len(plan.sizes), "made": len(plan.new), "closed": len(plan.closing), "joined": len(plan.joined),
        "moved": len(plan.moved), "left": len(plan.left), "stay": plan.stays, "unplaced": len(plan.unplaced),
    }  # fmt: skip
