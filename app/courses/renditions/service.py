"""Asking for renditions, giving them up, trying again. The making itself is `making`."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.base import audit, clock, tasks
from app.base.errors import NotFound, Refused
from app.base.settings import Settings
from app.courses.measuring import Measured
from app.courses.models import MediaVersion
from app.courses.renditions import making
from app.courses.renditions.models import Rendition
from app.courses.renditions.plan import Plan, planned

OPEN = ("waiting", "working")
# A rendition that nobody has touched for so long has no task any more (a restored archive, a task that gave up).
FORGOTTEN = timedelta(minutes=10)
# A run that was given up sees it within seconds and clears up; a folder older than that is nobody's.
ABANDONED = timedelta(minutes=5)


def request(session: Session, version: MediaVersion, measured: Measured, *, actor_id: int | None = None) -> int:
    """Ask for everything that is to be made of a version just attached; how many pieces. Again: nothing more."""
    known = set(session.scalars(select(Rendition.kind).where(Rendition.media_version_id == version.id)))
    plans = planned(
        measured.kind, measured.mime, playable=measured.playable, width=measured.width, height=measured.height,
        rate_m=measured.rate_m, sound=measured.sound, cover=measured.cover,
    )  # fmt: skip
    fresh = [_row(version.id, plan) for plan in plans if plan.kind not in known]
    session.add_all(fresh)
    session.flush()
    if fresh:
        tasks.enqueue(session, making.NAME, media_version_id=version.id)
        kinds = [row.kind for row in fresh]
        audit.record(session, actor_id, "rendition.request", f"media_version:{version.id}", kinds=kinds)
    return len(fresh)


def _row(media_version_id: int, plan: Plan) -> Rendition:
    return Rendition(
        media_version_id=media_version_id, kind=plan.kind, state="waiting", progress_m=0, tries=0,
        touched_at=clock.now(), width=plan.width, height=plan.height, rate_m=plan.rate_m,
    )  # fmt: skip


def _rendition(session: Session, media_version_id: int, rendition_id: int) -> Rendition:
    found = session.get(Rendition, rendition_id)
    if found is None or found.media_version_id != media_version_id:
        raise NotFound(_("There is no such rendition."))
    return found


def cancel(session: Session, media_version_id: int, rendition_id: int, *, actor_id: int | None) -> None:
    """Give a rendition up that waits or is being made; its maker sees it within two seconds. `Refused` when over."""
    found = _rendition(session, media_version_id, rendition_id)
    stopped = session.execute(
        update(Rendition)
        .where(Rendition.id == found.id, Rendition.state.in_(OPEN))
        .values(state="cancelled", token=None, touched_at=clock.now())
    )
    if stopped.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_("This is not being made any more. Reload the page."))
    session.refresh(found)
    audit.record(session, actor_id, "rendition.cancel", f"media_version:{media_version_id}", kind=found.kind)


def retry(session: Session, media_version_id: int, rendition_id: int, *, actor_id: int | None) -> None:
    """Make a rendition that failed or was given up once more. `Refused` when it is neither."""
    found = _rendition(session, media_version_id, rendition_id)
    again = session.execute(
        update(Rendition)
        .where(Rendition.id == found.id, Rendition.state.in_(("failed", "cancelled")))
        .values(state="waiting", progress_m=0, tries=0, error=None, token=None, touched_at=clock.now())
    )
    if again.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_("This is being made already, or is ready. Reload the page."))
    session.refresh(found)
    tasks.enqueue(session, making.NAME, media_version_id=media_version_id)
    audit.record(session, actor_id, "rendition.retry", f"media_version:{media_version_id}", kind=found.kind)


def sweep(session: Session, settings: Settings) -> int:
    """Renditions that have no task any more get one; of how many versions. What killed runs left half made goes."""
    _sweep_folders(session, making.folder_of(settings))
    before = clock.now() - FORGOTTEN
    left = select(Rendition.media_version_id).where(Rendition.state.in_(OPEN), Rendition.touched_at < before)
    found = list(session.scalars(left.distinct().order_by(Rendition.media_version_id).limit(100)))
    session.execute(
        update(Rendition)
        .where(Rendition.media_version_id.in_(found), Rendition.state == "waiting")
        .values(touched_at=clock.now())
    )
    # Behind long films a task may wait for hours: that one is enough.
    lost = [each for each in found if not tasks.is_queued(session, making.NAME, media_version_id=each)]
    for version_id in lost:
        tasks.enqueue(session, making.NAME, media_version_id=version_id)
    return len(lost)


def _sweep_folders(session: Session, home: Path) -> None:
    """Delete the folders of runs that no row names: their rendition was given up after they had been killed."""
    # Looked at before the rows are: a run's token is committed before its folder is made.
    there = [path for path in home.iterdir() if _abandoned(path)] if home.is_dir() else []
    named = set(session.scalars(select(Rendition.token).where(Rendition.token.is_not(None)))) if there else set()
    for path in there:
        if path.name not in named:
            shutil.rmtree(path, ignore_errors=True)


def _abandoned(path: Path) -> bool:
    try:
        return path.lstat().st_mtime < time.time() - ABANDONED.total_seconds()
    except FileNotFoundError:  # its run has ended this moment
        return False
