"""The events of a period: the next one is written here, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base import clock
from app.base.errors import Refused
from app.credits.folding import canonical
from app.credits.models import PeriodSeal


def add(
    session: Session, start: date, event: str, actor_id: int | None, reason: str, *, at: datetime | None = None,
    digest: str | None = None, overruled: Mapping[str, int] | None = None,
) -> PeriodSeal:  # fmt: skip
    """The period's next event. Refused when somebody else wrote one at the same moment."""
    last = session.scalar(select(func.max(PeriodSeal.number)).where(PeriodSeal.period == start)) or 0
    row = PeriodSeal(
        period=start, number=last + 1, event=event, at=at or clock.now(), by_id=actor_id, hash=digest,
        overruled=canonical(dict(overruled or {})), reason=reason,
    )  # fmt: skip
    try:
        with session.begin_nested():  # who is refused still reads the page that says so
            session.add(row)
    except IntegrityError as error:
        raise Refused(_("Somebody did something with this period at the same moment. Look at it again.")) from error
    return row


def last(session: Session, start: date) -> PeriodSeal:
    """The last event. Refused where nothing was ever done: the period is not sealed."""
    row = session.scalars(
        select(PeriodSeal).where(PeriodSeal.period == start).order_by(PeriodSeal.number.desc()).limit(1)
    ).first()
    if row is None:
        raise Refused(_("This period is not sealed."))
    return row
