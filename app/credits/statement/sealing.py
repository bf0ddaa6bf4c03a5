"""The seal of a period, as its statement shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.credits.models import PeriodSeal
from app.credits.seals import SEALED

_HASH = select(PeriodSeal.hash).where(
    PeriodSeal.period == bindparam("period"), PeriodSeal.event == SEALED, PeriodSeal.at == bindparam("at")
)


@dataclass(frozen=True, slots=True)
class Seal:
    """The moment that divides what belongs to a period from what came late, and the hash of the seal (hex).

    The hash is "" for an empty period before the first one that was sealed.
    """

    at: datetime
    hash: str


def seal_of(session: Session, period: date, at: datetime | None) -> Seal | None:
    """The seal of that moment; None where there is none. One query for a sealed period, none for others."""
    if at is None:
        return None
    return Seal(at, session.scalar(_HASH, {"period": period, "at": at}) or "")
