"""Asking for renditions, giving them up, trying again. The making itself is `making`."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.base import audit, clock, tasks
from app.base.errors import NotFound, Refused
from app.courses.measuring import Measured
from app.courses.models import MediaVersion
from app.courses.renditions import making
from app.courses.renditions.models import Rendition
from app.courses.renditions.plan import Plan, planned

OPEN = ("waiting", "working")
# A rendition that nobody has touched for so long has no task any more (a restored archive, a task that gave up).
FORGOTTEN = timedelta(minutes=10)


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


def sweep(session: Session) -> int:
    """Renditions that have no task any more get one; of how many versions."""
    before = clock.now() - FORGOTTEN
    left = select(Rendition.media_version_id).where(Rendition.state.in_(OPEN), Rendition.touched_at < before)
    found = list(session.scalars(left.distinct().order_by(Rendition.media_version_id).limit(100)))
    session.execute(
        update(Rendition)
        .where(Rendition.media_version_id.in_(found), Rendition.state == "waiting")
        .values(touched_at=clock.now())
    )
    for version_id in found:
        tasks.enqueue(session, making.NAME, media_version_id=version_id)
    return len(found)
