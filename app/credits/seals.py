"""Which periods are sealed, and since when. Whoever folds evidence asks here; what may be done to a period is said in
`closing`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.credits.models import PeriodSeal
from app.rules.credit.settlement import NO_SEALS

SEALED, ASKED, WITHDRAWN, DECLINED, REOPENED = "sealed", "asked", "withdrawn", "declined", "reopened"
_EVENTS = (
    select(PeriodSeal.period, PeriodSeal.event, PeriodSeal.at)
    .where(PeriodSeal.event.in_((SEALED, REOPENED)))
    .order_by(PeriodSeal.period, PeriodSeal.number)
)
_LAST = select(func.max(PeriodSeal.at)).where(PeriodSeal.event == SEALED)


def seals_of(session: Session, until: datetime | None = None) -> Mapping[date, datetime]:
    """First day of a sealed period → the moment of the seal that holds (that held at the moment `until`, the end
    included), as `folding.fold` wants them. One query.
    """
    rows = session.execute(_EVENTS)
    return holding((period, event, at) for period, event, at in rows if until is None or at <= until)


def holding(events: Iterable[tuple[date, str, datetime]]) -> Mapping[date, datetime]:
    """The seals that hold after these events (period, `SEALED` or `REOPENED`, moment), each period's in their order."""
    found: dict[date, datetime] = {}
    for period, event, at in events:
        if event == SEALED:
            found[period] = at
        else:
            found.pop(period, None)
    return found or NO_SEALS


def barrier(session: Session) -> datetime | None:
    """The moment of the newest seal, whether it still holds or not: nothing that is written now is older."""
    return session.scalar(_LAST)
